// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sluice/cpp/error.hpp"

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;

// Items that a second of the quota gives; rows of a batch wait in memory until all are there.
constexpr uint64_t kAutoItems = 100;
constexpr uint64_t kAutoRows = 600;

// Throws INVALID_CONFIG at the key's i-th text.
[[noreturn]] void refuse(const char* key, std::size_t i, const std::string& text, const char* why) {
  throw Error(Code::kInvalidConfig,
              "The key '" + std::string(key) + "' holds '" + text + "', which " + why)
      .at_config("/" + std::string(key) + "/" + std::to_string(i));
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::vector<IdRange> parse_ranges(const std::vector<std::string>& texts, const char* key) {
  std::vector<IdRange> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view text = texts[i];
    const auto dash = std::min(text.find('-'), text.size());
    const auto first = number(text.substr(0, dash));
    const auto last = dash == text.size()       ? first
                      : dash + 1 == text.size() ? std::optional(IdRange{}.last)
                                                : number(text.substr(dash + 1));
    if (!first || !last) {
      refuse(key, i, texts[i], "is no id; write \"19019\" or \"1-25000\".");
    }
    if (*last < *first) {
      refuse(key, i, texts[i], "ends before it begins.");
    }
    out.push_back({*first, *last});
  }
  std::sort(out.begin(), out.end(),
            [](const IdRange& a, const IdRange& b) { return a.first < b.first; });
  std::vector<IdRange> merged;
  for (const IdRange& range : out) {
    if (!merged.empty() && range.first <= merged.back().last) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

}  // namespace

Selection::Selection(const Config& c)
    : config(c),
      ranges(parse_ranges(c.item_ranges, "item_ranges")),
      skipped(parse_ranges(c.skip_items, "skip_items")) {
  for (const auto& region : c.regions) {
    for (const auto& game : c.games) {
      worlds.push_back({region, game});
    }
  }
  const bool all = std::find(c.locales.begin(), c.locales.end(), "all") != c.locales.end();
  locales = all ? std::vector<std::string>{} : c.locales;
  if (c.item_ids == "ranges") {
    if (ranges.empty()) {
      throw Error(Code::kInvalidConfig,
                  "item_ids = \"ranges\" needs item_ranges, such as [\"1-25000\"].")
          .at_config("/item_ids");
    }
    if (ranges.back().last == IdRange{}.last) {
      throw Error(Code::kInvalidConfig,
                  "item_ids = \"ranges\" asks for every id, so that item_ranges need an end; use "
                  "\"search\" to look for all from an id on.")
          .at_config("/item_ranges");
    }
  }
  while (config.base_url.ends_with('/')) {
    config.base_url.pop_back();
  }
}

bool Selection::skips(int64_t id) const {
  return std::any_of(skipped.begin(), skipped.end(),
                     [&](const IdRange& range) { return id >= range.first && id <= range.last; });
}

uint64_t Selection::batch_items() const {
  if (config.batch_size.items != 0) {
    return static_cast<uint64_t>(config.batch_size.items);
  }
  constexpr std::size_t kAllLocales = 12;
  const uint64_t rows = locales.empty() ? kAllLocales : locales.size();
  return std::min(kAutoItems, kAutoRows / rows);
}

const World* Selection::find(std::string_view key, std::string_view& rest) const {
  for (const World& world : worlds) {
    const std::string begin = world.key();
    if (key.starts_with(begin) && (key.size() == begin.size() || key[begin.size()] == '/')) {
      rest = key.size() == begin.size() ? std::string_view{} : key.substr(begin.size() + 1);
      return &world;
    }
  }
  return nullptr;
}

}  // namespace blizzard
