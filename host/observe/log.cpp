// SPDX-License-Identifier: Apache-2.0
#include "host/observe/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

constexpr auto kRepeatAfter = std::chrono::seconds(10);
constexpr size_t kMostRemembered = 1024;  // messages whose repeats are held back

struct Repeat {
  std::chrono::steady_clock::time_point last;
  uint64_t held_back = 0;
};

struct State {
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  LogLevel level = LogLevel::kInfo;
  std::mutex line_mutex;
  std::function<void()> before_line;  // guarded by line_mutex
  std::mutex repeats_mutex;
  std::map<std::string, Repeat, std::less<>> repeats;
};

State& state() {
  static State the_state;
  return the_state;
}

// True if the message may be written now; `held_back` gets how many were not.
bool due(std::string_view message, uint64_t& held_back) {
  State& s = state();
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(s.repeats_mutex);
  const auto it = s.repeats.find(message);
  if (it != s.repeats.end() && now - it->second.last < kRepeatAfter) {
    ++it->second.held_back;
    return false;
  }
  if (it != s.repeats.end()) {
    held_back = it->second.held_back;
    it->second = {now, 0};
    return true;
  }
  if (s.repeats.size() >= kMostRemembered) {
    s.repeats.clear();
  }
  s.repeats.emplace(std::string(message), Repeat{now, 0});
  return true;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  return static_cast<spdlog::level::level_enum>(static_cast<int>(level) +
                                                (level == LogLevel::kOff ? 1 : 0));
}

}  // namespace

void init_log(const LogOptions& options) {
  State& s = state();
  s.json = options.json;
  s.level = options.level;
  s.logger =
      std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  s.logger->set_pattern(options.json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %L %v");
  s.logger->set_level(to_spdlog(options.level));
  s.logger->flush_on(spdlog::level::trace);
}

bool log_enabled(LogLevel level) {
  return state().logger != nullptr && level >= state().level;
}

void log(LogLevel level, std::string_view message, std::string_view fields) {
  if (!log_enabled(level)) {
    return;
  }
  uint64_t held_back = 0;
  if (level >= LogLevel::kWarn && !due(message, held_back)) {
    return;
  }
  std::string text = redact(std::string(message));
  std::string more = redact(std::string(fields));
  if (held_back > 0) {
    more += fmt::format("{}repeats={}", more.empty() ? "" : " ", held_back);
  }
  State& s = state();
  const std::lock_guard lock(s.line_mutex);
  if (s.before_line) {
    s.before_line();
  }
  if (s.json) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const nlohmann::json line = {
        {"time_us", std::chrono::duration_cast<std::chrono::microseconds>(now).count()},
        {"level", spdlog::level::to_string_view(to_spdlog(level)).data()},
        {"message", text},
        {"fields", more}};
    s.logger->log(to_spdlog(level), "{}",
                  line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    s.logger->log(to_spdlog(level), "{}{}{}", text, more.empty() ? "" : "  ", more);
  }
}

void set_before_line(std::function<void()> before) {
  const std::lock_guard lock(state().line_mutex);
  state().before_line = std::move(before);
}

}  // namespace sluice::host
