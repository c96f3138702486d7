// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/series.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::host {
namespace {

// Largest multiple of `step` that is not above `time`; right for times before the epoch too.
int64_t floor_to(int64_t time, int64_t step) {
  const int64_t rest = time % step;
  return time - (rest < 0 ? rest + step : rest);
}

}  // namespace

IntervalSet wanted(const Stream& stream, const SeriesWant& want, int64_t first_us,
                   int64_t last_us) {
  int64_t from = std::max(want.from_us, first_us);
  int64_t to = std::min({want.to_us, last_us, want.now_us});
  if (from == INT64_MIN || from >= to) {
    return {};
  }
  if (stream.step_us > 0) {
    from = floor_to(from, stream.step_us) == from ? from
                                                  : floor_to(from, stream.step_us) + stream.step_us;
    to = floor_to(to, stream.step_us);
  }
  return IntervalSet(Interval{from, to});
}

IntervalSet missing(const IntervalSet& wanted, const IntervalSet& landed, int64_t lag_us) {
  IntervalSet left = wanted;
  left.subtract(landed);
  if (lag_us > 0 && !wanted.empty()) {
    const Interval last = wanted.intervals().back();
    left.add(Interval{std::max(last.from, last.to - lag_us), last.to});
  }
  return left;
}

std::vector<Interval> cut(const IntervalSet& set, int64_t max_span_us) {
  if (max_span_us <= 0) {
    return set.intervals();
  }
  std::vector<Interval> pieces;
  for (const Interval& whole : set.intervals()) {
    for (int64_t from = whole.from; from < whole.to;) {
      const int64_t to = std::min(whole.to, floor_to(from, max_span_us) + max_span_us);
      pieces.push_back({from, to});
      from = to;
    }
  }
  return pieces;
}

std::optional<Interval> parse_interval(std::string_view text) {
  Interval out;
  const char* end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, out.from);
  if (error != std::errc() || slash == end || *slash != '/') {
    return std::nullopt;
  }
  const auto [stop, wrong] = std::from_chars(slash + 1, end, out.to);
  if (wrong != std::errc() || stop != end || out.from >= out.to) {
    return std::nullopt;
  }
  return out;
}

}  // namespace sluice::host
