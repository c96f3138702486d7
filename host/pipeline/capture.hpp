// SPDX-License-Identifier: Apache-2.0
//
// A sink inside the host that keeps what lands in memory, as a table would: for tests of pipelines.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/plugin/component.hpp"

namespace sluice::host {

// What landed. Thread-safe; outlives the sinks made from it.
class Capture {
 public:
  Capture() = default;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // A stream that sinks may be bound to from now on.
  void declare(const Stream& stream);
  std::unique_ptr<Sink> make_sink();

  struct Table {
    std::vector<std::string> key;
    // Lines of JSON, columns in order, times in ISO 8601. Of two rows with one key the one with the
    // higher seq stays, or the later. Sorted by key; without a key by themselves.
    std::vector<std::string> rows;
  };
  [[nodiscard]] std::map<std::string, Table> tables() const;

 private:
  class CaptureSink;
  class CaptureWriter;
  struct Row {
    std::string seq, line;
  };
  struct Kept {
    Stream stream;
    std::multimap<std::string, Row> rows;  // by key as text that sorts like it
  };
  void keep(const std::string& stream, const std::vector<std::string>& lines);

  mutable std::mutex mutex_;
  std::map<std::string, Kept> kept_;  // under mutex_
};

}  // namespace sluice::host
