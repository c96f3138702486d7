// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

#include "host/cli/verb_session.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/pipeline/run.hpp"
#include "host/plugin/component.hpp"

namespace sluice::host {
namespace {

ProgressStyle progress_style(const HostOptions& host) {
  if (host.quiet) {
    return ProgressStyle::kNone;
  }
  return isatty(STDERR_FILENO) != 0 && !host.json ? ProgressStyle::kTerminal : ProgressStyle::kLog;
}

std::string joined_json(const std::vector<RunReport>& reports) {
  if (reports.size() == 1) {
    return to_json(reports.front()) + "\n";
  }
  std::string out = "[";
  for (const RunReport& report : reports) {
    out += (out.size() > 1 ? ",\n" : "\n") + to_json(report);
  }
  return out + "\n]\n";
}

Result<void> write_report(const std::string& file, const std::string& text) {
  if (file == "-") {
    print(text);
    return {};
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.flush();
  return out ? Result<void>{} : Error{Code::kIo, "the report could not be written to " + file};
}

int tell(const HostOptions& host, const RunOptions& options, const std::vector<RunReport>& reports,
         int signal_code) {
  int exit_code = kExitDone;
  for (const RunReport& report : reports) {
    exit_code = std::max(exit_code, report.exit_code == 130 ? 0 : report.exit_code);
  }
  if (signal_code != 0) {
    exit_code = signal_code;
  }
  if (host.json) {
    print(redact(joined_json(reports)));
  } else if (!host.quiet || exit_code != kExitDone) {
    for (const RunReport& report : reports) {
      print(redact(to_text(report)));
    }
  }
  if (!options.report_file.empty()) {
    if (auto written = write_report(options.report_file, redact(joined_json(reports))); !written) {
      return std::max(exit_code, complain(written.error()));
    }
  }
  return exit_code;
}

}  // namespace

int run_verb(const HostOptions& host, const RunOptions& options) {
  VerbSession session(host, options.files, options.cassette);
  if (session.refused() != 0) {
    return session.refused();
  }
  const std::vector<PipelineConfig>& configs = session.configs();
  uint64_t memory = 0;
  for (const PipelineConfig& config : configs) {
    memory += config.memory_bytes;
  }
  set_plugin_allocation_limit(memory);
  auto ledger = Ledger::open(session.directory(), session.clock());
  if (!ledger) {
    return complain(ledger.error());
  }
  std::vector<RunReport> reports(configs.size());
  {
    Progress progress(progress_style(host));
    const uint64_t seed = std::random_device{}();
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < configs.size(); ++i) {
      threads.emplace_back([&, i] {
        reports[i] = run_pipeline(session.environment(), configs[i], **ledger,
                                  {session.stop(), session.abort(), progress, seed + i * 1000});
      });
    }
  }
  if (auto closed = session.close_cassette(); !closed) {
    static_cast<void>(tell(host, options, reports, session.signal_code()));
    return complain(closed.error());
  }
  return tell(host, options, reports, session.signal_code());
}

}  // namespace sluice::host
