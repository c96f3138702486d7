// SPDX-License-Identifier: Apache-2.0
//
// How far a run is: one line per pipeline that is redrawn on a terminal, a log line now and then
// otherwise.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/observe/report.hpp"

namespace sluice::host {

enum class ProgressStyle : uint8_t { kNone, kTerminal, kLog };

// Draws on standard error from a thread of its own until it is destroyed. Thread-safe.
class Progress {
 public:
  explicit Progress(ProgressStyle style);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // clears the lines it drew

  // The stream that `pipeline` works on from now on; null = none. It is kept until replaced.
  void show(const std::string& pipeline, std::shared_ptr<const LiveStream> stream);

 private:
  struct Line {
    std::string pipeline;
    std::shared_ptr<const LiveStream> stream;
    double shown_at = 0;  // seconds since start when the rate was last taken
    uint64_t rows = 0, done = 0;
    double rows_per_second = 0, slices_per_second = 0;
  };
  void loop();
  void draw();
  void erase();
  std::string text(Line& line, double now);

  const ProgressStyle style_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::vector<Line> lines_;
  size_t drawn_ = 0;
  std::thread thread_;
};

}  // namespace sluice::host
