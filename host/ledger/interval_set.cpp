// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/ledger/intervals.hpp"
#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

// to - from of an interval may not fit in int64_t; in uint64_t it always does.
uint64_t distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

}  // namespace

void IntervalSet::add(Interval interval) {
  if (interval.from >= interval.to) {
    return;
  }
  // [first, last) are those that touch the new one and become one with it.
  const auto first =
      std::lower_bound(intervals_.begin(), intervals_.end(), interval.from,
                       [](const Interval& one, int64_t from) { return one.to < from; });
  const auto last = std::upper_bound(first, intervals_.end(), interval.to,
                                     [](int64_t to, const Interval& one) { return to < one.from; });
  if (first == last) {
    intervals_.insert(first, interval);
    return;
  }
  first->to = std::max(interval.to, std::prev(last)->to);
  first->from = std::min(interval.from, first->from);
  intervals_.erase(std::next(first), last);
}

void IntervalSet::subtract(Interval interval) {
  if (interval.from >= interval.to) {
    return;
  }
  const auto first =
      std::lower_bound(intervals_.begin(), intervals_.end(), interval.from,
                       [](const Interval& one, int64_t from) { return one.to <= from; });
  const auto last = std::lower_bound(first, intervals_.end(), interval.to,
                                     [](const Interval& one, int64_t to) { return one.from < to; });
  if (first == last) {
    return;
  }
  const Interval left{first->from, interval.from};
  const Interval right{interval.to, std::prev(last)->to};
  auto at = intervals_.erase(first, last);
  if (right.from < right.to) {
    at = intervals_.insert(at, right);
  }
  if (left.from < left.to) {
    intervals_.insert(at, left);
  }
}

void IntervalSet::add(const IntervalSet& other) {
  if (&other == this) {
    return;
  }
  for (const Interval& one : other.intervals_) {
    add(one);
  }
}

void IntervalSet::subtract(const IntervalSet& other) {
  if (&other == this) {
    intervals_.clear();
    return;
  }
  for (const Interval& one : other.intervals_) {
    subtract(one);
  }
}

bool IntervalSet::covers(Interval interval) const {
  if (interval.from >= interval.to) {
    return true;
  }
  const auto at =
      std::lower_bound(intervals_.begin(), intervals_.end(), interval.from,
                       [](const Interval& one, int64_t from) { return one.to <= from; });
  return at != intervals_.end() && at->from <= interval.from && at->to >= interval.to;
}

int64_t IntervalSet::total() const {
  uint64_t sum = 0;
  for (const Interval& one : intervals_) {
    sum += distance(one.from, one.to);
  }
  return static_cast<int64_t>(std::min<uint64_t>(sum, INT64_MAX));
}

// Count, then per interval the distance from the end of the one before (the first: its start,
// signed) and its length.
std::string IntervalSet::encode() const {
  std::string out;
  put_varint(out, intervals_.size());
  int64_t end = 0;
  for (size_t i = 0; i < intervals_.size(); ++i) {
    if (i == 0) {
      put_signed(out, intervals_[i].from);
    } else {
      put_varint(out, distance(end, intervals_[i].from));
    }
    put_varint(out, distance(intervals_[i].from, intervals_[i].to));
    end = intervals_[i].to;
  }
  return out;
}

std::optional<IntervalSet> IntervalSet::decode(std::string_view bytes) {
  ByteReader in(bytes);
  const uint64_t count = in.varint();
  if (count > in.rest().size() / 2) {
    return std::nullopt;  // each interval takes two bytes at least
  }
  IntervalSet out;
  out.intervals_.reserve(count);
  int64_t end = 0;
  for (uint64_t i = 0; i < count; ++i) {
    int64_t from = 0;
    if (i == 0) {
      from = in.signed_varint();
    } else {
      const uint64_t gap = in.varint();
      if (gap == 0 || gap > distance(end, INT64_MAX)) {
        return std::nullopt;
      }
      from = static_cast<int64_t>(static_cast<uint64_t>(end) + gap);
    }
    const uint64_t length = in.varint();
    if (!in.ok() || length == 0 || length > distance(from, INT64_MAX)) {
      return std::nullopt;
    }
    end = static_cast<int64_t>(static_cast<uint64_t>(from) + length);
    out.intervals_.push_back({from, end});
  }
  if (!in.ok() || !in.rest().empty()) {
    return std::nullopt;
  }
  return out;
}

std::string interval_key(std::string_view partition, Interval interval) {
  return std::string(partition) + '@' + std::to_string(interval.from) + '/' +
         std::to_string(interval.to);
}

}  // namespace sluice::host
