// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/rows.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

constexpr double kTurn = 6.283185307179586;
constexpr std::uint32_t kMaxRevisionsLooked = 64;

// The state of the air at one instant and place; all columns are derived from it.
struct Weather {
  double season = 0;  // -1 midwinter ... 1 midsummer
  double sun = 0;     // height of the sun, 0 at night ... 1
  double temperature = 0;
  double humidity = 0;
  double wind = 0;
  double pressure = 0;
  double cloud = 0;  // 0 ... 8
  double rain = 0;   // mm in the step
};

class Model {
 public:
  Model(std::uint64_t seed, const Archive& archive)
      : archive_(archive),
        dataset_(*archive.dataset),
        columns_(dataset_.columns_of(archive.period)),
        key_(hash_of(seed, dataset_.index, archive.station->id)),
        place_(archive.station->hash) {}

  // False at the instants at which the station was silent, in all periods alike: single steps and
  // longer outages.
  bool present(std::int64_t index) const {
    return hash_of(key_, 1, index) % 211 != 0 && hash_of(key_, 2, index / 37) % 97 != 0;
  }

  Row row(Minute begin, Minute end, bool latest) const {
    const Minute time = begin;
    const std::uint64_t base = hash_of(key_, 3, time);
    const std::uint64_t salt = salt_of(base);
    const Weather air = weather(time, base, salt, end - begin);
    Row result;
    result.begin = begin;
    result.end = end;
    bool group_missing = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      const std::uint64_t noise = hash_of(base, i, salt);
      if (column.field == Field::kQuality) {
        group_missing = group_is_missing(i, base);
        result.values[i] = group_missing ? kMissing : quality(time, latest);
      } else if (group_missing || never_measured(column.field) || hash_of(base, 50 + i) % 97 == 0) {
        result.values[i] = kMissing;
      } else {
        result.values[i] = scaled(value(column.field, air, noise, time), column.decimals);
      }
    }
    return result;
  }

 private:
  // 0 for the value first published. A later revision has corrected about every 16th row, and
  // recent and now differ from historical in every 8th.
  std::uint64_t salt_of(std::uint64_t base) const {
    const bool provisional = archive_.period == Period::kRecent || archive_.period == Period::kNow;
    const auto period = static_cast<std::uint64_t>(archive_.period);
    for (std::uint32_t r = archive_.revision; r > 0 && r + kMaxRevisionsLooked > archive_.revision;
         --r) {
      if (hash_of(base, 60, r) % 16 == 0) {
        return (period << 32U) + r;
      }
    }
    return provisional && hash_of(base, 61) % 8 == 0 ? period << 40U : 0;
  }

  bool group_is_missing(std::size_t column, std::uint64_t base) const {
    // The wind group of daily data is absent at half of the stations, in the whole file.
    const bool whole_file =
        dataset_.grid == Grid::kDay && column == 0 && hash_of(place_, 62) % 2 == 0;
    return whole_file || hash_of(base, 63, column) % 61 == 0;
  }

  bool never_measured(Field field) const {
    if (field == Field::kPressure) {
      return dataset_.grid != Grid::kHour && hash_of(place_, 64) % 5 < 3;
    }
    if (field == Field::kLongwave) {
      return hash_of(place_, 65) % 4 != 0;
    }
    return field == Field::kAbsent || (field == Field::kDropper && hash_of(place_, 66) % 3 != 0);
  }

  std::int32_t quality(Minute time, bool latest) const {
    const bool provisional = archive_.period == Period::kRecent || archive_.period == Period::kNow;
    if (dataset_.minutes()) {
      return provisional ? (latest ? 1 : 2) : 3;
    }
    if (provisional) {
      return latest ? 1 : 3;
    }
    return time < day_of(1981, 1, 1) * kMinutesPerDay ? 5 : 10;
  }

  Weather weather(Minute time, std::uint64_t base, std::uint64_t salt, Minute length) const {
    const Day day = day_of_minute(time);
    const double year_turn = static_cast<double>(day % 1461) / 365.25;
    const double hour = static_cast<double>(time - day * kMinutesPerDay) / 60.0;
    const auto noise = [&](std::uint64_t field) {
      return 2 * unit(hash_of(base, 70 + field, salt)) - 1;
    };
    const auto spell = [&](std::uint64_t field) {
      return unit(hash_of(place_, 80 + field, day / 3));
    };
    Weather air;
    air.season = -std::cos(kTurn * (year_turn - 0.055));
    const bool whole_day = dataset_.grid == Grid::kDay || dataset_.grid == Grid::kMonth;
    const double curve =
        whole_day ? 0.2 : -std::cos(kTurn * (hour + archive_.station->longitude / 15) / 24);
    air.sun = std::max(0.0, 0.25 * air.season + 0.75 * curve);
    air.cloud = std::clamp(8 * spell(1) + noise(1), 0.0, 8.0);
    air.temperature = 9.3 - archive_.station->height * 0.006 + 9.4 * air.season + 4.0 * curve +
                      8.0 * (spell(2) - 0.5) + 0.4 * noise(2);
    air.humidity = std::clamp(82 - 12 * curve + 2.5 * air.cloud + 3 * noise(3), 12.0, 100.0);
    air.wind = std::max(0.0, 0.5 + 7 * spell(3) * spell(4) + 1.2 * noise(4));
    air.pressure = 1013.2 + 25 * (spell(5) - 0.5) + 0.5 * noise(5);
    const bool wet = air.cloud > 5.5 && unit(hash_of(base, 90)) < 0.35 && length < 30;
    air.rain =
        wet ? 0.01 + 1.4 * unit(hash_of(base, 91, salt)) * unit(hash_of(base, 92, salt)) : 0.0;
    if (whole_day || dataset_.grid == Grid::kHour) {
      air.rain *= 6;
    }
    return air;
  }

  double value(Field field, const Weather& air, std::uint64_t hash, Minute time) const {
    const double noise = unit(hash);
    const bool ten = dataset_.grid == Grid::kTenMinutes;
    const double bright = air.sun * (1 - 0.09 * air.cloud);
    switch (field) {
      case Field::kTemperature:
        return air.temperature;
      case Field::kGround:
        return air.temperature - 0.6 + 1.2 * noise;
      case Field::kMaximum:
        return air.temperature + (ten ? 0.3 : 4.5) * (0.3 + noise);
      case Field::kMinimum:
        return air.temperature - (ten ? 0.3 : 4.5) * (0.3 + noise);
      case Field::kGroundMinimum:
        return air.temperature - (ten ? 0.5 : 6.5) * (0.4 + noise);
      case Field::kHumidity:
        return air.humidity;
      case Field::kDewPoint:
        return air.temperature - (100 - air.humidity) / 5;
      case Field::kVapour:
        return air.humidity / 100 * 6.1 * std::exp(0.065 * air.temperature);
      case Field::kPressure:
        return air.pressure - archive_.station->height / 8.3;
      case Field::kSeaPressure:
        return air.pressure;
      case Field::kWind:
        return air.wind;
      case Field::kWindMaximum:
        return air.wind * (1.1 + 0.2 * noise);
      case Field::kWindMinimum:
        return air.wind * (0.4 + 0.3 * noise);
      case Field::kGust:
        return air.wind * (1.5 + noise);
      case Field::kDirection:
        return 10.0 * static_cast<double>(hash % 36 + 1);
      case Field::kRain:
      case Field::kDropper:
        return air.rain;
      case Field::kRainDuration:
        return air.rain > 0 ? std::ceil(10 * noise) : 0;
      case Field::kRainFlag:
        return air.rain > 0 ? 1 : 0;
      case Field::kRainForm:
        return air.rain > 0 ? (air.temperature < 0 ? 7 : 6) : 0;
      case Field::kSunHours:
        return bright > 0.15 ? std::min(0.167, bright / 4 * (0.5 + noise)) : 0;
      case Field::kSunMinutes:
        return bright > 0.15 ? std::floor(60 * std::min(1.0, bright + 0.4 * noise)) : 0;
      case Field::kDaySun:
        return std::max(0.0, (8 - air.cloud) * (1.1 + 0.6 * air.season) * (0.8 + 0.2 * noise));
      case Field::kGlobal:
        return (ten ? 50 : 300) * bright;
      case Field::kDiffuse:
        return (ten ? 20 : 120) * air.sun * (0.4 + 0.1 * noise);
      case Field::kLongwave:
        return (ten ? 18 : 110) + 0.3 * air.temperature + noise;
      case Field::kZenith:
        return 90 - 62 * air.sun + noise;
      case Field::kCloud:
        return hash % 83 == 0 ? -1 : std::round(air.cloud);
      case Field::kCloudSource:
        return time < day_of(2009, 1, 1) * kMinutesPerDay ? 'P' : 'I';
      case Field::kMeanCloud:
        return air.cloud;
      case Field::kSnow:
        return air.temperature < -1 ? std::floor(30 * noise) : 0;
      default:
        return 0;
    }
  }

  static std::int32_t scaled(double value, int decimals) {
    constexpr std::array<double, 4> kPowers{1, 10, 100, 1000};
    return static_cast<std::int32_t>(
        std::lround(value * kPowers[static_cast<std::size_t>(decimals)]));
  }

  const Archive& archive_;
  const Dataset& dataset_;
  const std::span<const Column> columns_;
  const std::uint64_t key_;    // of this station and dataset
  const std::uint64_t place_;  // of this station
};

// True solar noon wanders through the year and with longitude; the whole hour of true solar time
// falls on this minute.
Minute solar_offset(const Station& station, Day day) {
  const double turn = kTurn * static_cast<double>(day % 1461) / 365.25;
  const double equation = 9.9 * std::sin(2 * turn - 1.3) - 7.6 * std::sin(turn);
  return 20 + std::lround(4 * (10 - station.longitude) / 9 - equation);
}

void append_row(std::vector<Row>& rows, const Model& model, const Archive& archive,
                std::int64_t index, bool latest) {
  const Grid grid = archive.dataset->grid;
  const Minute time = grid_minute(grid, index);
  Row row = model.row(time, time, latest);
  if (grid == Grid::kMonth) {
    row.end = grid_minute(grid, index + 1) - kMinutesPerDay;
  } else if (grid == Grid::kSolarHour) {
    row.begin += solar_offset(*archive.station, day_of_minute(time));
    row.end = row.begin;
    // Some stations stamp the end of the hour as :59 since their change of device.
    const bool late = archive.station->hash % 4 == 0 && time >= day_of(2012, 1, 1) * kMinutesPerDay;
    row.solar = time + 60 - (late ? 1 : 0);
  }
  rows.push_back(row);
}

// Walks from `first` towards `last` and keeps the steps at which the station reported, at most
// `wanted`.
std::vector<std::int64_t> walk(const Model& model, std::int64_t first, std::int64_t last,
                               std::uint64_t wanted) {
  std::vector<std::int64_t> found;
  const std::int64_t step = first <= last ? 1 : -1;
  for (std::int64_t index = first; found.size() < wanted && (last - index) * step >= 0;
       index += step) {
    if (model.present(index)) {
      found.push_back(index);
    }
  }
  if (step < 0) {
    std::reverse(found.begin(), found.end());
  }
  return found;
}

std::vector<std::int64_t> choose_steps(const Model& model, const Segment& segment, Grid grid) {
  const std::int64_t first = grid_index(grid, segment.from);
  const std::int64_t last = grid_index(grid, segment.to);
  const std::int64_t total = last - first + 1;
  if (total <= 0) {
    return {};
  }
  if (static_cast<std::int64_t>(segment.rows) * 10 >= total * 9) {
    return walk(model, first, last, static_cast<std::uint64_t>(total));
  }
  const std::uint32_t blocks = segment.rows < 8 ? 1 : std::max<std::uint32_t>(1, segment.blocks);
  std::vector<std::int64_t> steps;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    // Each block stays within its part of the time, so blocks never meet.
    const std::int64_t begin = first + total * i / blocks;
    const std::int64_t end = first + total * (i + 1) / blocks - 1;
    const std::uint64_t wanted = segment.rows / blocks + (i < segment.rows % blocks ? 1 : 0);
    const bool backward = blocks > 1 && i + 1 == blocks;
    const auto found = backward ? walk(model, end, begin, wanted) : walk(model, begin, end, wanted);
    steps.insert(steps.end(), found.begin(), found.end());
  }
  return steps;
}

// Long dry ranges and single wet minutes; a range ends with the day of the file's own clock.
void append_ranges(std::vector<Row>& rows, const Model& model, const Archive& archive,
                   std::uint64_t key, const Segment& segment) {
  const Minute shift = archive.mez() ? 60 : 0;
  Minute time = segment.from;
  for (std::uint64_t i = 0; time <= segment.to && rows.size() < segment.rows; ++i) {
    const std::uint64_t draw = hash_of(key, time);
    const bool single = draw % 100 < 45;
    const Minute day_end = (day_of_minute(time + shift) + 1) * kMinutesPerDay - 1 - shift;
    const Minute length = single ? 1 : 60 + static_cast<Minute>(draw / 100 % 1380);
    const Minute end = std::min({time + length - 1, day_end, segment.to});
    if (draw / 7 % 31 != 0) {  // else the station was silent
      rows.push_back(model.row(time, end, false));
    }
    time = end + 1;
  }
}

}  // namespace

std::vector<Row> make_rows(std::uint64_t seed, const Archive& archive) {
  const Model model(seed, archive);
  std::vector<Row> rows;
  if (archive.ranges()) {
    const std::uint64_t key = hash_of(seed, 40, archive.dataset->index, archive.station->id);
    for (const Segment& segment : archive.segments) {
      append_ranges(rows, model, archive, key, segment);
    }
    return rows;
  }
  std::vector<std::int64_t> steps;
  for (const Segment& segment : archive.segments) {
    const auto chosen = choose_steps(model, segment, archive.dataset->grid);
    steps.insert(steps.end(), chosen.begin(), chosen.end());
  }
  // The newest rows have passed the formal check only.
  constexpr std::size_t kLatest = 12;
  rows.reserve(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    append_row(rows, model, archive, steps[i], i + kLatest >= steps.size());
  }
  return rows;
}

}  // namespace sluice::twin::dwd
