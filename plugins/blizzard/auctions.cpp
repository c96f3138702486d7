// SPDX-License-Identifier: Apache-2.0
//
// Lists of auctions: one body of any size for each connected realm, and one for a region's
// commodities. A list is asked for with the time of the last one, and not sent if it is the same.
#include <charconv>
#include <optional>
#include <set>

#include "canonical.hpp"
#include "readers.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/records.hpp"

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::HttpBody;

constexpr auto kPatience = std::chrono::minutes(3);  // to the first byte of a long list

// "509" or "4400/2": connected realm and auction house; nothing for commodities.
struct Place {
  int64_t realm = 0, house = 0;

  explicit Place(std::string_view text) {
    const auto slash = text.find('/');
    const auto number = [](std::string_view part) {
      int64_t value = 0;
      (void)std::from_chars(part.data(), part.data() + part.size(), value);
      return value;
    };
    realm = number(text.substr(0, slash));
    house = slash == std::string_view::npos ? 0 : number(text.substr(slash + 1));
  }
  std::string path() const {
    if (realm == 0) {
      return "auctions/commodities";
    }
    return "connected-realm/" + std::to_string(realm) + "/auctions" +
           (house == 0 ? "" : "/" + std::to_string(house));
  }
};

class AuctionReader final : public SliceReader {
 public:
  AuctionReader(const Sources& sources, const sluice::Stream& stream,
                const sluice::ReadRequest& request)
      : sources_(sources),
        request_(request),
        has_hash_(stream.find("content_hash") >= 0),
        seed_(hash_seed(stream)),
        decoder_(stream, request) {
    std::string_view rest;
    world_ = &sources.world_of(request.partition(), rest);
    place_ = Place(rest);
    for (const auto& column : stream.columns()) {
      if (column.options.nullable && !column.options.source_name.empty()) {
        decoder_.optional(column.name);
      }
    }
    for (const char* part : {"/item/rand", "/item/seed"}) {  // of classic realms: of no use alone
      decoder_.ignore(part);
    }
  }

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (!list_ && !open()) {
      return sluice::Next::kUnchanged;
    }
    while (list_->next()) {
      if (list_->count() <= skip_) {
        continue;
      }
      append(batch, list_->text());
      if (batch.full()) {
        state = {{"modified", modified_}, {"rows", list_->count()}};
        return sluice::Next::kRows;
      }
    }
    if (!list_->found()) {
      throw Error(Code::kBadData, "The answer has no list of auctions.").retryable();
    }
    return sluice::Next::kEnd;
  }

 private:
  // False if the list is the same as last time.
  bool open() {
    auto options = sources_.client.options();
    options.validator = request_.resumed() ? std::string{} : std::string(request_.last_validator());
    options.timeout = kPatience;
    HttpBody body = sources_.client.host().open(
        sources_.client.url(*world_, "dynamic", place_.path()), options);
    if (body.not_modified()) {
      return false;
    }
    modified_ = body.header("Last-Modified");
    if (request_.resumed()) {
      const auto state = request_.state();
      skip_ = state.value("rows", uint64_t{0});
      if (state.value("modified", std::string()) != modified_) {
        throw Error(Code::kBadState, "The list is another one by now; it is read from its start.");
      }
    }
    request_.validator(body.validator());
    taken_ = snapshot_time();
    list_.emplace(std::move(body), "/auctions");
    return true;
  }

  sluice::Micros snapshot_time() const {
    if (const auto seconds = parse_http_date(modified_)) {
      return sluice::Micros(std::chrono::seconds(*seconds));
    }
    request_.note("list_without_time",
                  "A list of auctions says not when it was made; its rows "
                  "bear the time at which it was read.");
    return sources_.client.host().now();
  }

  void append(sluice::Batch& batch, std::string_view record) {
    const std::string hash = has_hash_ ? content_hash({seed_, record}) : std::string{};
    if (place_.realm == 0) {
      decoder_.row(batch, record,
                   {{"region", world_->region},
                    {"game", world_->game},
                    {"snapshot_at", taken_},
                    {"content_hash", hash}});
    } else {
      decoder_.row(batch, record,
                   {{"region", world_->region},
                    {"game", world_->game},
                    {"connected_realm_id", place_.realm},
                    {"auction_house_id", place_.house},
                    {"snapshot_at", taken_},
                    {"content_hash", hash}});
    }
  }

  const Sources sources_;
  const sluice::ReadRequest& request_;
  const bool has_hash_;
  const std::string seed_;
  sluice::RecordDecoder decoder_;
  const World* world_ = nullptr;
  Place place_{""};
  std::optional<sluice::JsonStream> list_;
  std::string modified_;
  sluice::Micros taken_{};
  uint64_t skip_ = 0;
};

// The document of a realm. The service denies existing ones for weeks, and its auctions would not
// be read meanwhile: what it said last stands in. Null if that is not known.
DocumentPtr realm_document(const Client& client, const World& world, const std::string& slug) {
  const std::string url = client.url(world, "dynamic", "realm/" + slug);
  try {
    auto out = client.remembered(url);
    client.keep(url, *out);
    return out;
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) {
      throw;
    }
  }
  auto out = client.kept(url);
  client.host().warn("The realm '" + slug + "' is not in " + world.key() +
                     (out ? " any more; its auctions are read where it was." : "."));
  return out;
}

// Connected realms that the configuration selects: by id, or by the slug of one of their realms.
// Several slugs of one connected realm are one.
std::set<int64_t> selected_realms(const Sources& sources, const World& world) {
  const auto& names = sources.selection.config.realms;
  std::set<int64_t> out;
  if (names.empty()) {
    try {
      const auto ids = connected_realm_ids(sources.client, world);
      out.insert(ids.begin(), ids.end());
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound) {
        throw;
      }
      sources.client.host().warn("There are no realms in " + world.key() +
                                 "; does the game exist in the region?");
    }
  }
  for (const std::string& name : names) {
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      out.insert(std::stoll(name.substr(0, 18)));
      continue;
    }
    const auto realm = realm_document(sources.client, world, name);
    if (!realm) {
      continue;
    }
    std::string_view link;
    const auto found = realm->root()["connected_realm"]["href"].get(link) == simdjson::SUCCESS
                           ? id_in_link(link)
                           : std::nullopt;
    if (!found) {
      throw Error(Code::kBadData, "The realm '" + name + "' names no connected realm.").retryable();
    }
    out.insert(*found);
  }
  return out;
}

}  // namespace

void list_auctions(const Sources& sources, const sluice::Lister& out) {
  for (const World& world : sources.selection.worlds) {
    for (const int64_t realm : selected_realms(sources, world)) {
      const std::string key = world.key() + "/" + std::to_string(realm);
      if (world.retail()) {
        out.partition({.key = key});
        continue;
      }
      for (const int64_t house : sources.selection.config.auction_houses) {
        out.partition({.key = key + "/" + std::to_string(house)});
      }
    }
  }
}

ReaderPtr read_auctions(const Sources& sources, const sluice::Stream& stream,
                        const sluice::ReadRequest& request) {
  return std::make_unique<AuctionReader>(sources, stream, request);
}

}  // namespace blizzard
