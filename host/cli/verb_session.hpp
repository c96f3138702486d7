// SPDX-License-Identifier: Apache-2.0
//
// What run, plan, gaps, state rebuild and state forget begin with: plugins, checked configurations,
// signals, the place of the ledger, one HTTP client for all pipelines.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/cli/context.hpp"
#include "host/cli/http_stack.hpp"
#include "host/cli/signals.hpp"
#include "host/pipeline/session.hpp"

namespace sluice::host {

// One per process, made before any thread, since it takes over SIGINT and SIGTERM. Outlives the
// ledger and the pipelines that the verb opens. The ledger is the verb's own: each wants another.
class VerbSession {
 public:
  VerbSession(const HostOptions& host, const std::vector<std::string>& files,
              const CassetteOptions& cassette = {});
  VerbSession(const VerbSession&) = delete;
  VerbSession& operator=(const VerbSession&) = delete;

  // Not 0: the exit code to end with, the reason has been told, and nothing below may be asked.
  [[nodiscard]] int refused() const { return refused_; }

  [[nodiscard]] const std::vector<PipelineConfig>& configs() const { return *configs_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const Clock& clock() const { return http_->clock(); }
  [[nodiscard]] const Environment& environment() const { return *environment_; }
  // Requested by the first signal, and when the longest drain time of the configurations is over
  // after it.
  [[nodiscard]] const Cancel& stop() const { return stop_; }
  [[nodiscard]] const Cancel& abort() const { return abort_; }
  // 130 or 143 after a signal, 0 before.
  [[nodiscard]] int signal_code() const { return signals_->exit_code(); }
  // The exit code for `error`. Silent after a signal, whose consequence the error is.
  [[nodiscard]] int ended_by(const Error& error) const;
  // Ends a recording; an error if it is not whole. After the last pipeline.
  Result<void> close_cassette() { return http_->close(); }

 private:
  std::unique_ptr<Registry> registry_;
  std::optional<std::vector<PipelineConfig>> configs_;
  SystemClock clock_;
  Cancel stop_, abort_;
  std::optional<SignalWatch> signals_;
  std::filesystem::path directory_;
  std::optional<Secrets> secrets_;
  std::optional<HttpStack> http_;
  std::optional<Environment> environment_;
  int refused_ = 0;
};

}  // namespace sluice::host
