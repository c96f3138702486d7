// SPDX-License-Identifier: Apache-2.0
//
// What a run did, for people and as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::host {

// Occurrences of one kind of thing, with the first of them as example.
struct Tally {
  uint64_t count = 0;
  std::string example;
};

struct StreamReport {
  std::string name, kind;
  uint64_t listed = 0;   // slices the source knows
  uint64_t planned = 0;  // of those, to be read in this run
  uint64_t landed = 0, empty = 0, unchanged = 0, failed = 0, quarantined = 0, gone = 0,
           released = 0;
  uint64_t quarantined_earlier = 0;  // by other runs, and not read again
  uint64_t rows = 0;                 // committed
  uint64_t rejected_rows = 0;        // in quarantine
  uint64_t requests = 0, retries = 0,
           bytes = 0;   // requests sent (their retries included), body bytes received
  uint64_t cached = 0;  // answers from the cache, without a request
  uint64_t slice_retries = 0;
  double waited_seconds = 0;  // for limits
  double seconds = 0;
  bool planned_fully = false;
  std::map<std::string, Tally> errors;  // by class
  std::map<std::string, Tally> notes;   // by code
  [[nodiscard]] uint64_t settled() const {
    return landed + empty + unchanged + failed + quarantined + gone;
  }
};

// What a run saw of one endpoint of a service. Requests count what was sent, calls what was asked
// for.
struct ServiceReport {
  std::string scope, endpoint;  // "api.example.org", "https://api.example.org:443"
  uint64_t requests = 0, calls = 0, first_try = 0, succeeded = 0, retries = 0, bytes = 0;
  std::map<std::string, uint64_t> by_class;  // "2xx" …, "429", "failed"; what is not zero
  double median_ms = 0, p95_ms = 0;          // from sending to the answer's head
  double limit_wait_seconds = 0, breaker_wait_seconds = 0;
  uint64_t breaker_openings = 0;
};

struct RunReport {
  std::string pipeline, run, config_file;
  int64_t started_us = 0, ended_us = 0;
  std::string outcome;                  // "complete", "incomplete", "stopped", "failed"
  std::string error;                    // why it ended early
  uint64_t reopened = 0, restored = 0;  // by holding the ledger against the target
  uint64_t elsewhere = 0;               // slices that another process works on
  std::vector<StreamReport> streams;
  std::vector<ServiceReport> services;
  // 0, 1, 78 or 130, as the run of this pipeline alone would end.
  int exit_code = 0;
};

std::string to_json(const RunReport& report);
// The report a person reads at the end. `width` columns at most where it can be helped.
std::string to_text(const RunReport& report);

// "1,234,567", "12.3 MB", "1 m 05 s": for people.
std::string grouped(uint64_t number);
std::string bytes_text(uint64_t bytes);
std::string seconds_text(double seconds);

// The numbers of the stream that runs now, updated by workers and committer, read by progress.
// Thread-safe.
class LiveStream {
 public:
  explicit LiveStream(std::string name, std::string kind);
  template <class F>
  void update(F&& change) {
    const std::lock_guard lock(mutex_);
    change(report_);
  }
  [[nodiscard]] StreamReport snapshot() const {
    const std::lock_guard lock(mutex_);
    return report_;
  }
  void add_error(std::string_view error_class, std::string_view example);
  void add_note(std::string_view code, std::string_view text, uint64_t count);

 private:
  mutable std::mutex mutex_;
  StreamReport report_;
};

}  // namespace sluice::host
