// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_estimate.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace sluice::host;  // NOLINT(google-build-using-namespace)

constexpr int64_t kNow = 1'700'000'000'000'000;

LimitRule rule(const std::string& scope, const std::string& name, double amount, int64_t per_s) {
  LimitRule out;
  out.scope = scope;
  out.name = name;
  out.amount = amount;
  out.per = std::chrono::seconds(per_s);
  return out;
}

LimitView used(const std::string& scope, const std::string& name, double allowed, double left) {
  LimitView out;
  out.scope = scope;
  out.name = name;
  out.allowed = allowed;
  out.left = left;
  return out;
}

}  // namespace

TEST_CASE("limit estimate: the limit that takes longest counts", "[unit][http]") {
  const std::vector<LimitRule> rules = {rule("a.org", "second", 100, 1),
                                        rule("a.org", "hour", 36'000, 3600)};
  const auto many = estimate_limits(rules, {}, 200'000, kNow);
  REQUIRE(many);
  CHECK(many->name == "hour");
  CHECK(many->seconds == Approx(16'400));  // the first 36,000 go at once
  const auto few = estimate_limits(rules, {}, 1000, kNow);
  REQUIRE(few);
  CHECK(few->name == "second");
  CHECK(few->seconds == Approx(9));
  CHECK_FALSE(estimate_limits(rules, {}, 100, kNow));
  CHECK_FALSE(estimate_limits(rules, {}, 0, kNow));
  CHECK_FALSE(estimate_limits({}, {}, 1'000'000, kNow));
}

TEST_CASE("limit estimate: what is used already is not free", "[unit][http]") {
  const LimitsView known{.limits = {used("a.org", "minute", 20, 5)}, .waiting = {}};
  const auto wait = estimate_limits({rule("a.org", "minute", 20, 60)}, known, 25, kNow);
  REQUIRE(wait);
  CHECK(wait->left == 5);
  CHECK(wait->seconds == Approx(60));
}

TEST_CASE("limit estimate: a ban holds back all of its service", "[unit][http]") {
  LimitView ban;
  ban.scope = "a.org";
  ban.name = "service";
  ban.paused_us = kNow + 120'000'000;
  LimitView other = ban;
  other.scope = "b.org";
  other.paused_us += 1'000'000'000;
  const LimitsView known{.limits = {ban, other}, .waiting = {}};
  const auto wait = estimate_limits({rule("a.org", "", 100, 1)}, known, 1, kNow);
  REQUIRE(wait);
  CHECK(wait->paused_us == ban.paused_us);
  CHECK(wait->seconds == Approx(120));
}

TEST_CASE("limit estimate: rates and spacing have no burst worth speaking of", "[unit][http]") {
  LimitRule rate = rule("a.org", "", 500, 1000);
  rate.window = LimitRule::Window::kRate;
  const auto wait = estimate_limits({rate}, {}, 4, kNow);
  REQUIRE(wait);
  CHECK(wait->amount == Approx(0.5));
  CHECK(wait->per_ms == 1000);
  CHECK(wait->seconds == Approx(8));
  LimitRule spaced;
  spaced.scope = "a.org";
  spaced.spacing = std::chrono::seconds(2);
  CHECK(estimate_limits({spaced}, {}, 4, kNow)->seconds == Approx(6));
}

TEST_CASE("limit estimate: limits of each scope for itself hold back none", "[unit][http]") {
  CHECK_FALSE(estimate_limits({rule("a.org/*", "", 5, 5)}, {}, 1000, kNow));
  CHECK(estimate_limits({rule("*", "", 5, 5)}, {}, 1000, kNow));
}
