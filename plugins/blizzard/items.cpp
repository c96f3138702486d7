// SPDX-License-Identifier: Apache-2.0
//
// Items, by batches of keys. A key is "eu/retail/19019", or a bare id, as queries on the target
// give it: that one is asked for in every region and game of the configuration.
#include <charconv>
#include <optional>
#include <set>

#include "localised.hpp"

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::Outcome;

constexpr int kMostFailures = 3;  // in a row; the whole batch is then tried again later

std::optional<int64_t> parse_id(std::string_view text) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && id > 0;
  return whole ? std::optional(id) : std::nullopt;
}

// Failures of a single item that say nothing of the others.
bool passes(const Error& error) {
  return error.code() == Code::kUnavailable || error.code() == Code::kBadData ||
         error.code() == Code::kRateLimited;
}

class ItemReader final : public SliceReader {
 public:
  ItemReader(const Sources& sources, const sluice::Stream& stream,
             const sluice::ReadRequest& request)
      : sources_(sources), request_(request), rows_(sources, stream, request) {
    for (const char* part :
         {"/_links", "/media", "/preview_item", "/item_class/key", "/item_subclass/key"}) {
      rows_.decoder().ignore(part);
    }
    for (const char* column : {"description", "purchase_quantity", "appearances"}) {
      rows_.decoder().optional(column);
    }
  }

  sluice::Next next(sluice::Batch& batch, sluice::json&) override {
    while (at_ < request_.key_count()) {
      read_key(batch, request_.key(at_++));
      if (batch.full()) {
        return sluice::Next::kRows;
      }
    }
    const auto pause = sources_.selection.config.batch_pause.us;
    if (pause > 0) {
      sources_.client.host().sleep(std::chrono::milliseconds((pause + 999) / 1000));
    }
    return sluice::Next::kEnd;
  }

 private:
  // What became of a key in the worlds that it names.
  struct Seen {
    int found = 0, missing = 0, failed = 0;
    std::string why;
  };

  void read_key(sluice::Batch& batch, std::string_view key) {
    std::string_view rest;
    const World* world = sources_.selection.find(key, rest);
    const auto id = parse_id(world != nullptr ? rest : key);
    if (!id || sources_.selection.skips(*id)) {
      const char* why = id ? "is among skip_items" : "is no id of an item that is read here";
      request_.note("item_skipped", std::string(key) + " " + why + ".");
      return request_.key_outcome(key, Outcome::kEmpty, why);
    }
    Seen seen;
    if (world != nullptr) {
      read_item(batch, *world, *id, seen);
    } else {
      for (const World& each : sources_.selection.worlds) {
        read_item(batch, each, *id, seen);
      }
    }
    conclude(key, seen);
  }

  void conclude(std::string_view key, const Seen& seen) const {
    if (seen.failed > 0) {
      request_.key_outcome(key, Outcome::kFailed, seen.why);
    } else if (seen.found == 0) {
      request_.key_outcome(key, Outcome::kEmpty, "The service knows no such item.");
    } else if (seen.missing > 0) {  // its rows land; as an empty key it is asked for again later
      request_.key_outcome(key, Outcome::kEmpty, "Not every region and game has the item.");
    }
  }

  void read_item(sluice::Batch& batch, const World& world, int64_t id, Seen& seen) {
    const std::string path = "item/" + std::to_string(id);
    try {
      const auto document =
          sources_.client.find(sources_.client.localised_url(world, "static", path));
      failures_ = 0;
      if (!document) {
        ++seen.missing;
        request_.note("item_not_found", world.key() + "/" + std::to_string(id) +
                                            " is not there; it will be asked for again.");
        return;
      }
      if (append(batch, world, id, *document)) {
        ++seen.found;
      } else {
        ++seen.failed;
        seen.why = "The answer cannot become a row; it is among the rejected records.";
      }
    } catch (const Error& error) {
      if (!passes(error) || ++failures_ >= kMostFailures) {
        throw;
      }
      ++seen.failed;
      seen.why = error.message();
    }
  }

  // False if the document was rejected.
  bool append(sluice::Batch& batch, const World& world, int64_t id, const Document& document) {
    const auto told = whole_number(document.root()["id"]);
    if (told && *told != id) {
      request_.reject(
          "wrong_id",
          "/id: is " + std::to_string(*told) + ", but " + std::to_string(id) + " was asked for.",
          document.text());
      return false;
    }
    // Of the preview this alone is a column; the rest is in the document.
    std::string_view binding;
    const bool bound =
        document.root()["preview_item"]["binding"]["type"].get(binding) == simdjson::SUCCESS;
    return rows_.append(
        batch, world, document.root(),
        {{"binding", bound ? sluice::FixedValue(binding) : sluice::FixedValue(std::nullopt)}});
  }

  const Sources sources_;
  const sluice::ReadRequest& request_;
  LocalisedRows rows_;
  std::size_t at_ = 0;
  int failures_ = 0;
};

}  // namespace

ReaderPtr read_items(const Sources& sources, const sluice::Stream& stream,
                     const sluice::ReadRequest& request) {
  return std::make_unique<ItemReader>(sources, stream, request);
}

}  // namespace blizzard
