// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include <algorithm>

#include "sluice/cpp/error.hpp"

namespace dwd {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr std::size_t kMostSpans = 1000;  // a dozen are usual; cutting them up takes their square

bool covers(const Span& span, int32_t day) noexcept {
  return (!span.from_day || *span.from_day <= day) && (!span.to_day || *span.to_day >= day);
}

template <class Row>
const Row* find_row(const std::vector<Row>& rows, int32_t day) noexcept {
  const Row* best = nullptr;
  for (const Row& row : rows) {
    const bool later = best == nullptr || row.span.from_day.value_or(INT32_MIN) >=
                                              best->span.from_day.value_or(INT32_MIN);
    best = covers(row.span, day) && later ? &row : best;
  }
  return best;
}

template <class Row>
void add_cuts(const std::vector<Row>& rows, std::vector<int32_t>& cuts) {
  for (const Row& row : rows) {
    if (row.span.from_day) {
      cuts.push_back(*row.span.from_day);
    }
    if (row.span.to_day) {
      cuts.push_back(*row.span.to_day + 1);
    }
  }
}

void check_count(std::size_t count) {
  if (count > kMostSpans) {
    throw sluice::Error(sluice::Code::kBadData, "The metadata name more than " +
                                                    std::to_string(kMostSpans) +
                                                    " positions or names of one station.");
  }
}

PlaceTimeline::Segment segment_on(const StationHistory& history, const Place* listed, int32_t day) {
  PlaceTimeline::Segment out;
  out.known = listed != nullptr;
  if (listed != nullptr) {
    out.place = *listed;
  }
  const PositionRow* position = find_row(history.positions, day);
  if (position != nullptr) {
    out.known = true;
    out.place.height = position->height;
    out.place.latitude = position->latitude;
    out.place.longitude = position->longitude;
    out.place.name = position->name.empty() ? out.place.name : position->name;
    const NameRow* name = find_row(history.names, day);
    out.place.name = name != nullptr ? name->name : out.place.name;
  }
  return out;
}

}  // namespace

StationHistory read_history(const MemberSet& set, int32_t station, const RejectLine& reject) {
  StationHistory out;
  for (const Member& member : set.members()) {
    if (member.kind == MemberKind::kPositions) {
      parse_positions(
          member, station, [&](const PositionRow& row) { out.positions.push_back(row); }, reject);
    } else if (member.kind == MemberKind::kNames) {
      const auto take = [&](const NameRow& row) {
        if (!row.is_operator) {
          out.names.push_back(row);
        }
      };
      parse_names(member, station, take, reject);
    }
    check_count(out.positions.size());
    check_count(out.names.size());
  }
  return out;
}

PlaceTimeline::PlaceTimeline(const StationHistory& history, const Place* listed) {
  std::vector<int32_t> cuts;
  add_cuts(history.positions, cuts);
  add_cuts(history.names, cuts);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const int32_t before = cuts.empty() ? 0 : cuts.front() - 1;
  segments_.push_back(segment_on(history, listed, before));
  for (const int32_t day : cuts) {
    segments_.back().to_us = day * kDayUs;
    segments_.push_back(segment_on(history, listed, day));
    segments_.back().from_us = day * kDayUs;
  }
}

const PlaceTimeline::Segment& PlaceTimeline::at(int64_t time_us) const noexcept {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), time_us,
                                      [](int64_t t, const Segment& s) { return t < s.from_us; });
  return after == segments_.begin() ? segments_.front() : *std::prev(after);
}

}  // namespace dwd
