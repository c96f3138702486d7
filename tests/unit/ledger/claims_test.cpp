// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <thread>

#include "unit/ledger/child.hpp"
#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)
using Kind = Outcome::Kind;

void add_slices(Ledger& ledger, StreamNo stream, int count) {
  auto listing = must(ledger.begin_listing(stream, false));
  for (int i = 0; i < count; ++i) {
    must(listing->add({.key = "key-" + std::to_string(i)}));
  }
  must(listing->finish(true));
}

TEST_CASE("claims: many threads get every slice exactly once", "[unit][ledger]") {
  LedgerFixture f;
  f.options.initial_map_bytes = 1 << 18;  // grows under way
  f.reopen();
  constexpr int kSlices = 6000;
  add_slices(*f.ledger, f.stream, kSlices);
  std::vector<std::vector<SliceNo>> taken(6);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&f, &mine] {
        for (;;) {
          const auto slices = must(f.ledger->claim(f.stream, 7));
          if (slices.empty()) {
            return;
          }
          std::vector<Outcome> outcomes;
          for (const Slice& slice : slices) {
            mine.push_back(slice.no);
            outcomes.push_back({.no = slice.no, .generation = 1, .part = 1, .rows = 2});
          }
          must(f.ledger->settle(f.stream, outcomes, mine.size() % 2 == 0));
          (void)must(f.ledger->counts(f.stream));
          (void)must(f.ledger->page(f.stream, SliceState::kLanded, 0, 3));
        }
      });
    }
  }
  std::vector<SliceNo> all;
  for (const auto& mine : taken) {
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(all.size() == kSlices);
  CHECK(std::unique(all.begin(), all.end()) == all.end());
  const auto counts = must(f.ledger->counts(f.stream));
  CHECK(counts.of(SliceState::kLanded) == kSlices);
  CHECK(counts.of(SliceState::kPending) == 0);
  CHECK(counts.claimed == 0);
  CHECK(counts.rows == 2 * kSlices);
}

TEST_CASE("claims: what was released or failed comes round again", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 5);
  auto first = must(f.ledger->claim(f.stream, 3));
  Outcome released{.no = first[0].no, .kind = Kind::kReleased};
  must(f.ledger->settle(f.stream, {&released, 1}, false));
  const auto second = must(f.ledger->claim(f.stream, 10));
  REQUIRE(second.size() == 3);
  CHECK(second[2].key == "key-0");
  CHECK(must(f.ledger->claim(f.stream, 10)).empty());
  CHECK(must(f.ledger->counts(f.stream)).claimed == 5);
}

TEST_CASE("claims: the same directory opened twice in a process is shared", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 4);
  auto other = must(Ledger::open(f.directory.path() / "state", f.clock, f.options));
  CHECK(must(f.ledger->claim(f.stream, 2)).size() == 2);
  CHECK(must(other->claim(f.stream, 10)).size() == 2);
  LedgerOptions reading = f.options;
  reading.read_only = true;
  auto reader = must(Ledger::open(f.directory.path() / "." / "state", f.clock, reading));
  CHECK(must(reader->counts(f.stream)).claimed == 4);
  CHECK(reader->claim(f.stream, 1).error().code == Code::kInternal);
  CHECK(reader->stream("pipe", "new").error().code == Code::kNotFound);
  f.ledger.reset();
  CHECK(must(other->counts(f.stream)).claimed == 4);
}

TEST_CASE("claims: claims.mdb removed under a running process is made anew", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 4);
  const auto claimed = must(f.ledger->claim(f.stream, 2));
  std::filesystem::remove(f.directory.path() / "state" / "claims.mdb");
  std::filesystem::remove(f.directory.path() / "state" / "claims.mdb-lock");
  const SliceNo no = claimed[0].no;
  CHECK(must(f.ledger->lost({&no, 1})).size() == 1);
  CHECK(must(f.ledger->claim(f.stream, 10)).size() == 4);
}

TEST_CASE("claims: those of another boot and damaged ones are thrown away", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 4);
  CHECK(must(f.ledger->claim(f.stream, 4)).size() == 4);
  f.ledger.reset();
  const auto state = f.directory.path() / "state";
  SECTION("another boot") {
    std::filesystem::resize_file(state / "claims.boot", 3);
  }
  SECTION("garbage") {
    std::filesystem::resize_file(state / "claims.mdb", 0);
    std::filesystem::resize_file(state / "claims.mdb", 40000);
  }
  SECTION("cut off") {
    std::filesystem::resize_file(state / "claims.mdb", 4096 * 3);
  }
  f.ledger = must(Ledger::open(state, f.clock, f.options));
  CHECK(must(f.ledger->claim(f.stream, 10)).size() == 4);
}

TEST_CASE("claims: two processes share a directory and no slice", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 800);
  const std::string state = (f.directory.path() / "state").string();
  Child one({LEDGER_WORKER, state, "drain"});
  Child two({LEDGER_WORKER, state, "drain"});
  std::vector<std::string> keys = one.lines_until("");
  const auto more = two.lines_until("");
  keys.insert(keys.end(), more.begin(), more.end());
  CHECK(one.wait() == 0);
  CHECK(two.wait() == 0);
  CHECK(keys.size() == 800);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 800);
  CHECK(must(f.ledger->counts(f.stream)).of(SliceState::kLanded) == 800);
}

TEST_CASE("claims: those of a killed process are free at once", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 6);
  Child child({LEDGER_WORKER, (f.directory.path() / "state").string(), "claim", "4"});
  CHECK(child.lines_until("ready").size() == 4);
  CHECK(must(f.ledger->claim(f.stream, 10)).size() == 2);
  child.signal(SIGKILL);
  CHECK(child.wait() == -SIGKILL);
  CHECK(must(f.ledger->counts(f.stream)).claimed == 2);
  CHECK(must(f.ledger->claim(f.stream, 10)).size() == 4);
}

TEST_CASE("claims: a process that sleeps past its lease finds its claims lost", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 3);
  setenv("LEDGER_WORKER_LEASE_US", "1", 1);  // NOLINT(concurrency-mt-unsafe)
  Child child({LEDGER_WORKER, (f.directory.path() / "state").string(), "claim", "3"});
  unsetenv("LEDGER_WORKER_LEASE_US");  // NOLINT(concurrency-mt-unsafe)
  CHECK(child.lines_until("ready").size() == 3);
  child.signal(SIGSTOP);
  child.wait_until_stopped();
  // The child's lease is of the system's clock, and the fixture's stands in the past: look with the
  // system's.
  f.ledger.reset();
  const SystemClock now;
  auto ledger = must(Ledger::open(f.directory.path() / "state", now, f.options));
  const auto taken = must(ledger->claim(f.stream, 2));
  CHECK(taken.size() == 2);
  child.signal(SIGCONT);
  child.go_on();
  CHECK(child.line() == "lost 2");
  CHECK(child.line() == "settled");
  CHECK(child.wait() == 0);
  // What it said of the slices that it had lost was not heard.
  CHECK(must(ledger->counts(f.stream)).of(SliceState::kFailed) == 1);
  CHECK(must(ledger->find(f.stream, taken[0].key)).state == SliceState::kPending);
  std::vector<SliceNo> numbers{taken[0].no, taken[1].no};
  CHECK(must(ledger->lost(numbers)).empty());
}

TEST_CASE("claims: a lease that ended and was not taken is ours still", "[unit][ledger]") {
  LedgerFixture f;
  add_slices(*f.ledger, f.stream, 1);
  const auto claimed = must(f.ledger->claim(f.stream, 1));
  f.clock.advance(3'600'000'000);
  const SliceNo no = claimed[0].no;
  CHECK(must(f.ledger->lost({&no, 1})).empty());
  CHECK(f.get("key-0").lease_us > f.clock.now_us());
  f.clock.advance(10'000'000);
  must(f.ledger->renew());
  CHECK(f.get("key-0").lease_us == f.clock.now_us() + f.options.lease_us);
}

}  // namespace
