// SPDX-License-Identifier: Apache-2.0
//
// What DWD's file names say, and calendar dates as they stand in names and rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parameters.hpp"

namespace dwd {

// The number is the rank: of two rows with one key the higher wins.
enum class Period : int32_t { kNow = 1, kRecent = 2, kHistorical = 3 };

std::string_view period_name(Period period) noexcept;  // the folder
std::optional<Period> find_period(std::string_view name) noexcept;

struct ArchiveName {
  int32_t station = 0;
  Period period = Period::kHistorical;
  bool dated = false;
  int32_t from_day = 0, to_day = 0;         // days since 1970-01-01, both included; only if dated
  std::string_view from_text{}, to_text{};  // YYYYMMDD, or empty
};

// An archive of station data of `dataset`; nothing for any other file. A whole series without
// periods (`_row.zip`) counts as historical.
std::optional<ArchiveName> parse_archive_name(const Dataset& dataset, std::string_view name);

// An archive with the station's metadata (`Meta_Daten_…`): the station.
std::optional<int32_t> parse_metadata_name(std::string_view name);

bool is_station_list(std::string_view name) noexcept;

// "YYYYMMDD" → days since 1970-01-01. Nothing unless it is a date.
std::optional<int32_t> parse_day(std::string_view text) noexcept;

// Five digits, as in names.
std::string station_text(int32_t station);

}  // namespace dwd
