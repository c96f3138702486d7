// SPDX-License-Identifier: Apache-2.0
//
// The host's log: full sentences with fields, on standard error, repeats held back, secrets
// redacted. The only place that knows spdlog.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/observe/redact.hpp"

namespace sluice::host {

enum class LogLevel : int {
  kTrace,
  kDebug,
  kInfo,
  kWarn,
  kError,
  kOff
};  // numbers as SLUICE_LOG_*

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool json = false;
};

// Call once, before threads start.
void init_log(const LogOptions& options);
[[nodiscard]] bool log_enabled(LogLevel level);
// `fields` is "key=value key=value", or empty. Thread-safe. The same message at WARN or above is
// written at most once in 10 seconds, with the number of repeats that were held back.
void log(LogLevel level, std::string_view message, std::string_view fields = {});

// Called before each line is written (progress clears what it drew); empty = nothing. Not while
// others log.
void set_before_line(std::function<void()> before);

}  // namespace sluice::host
