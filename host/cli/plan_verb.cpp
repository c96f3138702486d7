// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/base/utc_text.hpp"
#include "host/cli/scratch_ledger.hpp"
#include "host/cli/verb_session.hpp"
#include "host/cli/verbs.hpp"
#include "host/http/limit_estimate.hpp"
#include "host/ledger/limits_file.hpp"
#include "host/observe/log.hpp"
#include "host/observe/report.hpp"
#include "host/pipeline/plan.hpp"
#include "host/pipeline/session.hpp"

namespace sluice::host {
namespace {

struct PlannedSlice {
  std::string key, title, partition;
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  uint64_t rows = 0, bytes = 0;  // estimated; 0 = unknown
};

struct StreamPlan {
  std::string name, kind;
  ListingCounts counts;
  std::vector<PlannedSlice> slices;  // the first of those to be read
  uint64_t requests = 0;
  uint32_t together = 1;              // keys: so many at most are asked for by one of `requests`
  std::optional<LimitEstimate> wait;  // least time of `requests`; nothing = no limit
  std::vector<std::string> changes;   // in the target
};

struct PipelinePlan {
  std::string pipeline;
  bool first = false;    // nothing has landed yet
  bool differs = false;  // the target's commit log is not the one the ledger saw last
  std::vector<StreamPlan> streams;
};

// What all processes on the state directory have used of limits. Without any there is no file.
LimitsView known_limits(const std::filesystem::path& directory, int64_t now_us) {
  std::error_code missing;
  if (!std::filesystem::exists(directory / "limits.mdb", missing)) {
    return {};
  }
  LimitsFile file(directory,
                  [](std::string_view text) { log(LogLevel::kWarn, std::string(text), ""); });
  auto view = view_limits(file, now_us);
  return view ? *std::move(view) : LimitsView();
}

// Plugins choose the scopes of their requests only when they run, so whether the limit is the right
// one cannot be known: the plan says which it took.
std::optional<LimitEstimate> estimate_time(const Session& session, const LimitsView& known,
                                           uint64_t requests, int64_t now_us) {
  std::vector<LimitRule> rules = session.http_declaration()->limits;
  for (LimitRule& rule : rate_rules(session.config().requests_per_second)) {
    rules.push_back(std::move(rule));
  }
  return estimate_limits(rules, known, requests, now_us);
}

PlannedSlice planned(const SliceListing& slice) {
  return {std::string(slice.key),
          std::string(slice.title),
          std::string(slice.partition),
          slice.from_us,
          slice.to_us,
          slice.estimated_rows,
          slice.estimated_bytes};
}

Result<StreamPlan> plan_one(Session& session, ReadLedger& ledger, const Stream& stream,
                            const LimitsView& limits, const Clock& clock, const Cancel& stop,
                            bool sink_can_tell, uint64_t most_slices) {
  auto known = ledger.stream(session.config().name, stream.name);
  if (!known) {
    return std::move(known).error();
  }
  StreamPlan out;
  auto plan = plan_stream({.source = session.source(),
                           .sink = &session.sink(),
                           .ledger = *known->first,
                           .config = session.config(),
                           .stream = stream,
                           .stream_no = known->second,
                           .clock = clock,
                           .stop = stop,
                           .compare_only = true,
                           .on_work = [&](const SliceListing& slice) {
                             if (out.slices.size() < most_slices) {
                               out.slices.push_back(planned(slice));
                             }
                           }});
  if (!plan) {
    return std::move(plan).error().in("listing stream " + stream.name);
  }
  out.name = stream.name;
  out.kind = to_string(stream.kind);
  out.counts = plan->counts;
  out.together = stream.kind == StreamKind::kKeys ? std::max(1U, stream.max_keys) : 1;
  out.requests = (plan->counts.work + out.together - 1) / out.together;
  out.wait = estimate_time(session, limits, out.requests, clock.now_us());
  if (sink_can_tell) {
    auto changes = session.sink().diff(session.binding(stream));
    if (!changes) {
      return std::move(changes).error().in("stream " + stream.name);
    }
    out.changes = std::move(*changes);
  }
  return out;
}

Result<PipelinePlan> plan_pipeline(const Environment& environment, const PipelineConfig& config,
                                   ReadLedger& ledger, const std::filesystem::path& directory,
                                   const Cancel& stop, uint64_t most_slices) {
  Session session(environment, config, ledger.real(), stop, ledger.scratch());
  SLUICE_TRY(session.open_source(SLUICE_OPEN_RUN));
  SLUICE_TRY(session.open_sink(SLUICE_OPEN_CHECK));
  auto streams = session.streams();
  if (!streams) {
    return std::move(streams).error();
  }
  PipelinePlan out;
  out.pipeline = config.name;
  const uint64_t caps = session.sink().descriptor().caps;
  if ((caps & SLUICE_CAP_COMMIT_LOG) != 0) {
    auto head = session.sink().head();
    auto seen = ledger.real() == nullptr ? Result<std::string>(std::string())
                                         : ledger.real()->head(config.name);
    out.first = ledger.real() == nullptr || (seen && seen->empty());
    out.differs = head && seen && !head->empty() && *head != *seen;
  }
  const LimitsView limits = known_limits(directory, environment.clock.now_us());
  for (const Stream& stream : *streams) {
    auto plan = plan_one(session, ledger, stream, limits, environment.clock, stop,
                         (caps & SLUICE_CAP_SCHEMA) != 0, most_slices);
    if (!plan) {
      return std::move(plan).error();
    }
    out.streams.push_back(std::move(*plan));
  }
  return out;
}

std::string time_text(const StreamPlan& stream) {
  if (!stream.wait) {
    return "";
  }
  const LimitEstimate& wait = *stream.wait;
  const std::string scope =
      wait.scope == "*" ? "scopes without one of their own" : "'" + wait.scope + "'";
  if (wait.paused_us != 0) {
    return fmt::format(", none before {}: {} asked to be left alone", utc_text(wait.paused_us),
                       scope);
  }
  const std::string left =
      wait.left > 0 ? fmt::format(", of which {:.6g} are left", wait.left) : "";
  const std::string per = wait.per_ms == 1000
                              ? "a second"
                              : "in " + seconds_text(static_cast<double>(wait.per_ms) / 1000);
  return fmt::format(", at least {} if all count in the limit of {:g} {} for {}{}",
                     seconds_text(wait.seconds), wait.amount, per, scope, left);
}

// "10minutenwerte_TU_00003_hist.zip, 1.2 MB", "BTCUSDT 2024-01-01T00:00:00Z …
// 2024-01-02T00:00:00Z".
std::string slice_text(const PlannedSlice& slice, bool series) {
  std::string out;
  if (!slice.title.empty() || !series) {
    out = slice.title.empty() ? slice.key : slice.title;
  } else {
    out = slice.partition + (slice.partition.empty() ? "" : " ") + utc_text(slice.from_us) + " … " +
          utc_text(slice.to_us);
  }
  if (slice.bytes > 0) {
    out += ", " + bytes_text(slice.bytes);
  }
  if (slice.rows > 0) {
    out += ", " + grouped(slice.rows) + " rows";
  }
  return out;
}

std::string as_text(const PipelinePlan& plan) {
  std::string out = plan.pipeline + ":\n";
  if (plan.differs) {
    out +=
        "  the target has changed since the ledger saw it last; a run first holds the two against "
        "each other, so the\n"
        "  figures below may change\n";
  }
  for (const StreamPlan& stream : plan.streams) {
    const ListingCounts& counts = stream.counts;
    out += fmt::format(
        "  {:<28} {} slices to read of {} ({} new, {} changed, {} landed, {} vanished)\n",
        stream.name, grouped(counts.work), grouped(counts.listed), grouped(counts.added),
        grouped(counts.changed), grouped(counts.same), grouped(counts.vanished));
    if (counts.work > 0) {
      // Whether the source can ask for many keys at once, or asks one by one, only it knows.
      out += stream.together == 1
                 ? fmt::format("  {:<28} about {} requests", "", grouped(stream.requests))
                 : fmt::format("  {:<28} {} to {} requests", "", grouped(stream.requests),
                               grouped(counts.work));
      if (counts.work_bytes > 0) {
        out += ", " + bytes_text(counts.work_bytes);
      }
      if (counts.work_rows > 0) {
        out += ", " + grouped(counts.work_rows) + " rows";
      }
      out += time_text(stream) + "\n";
    }
    for (const PlannedSlice& slice : stream.slices) {
      out += "    " + slice_text(slice, stream.kind == "series") + "\n";
    }
    if (const uint64_t shown = stream.slices.size(); shown > 0 && shown < counts.work) {
      out += "    … and " + grouped(counts.work - shown) + " more\n";
    }
    for (const std::string& change : stream.changes) {
      out += "    " + change + "\n";
    }
  }
  return out;
}

nlohmann::json as_json(const PlannedSlice& slice) {
  nlohmann::json out = {{"slice", slice.key}};
  const auto add = [&](const char* name, nlohmann::json value, bool known) {
    if (known) {
      out[name] = std::move(value);
    }
  };
  add("title", slice.title, !slice.title.empty());
  add("partition", slice.partition, !slice.partition.empty());
  add("from", utc_text(slice.from_us), slice.from_us != INT64_MIN);
  add("to", utc_text(slice.to_us), slice.to_us != INT64_MAX);
  add("estimated_rows", slice.rows, slice.rows > 0);
  add("estimated_bytes", slice.bytes, slice.bytes > 0);
  return out;
}

nlohmann::json as_json(const PipelinePlan& plan) {
  nlohmann::json streams = nlohmann::json::array();
  for (const StreamPlan& stream : plan.streams) {
    const ListingCounts& counts = stream.counts;
    streams.push_back({{"stream", stream.name},
                       {"kind", stream.kind},
                       {"listed", counts.listed},
                       {"work", counts.work},
                       {"added", counts.added},
                       {"changed", counts.changed},
                       {"same", counts.same},
                       {"vanished", counts.vanished},
                       {"estimated_requests", stream.requests},
                       {"estimated_rows", counts.work_rows},
                       {"estimated_bytes", counts.work_bytes},
                       {"estimated_seconds", stream.wait ? stream.wait->seconds : 0.0},
                       {"estimated_by_limit", stream.wait ? stream.wait->scope : ""},
                       {"target_changes", stream.changes}});
    for (const PlannedSlice& slice : stream.slices) {
      streams.back()["slices"].push_back(as_json(slice));
    }
  }
  return {{"pipeline", plan.pipeline},
          {"target_differs", plan.differs},
          {"streams", std::move(streams)}};
}

}  // namespace

int plan_verb(const HostOptions& host, const std::vector<std::string>& files,
              uint64_t most_slices) {
  const VerbSession session(host, files);
  if (session.refused() != 0) {
    return session.refused();
  }
  auto ledger = ReadLedger::open(session.directory(), session.clock());
  if (!ledger) {
    return complain(ledger.error());
  }
  nlohmann::json all = nlohmann::json::array();
  for (const PipelineConfig& config : session.configs()) {
    auto plan = plan_pipeline(session.environment(), config, **ledger, session.directory(),
                              session.stop(), most_slices);
    if (!plan) {
      return session.ended_by(std::move(plan).error().in(config.name));
    }
    if (host.json) {
      all.push_back(as_json(*plan));
    } else {
      print(redact(as_text(*plan)));
    }
  }
  if (host.json) {
    print_json(all.size() == 1 ? all.front() : all);
  }
  return kExitDone;
}

}  // namespace sluice::host
