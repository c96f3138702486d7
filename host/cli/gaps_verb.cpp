// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/utc_text.hpp"
#include "host/cli/scratch_ledger.hpp"
#include "host/cli/verb_session.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/observe/report.hpp"
#include "host/pipeline/plan.hpp"
#include "host/pipeline/series.hpp"
#include "host/pipeline/session.hpp"

namespace sluice::host {
namespace {

struct PartitionGaps {
  std::string partition;
  IntervalSet wanted, missing;
};

struct StreamGaps {
  std::string name, kind;
  std::vector<PartitionGaps> partitions;  // series with something missing
  uint64_t missing = 0;                   // other kinds: slices
  StateCounts counts;
  std::vector<Slice> examples;  // failed and quarantined ones
  [[nodiscard]] bool complete() const { return partitions.empty() && missing == 0; }
};

constexpr size_t kMostExamples = 20;
constexpr size_t kMostIntervals = 10;  // shown per partition as text

Result<StreamGaps> gaps_of(Session& session, ReadLedger& ledger, const Stream& stream,
                           const Clock& clock, const Cancel& stop) {
  auto known = ledger.stream(session.config().name, stream.name);
  if (!known) {
    return std::move(known).error();
  }
  auto [index, no] = *known;
  StreamGaps gaps;
  gaps.name = stream.name;
  gaps.kind = to_string(stream.kind);
  if (stream.kind == StreamKind::kSeries) {
    SLUICE_TRY(each_partition(session.source(), session.config(), stream, clock.now_us(),
                              [&, index = index, no = no](const std::string& partition,
                                                          const IntervalSet& want) -> Result<void> {
                                auto landed = index->coverage(no, partition);
                                if (!landed) {
                                  return std::move(landed).error();
                                }
                                IntervalSet left = missing(want, *landed, 0);
                                if (!left.empty()) {
                                  gaps.partitions.push_back({partition, want, std::move(left)});
                                }
                                return {};
                              }));
  } else {
    auto plan = plan_stream({.source = session.source(),
                             .sink = session.has_sink() ? &session.sink() : nullptr,
                             .ledger = *index,
                             .config = session.config(),
                             .stream = stream,
                             .stream_no = no,
                             .clock = clock,
                             .stop = stop,
                             .compare_only = true});
    if (!plan) {
      return std::move(plan).error().in("listing stream " + stream.name);
    }
    gaps.missing = plan->counts.work;
  }
  auto counts = index->counts(no);
  if (!counts) {
    return std::move(counts).error();
  }
  gaps.counts = *counts;
  for (const SliceState state : {SliceState::kFailed, SliceState::kQuarantined}) {
    auto page = index->page(no, state, 0, kMostExamples);
    if (!page) {
      return std::move(page).error();
    }
    gaps.examples.insert(gaps.examples.end(), page->begin(), page->end());
  }
  gaps.missing += stream.kind == StreamKind::kSeries ? 0 : gaps.counts.of(SliceState::kQuarantined);
  return gaps;
}

std::string as_text(const StreamGaps& gaps) {
  if (gaps.complete()) {
    return fmt::format("  {:<28} complete\n", gaps.name);
  }
  std::string out;
  if (gaps.missing > 0) {
    out += fmt::format("  {:<28} {} slices missing ({} failed, {} quarantined)\n", gaps.name,
                       grouped(gaps.missing), grouped(gaps.counts.of(SliceState::kFailed)),
                       grouped(gaps.counts.of(SliceState::kQuarantined)));
  }
  for (const PartitionGaps& one : gaps.partitions) {
    const double share =
        100.0 * static_cast<double>(one.missing.total()) / static_cast<double>(one.wanted.total());
    out += fmt::format("  {:<28} {} {:.2f} % missing in {} gaps\n", gaps.name,
                       one.partition.empty() ? "(whole)" : one.partition, share,
                       grouped(one.missing.size()));
    for (size_t i = 0; i < one.missing.size() && i < kMostIntervals; ++i) {
      const Interval& gap = one.missing.intervals()[i];
      out += fmt::format("    {} … {}\n", utc_text(gap.from), utc_text(gap.to));
    }
    if (one.missing.size() > kMostIntervals) {
      out += fmt::format("    and {} more; --format json lists all\n",
                         grouped(one.missing.size() - kMostIntervals));
    }
  }
  for (const Slice& slice : gaps.examples) {
    out += fmt::format("    {} {}: {}\n", to_string(slice.state),
                       slice.title.empty() ? slice.key : slice.title, slice.error);
  }
  return out;
}

nlohmann::json as_json(const StreamGaps& gaps) {
  nlohmann::json partitions = nlohmann::json::array();
  for (const PartitionGaps& one : gaps.partitions) {
    nlohmann::json intervals = nlohmann::json::array();
    for (const Interval& gap : one.missing.intervals()) {
      intervals.push_back({{"from", utc_text(gap.from)}, {"to", utc_text(gap.to)}});
    }
    partitions.push_back({{"partition", one.partition},
                          {"wanted_seconds", one.wanted.total() / 1'000'000},
                          {"missing_seconds", one.missing.total() / 1'000'000},
                          {"missing", std::move(intervals)}});
  }
  nlohmann::json examples = nlohmann::json::array();
  for (const Slice& slice : gaps.examples) {
    examples.push_back({{"slice", slice.key},
                        {"state", to_string(slice.state)},
                        {"class", slice.error_class},
                        {"error", slice.error}});
  }
  return {{"stream", gaps.name},
          {"kind", gaps.kind},
          {"complete", gaps.complete()},
          {"missing_slices", gaps.missing},
          {"partitions", std::move(partitions)},
          {"examples", std::move(examples)}};
}

// One pipeline, printed or put into `all`; gives whether it is complete.
Result<bool> show_pipeline(const VerbSession& verb, const PipelineConfig& config,
                           ReadLedger& ledger, bool as_text_now, nlohmann::json& all) {
  Session session(verb.environment(), config, ledger.real(), verb.stop(), ledger.scratch());
  SLUICE_TRY(session.open_source(SLUICE_OPEN_RUN));
  const auto& options = session.config().stream;
  if (std::any_of(options.begin(), options.end(),
                  [](const auto& one) { return !one.second.keys_query.empty(); })) {
    SLUICE_TRY(session.open_sink(SLUICE_OPEN_CHECK));
  }
  auto streams = session.streams();
  if (!streams) {
    return std::move(streams).error();
  }
  bool complete = true;
  nlohmann::json list = nlohmann::json::array();
  std::string text = config.name + ":\n";
  for (const Stream& stream : *streams) {
    auto gaps = gaps_of(session, ledger, stream, verb.clock(), verb.stop());
    if (!gaps) {
      return std::move(gaps).error();
    }
    complete = complete && gaps->complete();
    text += as_text(*gaps);
    list.push_back(as_json(*gaps));
  }
  if (as_text_now) {
    print(redact(text));
  } else {
    all.push_back({{"pipeline", config.name}, {"streams", std::move(list)}});
  }
  return complete;
}

}  // namespace

int gaps_verb(const HostOptions& host, const std::vector<std::string>& files) {
  const VerbSession session(host, files);
  if (session.refused() != 0) {
    return session.refused();
  }
  auto ledger = ReadLedger::open(session.directory(), session.clock());
  if (!ledger) {
    return complain(ledger.error());
  }
  nlohmann::json all = nlohmann::json::array();
  bool complete = true;
  for (const PipelineConfig& config : session.configs()) {
    auto shown = show_pipeline(session, config, **ledger, !host.json, all);
    if (!shown) {
      return session.ended_by(std::move(shown).error().in(config.name));
    }
    complete = complete && *shown;
  }
  if (host.json) {
    print_json(all.size() == 1 ? all.front() : all);
  }
  return complete ? kExitDone : kExitIncomplete;
}

}  // namespace sluice::host
