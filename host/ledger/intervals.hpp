// SPDX-License-Identifier: Apache-2.0
//
// A set of half-open intervals of time, merged and ordered: what has landed of a partition, what is
// wanted, what is left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::host {

struct Interval {
  int64_t from = 0, to = 0;  // [from, to), microseconds since the epoch
  friend bool operator==(const Interval&, const Interval&) = default;
};

// A value type. Adjacent and overlapping intervals are one.
class IntervalSet {
 public:
  IntervalSet() = default;
  explicit IntervalSet(Interval one) { add(one); }
  void add(Interval interval);  // nothing if it is empty or backwards
  void subtract(Interval interval);
  void add(const IntervalSet& other);
  void subtract(const IntervalSet& other);
  [[nodiscard]] bool covers(Interval interval) const;
  [[nodiscard]] bool empty() const { return intervals_.empty(); }
  [[nodiscard]] size_t size() const { return intervals_.size(); }
  [[nodiscard]] const std::vector<Interval>& intervals() const { return intervals_; }
  [[nodiscard]] int64_t total() const;  // microseconds covered

  // Compact form for storage: varints of distances. decode() refuses anything malformed, unordered
  // or overlapping.
  [[nodiscard]] std::string encode() const;
  static std::optional<IntervalSet> decode(std::string_view bytes);
  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  std::vector<Interval> intervals_;  // ascending, disjoint, not touching
};

// Key of the slice of a series that stands for an interval:
// "BTCUSDT@1704067200000000/1704070800000000".
std::string interval_key(std::string_view partition, Interval interval);

}  // namespace sluice::host
