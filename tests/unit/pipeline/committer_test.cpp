// SPDX-License-Identifier: Apache-2.0
//
// Groups of slices on their way into a target whose commits fail as the test says.
#include "host/pipeline/committer.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "unit/ledger/ledger_fixture.hpp"

namespace sluice::host::test {
namespace {

class ShakyWriter final : public Writer {
 public:
  int failing_commits = 0;

  Result<uint32_t> bind(const Binding&) override { return 0U; }
  Result<void> begin() override { return {}; }
  Result<int64_t> reserve() override { return ++last_; }
  Result<void> write(uint32_t, int64_t, ArrayHandle, std::vector<RejectedRow>&) override {
    return {};
  }
  Result<void> record(const CommitRecord&) override { return {}; }
  Result<void> commit() override {
    if (failing_commits > 0) {
      --failing_commits;
      return Error{Code::kUnavailable, "the disk is full"};
    }
    return {};
  }
  void rollback() override {}
  void interrupt() override {}

 private:
  int64_t last_ = 0;
};

// One slice, claimed by a dispatcher, and a committer whose thread runs.
struct Group {
  LedgerFixture f;
  ShakyWriter writer;
  PipelineConfig config;
  Stream stream;
  Cancel abort;
  LiveStream live{"files", "files"};
  Dispatcher dispatcher{*f.ledger, f.stream, {}, f.clock};
  Committer committer{{.writer = writer,
                       .ledger = *f.ledger,
                       .config = config,
                       .stream = stream,
                       .stream_no = f.stream,
                       .run = "run",
                       .source = "test",
                       .clock = f.clock,
                       .abort = abort,
                       .dispatcher = dispatcher,
                       .live = live,
                       .reconcile = [] { return Result<void>(); },
                       .slice_failed = {}},
                      1 << 20};

  explicit Group(StreamKind kind) {
    stream.name = "files";
    stream.kind = kind;
    stream.key = {"id"};
    config.commit_every = std::chrono::hours(1);
    f.list({{.key = "a"}});
    dispatcher.planning_done();
    dispatcher.on_starved([this] { committer.flush(); });
  }

  static Part part(const WorkPtr& work, uint64_t rows, bool final) {
    Part out;
    out.work = work;
    out.facts = work->facts();
    out.rows = rows;
    out.final = final;
    return out;
  }
  static Part failure(const WorkPtr& work) {
    Part out = part(work, 0, false);
    out.verdict = true;
    out.kind = Outcome::Kind::kFailed;
    out.error = {Code::kUnavailable, "half of it came"};
    return out;
  }
  // As a worker that has sent its last part.
  void push_end(const WorkPtr& work, Part last) {
    REQUIRE(work->enter(SliceWork::Phase::kPushed) == SliceWork::Fate::kAlive);
    committer.push(std::move(last));
    dispatcher.read_ended();
  }
};

}  // namespace

TEST_CASE("committer: a slice whose rows are rolled back has no verdict either",
          "[unit][pipeline]") {
  Group g(StreamKind::kFiles);
  g.writer.failing_commits = 1;
  Result<void> ran;
  std::jthread thread([&] { ran = g.committer.run(); });
  WorkPtr work = g.dispatcher.next();
  REQUIRE(work);
  g.committer.push(Group::part(work, 3, false));
  g.push_end(work, Group::failure(work));
  // The commit of both fails. The slice begins again, once, and lands.
  WorkPtr again = g.dispatcher.next();
  REQUIRE(again);
  CHECK(again != work);
  g.push_end(again, Group::part(again, 3, true));
  CHECK(g.dispatcher.next() == nullptr);
  CHECK(g.dispatcher.in_flight() == 0);
  g.committer.close();
  thread.join();
  CHECK(ran);
  CHECK(g.f.state("a") == SliceState::kLanded);
  CHECK(g.live.snapshot().failed == 0);
}

TEST_CASE("committer: a key that failed among others counts for on_error", "[unit][pipeline]") {
  Group g(StreamKind::kKeys);
  int failed = 0;
  Committer committer({.writer = g.writer,
                       .ledger = *g.f.ledger,
                       .config = g.config,
                       .stream = g.stream,
                       .stream_no = g.f.stream,
                       .run = "run",
                       .source = "test",
                       .clock = g.f.clock,
                       .abort = g.abort,
                       .dispatcher = g.dispatcher,
                       .live = g.live,
                       .reconcile = [] { return Result<void>(); },
                       .slice_failed = [&] { ++failed; }},
                      1 << 20);
  WorkPtr work = g.dispatcher.next();
  REQUIRE(work);
  work->key_outcomes["a"] = SLUICE_OUTCOME_FAILED;
  REQUIRE(work->enter(SliceWork::Phase::kPushed) == SliceWork::Fate::kAlive);
  committer.push(Group::part(work, 0, true));
  committer.close();
  CHECK(committer.run());
  CHECK(failed == 1);
  CHECK(g.f.state("a") == SliceState::kFailed);
}

}  // namespace sluice::host::test
