// SPDX-License-Identifier: Apache-2.0
//
// One quota as a service counts it: so many units within a window of time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace sluice::twin::limits {

// On a time that the caller gives: wall clock microseconds. Not thread-safe.
class Window {
 public:
  enum class Kind : std::uint8_t {
    kClock,   // stretches of the wall clock: minutes begin at :00
    kFirst,   // begins with the first request, and again with the first after its end
    kSliding  // any stretch of that length
  };

  Window(Kind kind, double amount, std::int64_t per_us);

  // Takes `cost` if there is room. What does not fit is counted nevertheless with `count_refused`.
  bool take(double cost, std::int64_t now_us, bool count_refused = false);
  double used(std::int64_t now_us);
  // Until the window is over, for a sliding one until its oldest request leaves; 0 if it is empty.
  std::int64_t left_us(std::int64_t now_us);
  // The instant of the window's end, for a sliding one that of its oldest request.
  std::int64_t ends_us(std::int64_t now_us) { return now_us + left_us(now_us); }

  double amount() const { return amount_; }
  std::int64_t per_us() const { return per_us_; }
  double highest() const {
    return highest_;
  }  // most units within one window, refused ones included
  // What was used of the quota from the first to the last window, both left out where they may be
  // cut; nothing until that says something.
  std::optional<double> share() const;
  std::uint64_t windows() const { return windows_; }  // that were begun; sliding: 0

 private:
  void roll(std::int64_t now_us);
  void begin(std::int64_t start_us);

  Kind kind_;
  double amount_;
  std::int64_t per_us_;
  double used_ = 0;      // of the present window, refused units included if they count
  double admitted_ = 0;  // of the present window
  double highest_ = 0;
  std::uint64_t windows_ = 0;
  std::optional<std::int64_t> start_us_;  // of the present window
  std::int64_t first_us_ = 0;             // start of the first window; sliding: the first request
  std::int64_t last_us_ = 0;              // sliding: the last request
  double finished_ = 0;  // units of the windows that are over: kClock without the first; sliding:
                         // all units
  std::deque<std::pair<std::int64_t, double>> events_;  // sliding: of the last `per`
};

}  // namespace sluice::twin::limits
