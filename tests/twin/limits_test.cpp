// SPDX-License-Identifier: Apache-2.0
// The limiters on a time of the test's own, and behind real HTTP.
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/twin/limits/limiter.hpp"
#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using limits::Limiter;
using limits::Verdict;
using limits::Window;
using nlohmann::json;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;

// A limiter and a clock that begins at a full hour.
struct Played {
  explicit Played(const char* service, const json& settings = json::object())
      : limiter(limits::make_limiter(service)) {
    limiter->configure(settings, now_us);
  }
  Verdict ask(const std::string& path = "/svc/x/klines",
              const std::map<std::string, std::string>& headers = {}) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.headers = headers;
    last = limiter->admit(request, now_us);
    return last;
  }
  // Asks so often and gives the number of requests that were not refused.
  int admitted(int count, const std::string& path = "/svc/x/klines") {
    int good = 0;
    for (int i = 0; i < count; ++i) {
      good += ask(path).refusal ? 0 : 1;
    }
    return good;
  }
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : last.headers) {
      if (key == name) {
        return value;
      }
    }
    return "";
  }
  int status() const { return last.refusal ? last.refusal->status : 200; }
  json body() const { return json::parse(*last.refusal->body); }
  json report() { return limiter->report(now_us); }

  std::int64_t now_us = 1'700'000'000LL / 3600 * 3600 * kSecond;
  std::unique_ptr<Limiter> limiter;
  Verdict last;
};

TEST_CASE("window: of the clock ends with the clock whenever it was first used") {
  Window window(Window::Kind::kClock, 2, kMinute);
  const std::int64_t start = 100 * kMinute;
  CHECK(window.take(2, start + 59 * kSecond));
  CHECK_FALSE(window.take(1, start + 59 * kSecond));
  CHECK(window.left_us(start + 59 * kSecond) == kSecond);
  CHECK(window.take(2, start + kMinute));
  CHECK(window.highest() == 3);
}

TEST_CASE("window: one that begins with the first request ends so long after it") {
  Window window(Window::Kind::kFirst, 2, kMinute);
  CHECK(window.left_us(0) == 0);
  CHECK(window.take(1, 10 * kSecond));
  CHECK(window.take(1, 69 * kSecond));
  CHECK_FALSE(window.take(1, 70 * kSecond - 1));
  CHECK(window.take(1, 70 * kSecond));
  CHECK(window.left_us(70 * kSecond) == kMinute);
  CHECK(window.used(75 * kSecond) == 1);
  CHECK(window.used(200 * kSecond) == 0);
}

TEST_CASE("window: a sliding one frees what is older than its length") {
  Window window(Window::Kind::kSliding, 2, kMinute);
  CHECK(window.take(1, 0));
  CHECK(window.take(1, 30 * kSecond));
  CHECK_FALSE(window.take(1, kMinute - 1));
  CHECK(window.take(1, kMinute));
  CHECK_FALSE(window.take(1, kMinute + 1));
  CHECK(window.left_us(kMinute + 1) == 30 * kSecond - 1);
}

TEST_CASE("window: the share of the quota leaves out what may be cut") {
  Window clock(Window::Kind::kClock, 10, kMinute);
  clock.take(1, kMinute / 2);  // the first window may have begun late
  CHECK_FALSE(clock.share());
  clock.take(8, kMinute);
  clock.take(10, 2 * kMinute);
  clock.take(1, 3 * kMinute);  // the last one is not over
  REQUIRE(clock.share());
  CHECK(*clock.share() == Approx(0.9));
  Window first(Window::Kind::kFirst, 10, kMinute);
  for (const double at : {0.0, 1.25, 2.5}) {  // each a quarter of a window late
    first.take(10, static_cast<std::int64_t>(at * kMinute));
  }
  REQUIRE(first.share());
  CHECK(*first.share() == Approx(0.8));
  Window sliding(Window::Kind::kSliding, 10, kMinute);
  for (const double at : {0.0, 1.0, 2.0, 3.0}) {
    sliding.take(10, static_cast<std::int64_t>(at * kMinute));
  }
  REQUIRE(sliding.share());
  CHECK(*sliding.share() == Approx(1.0));
  clock.take(1, 9 * kMinute);  // nothing for five minutes
  CHECK(*clock.share() == Approx(19.0 / 80));
}

TEST_CASE("binance: weights of a minute are told and their excess is refused until it is over") {
  Played binance("binance");
  binance.now_us += 20 * kSecond;
  CHECK(binance.admitted(3000) == 3000);
  CHECK(binance.header("X-MBX-USED-WEIGHT-1M") == "6000");
  binance.ask("/svc/binance/api/v3/exchangeInfo");
  CHECK(binance.status() == 429);
  CHECK(binance.header("Retry-After") == "40");
  CHECK(binance.header("X-MBX-USED-WEIGHT-1M") == "6020");
  CHECK(binance.body().at("code") == -1003);
  binance.now_us += 40 * kSecond;
  CHECK_FALSE(binance.ask().refusal);
  CHECK(binance.header("X-MBX-USED-WEIGHT-1M") == "2");
  CHECK(binance.report().at("violations") == 1);
  CHECK(binance.report().at("windows").at("weight").at("highest_share").get<double>() > 1.0);
}

TEST_CASE("binance: who goes on above the limit is banned and for longer each time") {
  Played binance("binance", {{"limits", {{"weight", {{"amount", 2}}}}}});
  CHECK(binance.admitted(6) == 1);
  CHECK(binance.status() == 429);
  binance.ask();
  CHECK(binance.status() == 418);
  CHECK(binance.header("Retry-After") == "120");
  binance.now_us += 119 * kSecond;
  binance.ask();
  CHECK(binance.status() == 418);
  CHECK(binance.header("Retry-After") == "1");
  CHECK(binance.report().at("during_ban") == 1);
  binance.now_us += kSecond;
  CHECK_FALSE(binance.ask().refusal);
  binance.admitted(6);
  CHECK(binance.status() == 418);
  CHECK(binance.header("Retry-After") == "240");
  CHECK(binance.report().at("bans") == 2);
}

TEST_CASE("binance: the firewall answers a page") {
  Played binance("binance", {{"firewall", 1}});
  binance.ask();
  CHECK(binance.status() == 403);
  CHECK(binance.last.refusal->headers.front().second == "text/html");
  CHECK_FALSE(binance.ask().refusal);
}

TEST_CASE("wise old man: the window begins with the first request and a key has its own") {
  Played wom("wom");
  wom.ask();
  CHECK(wom.header("RateLimit-Limit") == "20");
  CHECK(wom.header("RateLimit-Remaining") == "19");
  CHECK(wom.header("RateLimit-Reset") == "60");
  wom.now_us += 59 * kSecond + kSecond / 2;
  CHECK(wom.admitted(20) == 19);
  CHECK(wom.status() == 429);
  CHECK(wom.header("Retry-After") == "1");
  CHECK(wom.header("RateLimit-Remaining") == "0");
  wom.ask("/svc/wom/players", {{"x-api-key", "k"}});
  CHECK(wom.header("RateLimit-Limit") == "100");
  wom.now_us += kSecond / 2;
  wom.ask();
  CHECK(wom.header("RateLimit-Reset") == "60");
  CHECK(wom.report().at("violations") == 1);
}

TEST_CASE("wise old man: keys can be refused addresses blocked and headers missing") {
  Played wom("wom", {{"known_key", "good"}});
  wom.ask("/", {{"x-api-key", "bad"}});
  CHECK(wom.status() == 403);
  wom.limiter->configure({{"silent", true}}, wom.now_us);
  wom.ask();
  CHECK(wom.status() == 200);
  CHECK(wom.header("RateLimit-Limit").empty());
  wom.limiter->configure({{"blocked", true}}, wom.now_us);
  wom.ask();
  CHECK(wom.status() == 429);
  CHECK(wom.header("Retry-After").empty());
}

TEST_CASE("discord: each route and channel has a bucket of its own") {
  Played discord("discord");
  const std::string one = "/svc/discord/channels/1/messages/";
  CHECK(discord.admitted(3, one + "77") == 3);
  CHECK(discord.admitted(3, one + "78") == 2);
  CHECK(discord.status() == 429);
  CHECK(discord.body().at("global") == false);
  CHECK(discord.header("X-RateLimit-Scope") == "user");
  const std::string bucket = discord.header("X-RateLimit-Bucket");
  CHECK(discord.admitted(6, "/svc/discord/channels/2/messages/77") == 5);
  CHECK(discord.header("X-RateLimit-Bucket") != bucket);
  discord.now_us += 2'500'500;
  discord.ask(one + "79");
  CHECK(discord.body().at("retry_after") == 2.5);
  CHECK(discord.header("Retry-After") == "3");
  CHECK(discord.header("X-RateLimit-Reset-After") == "2.500");
  discord.now_us += 2'499'500;
  CHECK_FALSE(discord.ask(one + "79").refusal);
  CHECK(discord.header("X-RateLimit-Limit") == "5");
  CHECK(discord.header("X-RateLimit-Remaining") == "4");
  CHECK(discord.report().at("violations") == 3);
}

TEST_CASE("discord: fifty a second over all buckets") {
  Played discord("discord");
  int good = 0;
  for (int channel = 0; channel < 60; ++channel) {
    good += discord.admitted(1, "/svc/discord/channels/" + std::to_string(channel));
  }
  CHECK(good == 50);
  CHECK(discord.header("X-RateLimit-Scope") == "global");
  CHECK(discord.header("X-RateLimit-Global") == "true");
  CHECK(discord.body().at("global") == true);
  CHECK(discord.header("X-RateLimit-Bucket").empty());
}

TEST_CASE("discord: the advisory can lie and what could not be known is no violation") {
  Played discord("discord", {{"lie", true}});
  discord.ask("/c");
  CHECK(discord.header("X-RateLimit-Limit") == "1000");
  CHECK(discord.header("X-RateLimit-Remaining") == "999");
  CHECK(discord.admitted(5, "/c") == 4);
  CHECK(discord.header("X-RateLimit-Limit") == "5");
  CHECK(discord.header("X-RateLimit-Remaining") == "0");
  CHECK(discord.report().at("unavoidable") == 1);
  discord.now_us += 200'000;
  discord.ask("/c");
  CHECK(discord.report().at("violations") == 1);
  discord.limiter->configure({{"shared", 1}, {"shared_ms", 1500}}, discord.now_us);
  discord.ask("/d");
  CHECK(discord.header("X-RateLimit-Scope") == "shared");
  CHECK(discord.body().at("retry_after") == 1.5);
  CHECK(discord.report().at("unavoidable") == 2);
}

TEST_CASE("discord: too many refusals ban the address") {
  Played discord("discord",
                 {{"limits", {{"route", {{"amount", 1}}}, {"invalid", {{"amount", 3}}}}}});
  discord.admitted(4, "/c");
  CHECK(discord.report().at("bans") == 0);
  discord.ask("/c");
  CHECK(discord.report().at("bans") == 1);
  CHECK(discord.header("X-RateLimit-Limit").empty());
  CHECK(discord.header("Retry-After") == "3600");
}

TEST_CASE("blizzard: a full second refuses and a full hour slows down") {
  Played blizzard("blizzard", {{"limits", {{"hour", {{"amount", 150}}}}}});
  CHECK(blizzard.admitted(120) == 100);
  CHECK(blizzard.status() == 429);
  CHECK(blizzard.last.headers.empty());
  blizzard.now_us += kSecond;
  CHECK(blizzard.admitted(50) == 50);
  CHECK(blizzard.last.delay_ms == 0);
  CHECK(blizzard.admitted(1) == 1);
  CHECK(blizzard.last.delay_ms == 1000);
  CHECK(blizzard.report().at("slowed") == 1);
}

TEST_CASE("bungie: throttles in a body with status 200") {
  Played bungie("bungie");
  CHECK(bungie.admitted(250) == 250);
  bungie.ask();
  CHECK(bungie.status() == 200);
  CHECK(bungie.body().at("ErrorCode") == 36);
  CHECK(bungie.body().at("ThrottleSeconds") == 10);
  bungie.now_us += 10 * kSecond - 1;
  CHECK(bungie.ask().refusal);
  bungie.now_us += 1;
  CHECK_FALSE(bungie.ask().refusal);
  bungie.limiter->configure({{"silent", true}}, bungie.now_us);
  bungie.admitted(250);
  CHECK(bungie.body().at("ThrottleSeconds") == 0);
  CHECK(bungie.report().at("violations") == 3);
}

TEST_CASE("coingecko: thirty calls in any minute") {
  Played coingecko("coingecko");
  CHECK(coingecko.admitted(31) == 30);
  CHECK(coingecko.header("Retry-After") == "60");
  CHECK(coingecko.body().at("status").at("error_code") == 429);
  coingecko.now_us += kMinute;
  CHECK(coingecko.admitted(31) == 30);
}

TEST_CASE("limits: a scale shortens windows and what is told of them") {
  Played wom("wom", {{"scale", 20}});
  CHECK(wom.admitted(20) == 20);
  CHECK(wom.header("RateLimit-Reset") == "3");
  wom.now_us += 3 * kSecond;
  CHECK(wom.admitted(20) == 20);
  wom.now_us += kSecond / 2;
  wom.ask();
  CHECK(wom.header("Retry-After") == "3");
  wom.limiter->configure({{"fractions", true}}, wom.now_us);
  wom.ask();
  CHECK(wom.header("Retry-After") == "2.500");
  Played binance("binance",
                 {{"scale", 20}, {"patience", 0}, {"limits", {{"weight", {{"amount", 0}}}}}});
  binance.ask();
  CHECK(binance.header("Retry-After") == "6");
}

TEST_CASE("limits: what is misspelt or senseless is refused with its key") {
  Played wom("wom");
  const json wrong =
      GENERATE(json{{"sclae", 2}}, json{{"scale", 0}}, json{{"scale", "2"}}, json{{"reset", 1}},
               json{{"ban_ms", -1}}, json{{"limits", {{"second", {{"amount", 1}}}}}},
               json{{"limits", 3}}, json{{"limits", {{"address", {{"amount", 1.5}}}}}},
               json{{"limits", {{"address", {{"per_ms", 0}}}}}}, json::array());
  CHECK_THROWS_AS(wom.limiter->configure(wrong, wom.now_us), std::invalid_argument);
}

TEST_CASE("limits: pages behind the limiter hold the same rows whoever asks") {
  Options options = small_options();
  options.limits_scale = 60;
  const Twin one(options), two(options);
  const std::string path = "/svc/binance/api/v3/klines?slice=BTC&page=3&rows=7";
  const Answer answer = fetch(one, path);
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("x-mbx-used-weight-1m") == "2");
  CHECK(answer.body == fetch(two, path).body);
  const json rows = json::parse(answer.body).at("rows");
  REQUIRE(rows.size() == 7);
  CHECK(rows.at(6).at("id") == "BTC/3/6");
  CHECK(json::parse(fetch(one, "/svc/bungie/x?rows=1").body).at("Response").at("rows").size() == 1);
  CHECK(fetch(one, "/svc/nobody/x").status == 404);
}

TEST_CASE("limits: control shows counters and changes settings") {
  Twin twin(small_options());
  fetch(twin, "/svc/coingecko/coins");
  json report = json::parse(twin.control("GET", "/_twin/limits/coingecko"));
  CHECK(report.at("requests") == 1);
  CHECK(report.at("answers").at("200") == 1);
  CHECK(report.at("windows").at("minute").at("used") == 1);
  CHECK(report.at("windows").at("minute").at("per_ms") == 60'000);
  report = json::parse(
      twin.control("POST", "/_twin/limits/coingecko",
                   R"({"reset": true, "scale": 10, "ban_ms": 60000, "latency_ms": 1})"));
  CHECK(report.at("requests") == 0);
  CHECK(report.at("windows").at("minute").at("per_ms") == 6000);
  CHECK(report.at("latency_ms") == 1);
  CHECK(report.at("transit_ms") == 0);
  CHECK(fetch(twin, "/svc/coingecko/coins").status == 429);
  report = json::parse(twin.control("GET", "/_twin/limits/coingecko"));
  CHECK(report.at("during_ban") == 1);
  CHECK_THROWS_AS(twin.control("POST", "/_twin/limits/coingecko", "{\"latency_ms\": \"x\"}"),
                  std::invalid_argument);
  CHECK_THROWS_AS(twin.control("GET", "/_twin/limits/nobody"), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::twin::test
