// SPDX-License-Identifier: Apache-2.0
//
// The configuration of the sink.
#pragma once

#include <string>
#include <tuple>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"

namespace sluice::sqlite {

struct Config {
  std::string path;
  std::string times = "iso";
  std::string decimals = "text";
  std::string synchronous = "normal";
  std::string journal = "wal";
  bool strict = true;
  Bytes page_cache{uint64_t{64} << 20U};
  Duration busy_timeout{30'000'000};

  static constexpr auto fields() {
    return std::tuple{
        required("path", &Config::path, R"("minLength":1)")
            .doc("The database file; it and its folder are created if they do not exist.")
            .example(R"("data/weather.db")"),
        optional("times", &Config::times, R"("enum":["iso","integer"])")
            .doc("Timestamps as ISO 8601 text in UTC, or as microseconds since 1970-01-01; dates "
                 "as ISO text, or as days since 1970-01-01."),
        optional("decimals", &Config::decimals, R"("enum":["text","real"])")
            .doc("Decimals as exact text, or as the nearest floating-point number."),
        optional("synchronous", &Config::synchronous, R"("enum":["off","normal","full"])")
            .doc("What a commit waits for. full: it survives a loss of power. normal: the last "
                 "commits may be lost with the power, and are fetched again. off: the database "
                 "may be damaged by a loss of power."),
        optional("journal", &Config::journal, R"("enum":["wal","delete"])")
            .doc("Journal mode; wal lets others read during a commit, delete also works on "
                 "network file systems."),
        optional("strict", &Config::strict)
            .doc("New tables are STRICT: SQLite itself refuses values of another type."),
        optional("page_cache", &Config::page_cache).doc("Memory for pages of the database."),
        optional("busy_timeout", &Config::busy_timeout)
            .doc("How long to wait for another process that writes to the same database."),
    };
  }

  bool iso_times() const noexcept { return times == "iso"; }
  bool exact_decimals() const noexcept { return decimals == "text"; }
};

}  // namespace sluice::sqlite
