// SPDX-License-Identifier: Apache-2.0
//
// Names, dates and the configuration.
#include <catch2/catch.hpp>
#include <sluice/testing/testing.hpp>

#include "config.hpp"
#include "metrics.hpp"
#include "names.hpp"
#include "window.hpp"

using wiseoldman::Config;
using wiseoldman::DateRange;
using wiseoldman::Selection;
using wiseoldman::to_dates;

TEST_CASE("wiseoldman: names are standardised as the service does", "[unit][wiseoldman]") {
  CHECK(wiseoldman::standard_name("Lynx_Titan") == "lynx titan");
  CHECK(wiseoldman::standard_name(" lynx-TITAN ") == "lynx titan");
  CHECK(wiseoldman::standard_name("Lynx\xC2\xA0Titan") == "lynx titan");
  CHECK(wiseoldman::standard_name("_-_").empty());
  CHECK(wiseoldman::encoded("lynx titan/\xC3\xA9") == "lynx%20titan%2F%C3%A9");
}

TEST_CASE("wiseoldman: neighbouring intervals share no millisecond and leave none out",
          "[unit][wiseoldman]") {
  const int64_t base = 1'780'272'000'000'000;
  for (const int64_t middle : {base, base + 1, base + 499, base + 999, base + 1000}) {
    CAPTURE(middle);
    const DateRange left = to_dates(base - 5000, middle), right = to_dates(middle, base + 5000);
    CHECK(left.end_ms + 1 == right.start_ms);
    CHECK(left.start_ms == (base - 5000) / 1000);
    CHECK(right.end_ms == (base + 5000) / 1000 - 1);
  }
  CHECK(to_dates(base + 1, base + 999).empty());
  CHECK(to_dates(base, base + 1).start_ms == to_dates(base, base + 1).end_ms);
}

TEST_CASE("wiseoldman: a start that is not before its end is never asked for",
          "[unit][wiseoldman]") {
  CHECK(DateRange{1'780'272'000'000, 1'780'272'000'000}.query() ==
        "startDate=2026-05-31T23:59:59.999Z&endDate=2026-06-01T00:00:00.000Z");
  CHECK(to_dates(SLUICE_TIME_MIN, SLUICE_TIME_MAX).query() ==
        "startDate=1970-01-01T00:00:00.000Z&endDate=2099-12-31T23:59:59.999Z");
}

TEST_CASE("wiseoldman: the configuration is checked", "[unit][wiseoldman]") {
  Config config;
  config.contact = "me@example.org";
  CHECK_THROWS_AS(Selection(config), sluice::Error);  // nobody is named
  config.players = {"Lynx_Titan", "lynx titan", "B0aty"};
  config.base_url = "https://api.wiseoldman.net/league/";
  const Selection selection(config);
  REQUIRE(selection.players.size() == 2);
  CHECK(selection.players[0].name == "lynx titan");
  CHECK(selection.players[1].name == "b0aty");
  CHECK(selection.players[1].index == 2);
  CHECK(selection.config.base_url == "https://api.wiseoldman.net/league");
  CHECK(selection.host == "api.wiseoldman.net");
  config.players = {"ok", "thirteen char"};
  try {
    (void)Selection(config);
    FAIL("a name of 13 characters was taken");
  } catch (const sluice::Error& error) {
    CHECK(error.config() == "/players/1");
  }
  config.players = {" - "};
  CHECK_THROWS_AS(Selection(config), sluice::Error);
}

TEST_CASE("wiseoldman: metrics are known once", "[unit][wiseoldman]") {
  std::set<std::string_view> names;
  for (const auto& metric : wiseoldman::known_metrics()) {
    CHECK(names.insert(metric.name).second);
  }
  CHECK(names.size() >= 114);
  CHECK(wiseoldman::rounded(13.257969999999998) == 13.25797);
}
