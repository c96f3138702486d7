// SPDX-License-Identifier: Apache-2.0
//
// The circuit breaker of one endpoint (scheme://host:port): what keeps failing is left alone and
// looked at now and then, by one request at a time, until it has recovered.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace sluice::host {

struct BreakerOptions {
  uint32_t failures_in_row = 8;                   // open it; 0 = any number may fail in a row
  double failed_share = 0.5;                      // of the window opens it; 0 = any share may fail
  uint32_t window = 50;                           // newest requests that are looked at …
  uint32_t window_least = 20;                     // … once there are so many
  std::chrono::milliseconds window_time{60'000};  // older ones do not count
  std::chrono::milliseconds open_base{1'000};     // doubles while probes fail
  std::chrono::milliseconds open_cap{60'000};
  uint32_t probes_to_close = 2;                 // in a row
  std::chrono::milliseconds rest_base{60'000};  // after a firewall's refusal; doubles
  std::chrono::milliseconds rest_cap{15 * 60'000};
};

// On a time that the caller gives: monotonic microseconds, never going back. Not thread-safe.
class Breaker {
 public:
  enum class State : uint8_t { kClosed, kOpen, kHalfOpen };
  struct Ticket {
    uint64_t epoch = 0;
    bool probe = false;  // its outcome decides
  };
  struct View {
    State state = State::kClosed;
    bool may_probe = false;  // not closed, and a request may go to see
    bool resting = false;    // a firewall refused
    int64_t wait_us = 0;     // until the next probe may go; 0 if one may or is under way
    int64_t down_us = 0;     // since it opened first
    uint64_t openings = 0;
    std::string reason;  // e.g. "8 failures in a row, the last: the connection was refused"
  };

  Breaker(const BreakerOptions& options, uint64_t seed);

  // Lets a request go, or not now.
  std::optional<Ticket> ask(int64_t now_us);
  // How a request of `ticket` ended; what is older than the last change of state does not count.
  bool succeeded(Ticket ticket, int64_t now_us);                     // true if it closed now
  bool failed(Ticket ticket, int64_t now_us, std::string_view why);  // true if it opened now
  void dropped(Ticket ticket, int64_t now_us);                       // says nothing of the endpoint
  // A firewall refused this client: nobody goes there for a while. True if it opened now.
  bool rest(Ticket ticket, int64_t now_us, std::string_view why);

  // What a request that goes now would get; nothing unless the breaker is closed.
  [[nodiscard]] std::optional<Ticket> current() const;
  [[nodiscard]] View view(int64_t now_us) const;

 private:
  struct Seen {
    int64_t at_us;
    bool failed;
  };
  void note(int64_t now_us, bool failed);
  [[nodiscard]] std::optional<std::string> verdict(std::string_view why) const;
  void open(int64_t now_us, std::chrono::milliseconds base, std::chrono::milliseconds cap);
  void close();

  const BreakerOptions options_;
  std::minstd_rand random_;
  State state_ = State::kClosed;
  uint64_t epoch_ = 1;  // counts changes of state, so that late outcomes are told from fresh ones
  std::deque<Seen> seen_;  // at most options_.window, oldest first
  uint32_t in_row_ = 0;    // failures
  uint32_t good_ = 0;      // successes since it closed, or probes since it is half open
  uint32_t rounds_ = 0;    // openings without a calm stretch between them
  bool probing_ = false;
  bool resting_ = false;
  int64_t open_until_us_ = 0;
  int64_t down_since_us_ = 0;
  uint64_t openings_ = 0;
  std::string reason_;
};

// A breaker that threads share.
class SharedBreaker {
 public:
  SharedBreaker(const BreakerOptions& options, uint64_t seed) : breaker_(options, seed) {}
  template <class F>
  auto with(F&& use) {
    const std::lock_guard lock(mutex_);
    return use(breaker_);
  }

 private:
  std::mutex mutex_;
  Breaker breaker_;  // under mutex_
};

const char* to_string(Breaker::State state);  // "closed", "open", "half_open"

}  // namespace sluice::host
