// SPDX-License-Identifier: Apache-2.0
//
// Every fault of the twin at the first, a middle and the last request, once, in a burst and for
// good. A run ends with the rows of an undisturbed one, or with a failure that says where, and then
// without a row too many; the next run, undisturbed, lands exactly what lacks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/quota.hpp"

using nlohmann::json;
using sluice::test::lean_twin;
using sluice::test::QuotaRuns;
using sluice::twin::Twin;

namespace {

constexpr int kSlices = 3, kPages = 2, kRows = 40;
constexpr int kRequests = kSlices * kPages;
constexpr const char* kSource = "path = \"/svc/blizzard/data\"\nslices = 3\npages = 2\nrows = 40\n";

struct FaultCase {
  std::string name;
  std::string rule;  // without its "when"
};

const std::vector<FaultCase>& faults() {
  static const std::vector<FaultCase> all = {
      {"s500", R"("action": "status", "status": 500)"},
      {"s503", R"("action": "status", "status": 503)"},
      {"s503-wait", R"("action": "status", "status": 503, "retry_after": "0.05")"},
      {"s429", R"("action": "status", "status": 429)"},
      {"s429-wait", R"("action": "status", "status": 429, "retry_after": "0.05")"},
      {"s408", R"("action": "status", "status": 408)"},
      {"delay", R"("action": "delay", "delay_ms": 60)"},
      {"reset", R"("action": "reset")"},
      {"reset-head", R"("action": "reset", "after_bytes": 0)"},
      {"reset-body", R"("action": "reset", "after_bytes": 300)"},
      {"truncate", R"("action": "truncate", "after_bytes": 300)"},
      {"truncate-last", R"("action": "truncate", "after_bytes": 999999)"},
      {"garbage", R"("action": "garbage")"},
      {"longer", R"("action": "wrong_length", "delta": 7)"},
      {"shorter", R"("action": "wrong_length", "delta": -7)"},
      {"html", R"("action": "html")"},
      {"chunk", R"("action": "bad_chunked")"},
      {"slow", R"("action": "slow", "bytes_per_second": 20000)"},
      {"hang", R"("action": "hang")"}};
  return all;
}

struct Place {
  const char* name;
  int request;
};
struct Length {
  const char* name;
  int times;  // 0: for good
};

// One pipeline, and a twin of its own so that no case meets another's trouble.
struct Disturbed {
  std::string name;
  std::unique_ptr<Twin> twin;
};

Disturbed make_case(const QuotaRuns& runs, const FaultCase& fault, const Place& place,
                    const Length& length) {
  Disturbed one{fault.name + "-" + place.name + "-" + length.name, nullptr};
  sluice::twin::Options options = lean_twin();
  options.faults = "{" + fault.rule + ", \"from\": " + std::to_string(place.request) +
                   ", \"times\": " + std::to_string(length.times) + "}";
  one.twin = std::make_unique<Twin>(options);
  runs.configure({.name = one.name,
                  .source = kSource,
                  .pipeline = "workers = 1\norder = \"sequential\"\nattempts = 2",
                  .tables = "[http]\nretries = 1\nfirst_byte_timeout = \"400ms\"\n"
                            "stall_timeout = \"400ms\"\nconnect_timeout = \"2s\"\n",
                  .url = one.twin->base_url()});
  return one;
}

std::vector<std::string> names_of(const std::vector<Disturbed>& cases) {
  std::vector<std::string> names;
  for (const Disturbed& one : cases) {
    names.push_back(one.name);
  }
  return names;
}

// What sorted `rows` lack or have too much, in short.
std::string difference(const std::vector<std::string>& rows,
                       const std::vector<std::string>& expected) {
  std::vector<std::string> lacking, more;
  std::set_difference(expected.begin(), expected.end(), rows.begin(), rows.end(),
                      std::back_inserter(lacking));
  std::set_difference(rows.begin(), rows.end(), expected.begin(), expected.end(),
                      std::back_inserter(more));
  return lacking.empty() && more.empty()
             ? ""
             : std::to_string(lacking.size()) + " rows lacking, e.g. " +
                   (lacking.empty() ? "" : lacking.front()) + ", " + std::to_string(more.size()) +
                   " too many, e.g. " + (more.empty() ? "" : more.front());
}

std::vector<std::string> undisturbed() {
  QuotaRuns runs;
  const Twin twin(lean_twin());
  runs.configure({.name = "calm", .source = kSource, .url = twin.base_url()});
  const auto finished = runs.run({"calm"});
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  auto rows = runs.rows("calm");
  REQUIRE(rows.size() == kRequests * kRows);
  return rows;
}

// Reports by pipeline's name.
std::map<std::string, json> reports_of(const QuotaRuns& runs,
                                       const std::vector<std::string>& names) {
  const auto finished = sluice::test::run(runs.command("run", names, {"--format", "json"}));
  INFO(finished.err);
  const json all = json::parse(finished.out);
  std::map<std::string, json> out;
  for (const json& one : all) {
    out[one.at("pipeline")] = one;
  }
  return out;
}

void check_first_run(const QuotaRuns& runs, const std::string& name, const json& report,
                     const std::vector<std::string>& expected) {
  const auto rows = runs.rows(name);
  const int exit_code = report.at("exit_code");
  INFO(report.dump(1));
  if (exit_code == 0) {
    CHECK(difference(rows, expected) == "");
    return;
  }
  CHECK(exit_code == 1);
  CHECK(report.dump().find("127.0.0.1") != std::string::npos);  // says where it failed
  CHECK(std::set<std::string>(rows.begin(), rows.end()).size() == rows.size());
  CHECK(std::includes(expected.begin(), expected.end(), rows.begin(), rows.end()));
}

void try_faults(const std::vector<FaultCase>& some, const std::vector<std::string>& expected) {
  constexpr Place kPlaces[] = {{"first", 1}, {"middle", 4}, {"last", kRequests}};
  constexpr Length kLengths[] = {{"once", 1}, {"burst", 3}, {"good", 0}};
  QuotaRuns runs;
  std::vector<Disturbed> cases;
  for (const FaultCase& fault : some) {
    for (const Place& place : kPlaces) {
      for (const Length& length : kLengths) {
        cases.push_back(make_case(runs, fault, place, length));
      }
    }
  }
  const auto names = names_of(cases);
  const auto first = reports_of(runs, names);
  for (const Disturbed& one : cases) {
    INFO(one.name);
    REQUIRE(first.count(one.name) == 1);
    check_first_run(runs, one.name, first.at(one.name), expected);
    CHECK(json::parse(one.twin->control("GET", "/_twin/faults")).at(0).at("fired") > 0);
    one.twin->control("DELETE", "/_twin/faults");
  }
  const auto second = reports_of(runs, names);
  for (const Disturbed& one : cases) {
    INFO(one.name << second.at(one.name).dump(1));
    CHECK(second.at(one.name).at("exit_code") == 0);
    CHECK(difference(runs.rows(one.name), expected) == "");
  }
}

}  // namespace

TEST_CASE("faults: each at any place and of any length costs no row and doubles none",
          "[pipeline][faults]") {
  const auto expected = undisturbed();
  const size_t part = GENERATE(0, 1, 2);
  const auto& all = faults();
  std::vector<FaultCase> some;
  for (size_t i = part; i < all.size(); i += 3) {
    some.push_back(all[i]);
  }
  try_faults(some, expected);
}
