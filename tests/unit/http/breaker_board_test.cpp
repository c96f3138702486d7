// SPDX-License-Identifier: Apache-2.0
#include "host/http/breaker_board.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "host/http/limit_view.hpp"

namespace {

using namespace sluice::host;  // NOLINT(google-build-using-namespace)

std::vector<OpenBreaker> shown(SharedState& state) {
  auto all = open_breakers(state);
  REQUIRE(all);
  return *std::move(all);
}

}  // namespace

TEST_CASE("breaker board: others see what is open until it closes", "[unit][http]") {
  const auto state = std::make_shared<MemoryState>();
  {
    BreakerBoard board(state);
    board.closed("https://never.example:443");
    CHECK(state->list()->empty());
    board.opened("https://b.example:443", 17, "8 failures in a row");
    board.opened("https://a.example:443", 18, "half of 50 failed");
    const auto open = shown(*state);
    REQUIRE(open.size() == 2);
    CHECK(open[0].endpoint == "https://a.example:443");
    CHECK(open[1].since_us == 17);
    CHECK(open[1].reason == "8 failures in a row");
    CHECK(open[1].process == getpid());
    board.closed("https://a.example:443");
    CHECK(shown(*state).size() == 1);
    const auto limits = view_limits(*state, 0);  // a board is no service
    REQUIRE(limits);
    CHECK(limits->limits.empty());
  }
  CHECK(state->list()->empty());
}

TEST_CASE("breaker board: what killed processes left is not shown and goes", "[unit][http]") {
  const auto state = std::make_shared<MemoryState>();
  const std::string dead = "breakers/999999999";
  REQUIRE(state->update(dead, [](std::string& text) {
    text = R"({"https://a.example:443": {"since": 1, "reason": "gone"}})";
    return true;
  }));
  CHECK(shown(*state).empty());
  BreakerBoard board(state);
  board.opened("https://b.example:443", 2, "down");
  REQUIRE(state->list()->size() == 1);
  CHECK(state->list()->front().first != dead);
}

TEST_CASE("breaker board: text that is none is passed over", "[unit][http]") {
  MemoryState state;
  const std::string mine = "breakers/" + std::to_string(getpid());
  for (const char* text : {"[1]", "{", R"({"e": 1})", R"({"e": {"since": "x", "reason": "y"}})",
                           R"({"e": {"since": 1}})"}) {
    REQUIRE(state.update(mine, [&](std::string& old) {
      old = text;
      return true;
    }));
    CHECK(shown(state).empty());
  }
}
