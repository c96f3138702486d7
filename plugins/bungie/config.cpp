// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <set>

#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

sluice::Error wrong(const std::string& what) {
  return {sluice::Code::kInvalidConfig, what};
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& text : list) {
    out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

std::vector<std::string> chosen_languages(const std::vector<std::string>& wanted) {
  if (wanted == std::vector<std::string>{"all"}) {
    return all_languages();
  }
  std::set<std::string> seen;
  for (const auto& language : wanted) {
    if (!contains(all_languages(), language)) {
      throw wrong("The language '" + language + "' is unknown; there are " +
                  joined(all_languages()) + ", and \"all\" alone for all of them.");
    }
    if (!seen.insert(language).second) {
      throw wrong("The language '" + language + "' is named twice.");
    }
  }
  return wanted;
}

// Names go into paths of state and statements of SQL: only what a table of the service can be
// called.
void check_table_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  if (!plain || !name.starts_with("Destiny") || !name.ends_with("Definition") || name.size() < 18 ||
      name.size() > 120) {
    throw wrong("The table '" + name +
                "' is not named like a table; write DestinyTalentGridDefinition, for example.");
  }
}

}  // namespace

const std::vector<std::string>& all_languages() {
  static const std::vector<std::string> all{"en",    "fr", "es", "es-mx", "de",     "it",    "ja",
                                            "pt-br", "ru", "pl", "ko",    "zh-cht", "zh-chs"};
  return all;
}

Selection::Selection(const Config& config)
    : base_url(config.base_url),
      credential(config.credential),
      languages(chosen_languages(config.languages)),
      columns(config.layout == "columns"),
      databases(config.form == "sqlite"),
      definitions(config.definitions),
      settle_us(config.settle.count * 1'000'000) {
  while (base_url.ends_with('/')) {
    base_url.pop_back();
  }
  const auto begin = base_url.find("://") + 3;
  host = base_url.substr(begin, base_url.find_first_of("/:", begin) - begin);
  tables = known_tables();
  for (const auto& name : config.tables) {
    check_table_name(name);
    const Table further = any_table(name, contains(config.text_keys, name));
    for (const Table& other : tables) {
      if (other.table == name) {
        throw wrong("The table '" + name + "' is read as the stream '" + other.stream +
                    "' already; remove it from tables.");
      }
      if (other.stream == further.stream) {
        throw wrong("The tables '" + name + "' and '" + other.table +
                    "' would both be the stream '" + other.stream +
                    "'; read one of them in a pipeline of its own.");
      }
    }
    tables.push_back(further);
  }
}

const Table* Selection::find(std::string_view stream) const noexcept {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const Table& table) { return table.stream == stream; });
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace bungie
