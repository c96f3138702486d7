// SPDX-License-Identifier: Apache-2.0
//
// The real binary at top speed against the limiters of the twin: no limit is ever overstepped and
// the quota is used while there is work.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "pipeline/quota.hpp"

using nlohmann::json;
using sluice::test::counters;
using sluice::test::lean_twin;
using sluice::test::Process;
using sluice::test::QuotaRuns;
using sluice::test::set_limiter;
using sluice::twin::Twin;

namespace {

constexpr double kFullUse = 0.95;  // of a quota while there is work

// One service at its limit: what the twin holds the client to, what the plugin declares of it.
struct Load {
  std::string service;
  std::string settings;  // of the limiter
  std::string window;    // whose share is judged
  int64_t requests;
  std::string source;  // lines of [[source]]
};

const std::vector<Load>& loads() {
  static const std::vector<Load> all = {
      {"binance", R"({"scale": 20, "limits": {"weight": {"amount": 400}}})", "weight", 1000,
       R"(path = "/svc/binance/api/v3/klines"
scope = "binance"
cost = 2
limits = [{ scope = "binance", name = "weight", amount = 400, per_ms = 3000, window = "fixed", used_header = "X-MBX-USED-WEIGHT-1M" }])"},
      // A second's rounding is much of a window that is scaled so: told with fractions here.
      {"wom", R"({"scale": 20, "fractions": true})", "address", 100,
       R"(path = "/svc/wom/players/x/snapshots"
scope = "wom"
limits = [{ scope = "wom", name = "minute", amount = 20, per_ms = 3000 }])"},
      {"discord", R"({"scale": 5, "limits": {"global": {"amount": 30, "per_ms": 5000}}})", "global",
       300,
       R"(path = "/svc/discord/channels/{channel}/messages"
scope = "discord/channels/{channel}"
channels = 20
limits = [{ scope = "discord", name = "global", amount = 30, per_ms = 1000 },
          { scope = "discord/channels/*", name = "route", amount = 5, per_ms = 1000 }])"},
      {"blizzard", R"({"limits": {"hour": {"amount": 300, "per_ms": 4000}}})", "hour", 900,
       R"(path = "/svc/blizzard/data/wow/item"
scope = "blizzard"
limits = [{ scope = "blizzard", name = "second", amount = 100, per_ms = 1000 },
          { scope = "blizzard", name = "hour", amount = 300, per_ms = 4000 }])"},
      {"bungie", R"({"scale": 5, "limits": {"address": {"amount": 100}}})", "address", 600,
       R"(path = "/svc/bungie/Platform/Destiny2/Manifest"
scope = "bungie"
throttled_in_body = true
limits = [{ scope = "bungie", name = "average", amount = 100, per_ms = 2000 }])"},
      {"coingecko", R"({"scale": 20})", "minute", 150,
       R"(path = "/svc/coingecko/api/v3/coins/x/market_chart"
scope = "coingecko"
limits = [{ scope = "coingecko", name = "minute", amount = 30, per_ms = 3000 }])"}};
  return all;
}

double lowest(const std::map<std::string, double>& shares) {
  double least = 1;
  for (const auto& [service, share] : shares) {
    least = std::min(least, share);
  }
  return least;
}

void check_polite(const json& counted) {
  INFO(counted.dump(1));
  CHECK(counted.at("violations") == 0);
  CHECK(counted.at("bans") == 0);
  CHECK(counted.at("slowed") == 0);
  CHECK(counted.at("answers").size() == 1);
  for (const auto& [name, window] : counted.at("windows").items()) {
    CHECK(window.at("highest_share") <= 1.0);
  }
}

// Runs all loads at once and gives the share of each quota that was used.
std::map<std::string, double> used_shares(Twin& twin) {
  QuotaRuns runs;
  std::vector<std::string> names;
  for (const Load& load : loads()) {
    set_limiter(twin, load.service, R"({"reset": true})");
    set_limiter(twin, load.service, load.settings);
    runs.configure({.name = load.service,
                    .source = load.source + "\nslices = " + std::to_string(load.requests),
                    .pipeline = "workers = 16",
                    .url = twin.base_url()});
    names.push_back(load.service);
  }
  const auto finished = runs.run(names);
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  std::map<std::string, double> shares;
  for (const Load& load : loads()) {
    const json counted = counters(twin, load.service);
    check_polite(counted);
    CHECK(counted.at("requests") == load.requests);
    CHECK(runs.count(load.service) == load.requests * 5);
    const json& share = counted.at("windows").at(load.window).at("share");
    INFO(counted.dump(1));
    REQUIRE(share.is_number());
    shares[load.service] = share.get<double>();
  }
  return shares;
}

std::string plain(const std::string& service, const std::string& more) {
  return "path = \"/svc/" + service + "/x\"\n" + more;
}

void wait_for(Twin& twin, const std::string& service, const char* counter, int64_t least) {
  while (counters(twin, service).at(counter) < least) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

TEST_CASE("quota: six services at top speed without a refusal and at full use",
          "[pipeline][limits]") {
  Twin twin(lean_twin());
  std::map<std::string, double> best;
  // Other work on the machine delays: the best of two counts.
  for (int run = 0; run < 2 && (best.empty() || lowest(best) < kFullUse); ++run) {
    for (const auto& [service, share] : used_shares(twin)) {
      best[service] = std::max(best[service], share);
    }
  }
  for (const auto& [service, share] : best) {
    INFO(service);
    CHECK(share >= kFullUse);
  }
}

TEST_CASE("quota: what others use of it is heeded", "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "binance", R"({"scale": 20, "limits": {"weight": {"amount": 400}}})");
  const std::string requests = "path = \"/svc/binance/api/v3/klines\"\nscope = \"b\"\ncost = 2\n";
  QuotaRuns stranger, ours;
  stranger.configure(
      {.name = "stranger", .source = requests + "slices = 150", .url = twin.base_url()});
  ours.configure(
      {.name = "ours",
       .source = requests +
                 "slices = 250\nlimits = [{ scope = \"b\", name = \"weight\", amount = 400, "
                 "per_ms = 3000, window = \"fixed\", used_header = \"X-MBX-USED-WEIGHT-1M\" }]",
       .pipeline = "workers = 8",
       .url = twin.base_url()});
  CHECK(stranger.run({"stranger"}).exit_code == 0);
  set_limiter(twin, "binance", R"({"transit_ms": 40})");  // answers overtake each other
  const auto finished = ours.run({"ours"});
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  check_polite(counters(twin, "binance"));
  CHECK(ours.count("ours") == 1250);
}

TEST_CASE("quota: requests that are long under way overstep none", "[pipeline][limits]") {
  Twin twin(lean_twin());
  QuotaRuns runs;
  for (const std::string service : {"coingecko", "binance", "wom"}) {
    const bool weights = service == "binance";
    set_limiter(twin, service, R"({"scale": 30, "transit_ms": 300})");
    runs.configure({.name = service,
                    .source = plain(service, "slices = 80\nscope = \"" + service +
                                                 "\"\nlimits = [{ scope = \"" + service +
                                                 "\", amount = 20, per_ms = 2000" +
                                                 (weights ? ", window = \"fixed\" }]" : " }]")),
                    .pipeline = "workers = 20",
                    .url = twin.base_url()});
  }
  set_limiter(twin, "coingecko", R"({"limits": {"minute": {"amount": 20}}})");
  set_limiter(twin, "binance", R"({"limits": {"weight": {"amount": 20}}})");
  const auto finished = runs.run({"coingecko", "binance", "wom"});
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  for (const std::string service : {"coingecko", "binance", "wom"}) {
    INFO(service);
    check_polite(counters(twin, service));
    CHECK(runs.count(service) == 400);
  }
}

TEST_CASE("quota: limits that only headers tell are kept", "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "wom", R"({"scale": 20})");
  QuotaRuns runs;
  runs.configure({.name = "members",
                  .source = plain("wom", "scope = \"wom\"\nslices = 65"),
                  .url = twin.base_url()});
  const auto finished = runs.run({"members"});
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  check_polite(counters(twin, "wom"));
  CHECK(runs.count("members") == 325);
}

TEST_CASE("quota: a service that tells of more than it gives is obeyed when it refuses",
          "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "discord", R"({"scale": 5, "lie": true})");
  QuotaRuns runs;
  runs.configure({.name = "messages",
                  .source = "path = \"/svc/discord/channels/{channel}/messages\"\nchannels = 2\n"
                            "scope = \"discord/channels/{channel}\"\nslices = 30",
                  .pipeline = "workers = 2",
                  .url = twin.base_url()});
  const auto finished = runs.run({"messages"});
  INFO(finished.out << finished.err);
  const json counted = counters(twin, "discord");
  INFO(counted.dump(1));
  CHECK(finished.exit_code == 0);
  CHECK(counted.at("violations") == 0);
  CHECK(counted.at("unavoidable") > 0);
  CHECK(runs.count("messages") == 150);
}

TEST_CASE("quota: a throttle told in a body holds back everybody", "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "bungie", R"({"scale": 10, "limits": {"address": {"amount": 40}}})");
  QuotaRuns runs;
  // The plugin believes in twice of what there is.
  runs.configure({.name = "manifest",
                  .source = plain("bungie",
                                  "scope = \"bungie\"\nthrottled_in_body = true\nslices = 80\n"
                                  "limits = [{ scope = \"bungie\", amount = 80, per_ms = 1000 }]"),
                  .pipeline = "workers = 1",
                  .url = twin.base_url()});
  const auto finished = runs.run({"manifest"});
  INFO(finished.out << finished.err);
  const json counted = counters(twin, "bungie");
  INFO(counted.dump(1));
  CHECK(finished.exit_code == 0);
  CHECK(counted.at("violations") <= 2);  // the one that was throttled, each time
  CHECK(runs.count("manifest") == 400);
}

TEST_CASE("quota: two processes and five pipelines share one and one is killed",
          "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "coingecko", R"({"scale": 60})");
  QuotaRuns runs;
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    runs.configure(
        {.name = name,
         .source = plain("coingecko", "scope = \"coingecko\"\nslices = 50\nprefix = \"" + name +
                                          "\"\nlimits = [{ scope = \"coingecko\", amount = 30, "
                                          "per_ms = 1000 }]"),
         .url = twin.base_url()});
  }
  Process killed(runs.command("run", {"a", "b", "c"}));
  Process stays(runs.command("run", {"d", "e"}));
  wait_for(twin, "coingecko", "requests", 100);
  killed.signal(SIGKILL);
  killed.wait();
  std::map<char, int> by_pipeline;
  for (const json& one : json::parse(twin.control("GET", "/_twin/log?tail=1000"))) {
    const std::string target = one.at("target");
    ++by_pipeline[target.at(target.find("slice=") + 6)];
  }
  for (const char name : {'a', 'b', 'c', 'd', 'e'}) {
    INFO(name);
    CHECK(by_pipeline[name] >= 8);  // of 20, would they be served strictly in turn
  }
  const auto again = runs.run({"a", "b", "c"});
  const auto other = stays.wait();
  INFO(again.out << again.err << other.out << other.err);
  CHECK(again.exit_code == 0);
  CHECK(other.exit_code == 0);
  check_polite(counters(twin, "coingecko"));
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    const auto rows = runs.rows(name);
    CHECK(rows.size() == 250);
    CHECK(std::set<std::string>(rows.begin(), rows.end()).size() == 250);
  }
}

TEST_CASE("quota: a ban is waited for by the next process too", "[pipeline][limits]") {
  Twin twin(lean_twin());
  QuotaRuns runs;
  runs.configure({.name = "candles",
                  .source = plain("binance", "scope = \"binance\"\nslices = 20"),
                  .pipeline = "workers = 2\ndrain = \"100ms\"",  // no waiting the ban out
                  .url = twin.base_url()});
  set_limiter(twin, "binance", R"({"ban_ms": 6000})");
  const int number = GENERATE(SIGTERM, SIGKILL);
  Process first(runs.command("run", {"candles"}));
  wait_for(twin, "binance", "during_ban", 1);
  while (!first.ended() &&
         sluice::test::run(runs.command("limits", {}, {"--format", "json"})).out.find("ban") ==
             std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  first.signal(number);
  first.wait();
  const json before = counters(twin, "binance");
  CHECK(before.at("ban_left_ms") > 0);
  CHECK(before.at("during_ban") <= 2);  // those under way when the first was answered
  const auto finished = runs.run({"candles"});
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  const json after = counters(twin, "binance");
  CHECK(after.at("during_ban") == before.at("during_ban"));
  CHECK(after.at("answers").at("200") == 20);
  CHECK(runs.count("candles") == 100);
}

TEST_CASE("quota: sluice limits and plan tell what is used and how long the rest takes",
          "[pipeline][limits]") {
  Twin twin(lean_twin());
  set_limiter(twin, "coingecko", R"({"limits": {"minute": {"amount": 20}}})");
  QuotaRuns runs;
  runs.configure({.name = "coins",
                  .source = plain("coingecko", "scope = \"coingecko\"\nslices = 30"),
                  .pipeline = "attempts = 1\nmax_failed = 1",
                  .tables = "[http]\nlimit_patience = \"1s\"\n[[limit]]\nscope = \"coingecko\"\n"
                            "name = \"minute\"\namount = 20\nper = \"60s\"\n",
                  .url = twin.base_url()});
  CHECK(sluice::test::run(runs.command("limits", {})).out.find("Nothing is used") == 0);
  const auto fresh = sluice::test::run(runs.command("plan", {"coins"}));
  INFO(fresh.out << fresh.err);
  CHECK(fresh.out.find("at least 30 s if all count in the limit of 20 in 1 m 00 s for "
                       "'coingecko', of which 20 are left") != std::string::npos);
  CHECK(runs.run({"coins"}).exit_code == 1);  // the last ten would have to wait too long
  const auto text = sluice::test::run(runs.command("limits", {}));
  INFO(text.out);
  CHECK(text.out.find("coingecko") == 0);
  CHECK(text.out.find("20 of 20 in 1 min 0 s used, 0 left, all free in ") != std::string::npos);
  const json limits =
      json::parse(sluice::test::run(runs.command("limits", {}, {"--format", "json"})).out);
  CHECK(limits.at("limits").at(0).at("left") == 0);
  CHECK(limits.at("breakers").empty());
  const auto later = sluice::test::run(runs.command("plan", {"coins"}));
  INFO(later.out);
  CHECK(later.out.find("at least 30 s") != std::string::npos);
  CHECK(later.out.find("are left") == std::string::npos);
}

TEST_CASE("quota: sluice limits shows which services are out of service", "[pipeline][limits]") {
  sluice::twin::Options options = lean_twin();
  options.faults = R"([{"action": "status", "status": 503}])";
  Twin twin(options);
  QuotaRuns runs;
  runs.configure(
      {.name = "down", .source = plain("blizzard", "slices = 40"), .url = twin.base_url()});
  Process run(runs.command("run", {"down"}));
  std::string shown;
  while (!run.ended() && shown.find("out of service") == std::string::npos) {
    shown = sluice::test::run(runs.command("limits", {})).out;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  INFO(shown);
  CHECK(shown.find(twin.base_url() + ": out of service for ") != std::string::npos);
  CHECK(shown.find("failures in a row") != std::string::npos);
  run.signal(SIGKILL);
  run.wait();
  CHECK(sluice::test::run(runs.command("limits", {})).out.find("out of service") ==
        std::string::npos);
}

TEST_CASE("quota: of an interface that fails fifteen in a hundred hardly anything is left to fail",
          "[pipeline][faults]") {
  sluice::twin::Options options = lean_twin();
  options.faults =
      R"([{"action": "status", "status": 503, "probability": 0.1},
          {"action": "reset", "after_bytes": 20, "probability": 0.0556}])";
  Twin twin(options);
  set_limiter(twin, "blizzard", R"({"limits": {"second": {"amount": 1000000}}})");
  QuotaRuns runs;
  runs.configure({.name = "shaky",
                  .source = plain("blizzard", "slices = 1500"),
                  .pipeline = "workers = 32",
                  .url = twin.base_url()});
  const auto finished = runs.run({"shaky"});
  INFO(finished.out << finished.err);
  const json stats = json::parse(twin.control("GET", "/_twin/stats"));
  int64_t disturbed = 0;
  for (const auto& [rule, count] : stats.at("by_fault").items()) {
    disturbed += count.get<int64_t>();
  }
  const double share = static_cast<double>(disturbed) / stats.at("requests").get<double>();
  CHECK(share > 0.12);
  CHECK(share < 0.18);
  CHECK(runs.count("shaky") >= static_cast<int64_t>(1500 * 5 * 0.999));
}
