// SPDX-License-Identifier: Apache-2.0
//
// The one table of what DWD's codes mean: data sets, their columns in English with unit and
// description, and the German states.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dwd {

enum class Cell : uint8_t {
  kNumber,       // float64
  kInteger,      // int32: codes and indicators
  kText,         // utf8
  kQuality,      // int32: quality level of the columns after it
  kCloudCover,   // float64; -1 = sky not visible, told in the kSkyObscured column that follows it
  kSkyObscured,  // bool
  kSolarTime,    // utf8: a time in true solar time, which is no instant
};

struct Parameter {
  std::string_view code;  // DWD's column
  std::string_view name;  // ours
  Cell cell;
  std::string_view unit;  // empty = none
  std::string_view doc;
  std::string_view old_code{};  // DWD's column until 2017
};

// How a row says its time.
enum class Stamp : uint8_t { kMinute, kHour, kDay, kMonth };

struct Dataset {
  std::string_view resolution;  // folder
  std::string_view name;        // folder
  std::string_view stream;
  std::string_view file_word;  // "10minutenwerte"
  std::string_view element;    // "TU"; names may lack it
  Stamp stamp;
  bool mez;             // times before 2000 are MEZ (UTC+1)
  bool year_folders;    // historical/YYYY/
  bool period_folders;  // historical/, recent/, …; without: one folder with whole series
  bool has_now;
  std::span<const Parameter> parameters;
  std::string_view doc;

  // Whether stations' metadata are in archives of their own (meta_data/), else with the readings.
  bool has_metadata_folder() const noexcept { return stamp == Stamp::kMinute; }
};

std::span<const Dataset> datasets() noexcept;
const Dataset* find_dataset(std::string_view resolution, std::string_view name) noexcept;
const Dataset* find_stream(std::string_view stream) noexcept;

struct State {
  std::string_view code;  // ISO 3166-2
  std::string_view name;  // as DWD writes it
  std::string_view english;
};

std::span<const State> states() noexcept;
// By code, German or English name, in any case of ASCII letters. Null if there is none.
const State* find_state(std::string_view text);

// What a value of a kQuality column means.
constexpr std::string_view kQualityDoc =
    "DWD quality level: 1 formal check, 2 individual criteria, 3 automatic check and correction, "
    "5 historical subjective, 7 checked not corrected, 8 outside routine, 9 not all corrected, "
    "10 finished";

}  // namespace dwd
