// SPDX-License-Identifier: Apache-2.0
#include "host/observe/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr size_t kMostKinds =
    64;  // kinds of errors and notes that are kept apart; the rest is one kind

// Text of plugins and services may hold anything; JSON must be UTF-8.
std::string dump(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

json tallies(const std::map<std::string, Tally>& map) {
  json out = json::array();
  for (const auto& [name, tally] : map) {
    out.push_back({{"class", name}, {"count", tally.count}, {"example", tally.example}});
  }
  return out;
}

json to_object(const StreamReport& stream) {
  return {{"stream", stream.name},
          {"kind", stream.kind},
          {"listed", stream.listed},
          {"planned", stream.planned},
          {"landed", stream.landed},
          {"empty", stream.empty},
          {"unchanged", stream.unchanged},
          {"failed", stream.failed},
          {"quarantined", stream.quarantined},
          {"quarantined_earlier", stream.quarantined_earlier},
          {"gone", stream.gone},
          {"released", stream.released},
          {"rows", stream.rows},
          {"rejected_rows", stream.rejected_rows},
          {"requests", stream.requests},
          {"request_retries", stream.retries},
          {"cached_answers", stream.cached},
          {"slice_retries", stream.slice_retries},
          {"bytes", stream.bytes},
          {"waited_seconds", stream.waited_seconds},
          {"seconds", stream.seconds},
          {"errors", tallies(stream.errors)},
          {"notes", tallies(stream.notes)}};
}

json to_object(const ServiceReport& service) {
  const auto share = [&](uint64_t part) {
    return service.calls == 0
               ? json()
               : json(static_cast<double>(part) / static_cast<double>(service.calls));
  };
  return {{"scope", service.scope},
          {"endpoint", service.endpoint},
          {"requests", service.requests},
          {"by_class", service.by_class},
          {"calls", service.calls},
          {"first_try_share", share(service.first_try)},
          {"success_share", share(service.succeeded)},
          {"retries", service.retries},
          {"bytes", service.bytes},
          {"median_ms", service.median_ms},
          {"p95_ms", service.p95_ms},
          {"limit_wait_seconds", service.limit_wait_seconds},
          {"breaker_wait_seconds", service.breaker_wait_seconds},
          {"breaker_openings", service.breaker_openings}};
}

void tally(std::map<std::string, Tally>& map, std::string_view name, std::string_view example,
           uint64_t count) {
  const std::string key =
      map.size() < kMostKinds || map.contains(std::string(name)) ? std::string(name) : "other";
  Tally& entry = map[key];
  entry.count += count;
  if (entry.example.empty()) {
    entry.example = example;
  }
}

// " 3 landed, 1 empty": only what is not zero.
std::string counts_text(const StreamReport& s) {
  std::string out;
  const auto add = [&out](uint64_t count, const char* what) {
    if (count > 0) {
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", grouped(count), what);
    }
  };
  add(s.landed, "landed");
  add(s.empty, "empty");
  add(s.unchanged, "unchanged");
  add(s.gone, "gone");
  add(s.failed, "failed");
  add(s.quarantined, "quarantined");
  add(s.released, "not begun or given back");
  return out.empty() ? "nothing to do" : out;
}

std::string stream_text(const StreamReport& s) {
  std::string out =
      fmt::format("  {:<28} {} of {} planned", s.name, grouped(s.planned), grouped(s.listed));
  out += fmt::format(": {}\n", counts_text(s));
  if (s.rows > 0 || s.requests > 0) {
    const double rate = s.seconds > 0 ? static_cast<double>(s.rows) / s.seconds : 0;
    out +=
        fmt::format("  {:<28} {} rows ({} rows/s), {} requests, {}", "", grouped(s.rows),
                    grouped(static_cast<uint64_t>(rate)), grouped(s.requests), bytes_text(s.bytes));
    if (s.retries + s.slice_retries > 0) {
      out += fmt::format(", {} retries", grouped(s.retries + s.slice_retries));
    }
    if (s.cached > 0) {
      out += fmt::format(", {} from the cache", grouped(s.cached));
    }
    if (s.waited_seconds >= 0.05) {
      out += fmt::format(", waited {} for limits", seconds_text(s.waited_seconds));
    }
    out += fmt::format(", {}\n", seconds_text(s.seconds));
  }
  if (s.rejected_rows > 0) {
    out += fmt::format("  {:<28} {} rows in quarantine\n", "", grouped(s.rejected_rows));
  }
  if (s.quarantined_earlier > 0) {
    out += fmt::format(
        "  {:<28} {} slices in quarantine since earlier runs: gaps says why, state forget has them "
        "read again\n",
        "", grouped(s.quarantined_earlier));
  }
  for (const auto& [name, tally] : s.errors) {
    out += fmt::format("    error {} x{}: {}\n", name, grouped(tally.count), tally.example);
  }
  for (const auto& [name, tally] : s.notes) {
    out += fmt::format("    note {} x{}: {}\n", name, grouped(tally.count), tally.example);
  }
  return out;
}

// "98.2 %", rounded down, so that 100 % means all.
std::string percent(uint64_t part, uint64_t whole) {
  const uint64_t tenths = part >= whole ? 1000 : part * 1000 / whole;
  return tenths == 1000 ? "100 %" : fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string milliseconds_text(double ms) {
  return ms < 10 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

// The endpoint as people write it, and the scope if it says more.
std::string service_name(const ServiceReport& s) {
  std::string_view shown = s.endpoint;
  if (shown.starts_with("https://") && shown.ends_with(":443")) {
    shown.remove_suffix(4);
    shown.remove_prefix(8);
  } else if (shown.starts_with("http://")) {
    shown.remove_prefix(7);
  }
  const std::string_view host = shown.substr(0, shown.rfind(':'));
  return std::string(shown) + (s.scope == host || s.scope == shown ? "" : " (" + s.scope + ")");
}

std::string service_text(const ServiceReport& s) {
  std::string out = fmt::format("  {:<28} {} requests", service_name(s), grouped(s.requests));
  if (s.calls > 0) {
    out += fmt::format(", {} at first try", percent(s.first_try, s.calls));
    if (s.first_try < s.calls) {
      out += fmt::format(", {} after retries", percent(s.succeeded, s.calls));
    }
  }
  if (s.requests > 0) {
    out += fmt::format(", median {}, p95 {}", milliseconds_text(s.median_ms),
                       milliseconds_text(s.p95_ms));
  }
  if (s.breaker_openings > 0) {
    out += fmt::format(", {} breaker opening{}", grouped(s.breaker_openings),
                       s.breaker_openings == 1 ? "" : "s");
  }
  if (s.breaker_wait_seconds >= 0.05) {
    out += fmt::format(", waited {} for it", seconds_text(s.breaker_wait_seconds));
  }
  return out + "\n";
}

}  // namespace

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string bytes_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds < 10) {
    return fmt::format("{:.2f} s", seconds);
  }
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  if (whole < 3600) {
    return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  }
  return fmt::format("{} h {:02} m", whole / 3600, whole % 3600 / 60);
}

std::string to_json(const RunReport& report) {
  json streams = json::array();
  for (const auto& stream : report.streams) {
    streams.push_back(to_object(stream));
  }
  json services = json::array();
  for (const auto& service : report.services) {
    services.push_back(to_object(service));
  }
  return dump({{"pipeline", report.pipeline},
               {"run", report.run},
               {"config", report.config_file},
               {"started_us", report.started_us},
               {"ended_us", report.ended_us},
               {"outcome", report.outcome},
               {"error", report.error},
               {"exit_code", report.exit_code},
               {"reopened", report.reopened},
               {"restored", report.restored},
               {"worked_on_elsewhere", report.elsewhere},
               {"streams", std::move(streams)},
               {"services", std::move(services)}});
}

std::string to_text(const RunReport& report) {
  const double seconds = static_cast<double>(report.ended_us - report.started_us) / 1e6;
  std::string out =
      fmt::format("{}: {} in {}\n", report.pipeline, report.outcome, seconds_text(seconds));
  if (!report.error.empty()) {
    out += fmt::format("  {}\n", report.error);
  }
  if (report.reopened + report.restored > 0) {
    out += fmt::format(
        "  held against the target: {} slices reopened that it lacks, {} restored that it has\n",
        grouped(report.reopened), grouped(report.restored));
  }
  for (const auto& stream : report.streams) {
    out += stream_text(stream);
  }
  for (const auto& service : report.services) {
    out += service_text(service);
  }
  if (report.elsewhere > 0) {
    out += fmt::format("  {} slices are being worked on by another process\n",
                       grouped(report.elsewhere));
  }
  return out;
}

LiveStream::LiveStream(std::string name, std::string kind) {
  report_.name = std::move(name);
  report_.kind = std::move(kind);
}

void LiveStream::add_error(std::string_view error_class, std::string_view example) {
  const std::lock_guard lock(mutex_);
  tally(report_.errors, error_class, example, 1);
}

void LiveStream::add_note(std::string_view code, std::string_view text, uint64_t count) {
  const std::lock_guard lock(mutex_);
  tally(report_.notes, code, text, count);
}

}  // namespace sluice::host
