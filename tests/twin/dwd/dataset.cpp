// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/dataset.hpp"

#include <array>
#include <stdexcept>

namespace sluice::twin::dwd {
namespace {

constexpr Column kTu10[] = {
    {"QN", Field::kQuality, 0, 5, 5},        {"PP_10", Field::kPressure, 1, 7, 7},
    {"TT_10", Field::kTemperature, 1, 6, 7}, {"TM5_10", Field::kGround, 1, 6, 7},
    {"RF_10", Field::kHumidity, 1, 6, 7},    {"TD_10", Field::kDewPoint, 1, 6, 7}};
constexpr Column kTx10[] = {{"QN", Field::kQuality, 0, 5, 5},
                            {"TX_10", Field::kMaximum, 1, 6, 4},
                            {"TX5_10", Field::kGround, 1, 6, 7},
                            {"TN_10", Field::kMinimum, 1, 6, 4},
                            {"TN5_10", Field::kGroundMinimum, 1, 6, 7}};
constexpr Column kFf10[] = {{"QN", Field::kQuality, 0, 5, 5},
                            {"FF_10", Field::kWind, 1, 6, 4},
                            {"DD_10", Field::kDirection, 0, 4, 4}};
constexpr Column kFx10[] = {{"QN", Field::kQuality, 0, 5, 5},
                            {"FX_10", Field::kGust, 1, 6, 4},
                            {"FNX_10", Field::kWindMinimum, 1, 6, 4},
                            {"FMX_10", Field::kWindMaximum, 1, 6, 4},
                            {"DX_10", Field::kDirection, 0, 4, 4}};
constexpr Column kRr10[] = {{"QN", Field::kQuality, 0, 5, 5},
                            {"RWS_DAU_10", Field::kRainDuration, 0, 4, 4},
                            {"RWS_10", Field::kRain, 2, 7, 7},
                            {"RWS_IND_10", Field::kRainFlag, 0, 4, 4}};
constexpr Column kSd10[] = {{"QN", Field::kQuality, 0, 5, 5},
                            {"DS_10", Field::kDiffuse, 1, 6, 4},
                            {"GS_10", Field::kGlobal, 1, 6, 4},
                            {"SD_10", Field::kSunHours, 3, 8, 7},
                            {"LS_10", Field::kLongwave, 1, 6, 4}};
constexpr Column kRr1Historical[] = {{"QN", Field::kQuality, 0, 5, 5},
                                     {"RS_01", Field::kRain, 2, 7, 4},
                                     {"RTH_01", Field::kDropper, 2, 7, 4},
                                     {"RWH_01", Field::kAbsent, 2, 7, 4},
                                     {"RS_IND_01", Field::kRainFlag, 0, 4, 4}};
constexpr Column kRr1[] = {{"QN", Field::kQuality, 0, 5, 5},
                           {"RS_01", Field::kRain, 2, 7, 7},
                           {"RS_IND_01", Field::kRainFlag, 0, 4, 4}};
constexpr Column kTuHour[] = {{"QN_9", Field::kQuality, 0, 5, 5},
                              {"TT_TU", Field::kTemperature, 1, 6, 6},
                              {"RF_TU", Field::kHumidity, 1, 6, 6}};
constexpr Column kRrHour[] = {{"QN_8", Field::kQuality, 0, 5, 5},
                              {"R1", Field::kRain, 1, 6, 6},
                              {"RS_IND", Field::kRainFlag, 0, 4, 4},
                              {"WRTR", Field::kRainForm, 0, 4, 4}};
constexpr Column kP0Hour[] = {{"QN_8", Field::kQuality, 0, 5, 5},
                              {"P", Field::kSeaPressure, 1, 7, 7},
                              {"P0", Field::kPressure, 1, 7, 4}};
constexpr Column kSdHour[] = {{"QN_7", Field::kQuality, 0, 5, 5},
                              {"SD_SO", Field::kSunMinutes, 2, 6, 4}};
constexpr Column kFfHour[] = {{"QN_3", Field::kQuality, 0, 5, 5},
                              {"F", Field::kWind, 1, 6, 4},
                              {"D", Field::kDirection, 0, 4, 4}};
constexpr Column kNHour[] = {{"QN_8", Field::kQuality, 0, 5, 5},
                             {"V_N_I", Field::kCloudSource, 0, 4, 4},
                             {"V_N", Field::kCloud, 0, 4, 4}};
constexpr Column kStHour[] = {
    {"QN_592", Field::kQuality, 0, 5, 5},      {"ATMO_LBERG", Field::kLongwave, 0, 6, 4},
    {"FD_LBERG", Field::kDiffuse, 0, 6, 4},    {"FG_LBERG", Field::kGlobal, 0, 6, 4},
    {"SD_LBERG", Field::kSunMinutes, 0, 6, 4}, {"ZENIT", Field::kZenith, 2, 8, 4}};
constexpr Column kKlDay[] = {
    {"QN_3", Field::kQuality, 0, 5, 4}, {"FX", Field::kGust, 1, 6, 4},
    {"FM", Field::kWind, 1, 6, 4},      {"QN_4", Field::kQuality, 0, 5, 4},
    {"RSK", Field::kRain, 1, 6, 4},     {"RSKF", Field::kRainForm, 0, 4, 4},
    {"SDK", Field::kDaySun, 3, 9, 4},   {"SHK_TAG", Field::kSnow, 0, 4, 4},
    {"NM", Field::kMeanCloud, 1, 6, 6}, {"VPM", Field::kVapour, 1, 6, 6},
    {"PM", Field::kPressure, 2, 9, 8},  {"TMK", Field::kTemperature, 1, 7, 7},
    {"UPM", Field::kHumidity, 2, 8, 8}, {"TXK", Field::kMaximum, 1, 7, 7},
    {"TNK", Field::kMinimum, 1, 7, 7},  {"TGK", Field::kGroundMinimum, 1, 7, 7}};
constexpr Column kKlMonth[] = {
    {"QN_4", Field::kQuality, 0, 5, 5},        {"MO_N", Field::kMeanCloud, 2, 6, 6},
    {"MO_TT", Field::kTemperature, 2, 7, 8},   {"MO_TX", Field::kMaximum, 2, 8, 8},
    {"MO_TN", Field::kMinimum, 2, 8, 8},       {"MO_FK", Field::kWind, 2, 8, 4},
    {"MX_TX", Field::kMaximum, 1, 6, 4},       {"MX_FX", Field::kGust, 1, 6, 4},
    {"MX_TN", Field::kGroundMinimum, 1, 6, 4}, {"MO_SD_S", Field::kDaySun, 1, 6, 4},
    {"QN_6", Field::kQuality, 0, 5, 5},        {"MO_RR", Field::kRain, 1, 8, 8},
    {"MX_RS", Field::kRain, 1, 7, 4}};

constexpr std::array kDatasets{
    Dataset{0, "10_minutes", "air_temperature", Grid::kTenMinutes, "10minutenwerte_TU",
            "produkt_zehn_min_tu", "produkt_zehn_now_tu", "zehn_min_tu", "zehn_now_tu",
            "Meta_Daten_zehn_min_tu", "Lufttemperatur", 100, kTu10, kTu10},
    Dataset{1, "10_minutes", "extreme_temperature", Grid::kTenMinutes,
            "10minutenwerte_extrema_temp", "produkt_zehn_min_tx", "produkt_zehn_now_tx",
            "zehn_min_tx", "zehn_now_tx", "Meta_Daten_zehn_min_tx", "Lufttemperatur_Maximum", 99,
            kTx10, kTx10},
    Dataset{2, "10_minutes", "wind", Grid::kTenMinutes, "10minutenwerte_wind",
            "produkt_zehn_min_ff", "produkt_zehn_now_ff", "zehn_min_ff", "zehn_now_ff",
            "Meta_Daten_zehn_min_ff", "Windgeschwindigkeit", 60, kFf10, kFf10},
    Dataset{3, "10_minutes", "extreme_wind", Grid::kTenMinutes, "10minutenwerte_extrema_wind",
            "produkt_zehn_min_fx", "produkt_zehn_now_fx", "zehn_min_fx", "zehn_now_fx",
            "Meta_Daten_zehn_min_fx", "Windspitze_Maximum", 60, kFx10, kFx10},
    Dataset{4, "10_minutes", "precipitation", Grid::kTenMinutes, "10minutenwerte_nieder",
            "produkt_zehn_min_rr", "produkt_zehn_now_rr", "zehn_min_rr", "zehn_now_rr",
            "Meta_Daten_zehn_min_rr", "Niederschlagshoehe", 95, kRr10, kRr10},
    Dataset{5, "10_minutes", "solar", Grid::kTenMinutes, "10minutenwerte_SOLAR",
            "produkt_zehn_min_sd", "produkt_zehn_now_sd", "zehn_min_sd", "zehn_now_sd",
            "Meta_Daten_zehn_min_sd", "Sonnenscheindauer", 45, kSd10, kSd10},
    Dataset{6, "1_minute", "precipitation", Grid::kMinute, "1minutenwerte_nieder",
            "produkt_ein_min_rr", "produkt_ein_now_rr", "ein_min_rr", "ein_now_rr",
            "Meta_Daten_ein_min_rr", "Niederschlagshoehe", 90, kRr1Historical, kRr1},
    Dataset{7, "hourly", "air_temperature", Grid::kHour, "stundenwerte_TU", "produkt_tu_stunde",
            nullptr, "TU_Stundenwerte", nullptr, nullptr, "Lufttemperatur", 90, kTuHour, kTuHour},
    Dataset{8, "hourly", "precipitation", Grid::kHour, "stundenwerte_RR", "produkt_rr_stunde",
            nullptr, "RR_Stundenwerte", nullptr, nullptr, "Niederschlagshoehe", 90, kRrHour,
            kRrHour},
    Dataset{9, "hourly", "pressure", Grid::kHour, "stundenwerte_P0", "produkt_p0_stunde", nullptr,
            "P0_Stundenwerte", nullptr, nullptr, "Luftdruck_Stationshoehe", 45, kP0Hour, kP0Hour},
    Dataset{10, "hourly", "sun", Grid::kHour, "stundenwerte_SD", "produkt_sd_stunde", nullptr,
            "SD_Stundenwerte", nullptr, nullptr, "Sonnenscheindauer", 60, kSdHour, kSdHour},
    Dataset{11, "hourly", "wind", Grid::kHour, "stundenwerte_FF", "produkt_ff_stunde", nullptr,
            "FF_Stundenwerte", nullptr, nullptr, "Windgeschwindigkeit", 60, kFfHour, kFfHour},
    Dataset{12, "hourly", "cloudiness", Grid::kHour, "stundenwerte_N", "produkt_n_stunde", nullptr,
            "N_Stundenwerte", nullptr, nullptr, "Bedeckungsgrad", 50, kNHour, kNHour},
    Dataset{13, "hourly", "solar", Grid::kSolarHour, "stundenwerte_ST", "produkt_st_stunde",
            nullptr, "ST_Stundenwerte", nullptr, nullptr, "Globalstrahlung", 25, kStHour, kStHour},
    Dataset{14, "daily", "kl", Grid::kDay, "tageswerte_KL", "produkt_klima_tag", nullptr,
            "KL_Tageswerte", nullptr, nullptr, "Lufttemperatur", 95, kKlDay, kKlDay},
    Dataset{15, "monthly", "kl", Grid::kMonth, "monatswerte_KL", "produkt_klima_monat", nullptr,
            "KL_Monatswerte", nullptr, nullptr, "Lufttemperatur", 90, kKlMonth, kKlMonth},
};

constexpr std::int64_t step_minutes(Grid grid) {
  switch (grid) {
    case Grid::kMinute:
      return 1;
    case Grid::kTenMinutes:
      return 10;
    case Grid::kHour:
    case Grid::kSolarHour:
      return 60;
    default:
      return kMinutesPerDay;
  }
}

}  // namespace

std::span<const Dataset> datasets() {
  return kDatasets;
}

const Dataset& dataset_by_path(std::string_view path) {
  std::string known;
  for (const Dataset& dataset : kDatasets) {
    if (dataset.path() == path) {
      return dataset;
    }
    known += (known.empty() ? "" : ", ") + dataset.path();
  }
  throw std::invalid_argument("no dataset '" + std::string(path) + "'; there are " + known);
}

std::string_view period_name(Period period) {
  switch (period) {
    case Period::kHistorical:
      return "historical";
    case Period::kRecent:
      return "recent";
    case Period::kNow:
      return "now";
    default:
      return "whole";
  }
}

std::int64_t grid_index(Grid grid, Minute minute) {
  if (grid == Grid::kMonth) {
    const Date date = date_of(day_of_minute(minute));
    return date.year * 12LL + date.month - 1;
  }
  return floor_div(minute, step_minutes(grid));
}

Minute grid_minute(Grid grid, std::int64_t index) {
  if (grid == Grid::kMonth) {
    return day_of(static_cast<int>(index / 12), static_cast<int>(index % 12) + 1, 1) *
           kMinutesPerDay;
  }
  return index * step_minutes(grid);
}

}  // namespace sluice::twin::dwd
