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

TEST_CASE("ledger: a changed validator makes a landed slice pending and keeps its generation",
          "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}});
  f.settle("a", Kind::kLanded, 5);
  auto counts = f.list({{.key = "a", .validator = "1"}});
  CHECK(counts.same == 1);
  CHECK(counts.work == 0);
  counts = f.list({{.key = "a", .validator = "2"}}, true, true);
  CHECK(counts.changed == 1);
  CHECK(counts.work == 1);
  CHECK(f.state("a") == SliceState::kLanded);  // it only compared
  counts = f.list({{.key = "a", .validator = "2"}});
  CHECK(counts.changed == 1);
  CHECK(f.state("a") == SliceState::kPending);
  CHECK(f.get("a").generation == 1);
  CHECK(f.get("a").part == 0);
  CHECK(must(f.ledger->counts(f.stream)).rows == 0);
  f.settle("a", Kind::kLanded, 6);
  CHECK(f.get("a").generation == 2);
  CHECK(f.get("a").rows == 6);
}

TEST_CASE("ledger: a part keeps the claim and its resume state until it lands", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}});
  const auto claimed = must(f.ledger->claim(f.stream, 10));
  REQUIRE(claimed.size() == 1);
  Outcome part{.no = claimed[0].no,
               .kind = Kind::kPart,
               .generation = 1,
               .part = 1,
               .rows = 3,
               .resumable = true,
               .resume = std::string("\0at 3", 5),
               .state_version = 4};
  must(f.ledger->settle(f.stream, {&part, 1}, true));
  Slice slice = f.get("a");
  CHECK(slice.state == SliceState::kPending);
  CHECK(slice.claimed);
  CHECK(slice.part == 1);
  CHECK(slice.resumable);
  CHECK(slice.resume == std::string("\0at 3", 5));
  CHECK(slice.state_version == 4);
  CHECK(slice.started_us == f.clock.now_us());
  SECTION("the same part told twice counts once") {
    must(f.ledger->settle(f.stream, {&part, 1}, true));
    CHECK(f.get("a").rows == 3);
  }
  SECTION("released it goes on with the next part") {
    Outcome released{.no = slice.no, .kind = Kind::kReleased};
    must(f.ledger->settle(f.stream, {&released, 1}, true));
    const auto again = must(f.ledger->claim(f.stream, 10));
    REQUIRE(again.size() == 1);
    CHECK(again[0].part == 1);
    CHECK(again[0].generation == 1);
    CHECK(again[0].resume == slice.resume);
  }
  SECTION("landing sums the rows and drops the resume state") {
    Outcome landed{.no = slice.no, .generation = 1, .part = 2, .rows = 4, .validator = "etag"};
    must(f.ledger->settle(f.stream, {&landed, 1}, true));
    slice = f.get("a");
    CHECK(slice.state == SliceState::kLanded);
    CHECK(slice.rows == 7);
    CHECK_FALSE(slice.resumable);
    CHECK(slice.resume.empty());
    CHECK(slice.read_validator == "etag");
  }
  SECTION("restart sends it back to a new generation") {
    Outcome restart{.no = slice.no,
                    .kind = Kind::kRestart,
                    .generation = 1,
                    .attempts = 1,
                    .error_class = "bad_state",
                    .error = "resume state of an older version"};
    must(f.ledger->settle(f.stream, {&restart, 1}, true));
    slice = f.get("a");
    CHECK(slice.state == SliceState::kPending);
    CHECK(slice.part == 0);
    CHECK(slice.generation == 1);
    CHECK(slice.attempts == 1);
    CHECK_FALSE(slice.claimed);
  }
  SECTION("failing keeps the resume state for the next run") {
    Outcome failed{.no = slice.no,
                   .kind = Kind::kFailed,
                   .generation = 1,
                   .attempts = 3,
                   .error_class = "unavailable",
                   .error = "503"};
    must(f.ledger->settle(f.stream, {&failed, 1}, true));
    CHECK(f.state("a") == SliceState::kFailed);
    CHECK(must(f.ledger->retry_failed(f.stream)) == 1);
    slice = f.get("a");
    CHECK(slice.state == SliceState::kPending);
    CHECK(slice.part == 1);
    CHECK(slice.resumable);
    CHECK(slice.error == "503");
  }
  SECTION("a changed validator drops the resume state") {
    f.list({{.key = "a", .validator = "2"}});
    slice = f.get("a");
    CHECK(slice.state == SliceState::kPending);
    CHECK(slice.part == 0);
    CHECK(slice.generation == 1);
    CHECK_FALSE(slice.resumable);
    // The reader that is at it lands the old one: in the target, but work still.
    Outcome landed{.no = slice.no, .generation = 1, .part = 2, .rows = 4};
    must(f.ledger->settle(f.stream, {&landed, 1}, true));
    CHECK(f.state("a") == SliceState::kPending);
    CHECK(f.get("a").landed_us != 0);
    const auto again = must(f.ledger->claim(f.stream, 1));
    REQUIRE(again.size() == 1);
    CHECK(again[0].part == 0);
    CHECK(again[0].generation == 1);
  }
}

TEST_CASE("ledger: empty and unchanged are complete", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}});
  f.settle("a", Kind::kEmpty);
  CHECK(f.state("a") == SliceState::kEmpty);
  const int64_t landed = f.get("a").landed_us;
  f.clock.advance(1000);
  const auto counts = f.list({{.key = "a"}}, true, false, landed + 1);
  CHECK(counts.stale == 1);
  CHECK(counts.work == 1);
  CHECK(f.state("a") == SliceState::kPending);
  f.settle("a", Kind::kUnchanged);
  CHECK(f.state("a") == SliceState::kEmpty);
  CHECK(f.get("a").landed_us == f.clock.now_us());
  CHECK(f.get("a").generation == 1);
  CHECK(f.list({{.key = "a"}}, true, false, landed + 1).work == 0);
}

TEST_CASE("ledger: quarantined slices wait for a change or for somebody", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}});
  Outcome bad;
  bad.kind = Kind::kQuarantined;
  bad.attempts = 1;
  bad.error_class = "bad_data";
  bad.error = "line 3 is cut off";
  f.settle("a", bad);
  CHECK(f.state("a") == SliceState::kQuarantined);
  CHECK(must(f.ledger->retry_failed(f.stream)) == 0);
  CHECK(f.list({{.key = "a", .validator = "1"}}).work == 0);
  SECTION("a new validator") {
    CHECK(f.list({{.key = "a", .validator = "2"}}).changed == 1);
    CHECK(f.state("a") == SliceState::kPending);
    CHECK(f.get("a").error.empty());
    CHECK(f.get("a").attempts == 0);
  }
  SECTION("asked for") {
    CHECK(must(f.ledger->retry_failed(f.stream, true)) == 1);
    CHECK(f.state("a") == SliceState::kPending);
  }
}

TEST_CASE("ledger: what is no longer listed is gone and may return", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "pending", .validator = "1"},
          {.key = "landed", .validator = "1"},
          {.key = "failed", .validator = "1"}});
  f.settle("landed", Kind::kLanded, 1);
  f.settle("failed", Kind::kFailed);
  auto counts = f.list({}, false);
  CHECK(counts.vanished == 0);
  CHECK(counts.work == 1);  // still wanted, though not listed
  counts = f.list({}, true, true);
  CHECK(counts.vanished == 3);
  CHECK(f.state("pending") == SliceState::kPending);
  counts = f.list({}, true);
  CHECK(counts.vanished == 3);
  CHECK(counts.work == 0);
  CHECK(f.state("pending") == SliceState::kGone);
  CHECK(f.state("failed") == SliceState::kGone);
  CHECK(f.state("landed") == SliceState::kLanded);
  counts = f.list({{.key = "pending", .validator = "1"}, {.key = "landed", .validator = "1"}});
  CHECK(counts.returned == 1);
  CHECK(counts.same == 1);
  CHECK(f.state("pending") == SliceState::kPending);
}

TEST_CASE("ledger: a gone slice that had landed returns as landed if it is the same",
          "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}});
  f.settle("a", Kind::kLanded, 5);
  f.list({{.key = "a", .validator = "2"}});
  f.list({});
  REQUIRE(f.state("a") == SliceState::kGone);
  SECTION("with what landed") {
    const auto counts = f.list({{.key = "a", .validator = "1"}});
    CHECK(counts.returned == 1);
    CHECK(counts.work == 0);
    CHECK(f.state("a") == SliceState::kLanded);
  }
  SECTION("with what did not") {
    CHECK(f.list({{.key = "a", .validator = "2"}}).work == 1);
    CHECK(f.state("a") == SliceState::kPending);
  }
  SECTION("with something new") {
    CHECK(f.list({{.key = "a", .validator = "3"}}).work == 1);
    CHECK(f.state("a") == SliceState::kPending);
  }
}

TEST_CASE("ledger: the source may say while reading that a slice is gone", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}});
  f.settle("a", Kind::kGone);
  CHECK(f.state("a") == SliceState::kGone);
  CHECK(must(f.ledger->claim(f.stream, 1)).empty());
}

TEST_CASE("ledger: late news never undoes what landed", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}});
  f.settle("a", Kind::kLanded, 5);
  const SliceNo no = f.get("a").no;
  for (const Kind kind : {Kind::kPart, Kind::kFailed, Kind::kQuarantined, Kind::kGone,
                          Kind::kRestart, Kind::kReleased, Kind::kLanded}) {
    Outcome late{.no = no, .kind = kind, .generation = 1, .part = 1, .rows = 99};
    must(f.ledger->settle(f.stream, {&late, 1}, true));
    CHECK(f.state("a") == SliceState::kLanded);
    CHECK(f.get("a").rows == 5);
  }
  Outcome unknown{.no = 999, .generation = 1};
  CHECK(f.ledger->settle(f.stream, {&unknown, 1}, true));
  const StreamNo other = must(f.ledger->stream("pipe", "other"));
  Outcome foreign{.no = no, .generation = 2};
  CHECK(f.ledger->settle(other, {&foreign, 1}, true).error().code == Code::kInternal);
  CHECK(f.state("a") == SliceState::kLanded);
}

TEST_CASE("ledger: a listing in which a key comes twice takes the first", "[unit][ledger]") {
  LedgerFixture f;
  const auto counts = f.list({{.key = "a", .validator = "1"}, {.key = "a", .validator = "2"}});
  CHECK(counts.listed == 2);
  CHECK(counts.added == 1);
  CHECK(f.get("a").validator == "1");
  CHECK(f.list({{.key = "a", .validator = "1"}, {.key = "a", .validator = "2"}}).changed == 0);
}

TEST_CASE("ledger: impossible listings are refused", "[unit][ledger]") {
  LedgerFixture f;
  auto listing = must(f.ledger->begin_listing(f.stream, false));
  const std::string long_key(401, 'k');
  CHECK(listing->add({.key = ""}).error().code == Code::kBadData);
  CHECK(listing->add({.key = long_key}).error().code == Code::kBadData);
  CHECK(listing->add({.key = "a", .partition = long_key}).error().code == Code::kBadData);
  CHECK(listing->add({.key = "a", .from_us = 5, .to_us = 5, .series = true}).error().code ==
        Code::kBadData);
  CHECK(listing->add({.key = std::string_view(long_key).substr(1)}));
  CHECK(must(listing->finish(true)).added == 1);
}

TEST_CASE("ledger: fields of a slice survive", "[unit][ledger]") {
  LedgerFixture f;
  const std::string binary("\0\xff\x80 z", 5);
  f.list({{.key = "k",
           .title = "t",
           .partition = "p",
           .validator = "v",
           .token = binary,
           .from_us = -5,
           .to_us = 7,
           .estimated_rows = 1,
           .estimated_bytes = UINT64_MAX}});
  f.reopen();
  const Slice slice = f.get("k");
  CHECK(slice.title == "t");
  CHECK(slice.partition == "p");
  CHECK(slice.validator == "v");
  CHECK(slice.token == binary);
  CHECK(slice.from_us == -5);
  CHECK(slice.to_us == 7);
  CHECK(slice.estimated_rows == 1);
  CHECK(slice.estimated_bytes == UINT64_MAX);
  CHECK(slice.listed_us == f.clock.now_us());
}

TEST_CASE("ledger: pages go through a state in order", "[unit][ledger]") {
  LedgerFixture f;
  std::vector<std::string> keys;
  std::vector<SliceListing> slices;
  for (int i = 0; i < 5000; ++i) {
    keys.push_back("key-" + std::to_string(i));
  }
  for (const auto& key : keys) {
    slices.push_back({.key = key});
  }
  CHECK(f.list(slices).added == 5000);
  SliceNo after = 0;
  size_t seen = 0;
  for (;;) {
    const auto page = must(f.ledger->page(f.stream, SliceState::kPending, after, 700));
    if (page.empty()) {
      break;
    }
    for (const Slice& slice : page) {
      REQUIRE(slice.key == keys[seen]);
      REQUIRE(slice.no > after);
      after = slice.no;
      ++seen;
    }
  }
  CHECK(seen == 5000);
  CHECK(f.list(slices).same == 5000);
  CHECK(f.ledger->find(f.stream, "nope").error().code == Code::kNotFound);
}

TEST_CASE("ledger: forgotten slices are planned anew above their generation", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}, {.key = "b"}});
  f.settle("a", Kind::kLanded, 5);
  CHECK(must(f.ledger->forget(f.stream, "a")) == 1);
  CHECK(must(f.ledger->forget(f.stream, "a")) == 0);
  CHECK(f.ledger->find(f.stream, "a").error().code == Code::kNotFound);
  CHECK(must(f.ledger->counts(f.stream)).rows == 0);
  CHECK(f.list({{.key = "a"}, {.key = "b"}}).added == 1);
  CHECK(f.get("a").generation == 1);  // so that the next is not mistaken for the one in the target
  CHECK(must(f.ledger->forget(f.stream)) == 2);
  CHECK(must(f.ledger->counts(f.stream)).of(SliceState::kPending) == 0);
}

TEST_CASE("ledger: a landed interval of a series becomes coverage", "[unit][ledger]") {
  LedgerFixture f;
  const auto interval = [](const char* key, int64_t from, int64_t to) {
    return SliceListing{
        .key = key, .partition = "BTC", .from_us = from, .to_us = to, .series = true};
  };
  f.list(
      {interval("1", 0, 10), interval("2", 10, 20), interval("3", 30, 40), interval("4", 40, 50)},
      false);
  CHECK(must(f.ledger->outstanding(f.stream, "BTC")).total() == 40);
  CHECK(must(f.ledger->partitions(f.stream)) == std::vector<std::string>{"BTC"});
  f.settle("1", Kind::kLanded, 10);
  f.settle("2", Kind::kEmpty);
  f.settle("3", Kind::kFailed);
  f.settle("4", Kind::kQuarantined);
  const IntervalSet covered = must(f.ledger->coverage(f.stream, "BTC"));
  CHECK(covered.intervals() == std::vector<Interval>{{0, 20}});
  CHECK(must(f.ledger->outstanding(f.stream, "BTC")).intervals() ==
        std::vector<Interval>{{30, 50}});
  CHECK(f.ledger->find(f.stream, "1").error().code == Code::kNotFound);
  const auto counts = must(f.ledger->counts(f.stream));
  CHECK(counts.of(SliceState::kFailed) == 1);
  CHECK(counts.of(SliceState::kQuarantined) == 1);
  CHECK(counts.rows == 10);
  CHECK(must(f.ledger->coverage(f.stream, "ETH")).empty());
  f.reopen();
  CHECK(must(f.ledger->coverage(f.stream, "BTC")) == covered);
  CHECK(must(f.ledger->forget(f.stream)) == 2);
  CHECK(must(f.ledger->coverage(f.stream, "BTC")).empty());
  CHECK(must(f.ledger->outstanding(f.stream, "BTC")).empty());
  CHECK(must(f.ledger->partitions(f.stream)).empty());
}

TEST_CASE("ledger: holes of a landed interval are no coverage but failed slices",
          "[unit][ledger]") {
  LedgerFixture f;
  SliceListing interval{.key = "P@0/100", .partition = "P", .from_us = 0, .to_us = 100};
  interval.series = true;
  f.list({interval}, false);
  Outcome part;
  part.no = must(f.ledger->claim(f.stream, 1)).at(0).no;
  part.kind = Outcome::Kind::kPart;
  part.generation = 1;
  part.part = 1;
  part.rows = 1;
  part.holes = {{10, 20}};
  part.resumable = true;
  must(f.ledger->settle(f.stream, {&part, 1}, true));
  f.reopen();  // what a part told is kept for the one that completes the slice
  Outcome last = part;
  last.kind = Outcome::Kind::kLanded;
  last.part = 2;
  last.holes = {{90, 120}, {15, 25}};
  last.hole_text = "no answer";
  must(f.ledger->settle(f.stream, {&last, 1}, true));
  IntervalSet want(Interval{0, 10});
  want.add({25, 90});
  CHECK(must(f.ledger->coverage(f.stream, "P")) == want);
  IntervalSet left(Interval{10, 25});
  left.add({90, 100});
  CHECK(must(f.ledger->outstanding(f.stream, "P")) == left);
  CHECK(f.state("P@10/25") == SliceState::kFailed);
  CHECK(f.get("P@90/100").error == "no answer");
  CHECK(must(f.ledger->retry_failed(f.stream)) == 2);
  f.settle("P@10/25", Outcome::Kind::kLanded, 1);
  want.add({10, 25});
  CHECK(must(f.ledger->coverage(f.stream, "P")) == want);
}

TEST_CASE("ledger: partitions whose names contain each other are kept apart", "[unit][ledger]") {
  LedgerFixture f;
  const std::string zero("A\0B", 3);
  f.list({{.key = "1", .partition = "A", .from_us = 0, .to_us = 10, .series = true},
          {.key = "3", .partition = "AB", .from_us = 40, .to_us = 50, .series = true},
          {.key = "4", .partition = "", .from_us = 60, .to_us = 70, .series = true}},
         false);
  CHECK(must(f.ledger->outstanding(f.stream, "A")).intervals() == std::vector<Interval>{{0, 10}});
  CHECK(must(f.ledger->outstanding(f.stream, zero)).empty());
  auto listing = must(f.ledger->begin_listing(f.stream, false));
  CHECK(listing->add({.key = "2", .partition = zero}).error().code == Code::kBadData);
  CHECK(must(f.ledger->outstanding(f.stream, "")).intervals() == std::vector<Interval>{{60, 70}});
  CHECK(must(f.ledger->partitions(f.stream)) == std::vector<std::string>{"", "A", "AB"});
}

TEST_CASE("ledger: runs quarantined rows blobs and heads are kept", "[unit][ledger]") {
  LedgerFixture f;
  for (int i = 0; i < 5; ++i) {
    must(f.ledger->put_run(
        {.id = "r" + std::to_string(i), .pipeline = "pipe", .started_us = i - 2, .report = {}}));
  }
  must(f.ledger->put_run(
      {.id = "r4", .pipeline = "pipe", .started_us = 2, .ended_us = 9, .report = "{}"}));
  must(f.ledger->put_run({.id = "x", .pipeline = "pipe2", .started_us = 7, .report = {}}));
  const auto runs = must(f.ledger->runs("pipe", 3));
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].id == "r4");
  CHECK(runs[0].ended_us == 9);
  CHECK(runs[2].id == "r2");
  CHECK(must(f.ledger->runs("pip", 3)).empty());

  std::vector<QuarantinedRow> rows(3);
  rows[1].payload = std::string("\0\xff", 2);
  must(f.ledger->quarantine("pipe", rows));
  must(f.ledger->quarantine("other", rows));
  CHECK(must(f.ledger->quarantined("pipe")) == 3);
  const auto page = must(f.ledger->quarantine_page("pipe", 0, 2));
  REQUIRE(page.size() == 2);
  CHECK(page[1].payload == rows[1].payload);
  CHECK(must(f.ledger->quarantine_page("pipe", page[1].no, 10)).size() == 1);

  must(f.ledger->put_blob("scope", "name", "value"));
  CHECK(must(f.ledger->blob("scope", "name")) == "value");
  must(f.ledger->put_blob("scope", "name", ""));
  CHECK(f.ledger->blob("scope", "name").error().code == Code::kNotFound);
  CHECK(must(f.ledger->head("pipe")).empty());
  must(f.ledger->set_head("pipe", "h"));
  CHECK(must(f.ledger->head("pipe")) == "h");
}

}  // namespace
