// SPDX-License-Identifier: Apache-2.0
//
// Planning more than once in a run, and what is handed out of a plan.
#include "host/pipeline/plan.hpp"

#include <catch2/catch.hpp>

#include "host/pipeline/dispatcher.hpp"
#include "unit/ledger/ledger_fixture.hpp"

namespace sluice::host::test {
namespace {

constexpr int64_t kMinute = 60'000'000;

// A series of one partition, [0, 30 minutes).
class Minutes final : public Source {
 public:
  [[nodiscard]] const sluice_descriptor_t& descriptor() const override { return descriptor_; }
  Result<void> open(uint32_t) override { return {}; }
  Result<std::vector<Stream>> discover() override { return std::vector<Stream>(); }
  Result<void> list_partitions(const std::string&, int64_t, int64_t,
                               const PartitionVisitor& visit) override {
    sluice_partition_t one{};
    one.struct_size = sizeof one;
    one.key = {"P", 1};
    one.from_us = 0;
    one.to_us = 30 * kMinute;
    return visit(one);
  }
  Result<void> list_slices(const std::string&, const std::string&, int64_t, int64_t,
                           const SliceVisitor&, bool) override {
    return {};
  }
  Result<std::unique_ptr<ReadHandle>> read(const Stream&, ReadRequest, ReadObserver) override {
    return Error{Code::kInternal, "nothing is read here"};
  }

 private:
  sluice_descriptor_t descriptor_{};
};

struct Planned {
  LedgerFixture f;
  Minutes source;
  PipelineConfig config;
  Stream stream;
  Cancel stop;

  Planned() {
    stream.name = "files";
    stream.kind = StreamKind::kSeries;
    stream.key = {"id"};
    stream.step_us = kMinute;
    stream.max_span_us = 10 * kMinute;
    stream.partitioned = true;
  }
  uint64_t plan(bool again) {
    return must(plan_stream({.source = source,
                             .ledger = *f.ledger,
                             .config = config,
                             .stream = stream,
                             .stream_no = f.stream,
                             .clock = f.clock,
                             .stop = stop,
                             .retry_failed = !again,
                             .again = again}))
        .counts.work;
  }
};

}  // namespace

TEST_CASE("plan: what failed or has gone in this run is left to the next one", "[unit][pipeline]") {
  Planned p;
  CHECK(p.plan(false) == 3);
  std::vector<Outcome> outcomes;
  for (const Slice& slice : must(p.f.ledger->claim(p.f.stream, 10))) {
    Outcome outcome;
    outcome.no = slice.no;
    outcome.generation = slice.listed_us;
    outcome.kind = outcomes.empty() ? Outcome::Kind::kFailed : Outcome::Kind::kGone;
    outcomes.push_back(outcome);
  }
  must(p.f.ledger->settle(p.f.stream, outcomes, true));
  CHECK(p.plan(true) == 0);
  CHECK(p.plan(false) == 3);
}

TEST_CASE("dispatcher: reading that goes on keeps its generation, whatever the ledger went through",
          "[unit][pipeline]") {
  LedgerFixture f;
  SliceListing slice{.key = "P 0", .partition = "P", .from_us = 0, .to_us = 10 * kMinute};
  slice.series = true;
  f.list({slice}, false);
  Outcome part;
  part.kind = Outcome::Kind::kPart;
  part.resumable = true;
  part.resume = "half";
  f.settle("P 0", part);
  Outcome released;
  released.no = f.get("P 0").no;
  released.kind = Outcome::Kind::kReleased;
  must(f.ledger->settle(f.stream, {&released, 1}, true));
  const int64_t generation = f.get("P 0").generation;
  REQUIRE(generation < f.get("P 0").listed_us);  // as after a rebuild from the target
  Dispatcher dispatcher(*f.ledger, f.stream, {.series = true}, f.clock);
  dispatcher.planning_done();
  const WorkPtr work = dispatcher.next();
  REQUIRE(work);
  CHECK(work->resumable);
  CHECK(work->generation == generation);
}

}  // namespace sluice::host::test
