// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/clock.hpp"
#include "host/cli/verbs.hpp"
#include "host/http/breaker_board.hpp"
#include "host/http/limit_view.hpp"
#include "host/ledger/limits_file.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr int64_t kMicrosPerSecond = 1'000'000;

// "12 s", "3 min 20 s", "2 h 5 min", "1 d 3 h".
std::string span_text(int64_t us) {
  const int64_t seconds = (std::max<int64_t>(us, 0) + kMicrosPerSecond - 1) / kMicrosPerSecond;
  constexpr int64_t kMinute = 60, kHour = 3600, kDay = 86'400;
  if (seconds < kMinute) {
    return fmt::format("{} s", seconds);
  }
  if (seconds < kHour) {
    return fmt::format("{} min {} s", seconds / kMinute, seconds % kMinute);
  }
  return seconds < kDay ? fmt::format("{} h {} min", seconds / kHour, seconds % kHour / kMinute)
                        : fmt::format("{} d {} h", seconds / kDay, seconds % kDay / kHour);
}

std::string amount_text(double amount) {
  return fmt::format("{:.6g}", amount);
}

std::string per_text(int64_t per_ms) {
  if (per_ms == 0) {
    return "";
  }
  if (per_ms % 1000 != 0) {
    return fmt::format(" in {} ms", per_ms);
  }
  return " in " + span_text(per_ms * 1000);
}

std::string line_of(const LimitView& limit, int64_t now_us) {
  std::string out = fmt::format("{:<32} {:<20}", limit.scope, limit.name);
  if (limit.allowed > 0) {
    out += fmt::format(" {} of {}{} used, {} left", amount_text(limit.used),
                       amount_text(limit.allowed), per_text(limit.per_ms), amount_text(limit.left));
    if (limit.reset_us > now_us) {
      out += ", all free in " + span_text(limit.reset_us - now_us);
    }
  }
  if (limit.paused_us > now_us) {
    out += fmt::format("{} nobody sends for {}: {}", limit.allowed > 0 ? ";" : "",
                       span_text(limit.paused_us - now_us), limit.why);
  }
  return out + "\n";
}

std::string text_of(const LimitsView& view, const std::vector<OpenBreaker>& breakers,
                    int64_t now_us) {
  if (view.limits.empty() && view.waiting.empty() && breakers.empty()) {
    return "Nothing is used of any limit, and no service asked to be left alone.\n";
  }
  std::string out;
  for (const LimitView& limit : view.limits) {
    out += line_of(limit, now_us);
  }
  for (const WaitView& wait : view.waiting) {
    out += fmt::format("{}: {} {} of {} (process {}) {}: {}\n", wait.service, wait.requests,
                       wait.requests == 1 ? "request" : "requests", wait.pipelines, wait.process,
                       wait.requests == 1 ? "waits" : "wait", wait.why);
  }
  for (const OpenBreaker& one : breakers) {
    out += fmt::format("{}: out of service for {} (process {}): {}\n", one.endpoint,
                       span_text(now_us - one.since_us), one.process, one.reason);
  }
  return out;
}

json json_of(const LimitsView& view, const std::vector<OpenBreaker>& breakers, int64_t now_us) {
  json out{{"limits", json::array()}, {"waiting", json::array()}, {"breakers", json::array()}};
  const auto seconds_until = [&](int64_t us) {
    return us > now_us ? static_cast<double>(us - now_us) / kMicrosPerSecond : 0.0;
  };
  for (const LimitView& limit : view.limits) {
    json one{{"scope", limit.scope}, {"name", limit.name}};
    if (limit.allowed > 0) {
      one.update({{"allowed", limit.allowed},
                  {"used", limit.used},
                  {"left", limit.left},
                  {"reset_seconds", seconds_until(limit.reset_us)}});
    }
    if (limit.per_ms > 0) {
      one["per_seconds"] = static_cast<double>(limit.per_ms) / 1000;
    }
    if (limit.paused_us > now_us) {
      one.update({{"paused_seconds", seconds_until(limit.paused_us)}, {"why", limit.why}});
    }
    out["limits"].push_back(std::move(one));
  }
  for (const WaitView& wait : view.waiting) {
    out["waiting"].push_back({{"service", wait.service},
                              {"process", wait.process},
                              {"requests", wait.requests},
                              {"pipelines", wait.pipelines},
                              {"why", wait.why}});
  }
  for (const OpenBreaker& one : breakers) {
    out["breakers"].push_back(
        {{"endpoint", one.endpoint},
         {"process", one.process},
         {"open_seconds", static_cast<double>(now_us - one.since_us) / kMicrosPerSecond},
         {"reason", one.reason}});
  }
  return out;
}

}  // namespace

int limits_verb(const HostOptions& host, const std::string& forget) {
  const auto directory = state_directory(host, {});
  if (!directory) {
    return complain(directory.error());
  }
  LimitsView view;
  std::vector<OpenBreaker> breakers;
  const int64_t now_us = SystemClock().now_us();
  std::error_code missing;
  if (std::filesystem::exists(*directory / "limits.mdb", missing)) {
    LimitsFile file(*directory, [](std::string_view text) {
      print_error("sluice: " + std::string(text) + "\n");
    });
    if (!forget.empty()) {
      bool known = false;
      const auto forgotten = file.update(forget, [&](std::string& text) {
        known = !text.empty();
        text.clear();
        return known;
      });
      if (!forgotten) {
        return complain(forgotten.error());
      }
      print(known ? "What was known of the limits of " + forget + " is forgotten.\n"
                  : "Nothing was known of the limits of " + forget + ".\n");
      return kExitDone;
    }
    auto read = view_limits(file, now_us);
    if (!read) {
      return complain(read.error());
    }
    view = std::move(*read);
    auto open = open_breakers(file);
    if (!open) {
      return complain(open.error());
    }
    breakers = std::move(*open);
  } else if (!forget.empty()) {
    print("Nothing was known of the limits of " + forget + ".\n");
    return kExitDone;
  }
  if (host.json) {
    print_json(json_of(view, breakers, now_us));
  } else {
    print(text_of(view, breakers, now_us));
  }
  return kExitDone;
}

}  // namespace sluice::host
