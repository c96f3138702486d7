// SPDX-License-Identifier: Apache-2.0
#include "host/observe/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

constexpr auto kTerminalPeriod = std::chrono::milliseconds(250);
constexpr auto kLogPeriod = std::chrono::seconds(15);

double now_seconds() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress::Progress(ProgressStyle style) : style_(style) {
  if (style_ == ProgressStyle::kTerminal) {
    set_before_line([this] {
      const std::lock_guard lock(mutex_);
      erase();
    });
  }
  if (style_ != ProgressStyle::kNone) {
    thread_ = std::thread([this] { loop(); });
  }
}

Progress::~Progress() {
  if (style_ == ProgressStyle::kTerminal) {
    set_before_line({});
  }
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
    erase();
  }
}

void Progress::show(const std::string& pipeline, std::shared_ptr<const LiveStream> stream) {
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(lines_.begin(), lines_.end(),
                               [&](const Line& l) { return l.pipeline == pipeline; });
  if (it != lines_.end()) {
    *it = Line{pipeline, std::move(stream)};
  } else {
    lines_.push_back(Line{pipeline, std::move(stream)});
  }
}

void Progress::loop() {
  std::unique_lock lock(mutex_);
  const auto period = style_ == ProgressStyle::kTerminal ? kTerminalPeriod : kLogPeriod;
  while (!wake_.wait_for(lock, period, [this] { return ending_; })) {
    draw();
  }
}

void Progress::draw() {
  if (style_ == ProgressStyle::kTerminal) {
    erase();
  }
  const double now = now_seconds();
  for (auto& line : lines_) {
    if (line.stream == nullptr) {
      continue;
    }
    if (style_ == ProgressStyle::kTerminal) {
      put(text(line, now) + "\n");
      ++drawn_;
    } else {
      log(LogLevel::kInfo, text(line, now));
    }
  }
}

// Moves back over the drawn lines and clears them.
void Progress::erase() {
  for (; drawn_ > 0; --drawn_) {
    put("\x1b[1A\x1b[2K");
  }
}

std::string Progress::text(Line& line, double now) {
  const StreamReport report = line.stream->snapshot();
  const uint64_t done = report.settled();
  const double passed = now - line.shown_at;
  if (line.shown_at > 0 && passed > 0) {
    // Smoothed, so that the ETA does not jump with every commit.
    const double blend = line.slices_per_second == 0 ? 1.0 : 0.2;
    line.rows_per_second +=
        blend * (static_cast<double>(report.rows - line.rows) / passed - line.rows_per_second);
    line.slices_per_second +=
        blend * (static_cast<double>(done - line.done) / passed - line.slices_per_second);
  }
  line.shown_at = now;
  line.rows = report.rows;
  line.done = done;
  const uint64_t left = report.planned > done ? report.planned - done : 0;
  std::string out = fmt::format("{} {}: {} of {}{}", line.pipeline, report.name, grouped(done),
                                grouped(report.planned), report.planned_fully ? "" : "+");
  out +=
      fmt::format(", {} rows, {} rows/s, {} requests", grouped(report.rows),
                  grouped(static_cast<uint64_t>(line.rows_per_second)), grouped(report.requests));
  if (report.failed > 0) {
    out += fmt::format(", {} failed", grouped(report.failed));
  }
  if (left > 0) {
    out += fmt::format(", {} left", grouped(left));
    if (line.slices_per_second > 0 && report.planned_fully) {
      out +=
          fmt::format(", ETA {}", seconds_text(static_cast<double>(left) / line.slices_per_second));
    }
  }
  return out;
}

}  // namespace sluice::host
