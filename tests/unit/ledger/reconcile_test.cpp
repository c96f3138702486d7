// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)
using Kind = Outcome::Kind;
using Target = Reconciliation::Record;

Target record(std::string_view slice, int64_t generation, int64_t part, bool final,
              std::string_view validator = "1") {
  Target out;
  out.stream = "files";
  out.slice = slice;
  out.generation = generation;
  out.part = part;
  out.final = final;
  out.rows = 10;
  out.committed_us = 1'690'000'000'000'000;
  out.validator = validator;
  out.resumable = !final;
  out.resume = final ? "" : "state";
  return out;
}

Reconciliation::Counts reconcile(LedgerFixture& f, const std::vector<Target>& records) {
  auto reconciliation = must(f.ledger->begin_reconciliation("pipe"));
  for (const Target& one : records) {
    must(reconciliation->add(one));
  }
  return must(reconciliation->finish("head"));
}

TEST_CASE("reconciliation: an empty ledger is restored from the target in any order",
          "[unit][ledger]") {
  std::vector<Target> records = {
      record("a", 1, 1, false),     record("a", 1, 2, false), record("a", 1, 3, true),
      record("b", 1, 1, true),      record("b", 2, 1, false), record("b", 2, 2, false),
      record("c", 1, 1, true, "0"), record("c", 2, 1, true),  record("d", 1, 1, false)};
  records[1].resume = "not the last";
  for (int order = 0; order < 24; ++order) {
    LedgerFixture f;
    const auto counts = reconcile(f, records);
    CHECK(counts.records == records.size());
    CHECK(counts.restored == 2);
    CHECK(f.state("a") == SliceState::kLanded);
    CHECK(f.get("a").rows == 30);
    CHECK(f.get("a").part == 3);
    CHECK(f.state("b") == SliceState::kPending);
    CHECK(f.get("b").generation == 2);
    CHECK(f.get("b").part == 2);
    CHECK(f.get("b").rows == 20);
    CHECK(f.get("b").resumable);
    CHECK(f.get("b").resume == "state");
    CHECK(f.state("c") == SliceState::kLanded);
    CHECK(f.get("c").generation == 2);
    CHECK(f.get("c").rows == 10);
    CHECK(f.get("d").part == 1);
    CHECK(must(f.ledger->head("pipe")) == "head");
    CHECK(must(f.ledger->counts(f.stream)).rows == 40);
    // Once more changes nothing.
    const auto again = reconcile(f, records);
    CHECK(again.restored == 0);
    CHECK(again.reopened == 0);
    CHECK(f.get("b").part == 2);
    CHECK(f.get("a").rows == 30);
    // What is listed as it landed is not work.
    CHECK(f.list({{.key = "a", .validator = "1"}}, false).same == 1);
    std::rotate(records.begin(), records.begin() + 1 + order % 3, records.end());
    if (order % 5 == 0) {
      std::reverse(records.begin(), records.end());
    }
  }
}

TEST_CASE("reconciliation: what the target lacks is work again", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "kept", .validator = "1"},
          {.key = "lost", .validator = "1"},
          {.key = "older", .validator = "1"},
          {.key = "part", .validator = "1"},
          {.key = "empty", .validator = "1"}});
  f.settle("kept", Kind::kLanded, 10);
  f.settle("lost", Kind::kLanded, 10);
  f.settle("empty", Kind::kEmpty);
  f.settle("older", Kind::kLanded, 10);
  f.list({{.key = "older", .validator = "2"}}, false);
  f.settle("older", Kind::kLanded, 11);
  Outcome part;
  part.kind = Kind::kPart;
  part.resumable = true;
  part.resume = "second";
  f.settle("part", part);
  REQUIRE(f.get("older").generation == 2);
  const auto counts = reconcile(f, {record("kept", 1, 1, true), record("older", 1, 1, true, "1")});
  CHECK(counts.reopened == 3);
  CHECK(counts.restored == 0);
  CHECK(f.state("kept") == SliceState::kLanded);
  CHECK(f.state("lost") == SliceState::kPending);
  CHECK(f.get("lost").part == 0);
  CHECK(f.state("empty") == SliceState::kPending);
  CHECK(f.state("older") ==
        SliceState::kPending);  // the target has only what was read under the older validator
  CHECK(f.get("older").generation == 1);
  CHECK(f.get("part").part == 0);
  CHECK_FALSE(f.get("part").resumable);
  CHECK(must(f.ledger->counts(f.stream)).rows == 10);
}

TEST_CASE("reconciliation: a target with only parts reopens with their resume state",
          "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}});
  f.settle("a", Kind::kLanded, 30);
  const auto counts = reconcile(f, {record("a", 1, 1, false), record("a", 1, 2, false)});
  CHECK(counts.reopened == 1);
  const Slice slice = f.get("a");
  CHECK(slice.state == SliceState::kPending);
  CHECK(slice.part == 2);
  CHECK(slice.generation == 1);
  CHECK(slice.resume == "state");
}

TEST_CASE("reconciliation: what failed here and landed there is landed", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"},
          {.key = "b", .validator = "2"},
          {.key = "c", .validator = "1"}});
  f.settle("a", Kind::kFailed);
  f.settle("b", Kind::kFailed);
  f.settle("c", Kind::kQuarantined);
  CHECK(reconcile(f, {record("a", 1, 1, true), record("b", 1, 1, true, "1")}).restored == 1);
  CHECK(f.state("a") == SliceState::kLanded);
  CHECK(f.get("a").error.empty());
  CHECK(f.state("b") == SliceState::kFailed);  // another validator is wanted by now
  CHECK(f.state("c") == SliceState::kQuarantined);
}

TEST_CASE("reconciliation: coverage of a series is what the target has", "[unit][ledger]") {
  LedgerFixture f;
  const auto interval = [](std::string_view key, std::string_view partition, int64_t from,
                           int64_t to, bool final) {
    Target out = record(key, 1, 1, final);
    out.series = true;
    out.partition = partition;
    out.from_us = from;
    out.to_us = to;
    return out;
  };
  f.list({{.key = "A0", .partition = "A", .from_us = 0, .to_us = 10, .series = true},
          {.key = "A1", .partition = "A", .from_us = 10, .to_us = 20, .series = true},
          {.key = "C0", .partition = "C", .from_us = 0, .to_us = 10, .series = true}},
         false);
  f.settle("A0", Kind::kLanded, 1);
  f.settle("C0", Kind::kLanded, 1);
  const auto counts =
      reconcile(f, {interval("A0", "A", 0, 10, true), interval("A1", "A", 10, 20, true),
                    interval("B5", "B", 50, 60, false), interval("B0", "B", 0, 10, true),
                    interval("B0", "B", 0, 10, false)});
  CHECK(counts.restored == 2);
  CHECK(counts.reopened == 1);
  CHECK(must(f.ledger->coverage(f.stream, "A")).intervals() == std::vector<Interval>{{0, 20}});
  CHECK(must(f.ledger->outstanding(f.stream, "A")).empty());
  CHECK(must(f.ledger->coverage(f.stream, "B")).intervals() == std::vector<Interval>{{0, 10}});
  CHECK(must(f.ledger->outstanding(f.stream, "B")).intervals() == std::vector<Interval>{{50, 60}});
  CHECK(f.get("B5").part == 1);
  CHECK(must(f.ledger->coverage(f.stream, "C")).empty());
}

TEST_CASE("reconciliation: hundreds of thousands of records need little memory and agree",
          "[unit][ledger]") {
  LedgerFixture f;
  constexpr int kSlices = 40'000;  // more than are held back at once
  std::vector<std::string> keys;
  for (int i = 0; i < kSlices; ++i) {
    keys.push_back("key-" + std::to_string(i));
  }
  const auto run = [&](int from) {
    auto reconciliation = must(f.ledger->begin_reconciliation("pipe"));
    for (int i = from; i < kSlices; ++i) {  // first halves of all, then second halves
      must(reconciliation->add(record(keys[static_cast<size_t>(i)], 1, 1, false)));
    }
    for (int i = from; i < kSlices; ++i) {
      must(reconciliation->add(record(keys[static_cast<size_t>(i)], 1, 2, true)));
    }
    return must(reconciliation->finish("head"));
  };
  CHECK(run(0).restored == kSlices);
  CHECK(must(f.ledger->counts(f.stream)).of(SliceState::kLanded) == kSlices);
  CHECK(must(f.ledger->counts(f.stream)).rows == 20 * kSlices);
  CHECK(run(1).reopened == 1);
  CHECK(must(f.ledger->counts(f.stream)).of(SliceState::kPending) == 1);
}

TEST_CASE("reconciliation: records that cannot be are refused", "[unit][ledger]") {
  LedgerFixture f;
  auto reconciliation = must(f.ledger->begin_reconciliation("pipe"));
  CHECK(reconciliation->add(record("", 1, 1, true)).error().code == Code::kBadData);
  CHECK(reconciliation->add(record(std::string(500, 'k'), 1, 1, true)).error().code ==
        Code::kBadData);
  CHECK(reconciliation->add(record("a", -1, 1, true)).error().code == Code::kBadData);
  CHECK(f.ledger->begin_reconciliation("").error().code == Code::kInvalidConfig);
}

}  // namespace
