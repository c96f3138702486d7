// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"
#include "tables.hpp"

namespace bungie {

struct Config {
  std::string base_url = "https://www.bungie.net";
  std::string credential;
  std::vector<std::string> languages{"en"};
  std::string layout = "rows";
  std::string form = "json";
  std::vector<std::string> tables;
  std::vector<std::string> text_keys{"DestinyHistoricalStatsDefinition"};
  bool definitions = true;
  sluice::Seconds settle{21'600};

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("base_url", &Config::base_url, R"("pattern":"^https?://")")
            .doc("Where the service answers, without a slash at the end: for a mirror."),
        optional("credential", &Config::credential)
            .doc("Name of the [credential.NAME] that holds the API key as header X-API-Key. It is "
                 "sent with the manifest's request only."),
        optional("languages", &Config::languages, R"("minItems":1)")
            .doc("Languages to read; [\"all\"] for all thirteen."),
        optional("layout", &Config::layout, R"("enum":["rows","columns"])")
            .doc("Languages as rows of their own, or as columns beside each other."),
        optional("form", &Config::form, R"("enum":["json","sqlite"])")
            .doc("Read a JSON file for each table, or one packed SQLite database for all tables of "
                 "a language."),
        optional("tables", &Config::tables)
            .doc("Further definition tables, each a stream, such as DestinyTalentGridDefinition."),
        optional("text_keys", &Config::text_keys)
            .doc("Tables whose entries are named by text instead of a hash."),
        optional("definitions", &Config::definitions)
            .doc("Keep each entry's whole JSON in the column definition."),
        optional("settle", &Config::settle)
            .doc("How long a manifest that a newer one had replaced is not taken again.")};
  }
};

// The thirteen languages of the service.
const std::vector<std::string>& all_languages();

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  std::string base_url;  // without a slash at the end
  std::string host;      // of base_url, the scope of limits
  std::string credential;
  std::vector<std::string> languages;
  bool columns = false;  // languages beside each other
  bool databases = false;
  bool definitions = true;
  int64_t settle_us = 0;
  std::vector<Table> tables;  // in the order of their streams: what is referred to comes first

  const Table* find(std::string_view stream) const noexcept;
};

}  // namespace bungie
