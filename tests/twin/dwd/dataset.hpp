// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/twin/dwd/calendar.hpp"

namespace sluice::twin::dwd {

enum class Grid { kMinute, kTenMinutes, kHour, kSolarHour, kDay, kMonth };

// kWhole: the one archive of a station that has no period (hourly solar).
enum class Period { kHistorical, kRecent, kNow, kWhole };

// What a column shows; the model derives it from the weather of the instant.
enum class Field {
  kQuality,
  kTemperature,
  kGround,
  kMaximum,
  kMinimum,
  kGroundMinimum,
  kHumidity,
  kDewPoint,
  kVapour,
  kPressure,
  kSeaPressure,
  kWind,
  kWindMaximum,
  kWindMinimum,
  kGust,
  kDirection,
  kRain,
  kRainDuration,
  kRainFlag,
  kRainForm,
  kDropper,
  kSunHours,
  kSunMinutes,
  kDaySun,
  kGlobal,
  kDiffuse,
  kLongwave,
  kZenith,
  kCloud,
  kCloudSource,
  kMeanCloud,
  kSnow,
  kAbsent  // measured nowhere: always missing
};

struct Column {
  const char* name;
  Field field;
  int decimals;
  int width;          // of a value, right-aligned
  int missing_width;  // of -999; not the same everywhere
};

constexpr std::size_t kMaxColumns = 18;

struct Dataset {
  std::uint32_t index;
  const char* resolution;
  const char* name;
  Grid grid;
  const char* file_stem;    // 10minutenwerte_TU
  const char* product;      // produkt_zehn_min_tu
  const char* product_now;  // produkt_zehn_now_tu, or null: no `now`
  const char* list_stem;    // zehn_min_tu, of historical and recent
  const char* list_now;     // zehn_now_tu
  const char* meta_stem;    // Meta_Daten_zehn_min_tu, or null: metadata are in the archives
  const char* device;       // Metadaten_Geraete_<device>
  unsigned share;           // percent of the network's stations
  std::span<const Column> columns;
  std::span<const Column> columns_recent;  // of recent and now; differs for 1-minute precipitation

  std::string path() const { return std::string(resolution) + "/" + name; }
  std::span<const Column> columns_of(Period period) const {
    return period == Period::kRecent || period == Period::kNow ? columns_recent : columns;
  }
  bool minutes() const { return grid == Grid::kMinute || grid == Grid::kTenMinutes; }
};

std::span<const Dataset> datasets();
// By "10_minutes/air_temperature"; throws std::invalid_argument if there is none.
const Dataset& dataset_by_path(std::string_view path);
std::string_view period_name(Period period);

// A grid's steps are numbered so that months, too, are one apart.
std::int64_t grid_index(Grid grid, Minute minute);
Minute grid_minute(Grid grid, std::int64_t index);

}  // namespace sluice::twin::dwd
