// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

#include "host/cli/signals.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/pipeline/run.hpp"
#include "host/plugin/component.hpp"

namespace sluice::host {
namespace {

void http_log(void*, int level, std::string_view message) {
  log(static_cast<LogLevel>(level), message, "component=http");
}

// One client serves all pipelines of the process: the strictest wish of any of them holds for all.
HttpOptions http_options(const std::vector<PipelineConfig>& configs) {
  HttpOptions options;
  for (const PipelineConfig& config : configs) {
    options.connect_timeout = config.connect_timeout;
    options.first_byte_timeout = config.first_byte_timeout;
    options.stall_timeout = config.stall_timeout;
    options.max_retries = config.http_retries;
    options.user_agent = config.user_agent.empty() ? options.user_agent : config.user_agent;
    options.max_connections_per_host = std::max(options.max_connections_per_host, config.workers);
    for (const auto& [scope, rate] : config.requests_per_second) {
      const auto [it, fresh] = options.requests_per_second.emplace(scope, rate);
      it->second = std::min(it->second, rate);
    }
  }
  return options;
}

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
  const auto registry = scan_plugins(host, options.files);
  const auto configs = read_configs(options.files, *registry, host);
  if (!configs) {
    return kExitConfig;
  }
  std::chrono::milliseconds drain{0};
  for (const PipelineConfig& config : *configs) {
    drain = std::max(drain, config.drain);
  }
  uint64_t memory = 0;
  for (const PipelineConfig& config : *configs) {
    memory += config.memory_bytes;
  }
  set_plugin_allocation_limit(memory);
  Cancel stop, abort;
  const SignalWatch signals(stop, abort, drain);
  const SystemClock clock;
  const auto directory = state_directory(host, *configs);
  if (!directory) {
    return complain(directory.error());
  }
  auto ledger = Ledger::open(*directory, clock);
  if (!ledger) {
    return complain(ledger.error());
  }
  HttpClient http(http_options(*configs), clock, &http_log);
  const Environment environment{*registry, clock, http};
  std::vector<RunReport> reports(configs->size());
  {
    Progress progress(progress_style(host));
    const uint64_t seed = std::random_device{}();
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < configs->size(); ++i) {
      threads.emplace_back([&, i] {
        reports[i] = run_pipeline(environment, (*configs)[i], **ledger,
                                  {stop, abort, progress, seed + i * 1000});
      });
    }
  }
  return tell(host, options, reports, signals.exit_code());
}

}  // namespace sluice::host
