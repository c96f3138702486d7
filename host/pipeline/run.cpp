// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run.hpp"

#include <fmt/format.h>
#include <array>

#include <atomic>
#include <thread>
#include <utility>

#include "host/ledger/steps.hpp"
#include "host/observe/log.hpp"
#include "host/pipeline/plan.hpp"
#include "host/pipeline/worker.hpp"

namespace sluice::host {
namespace {

constexpr uint64_t kSmallestQueue = 1U << 20;
constexpr int64_t kRenewEveryMs = 15'000;         // a quarter of the lease
constexpr int64_t kWriterPatienceUs = 2'000'000;  // for a commit when the run is given up

// A sixth of the memory limit is for batches on their way to the sink, a quarter for slices that
// must land whole. Batches are counted by what is in them; their buffers, which double when they
// grow, take up to twice that, and source and sink have buffers of their own: with a quarter 500
// players' histories peaked above the limit (docs/sources.md).
uint64_t queue_bytes(const PipelineConfig& config) {
  return std::max(config.memory_bytes / 6, kSmallestQueue);
}
constexpr int64_t kLive = 3'600'000'000;  // the newest hour; what is older is backfill

uint64_t hold_bytes(const PipelineConfig& config) {
  return config.memory_bytes / 4 / std::max(1U, config.workers);
}

// Batches of about 1 MiB cost least; with little memory they shrink so that each worker may hold
// one.
uint64_t batch_bytes(const PipelineConfig& config) {
  return std::clamp<uint64_t>(config.memory_bytes / (4ULL * (config.workers + 1)), 16U << 10,
                              1U << 20);
}

std::string new_run_id(const Clock& clock, uint64_t seed) {
  return fmt::format("{:x}-{:04x}", clock.now_us(),
                     (seed ^ static_cast<uint64_t>(clock.monotonic_us())) & 0xffffU);
}

// The wall at a thread's entry: what is thrown there (no memory, a broken invariant) ends the run,
// not the process.
template <class F>
Result<void> guarded(F&& body) {
  try {
    return body();
  } catch (const std::exception& thrown) {
    return Error{Code::kInternal, std::string("a defect, or no memory left: ") + thrown.what()};
  }
}

ServiceReport service_report(const ServiceSnapshot& seen) {
  constexpr std::array<const char*, ServiceCounters::kClasses> kNames = {
      "1xx", "2xx", "3xx", "4xx", "5xx", "429", "failed"};
  ServiceReport report;
  report.scope = seen.scope;
  report.endpoint = seen.endpoint;
  report.requests = seen.requests;
  report.calls = seen.calls;
  report.first_try = seen.first_try;
  report.succeeded = seen.succeeded;
  report.retries = seen.retries;
  report.bytes = seen.bytes;
  report.median_ms = static_cast<double>(seen.median_us) / 1e3;
  report.p95_ms = static_cast<double>(seen.p95_us) / 1e3;
  report.limit_wait_seconds = static_cast<double>(seen.limit_wait_us) / 1e6;
  report.breaker_wait_seconds = static_cast<double>(seen.breaker_wait_us) / 1e6;
  report.breaker_openings = seen.openings;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (seen.by_class.at(i) > 0) {
      report.by_class[kNames.at(i)] = seen.by_class.at(i);
    }
  }
  return report;
}

// One pipeline's run.
class PipelineRun {
 public:
  PipelineRun(const Environment& environment, const PipelineConfig& config, Ledger& ledger,
              const RunControl& control)
      : environment_(environment),
        config_(config),
        ledger_(ledger),
        control_(control),
        session_(environment, config, &ledger, abort_) {
    report_.pipeline = config.name;
    report_.config_file = config.file;
    report_.run = new_run_id(environment.clock, control.seed);
    report_.started_us = environment.clock.now_us();
  }

  RunReport go() {
    const std::jthread watch([this](const std::stop_token& token) { watch_control(token); });
    auto ran = run();
    report_.ended_us = environment_.clock.now_us();
    if (!ran && !(ran.error().code == Code::kCancelled && control_.stop.requested())) {
      report_.error = redact(ran.error().message);
      failed_with_ = ran.error().code;
    } else if (fatal_) {
      report_.error = redact(fatal_->message);
      failed_with_ = fatal_->code;
    }
    conclude();
    for (const ServiceSnapshot& seen : session_.services()) {
      report_.services.push_back(service_report(seen));
    }
    control_.progress.show(config_.name, nullptr);
    if (auto stored = ledger_.put_run({report_.run, config_.name, report_.started_us,
                                       report_.ended_us, redact(to_json(report_))});
        !stored) {
      log(LogLevel::kWarn,
          "The run could not be written into the ledger: " + stored.error().message);
    }
    return std::move(report_);
  }

 private:
  // Passes the process's stop and abort on to this pipeline, and keeps its leases alive.
  void watch_control(const std::stop_token& token) {
    int64_t renew_at = environment_.clock.monotonic_us() + kRenewEveryMs * 1000;
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!token.stop_requested()) {
      wake.wait_for(lock, token, std::chrono::milliseconds(20), [] { return false; });
      if (control_.abort.requested() && !abort_.requested()) {
        abort_.request();
      }
      if (control_.stop.requested()) {
        stop_streams();
        if (only_listing()) {
          abort_.request();  // nothing to drain: an answer awaited now would only be thrown away
        }
      }
      if (abort_.requested()) {
        interrupt_plugins();
      }
      show_requests();
      if (environment_.clock.monotonic_us() >= renew_at) {
        renew_at = environment_.clock.monotonic_us() + kRenewEveryMs * 1000;
        if (auto renewed = ledger_.renew(); !renewed) {
          log(LogLevel::kWarn, "Leases could not be renewed: " + renewed.error().message);
        }
      }
    }
  }

  // Once the dispatcher is stopped this stays so: nothing more is handed out.
  bool only_listing() {
    const std::lock_guard lock(mutex_);
    return dispatcher_ != nullptr && dispatcher_->in_flight() == 0;
  }

  void stop_streams() {
    stop_.request();
    const std::lock_guard lock(mutex_);
    if (dispatcher_ != nullptr) {
      dispatcher_->stop();
    }
  }

  // The run cannot go on: nothing more is begun, what is begun is given up.
  void fail_run(const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      if (!fatal_) {
        fatal_ = error;
      }
    }
    stop_streams();
    abort_.request();
  }

  Result<void> run() {
    SLUICE_TRY(session_.open_sink(SLUICE_OPEN_RUN));
    SLUICE_TRY(session_.open_source(SLUICE_OPEN_RUN));
    auto streams = session_.streams();
    if (!streams) {
      return std::move(streams).error();
    }
    step("run.before_reconcile");
    SLUICE_TRY(reconcile(false));
    step("run.after_reconcile");
    auto writer = session_.sink().open_writer();
    if (!writer) {
      return std::move(writer).error().in("sink " + config_.sink.plugin);
    }
    std::vector<uint32_t> bindings;
    for (const Stream& stream : *streams) {
      auto bound = (*writer)->bind(session_.binding(stream));
      if (!bound) {
        return std::move(bound).error().in("sink " + config_.sink.plugin + ", stream " +
                                           stream.name);
      }
      bindings.push_back(*bound);
    }
    SLUICE_TRY(reconcile(false));  // a table that was made anew has cost its stream's records
    for (size_t i = 0; i < streams->size() && !stop_.requested(); ++i) {
      SLUICE_TRY(run_stream((*streams)[i], bindings[i], **writer));
    }
    writer->reset();
    step("run.before_head");
    return session_.remember_head();
  }

  Result<void> reconcile(bool force) {
    auto counts = session_.reconcile(force);
    if (!counts) {
      return std::move(counts).error().in("holding the ledger against the target");
    }
    report_.reopened += counts->reopened;
    report_.restored += counts->restored;
    return {};
  }

  Result<void> run_stream(const Stream& stream, uint32_t binding, Writer& writer) {
    auto stream_no = ledger_.stream(config_.name, stream.name);
    if (!stream_no) {
      return std::move(stream_no).error();
    }
    const auto live = std::make_shared<LiveStream>(stream.name, to_string(stream.kind));
    control_.progress.show(config_.name, live);
    begin_stream(live);
    DispatchOptions options;
    options.max_keys = stream.kind == StreamKind::kKeys ? std::max(1U, stream.max_keys) : 1;
    options.claim_batch =
        (options.claim_batch + options.max_keys - 1) / options.max_keys * options.max_keys;
    options.series = stream.kind == StreamKind::kSeries;
    options.sequential = config_.order == Order::kSequential;
    Dispatcher dispatcher(ledger_, *stream_no, options, environment_.clock);
    Committer committer({.writer = writer,
                         .ledger = ledger_,
                         .config = config_,
                         .stream = stream,
                         .stream_no = *stream_no,
                         .binding = binding,
                         .run = report_.run,
                         .source = session_.source_version(),
                         .clock = environment_.clock,
                         .abort = abort_,
                         .dispatcher = dispatcher,
                         .live = *live,
                         .reconcile = [this] { return reconcile(true); },
                         .slice_failed = [this, &stream] { slice_failed(stream); }},
                        queue_bytes(config_));
    dispatcher.on_starved([&committer] { committer.flush(); });
    set_dispatcher(&dispatcher);
    set_writer(&writer);
    Result<void> planned;
    {
      Result<void> committed;
      std::jthread commit_thread([&] {
        committed = guarded([&] { return committer.run(); });
        if (!committed) {
          committer.close();  // nobody takes parts any longer
          fail_run(committed.error());
        }
      });
      with_workers(stream, dispatcher, committer, *live, [&] {
        planned = plan(stream, *stream_no, dispatcher, *live);
        step("run.planned");
        dispatcher.planning_done();
      });
      committer.close();
    }  // joins the committer
    set_writer(nullptr);
    set_dispatcher(nullptr);
    end_stream();
    const Result<void> released = release_rest(*stream_no, dispatcher);
    report_.streams.push_back(live->snapshot());
    count_left(*stream_no, report_.streams.back());
    if (!planned && planned.error().code != Code::kCancelled) {
      return std::move(planned).error().in("listing stream " + stream.name);
    }
    if (auto failure = dispatcher.failure()) {
      return *failure;
    }
    return fatal_ ? Result<void>(*fatal_) : released;
  }

  // Reads with `count` workers while `meanwhile` runs, and until the stream is done.
  template <class F>
  void with_workers(const Stream& stream, Dispatcher& dispatcher, Committer& committer,
                    LiveStream& live, F&& meanwhile) {
    const bool splits = (session_.source().descriptor().caps & SLUICE_CAP_SPLITS) != 0;
    const uint32_t count =
        splits && config_.order == Order::kParallel ? std::max(1U, config_.workers) : 1;
    std::vector<std::unique_ptr<Worker>> workers;
    for (uint32_t i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<Worker>(
          WorkerSetup{.source = session_.source(),
                      .config = config_,
                      .stream = stream,
                      .dispatcher = dispatcher,
                      .committer = committer,
                      .live = live,
                      .stop = stop_,
                      .abort = abort_,
                      .fatal = [this](const Error& error) { fail_run(error); },
                      .hold_bytes = hold_bytes(config_),
                      .live_from_us = report_.started_us - kLive,
                      .batch_bytes = batch_bytes(config_)},
          control_.seed + i));
    }
    set_workers(&workers);
    {
      std::vector<std::jthread> threads;
      for (const auto& worker : workers) {
        threads.emplace_back([this, &worker] {
          const auto ran = guarded([&]() -> Result<void> {
            worker->run();
            return {};
          });
          if (!ran) {
            fail_run(ran.error());
          }
        });
      }
      meanwhile();
    }  // joins the workers
    set_workers(nullptr);
  }

  void set_workers(const std::vector<std::unique_ptr<Worker>>* workers) {
    const std::lock_guard lock(mutex_);
    workers_ = workers;
  }

  // Again and again while it is being given up: a client library may have begun to wait just after
  // the last time.
  void interrupt_plugins() {
    const std::lock_guard lock(mutex_);
    if (workers_ != nullptr) {
      for (const auto& worker : *workers_) {
        worker->interrupt();
      }
    }
    // What is in its hands is worth a moment.
    const int64_t now = environment_.clock.monotonic_us();
    writer_patience_until_us_ =
        writer_patience_until_us_ == 0 ? now + kWriterPatienceUs : writer_patience_until_us_;
    if (writer_ != nullptr && now > writer_patience_until_us_) {
      writer_->interrupt();
    }
  }

  // Lists while the workers already read. A listing that fails is tried again like a slice; what it
  // told stays.
  Result<void> plan(const Stream& stream, StreamNo stream_no, Dispatcher& dispatcher,
                    LiveStream& live) {
    bool first = true, again = false;
    for (uint32_t attempt = 1;;) {
      auto plan = plan_stream({.source = session_.source(),
                               .sink = &session_.sink(),
                               .ledger = ledger_,
                               .config = config_,
                               .stream = stream,
                               .stream_no = stream_no,
                               .clock = environment_.clock,
                               .stop = stop_,
                               .retry_failed = std::exchange(first, false),
                               .again = again,
                               .may_claim = [&] {
                                 dispatcher.more_pending();
                                 count_planned(stream_no, live, 0, false);
                               }});
      if (plan) {
        dispatcher.more_pending();
        count_planned(stream_no, live, plan->counts.listed, !plan->more);
        if (!plan->more || !dispatcher.wait_drained()) {
          return {};
        }
        again = true;
        continue;
      }
      if (plan.error().code == Code::kCancelled && stop_.requested()) {
        return std::move(plan).error();
      }
      live.add_error(to_string(plan.error().code), "listing: " + plan.error().message);
      if (!plan.error().retryable() || stop_.requested() || ++attempt > config_.attempts) {
        return std::move(plan).error();
      }
      const auto wait =
          std::min(config_.retry_base * (1U << std::min(attempt, 16U)), config_.retry_cap);
      log(LogLevel::kWarn, "Listing failed and is tried again: " + plan.error().message,
          "stream=" + stream.name + " wait_ms=" + std::to_string(wait.count()));
      if (stop_.sleep_ms(std::max<uint64_t>(static_cast<uint64_t>(wait.count()),
                                            plan.error().retry_after_ms))) {
        return std::move(plan).error();
      }
    }
  }

  void count_planned(StreamNo stream_no, LiveStream& live, uint64_t listed, bool fully) {
    const auto counts = ledger_.counts(stream_no);
    live.update([&](StreamReport& report) {
      report.listed = std::max(report.listed, listed);
      report.planned_fully = fully;
      if (counts) {
        report.planned =
            std::max(report.planned, report.settled() + counts->of(SliceState::kPending));
      }
    });
  }

  // The source's requests since the stream began are the stream's.
  struct LiveRequests {
    std::shared_ptr<LiveStream> live;
    int64_t since_us = 0;
    uint64_t requests = 0, retries = 0, bytes = 0, waited_us = 0, cached = 0;
  };
  void begin_stream(const std::shared_ptr<LiveStream>& live) {
    const HttpStats& http = session_.http_stats();
    const std::lock_guard lock(mutex_);
    requests_ = {live,          environment_.clock.monotonic_us(),
                 http.requests, http.retries,
                 http.bytes,    http.waited_us,
                 http.cached};
  }
  void show_requests() {
    const std::lock_guard lock(mutex_);
    if (requests_.live == nullptr) {
      return;
    }
    const HttpStats& http = session_.http_stats();
    requests_.live->update([&](StreamReport& report) {
      report.seconds =
          static_cast<double>(environment_.clock.monotonic_us() - requests_.since_us) / 1e6;
      report.requests = http.requests - requests_.requests;
      report.retries = http.retries - requests_.retries;
      report.bytes = http.bytes - requests_.bytes;
      report.cached = http.cached - requests_.cached;
      report.waited_seconds = static_cast<double>(http.waited_us - requests_.waited_us) / 1e6;
      report.planned = std::max(report.planned, report.settled());
    });
  }
  void end_stream() {
    show_requests();
    const std::lock_guard lock(mutex_);
    requests_ = {};
  }

  Result<void> release_rest(StreamNo stream_no, Dispatcher& dispatcher) {
    std::vector<Outcome> outcomes;
    for (const SliceNo no : dispatcher.take_rest()) {
      Outcome outcome;
      outcome.no = no;
      outcome.kind = Outcome::Kind::kReleased;
      outcomes.push_back(std::move(outcome));
    }
    return outcomes.empty() ? Result<void>{} : ledger_.settle(stream_no, outcomes, false);
  }

  // What this run did not read because others do, or because it was no use the last time.
  void count_left(StreamNo stream_no, StreamReport& stream) {
    if (const auto counts = ledger_.counts(stream_no)) {
      const uint64_t pending = counts->of(SliceState::kPending);
      report_.elsewhere += stop_.requested() ? 0 : std::min(counts->claimed, pending);
      const uint64_t quarantined = counts->of(SliceState::kQuarantined);
      stream.quarantined_earlier = quarantined - std::min(quarantined, stream.quarantined);
    }
  }

  void slice_failed(const Stream& stream) {
    const uint64_t failed = ++failed_slices_;
    if (config_.on_error == ErrorPolicy::kStop) {
      fail_run({Code::kBadData, "stopped at the first slice of stream " + stream.name +
                                    " that failed, as pipeline.on_error = \"stop\" asks for"});
    } else if (config_.max_failed > 0 && failed > config_.max_failed) {
      fail_run(
          {Code::kBadData, fmt::format("stopped: more than pipeline.max_failed = {} slices failed",
                                       config_.max_failed)});
    }
  }

  void set_writer(Writer* writer) {
    const std::lock_guard lock(mutex_);
    writer_ = writer;
  }

  void set_dispatcher(Dispatcher* dispatcher) {
    const std::lock_guard lock(mutex_);
    dispatcher_ = dispatcher;
    if (dispatcher != nullptr && stop_.requested()) {
      dispatcher->stop();
    }
  }

  void conclude() {
    bool all_landed = true;
    for (const StreamReport& stream : report_.streams) {
      all_landed = all_landed && stream.failed == 0 && stream.quarantined == 0 &&
                   stream.quarantined_earlier == 0 && stream.rejected_rows == 0;
    }
    if (failed_with_) {
      report_.outcome = "failed";
      report_.exit_code = *failed_with_ == Code::kInvalidConfig ? 78 : 1;
    } else if (control_.stop.requested()) {
      report_.outcome = "stopped";
      report_.exit_code = 130;
    } else {
      report_.outcome = all_landed ? "complete" : "incomplete";
      report_.exit_code = all_landed ? 0 : 1;
    }
  }

  const Environment& environment_;
  const PipelineConfig& config_;
  Ledger& ledger_;
  const RunControl& control_;
  Cancel stop_, abort_;  // of this pipeline
  Session session_;
  RunReport report_;
  std::mutex mutex_;
  Dispatcher* dispatcher_ = nullptr;                               // guarded by mutex_
  const std::vector<std::unique_ptr<Worker>>* workers_ = nullptr;  // guarded by mutex_
  int64_t writer_patience_until_us_ = 0;  // guarded by mutex_; 0 = not being given up
  Writer* writer_ = nullptr;              // guarded by mutex_
  LiveRequests requests_;                 // guarded by mutex_
  std::optional<Error> fatal_;            // guarded by mutex_ while threads run
  std::optional<Code> failed_with_;
  std::atomic<uint64_t> failed_slices_{0};
};

}  // namespace

RunReport run_pipeline(const Environment& environment, const PipelineConfig& config, Ledger& ledger,
                       const RunControl& control) {
  return PipelineRun(environment, config, ledger, control).go();
}

}  // namespace sluice::host
