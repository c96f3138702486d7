// SPDX-License-Identifier: Apache-2.0
//
// Every edge of the state machine of docs/ledger-format.md.
#include <catch2/catch.hpp>

#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)
using Kind = Outcome::Kind;

TEST_CASE("ledger: a slice is listed then claimed then landed", "[unit][ledger]") {
  LedgerFixture f;
  const auto counts = f.list({{.key = "a", .validator = "1", .estimated_rows = 7},
                              {.key = "b", .validator = "1", .estimated_bytes = 9}});
  CHECK(counts.listed == 2);
  CHECK(counts.added == 2);
  CHECK(counts.work == 2);
  CHECK(counts.work_rows == 7);
  CHECK(counts.work_bytes == 9);

  auto claimed = must(f.ledger->claim(f.stream, 1));
  REQUIRE(claimed.size() == 1);
  CHECK(claimed[0].key == "a");
  CHECK(claimed[0].claimed);
  CHECK(claimed[0].generation == 0);
  CHECK(must(f.ledger->counts(f.stream)).claimed == 1);
  CHECK(f.get("a").claimed);

  Outcome landed{.no = claimed[0].no, .generation = 1, .part = 1, .rows = 10, .bytes = 100};
  must(f.ledger->settle(f.stream, {&landed, 1}, true, "head-1"));
  const auto after = must(f.ledger->counts(f.stream));
  CHECK(after.of(SliceState::kLanded) == 1);
  CHECK(after.of(SliceState::kPending) == 1);
  CHECK(after.claimed == 0);
  CHECK(after.rows == 10);
  CHECK(after.bytes == 100);
  const Slice slice = f.get("a");
  CHECK(slice.state == SliceState::kLanded);
  CHECK(slice.generation == 1);
  CHECK(slice.rows == 10);
  CHECK(slice.landed_us == f.clock.now_us());
  CHECK(must(f.ledger->head("pipe")) == "head-1");

  f.reopen();
  CHECK(must(f.ledger->counts(f.stream)).of(SliceState::kLanded) == 1);
  CHECK(f.state("a") == SliceState::kLanded);
}

}  // namespace
