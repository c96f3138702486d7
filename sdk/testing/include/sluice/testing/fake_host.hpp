// SPDX-License-Identifier: Apache-2.0
//
// A host for a plugin's own tests: it records what the plugin does and answers as told. No network,
// no disk, no real time.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/host.hpp"
#include "sluice/testing/http_script.hpp"

namespace sluice::testing {

struct LogLine {
  Level level;
  std::string message;
  std::string fields;
};

struct MetricValue {
  Metric type = Metric::kCounter;
  std::string help{};
  double value = 0;              // counter: sum, gauge: last, histogram: sum
  std::vector<double> values{};  // every update
};

// What buffers from "sluice.alloc/1" cost.
struct Allocations {
  uint64_t count = 0;
  uint64_t live = 0;
  uint64_t live_bytes = 0;
};

// Threads: any. Must outlive the instances that use it.
class FakeHost {
 public:
  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const sluice_host_t* c() const noexcept { return &host_; }

  // ---- what the test tells it ----
  HttpScript http;
  void set_secret(const std::string& name, const std::string& value) {
    locked()->secrets[name] = value;
  }
  void set_state(const std::string& name, const std::string& value) {
    locked()->states[name] = value;
  }
  // Moves the virtual clock.
  void set_time(Micros now) { locked()->now_us = now.time_since_epoch().count(); }
  void advance(std::chrono::microseconds by) {
    auto data = locked();
    data->now_us += by.count();
    data->monotonic_us += by.count();
  }
  void cancel() { cancelled_.store(true); }
  // Cancels at the n-th time the plugin asks, sleeps, or starts or reads a request; from 1.
  void cancel_at_call(uint64_t n) { cancel_at_.store(n); }
  // The service is missing: get_service() gives NULL.
  void remove_service(const std::string& id) { locked()->removed.insert(id); }
  void set_log_level(Level level) { level_.store(static_cast<uint32_t>(level)); }
  // Most bytes that one read() of a body gives.
  void set_chunk(uint64_t bytes) { chunk_.store(bytes); }

  // ---- what it recorded ----
  std::vector<LogLine> log() const { return locked()->log; }
  std::map<std::string, MetricValue> metrics() const { return locked()->metrics; }
  std::map<std::string, std::string> states() const { return locked()->states; }
  Allocations allocations() const;
  std::chrono::microseconds slept() const { return std::chrono::microseconds(locked()->slept_us); }
  // Bodies that were opened and not yet closed.
  int64_t open_bodies() const { return open_bodies_.load(); }

 private:
  friend struct FakeServices;
  friend struct FakeHttp;

  struct Data {
    std::vector<LogLine> log;
    std::map<std::string, MetricValue> metrics;
    std::vector<std::string> metric_names;  // handle - 1
    std::map<std::string, std::string> states, secrets;
    std::set<std::string> removed;
    int64_t now_us = 1'700'000'000'000'000;  // 2023-11-14T22:13:20Z
    int64_t monotonic_us = 0;
    int64_t slept_us = 0;
  };
  template <class D>
  struct Locked {
    std::unique_lock<std::mutex> lock;
    D* data;
    D* operator->() const noexcept { return data; }
  };
  Locked<Data> locked() { return {std::unique_lock(mutex_), &data_}; }
  Locked<const Data> locked() const { return {std::unique_lock(mutex_), &data_}; }

  // Counts a chance to be cancelled.
  bool step_cancelled() {
    if (++calls_ == cancel_at_.load()) {
      cancel();
    }
    return cancelled_.load();
  }

  sluice_host_t host_{};
  mutable std::mutex mutex_;  // guards data_
  Data data_;
  std::atomic<bool> cancelled_{false};
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> cancel_at_{0};
  std::atomic<uint32_t> level_{SLUICE_LOG_DEBUG};
  std::atomic<uint64_t> chunk_{uint64_t{1} << 16U};
  std::atomic<int64_t> open_bodies_{0};
};

}  // namespace sluice::testing

#include "sluice/testing/fake_services.hpp"
