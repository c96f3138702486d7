// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "host/cli/verb_session.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/observe/report.hpp"
#include "host/pipeline/commit_detail.hpp"
#include "host/pipeline/session.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr SliceState kAllStates[] = {SliceState::kPending,     SliceState::kLanded,
                                     SliceState::kEmpty,       SliceState::kFailed,
                                     SliceState::kQuarantined, SliceState::kGone};

std::string time_text(int64_t us) {
  return us <= 0 ? "never"
                 : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                               fmt::gmtime(static_cast<std::time_t>(us / 1'000'000)));
}

// For verbs that need no configuration.
Result<std::unique_ptr<Ledger>> open_ledger(const HostOptions& host, const Clock& clock,
                                            bool read_only) {
  auto directory = state_directory(host, {});
  if (!directory) {
    return std::move(directory).error();
  }
  LedgerOptions options;
  options.read_only = read_only;
  return Ledger::open(*directory, clock, options);
}

json to_object(const Slice& slice) {
  json out = {{"slice", slice.key},
              {"state", to_string(slice.state)},
              {"generation", slice.generation},
              {"part", slice.part},
              {"attempts", slice.attempts},
              {"rows", slice.rows},
              {"landed_us", slice.landed_us},
              {"listed_us", slice.listed_us},
              {"claimed", slice.claimed}};
  const auto add = [&out](const char* key, const std::string& value) {
    if (!value.empty()) {
      out[key] = value;
    }
  };
  add("title", slice.title);
  add("partition", slice.partition);
  add("validator", slice.validator);
  add("read_validator", slice.read_validator);
  add("error_class", slice.error_class);
  add("error", slice.error);
  return out;
}

std::string to_line(const Slice& slice) {
  std::string out = fmt::format(
      "  {:>8} {:<12} {} rows={} landed={}", slice.no, to_string(slice.state),
      slice.title.empty() ? slice.key : slice.title, slice.rows, time_text(slice.landed_us));
  if (slice.claimed) {
    out += " claimed";
  }
  if (!slice.error.empty()) {
    out += "\n             " + slice.error_class + ": " + slice.error;
  }
  return out + "\n";
}

std::optional<SliceState> parse_state(const std::string& name) {
  for (const SliceState state : kAllStates) {
    if (name == to_string(state)) {
      return state;
    }
  }
  return std::nullopt;
}

Result<json> show_stream(Ledger& ledger, const std::string& pipeline, const std::string& stream,
                         const StateShowOptions& options, std::string& text) {
  auto no = ledger.stream(pipeline, stream);
  if (!no) {
    return std::move(no).error();
  }
  auto counts = ledger.counts(*no);
  if (!counts) {
    return std::move(counts).error();
  }
  json out = {{"pipeline", pipeline},
              {"stream", stream},
              {"rows", counts->rows},
              {"claimed", counts->claimed}};
  text += fmt::format("{} {}: {} rows", pipeline, stream, grouped(counts->rows));
  for (const SliceState state : kAllStates) {
    out["slices"][to_string(state)] = counts->of(state);
    if (counts->of(state) > 0) {
      text += fmt::format(", {} {}", grouped(counts->of(state)), to_string(state));
    }
  }
  text += "\n";
  std::vector<Slice> slices;
  if (!options.slice.empty()) {
    auto slice = ledger.find(*no, options.slice);
    if (!slice) {
      return std::move(slice).error();
    }
    slices.push_back(std::move(*slice));
  } else if (!options.state.empty()) {
    auto page = ledger.page(*no, *parse_state(options.state), options.after, options.limit);
    if (!page) {
      return std::move(page).error();
    }
    slices = std::move(*page);
  }
  for (const Slice& slice : slices) {
    out["page"].push_back(to_object(slice));
    text += to_line(slice);
  }
  if (!options.state.empty() && slices.size() == options.limit) {
    out["next_after"] = slices.back().no;
    text += fmt::format("  more: --after {}\n", slices.back().no);
  }
  return out;
}

// Rows that did not land although their slice did.
int show_rejected(Ledger& ledger, const StateShowOptions& options, bool as_json) {
  if (options.pipeline.empty()) {
    print_error("sluice: --rejected needs a pipeline: sluice state show PIPELINE --rejected\n");
    return kExitUsage;
  }
  auto rows = ledger.quarantine_page(options.pipeline, options.after, options.limit);
  if (!rows) {
    return complain(rows.error());
  }
  json all = json::array();
  std::string text;
  for (const QuarantinedRow& row : *rows) {
    if (!options.stream.empty() && options.stream != row.stream) {
      continue;
    }
    all.push_back({{"no", row.no},
                   {"stream", row.stream},
                   {"slice", row.slice},
                   {"rule", row.rule},
                   {"reason", row.reason},
                   {"payload", row.payload},
                   {"time_us", row.time_us}});
    text += fmt::format("  {:>8} {} {} {}: {}\n           {}\n", row.no, row.stream, row.slice,
                        row.rule, row.reason, row.payload);
  }
  if (rows->size() == options.limit) {
    text += fmt::format("  more: --after {}\n", rows->back().no);
  }
  if (as_json) {
    print_json(all);
  } else {
    print(redact(text.empty() ? "no rows are in quarantine\n" : text));
  }
  return kExitDone;
}

// The damaged or outdated file is kept beside the new one, for whoever wants to know what happened.
Result<void> set_aside(const std::filesystem::path& directory, const Clock& clock) {
  std::error_code failed;
  for (const char* name : {"ledger.mdb", "ledger.mdb-lock", "claims.mdb", "claims.mdb-lock"}) {
    const auto file = directory / name;
    if (std::filesystem::exists(file, failed)) {
      std::filesystem::rename(
          file, file.string() + ".broken-" + std::to_string(clock.now_us() / 1'000'000), failed);
      if (failed) {
        return Error{Code::kIo, file.string() + " cannot be moved aside: " + failed.message()};
      }
    }
  }
  return {};
}

// The ledger to fill. A damaged one makes room for a new one.
Result<std::unique_ptr<Ledger>> open_or_begin(const VerbSession& session) {
  auto ledger = Ledger::open(session.directory(), session.clock());
  if (!ledger && ledger.error().code == Code::kCorrupt) {
    print_error("sluice: " + ledger.error().message +
                "\nsluice: it is moved aside and built anew\n");
    SLUICE_TRY(set_aside(session.directory(), session.clock()));
    ledger = Ledger::open(session.directory(), session.clock());
  }
  return ledger;
}

// The records of the target that say something of the slice. Those of keys that were read together
// have the first key's name.
Result<std::set<std::string>> records_of(Session& session, const std::string& pipeline,
                                         const std::string& stream, const std::string& slice) {
  std::set<std::string> names = {slice};
  auto listed = session.sink().list_commits(
      pipeline, stream, "", [&](const CommitRecord& record) -> Result<void> {
        const auto detail = decode_detail(record.detail);
        // A record that cannot be read is found by its name alone: forgetting is what mends it.
        for (size_t i = 0; detail && i < detail->keys.size(); ++i) {
          if (detail->keys[i].key == slice) {
            names.insert(record.slice);
          }
        }
        return {};
      });
  return listed ? Result<std::set<std::string>>(std::move(names)) : std::move(listed).error();
}

Result<void> forget_in_target(Session& session, const std::string& pipeline,
                              const std::string& stream, const std::string& slice) {
  if (slice.empty()) {
    return session.sink().forget_commits(pipeline, stream, "");
  }
  auto names = records_of(session, pipeline, stream, slice);
  if (!names) {
    return std::move(names).error();
  }
  for (const std::string& name : *names) {
    SLUICE_TRY(session.sink().forget_commits(pipeline, stream, name));
  }
  return {};
}

}  // namespace

int state_show_verb(const HostOptions& host, const StateShowOptions& options) {
  if (!options.state.empty() && !parse_state(options.state)) {
    print_error("sluice: there is no state '" + options.state +
                "'; it is one of pending, landed, empty, failed, quarantined, gone\n");
    return kExitUsage;
  }
  const SystemClock clock;
  auto ledger = open_ledger(host, clock, true);
  if (!ledger) {
    return complain(ledger.error());
  }
  if (options.rejected) {
    return show_rejected(**ledger, options, host.json);
  }
  auto streams = (*ledger)->streams();
  if (!streams) {
    return complain(streams.error());
  }
  json all = json::array();
  std::string text;
  for (const auto& [pipeline, stream] : *streams) {
    const bool chosen = (options.pipeline.empty() || options.pipeline == pipeline) &&
                        (options.stream.empty() || options.stream == stream);
    if (!chosen) {
      continue;
    }
    auto shown = show_stream(**ledger, pipeline, stream, options, text);
    if (!shown) {
      return complain(shown.error());
    }
    all.push_back(std::move(*shown));
  }
  if (all.empty()) {
    print_error(
        "sluice: the ledger knows no such pipeline or stream; `sluice state show` alone lists "
        "all\n");
    return kExitIncomplete;
  }
  if (host.json) {
    print_json(all);
  } else {
    print(redact(text));
  }
  return kExitDone;
}

int state_export_verb(const HostOptions& host, const std::string& file) {
  const SystemClock clock;
  auto ledger = open_ledger(host, clock, true);
  if (!ledger) {
    return complain(ledger.error());
  }
  std::ofstream to_file;
  if (file != "-") {
    to_file.open(file, std::ios::binary | std::ios::trunc);
  }
  std::ostream& out = file == "-" ? std::cout : to_file;
  auto exported = (*ledger)->export_lines([&](std::string_view line) -> Result<void> {
    out << line << '\n';
    return out ? Result<void>{} : Error{Code::kIo, "the export could not be written to " + file};
  });
  out.flush();
  if (exported && !out) {
    exported = Error{Code::kIo, "the export could not be written to " + file};
  }
  return exported ? kExitDone : complain(exported.error());
}

int state_import_verb(const HostOptions& host, const std::string& file) {
  std::ifstream from_file;
  if (file != "-") {
    from_file.open(file, std::ios::binary);
    if (!from_file) {
      return complain({Code::kIo, file + " cannot be read"});
    }
  }
  std::istream& in = file == "-" ? std::cin : from_file;
  const SystemClock clock;
  auto ledger = open_ledger(host, clock, false);
  if (!ledger) {
    return complain(ledger.error());
  }
  std::string line;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) {
      continue;
    }
    if (auto imported = (*ledger)->import_line(line); !imported) {
      return complain(std::move(imported).error().in(file + ":" + std::to_string(number)));
    }
  }
  auto synced = (*ledger)->sync();
  return synced ? kExitDone : complain(synced.error());
}

int state_rebuild_verb(const HostOptions& host, const std::vector<std::string>& files) {
  const VerbSession verb(host, files);
  if (verb.refused() != 0) {
    return verb.refused();
  }
  auto ledger = open_or_begin(verb);
  if (!ledger) {
    return complain(ledger.error());
  }
  json all = json::array();
  for (const PipelineConfig& config : verb.configs()) {
    Session session(verb.environment(), config, ledger->get(), verb.stop());
    if (auto opened = session.open_sink(SLUICE_OPEN_RUN); !opened) {
      return complain(std::move(opened).error().in(config.name));
    }
    if ((session.sink().descriptor().caps & SLUICE_CAP_COMMIT_LOG) == 0) {
      return complain(
          {Code::kUnsupported, config.name + ": the sink '" + config.sink.plugin +
                                   "' keeps no commit log, so there is nothing to rebuild from"});
    }
    auto counts = session.reconcile(true);
    if (!counts) {
      return complain(std::move(counts).error().in(config.name));
    }
    all.push_back({{"pipeline", config.name},
                   {"records", counts->records},
                   {"restored", counts->restored},
                   {"reopened", counts->reopened}});
    if (!host.json) {
      print(fmt::format(
          "{}: {} commit records read from the target, {} slices restored, {} reopened\n",
          config.name, grouped(counts->records), grouped(counts->restored),
          grouped(counts->reopened)));
    }
  }
  if (host.json) {
    print_json(all);
  }
  return kExitDone;
}

int state_forget_verb(const HostOptions& host, const std::string& file, const std::string& stream,
                      const std::string& slice) {
  const VerbSession verb(host, {file});
  if (verb.refused() != 0) {
    return verb.refused();
  }
  const PipelineConfig& config = verb.configs().front();
  auto ledger = Ledger::open(verb.directory(), verb.clock());
  if (!ledger) {
    return complain(ledger.error());
  }
  auto known = (*ledger)->streams();
  if (!known) {
    return complain(known.error());
  }
  std::vector<std::string> names;
  for (const auto& [pipeline, name] : *known) {
    if (pipeline == config.name) {
      names.push_back(name);
    }
  }
  if (std::find(names.begin(), names.end(), stream) == names.end()) {
    const std::string meant = did_you_mean(stream, names);
    return complain({Code::kNotFound,
                     "pipeline '" + config.name + "' has no stream '" + stream + "' in the ledger" +
                         (meant.empty() ? "" : "; did you mean '" + meant + "'?")});
  }
  Session session(verb.environment(), config, ledger->get(), verb.stop());
  // The target first: what the ledger alone forgot would come back at the next start.
  if (auto opened = session.open_sink(SLUICE_OPEN_RUN); !opened) {
    return complain(std::move(opened).error().in(config.name));
  }
  if ((session.sink().descriptor().caps & SLUICE_CAP_COMMIT_LOG) != 0) {
    if (auto forgotten = forget_in_target(session, config.name, stream, slice); !forgotten) {
      return complain(std::move(forgotten).error().in(config.name));
    }
  }
  auto no = (*ledger)->stream(config.name, stream);
  auto count = no ? (*ledger)->forget(*no, slice) : Result<uint64_t>(no.error());
  if (!count) {
    return complain(count.error());
  }
  if (host.json) {
    print_json({{"forgotten", *count}});
  } else {
    print(fmt::format("{} slices of {} forgotten; the next run reads them again\n", grouped(*count),
                      stream));
  }
  return kExitDone;
}

}  // namespace sluice::host
