// SPDX-License-Identifier: Apache-2.0
//
// Where the ids of items come from: the search, walked by ranges of ids, since it gives at most a
// thousand matches; or the ranges of the configuration. What a walk found is kept between runs.
#include <algorithm>

#include "canonical.hpp"
#include "readers.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr std::size_t kMostKept = std::size_t{1000} << 10U;  // bytes; the host keeps 1 MiB
constexpr int kAttempts = 3;                                 // for pages that break or are no JSON

// Ids in rising order as differences of seven bits a byte.
void put_difference(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7U) {
    out += static_cast<char>((value & 0x7FU) | 0x80U);
  }
  out += static_cast<char>(value);
}

// What is known of a walk: when it was made and what it found.
struct Walk {
  int64_t at_s = 0;
  std::vector<int64_t> ids;

  std::string encoded() const {
    std::string out;
    put_difference(out, static_cast<uint64_t>(at_s));
    int64_t last = 0;
    for (const int64_t id : ids) {
      put_difference(out, static_cast<uint64_t>(id - last));
      last = id;
    }
    return out;
  }
  // Whatever is not well-formed counts as nothing known.
  static Walk decoded(std::string_view bytes) {
    std::vector<uint64_t> numbers;
    uint64_t value = 0;
    unsigned shift = 0;
    for (const char c : bytes) {
      if (shift > 56) {
        return {};
      }
      value |= static_cast<uint64_t>(static_cast<unsigned char>(c) & 0x7FU) << shift;
      shift += 7;
      if ((static_cast<unsigned char>(c) & 0x80U) == 0) {
        numbers.push_back(value);
        value = 0;
        shift = 0;
      }
    }
    if (numbers.empty()) {
      return {};
    }
    Walk out{static_cast<int64_t>(numbers.front()), {}};
    int64_t last = 0;
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      last += static_cast<int64_t>(std::min<uint64_t>(numbers[i], uint64_t{1} << 40U));
      out.ids.push_back(last);
    }
    return out;
  }
};

class ItemIds {
 public:
  ItemIds(const Sources& sources, const World& world, const sluice::Lister& out)
      : selection_(sources.selection), client_(sources.client), world_(world), out_(out) {}

  void list() {
    list_wanted();
    if (skipped_ > 0) {
      client_.host().info(std::to_string(skipped_) + " items of " + world_.key() +
                          " are left out, as skip_items says.");
    }
  }

 private:
  void list_wanted() {
    if (selection_.config.item_ids == "ranges") {
      for (const IdRange& range : selection_.ranges) {
        for (int64_t id = range.first; id <= range.last; ++id) {
          tell(id);
        }
      }
      return;
    }
    const std::string name = state_name();
    const Walk known = Walk::decoded(client_.host().state(name).value_or(""));
    const int64_t now_s = client_.host().now().time_since_epoch().count() / 1'000'000;
    const int64_t age_s = now_s - known.at_s;
    if (!known.ids.empty() && age_s >= 0 && age_s < selection_.config.search_every.count) {
      for (const int64_t id : known.ids) {
        tell(id);
      }
      return;
    }
    if (!walk_all(known.ids)) {
      return;
    }
    const std::string bytes = Walk{now_s, found_}.encoded();
    if (bytes.size() <= kMostKept) {
      client_.host().set_state(name, bytes);
    }
  }

  std::string state_name() const {
    std::string ranges;
    for (const IdRange& range : selection_.ranges) {
      ranges += std::to_string(range.first) + "-" + std::to_string(range.last) + ",";
    }
    return "items/" + world_.key() + "/" + content_hash(ranges);
  }

  void tell(int64_t id) {
    if (selection_.skips(id)) {
      ++skipped_;
    } else if (id > 0) {
      out_.slice({.key = world_.key() + "/" + std::to_string(id)});
    }
  }

  // False if there is no search; what is known then stays listed.
  bool walk_all(const std::vector<int64_t>& known) {
    try {
      walk_ranges();
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound) {
        throw;
      }
      client_.host().warn("There is no item search in " + world_.key() +
                          "; does the game exist in the region?");
      for (const int64_t id : known) {
        tell(id);
      }
      return false;
    }
    // Fewer by half than before is trouble of the service; what it left out would count as gone.
    if (found_.size() < known.size() / 2) {
      throw Error(Code::kUnavailable, "The item search of " + world_.key() + " told " +
                                          std::to_string(found_.size()) + " ids, where " +
                                          std::to_string(known.size()) + " were known before.")
          .retryable();
    }
    return true;
  }

  void walk_ranges() {
    const std::vector<IdRange> all{IdRange{}};
    for (const IdRange& range : selection_.ranges.empty() ? all : selection_.ranges) {
      for (int64_t from = range.first; from <= range.last;) {
        client_.host().check_cancel();
        const auto last = page(from, range.last);
        if (!last) {
          break;
        }
        from = *last + 1;
      }
    }
  }

  // The first ids from `from` on; the largest of them, or none if there are no more. A page may be
  // shorter than asked for, so that only an empty one is the end.
  std::optional<int64_t> page(int64_t from, int64_t to) {
    const bool open = to == IdRange{}.last;
    const std::string url =
        client_.url(world_, "static", "search/item",
                    "&orderby=id&_pageSize=1000&_page=1&id=%5B" + std::to_string(from) + "," +
                        (open ? "" : std::to_string(to)) + "%5D");
    std::vector<int64_t> ids;
    for (int attempt = 1;; ++attempt) {
      try {
        ids = read_page(url);
        break;
      } catch (const Error& error) {
        if (attempt == kAttempts || error.code() != Code::kBadData) {
          throw;
        }
      }
    }
    std::sort(ids.begin(), ids.end());
    if (ids.empty()) {
      return std::nullopt;
    }
    if (ids.back() < from || ids.front() < from || ids.back() > to) {
      throw Error(Code::kBadData, "The item search does not keep to the range of ids: " + url +
                                      " told " + std::to_string(ids.front()) + " to " +
                                      std::to_string(ids.back()) + ".");
    }
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const int64_t id : ids) {
      tell(id);
    }
    found_.insert(found_.end(), ids.begin(), ids.end());
    return ids.back();
  }

  std::vector<int64_t> read_page(const std::string& url) const {
    std::vector<int64_t> ids;
    simdjson::dom::parser parser;
    sluice::JsonStream hits(client_.host().open(url, client_.options()), "/results");
    while (hits.next()) {
      simdjson::dom::element hit;
      const simdjson::padded_string text(hits.text());
      const auto id = parser.parse(text).get(hit) == simdjson::SUCCESS
                          ? whole_number(hit["data"]["id"])
                          : std::nullopt;
      if (!id) {
        client_.host().warn("An entry of the item search has no id and is left out.");
        continue;
      }
      ids.push_back(*id);
    }
    if (!hits.found()) {
      throw Error(Code::kBadData, "The answer of " + url + " has no list of results.").retryable();
    }
    return ids;
  }

  const Selection& selection_;
  const Client& client_;
  const World& world_;
  const sluice::Lister& out_;
  std::vector<int64_t> found_;
  uint64_t skipped_ = 0;
};

}  // namespace

void list_items(const Sources& sources, const sluice::Lister& out) {
  for (const World& world : sources.selection.worlds) {
    ItemIds(sources, world, out).list();
  }
}

}  // namespace blizzard
