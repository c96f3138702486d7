// SPDX-License-Identifier: Apache-2.0
#include "parameters.hpp"

#include <array>

#include "text.hpp"

namespace dwd {

namespace {

using enum Cell;

constexpr Parameter quality(std::string_view code, std::string_view old_code = {}) {
  return {code, "quality_level", kQuality, "", kQualityDoc, old_code};
}

constexpr Parameter kTenMinutesAirTemperature[] = {
    quality("QN"),
    {"PP_10", "air_pressure", kNumber, "hPa", "Air pressure at station height"},
    {"TT_10", "air_temperature_2m", kNumber, "°C", "Air temperature 2 m above ground"},
    {"TM5_10", "air_temperature_5cm", kNumber, "°C", "Air temperature 5 cm above ground"},
    {"RF_10", "relative_humidity", kNumber, "%", "Relative humidity 2 m above ground"},
    {"TD_10", "dew_point_temperature", kNumber, "°C", "Dew point 2 m above ground"},
};
constexpr Parameter kTenMinutesExtremeTemperature[] = {
    quality("QN"),
    {"TX_10", "air_temperature_2m_max", kNumber, "°C", "Highest air temperature 2 m above ground"},
    {"TX5_10", "air_temperature_5cm_max", kNumber, "°C",
     "Highest air temperature 5 cm above ground"},
    {"TN_10", "air_temperature_2m_min", kNumber, "°C", "Lowest air temperature 2 m above ground"},
    {"TN5_10", "air_temperature_5cm_min", kNumber, "°C",
     "Lowest air temperature 5 cm above ground"},
};
constexpr Parameter kTenMinutesWind[] = {
    quality("QN"),
    {"FF_10", "wind_speed", kNumber, "m/s", "Mean wind speed"},
    {"DD_10", "wind_direction", kNumber, "°", "Mean wind direction"},
};
constexpr Parameter kTenMinutesExtremeWind[] = {
    quality("QN"),
    {"FX_10", "wind_gust_max", kNumber, "m/s", "Highest gust"},
    {"FNX_10", "wind_speed_min", kNumber, "m/s", "Lowest mean wind speed"},
    {"FMX_10", "wind_speed_max", kNumber, "m/s", "Highest mean wind speed"},
    {"DX_10", "wind_gust_direction", kNumber, "°", "Wind direction of the highest gust"},
};
constexpr Parameter kTenMinutesPrecipitation[] = {
    quality("QN"),
    {"RWS_DAU_10", "precipitation_duration", kNumber, "min", "Minutes with precipitation"},
    {"RWS_10", "precipitation", kNumber, "mm", "Precipitation sum"},
    {"RWS_IND_10", "precipitation_indicator", kInteger, "",
     "0 none, 1 precipitation, 3 precipitation and the gauge is heated"},
};
constexpr Parameter kTenMinutesSolar[] = {
    quality("QN"),
    {"DS_10", "diffuse_radiation", kNumber, "J/cm²", "Sum of diffuse sky radiation"},
    {"GS_10", "global_radiation", kNumber, "J/cm²", "Sum of global radiation"},
    {"SD_10", "sunshine_duration", kNumber, "h", "Sunshine duration"},
    {"LS_10", "longwave_radiation", kNumber, "J/cm²", "Sum of long-wave downward radiation"},
};
constexpr Parameter kOneMinutePrecipitation[] = {
    quality("QN"),
    {"RS_01", "precipitation", kNumber, "mm", "Precipitation of the minute, best value"},
    {"RTH_01", "precipitation_drop_counter", kNumber, "mm", "Precipitation by drop counter"},
    {"RWH_01", "precipitation_tipping_bucket", kNumber, "mm", "Precipitation by tipping bucket"},
    {"RS_IND_01", "precipitation_indicator", kInteger, "", "0 none, 1 precipitation"},
};

constexpr Parameter kHourlyAirTemperature[] = {
    quality("QN_9", "QUALITAETS_NIVEAU"),
    {"TT_TU", "air_temperature_2m", kNumber, "°C", "Air temperature 2 m above ground",
     "LUFTTEMPERATUR"},
    {"RF_TU", "relative_humidity", kNumber, "%", "Relative humidity 2 m above ground",
     "REL_FEUCHTE"},
};
constexpr Parameter kHourlyPrecipitation[] = {
    quality("QN_8"),
    {"R1", "precipitation", kNumber, "mm", "Precipitation sum"},
    {"RS_IND", "precipitation_indicator", kInteger, "", "0 none, 1 precipitation"},
    {"WRTR", "precipitation_form", kInteger, "",
     "Form of precipitation: 0 none, 1 deposit, 2 liquid deposit, 3 solid deposit, 6 liquid, "
     "7 solid, 8 liquid and solid, 9 not determined"},
};
constexpr Parameter kHourlyPressure[] = {
    quality("QN_8"),
    {"P", "air_pressure_sea_level", kNumber, "hPa", "Air pressure reduced to sea level"},
    {"P0", "air_pressure", kNumber, "hPa", "Air pressure at station height"},
};
constexpr Parameter kHourlySun[] = {
    quality("QN_7"),
    {"SD_SO", "sunshine_duration", kNumber, "min", "Sunshine duration"},
};
constexpr Parameter kHourlyWind[] = {
    quality("QN_3"),
    {"F", "wind_speed", kNumber, "m/s", "Mean wind speed"},
    {"D", "wind_direction", kNumber, "°", "Mean wind direction"},
};
constexpr Parameter kHourlyCloudiness[] = {
    quality("QN_8"),
    {"V_N_I", "observer", kText, "", "P: a person, I: an instrument"},
    {"V_N", "cloud_cover", kCloudCover, "1/8",
     "Total cloud cover; null also where the sky was not visible"},
    {"V_N", "sky_obscured", kSkyObscured, "",
     "Whether the sky was not visible (-1 in DWD's file), by fog for example"},
};
constexpr Parameter kHourlyDewPoint[] = {
    quality("QN_8"),
    {"TT", "air_temperature_2m", kNumber, "°C", "Air temperature 2 m above ground"},
    {"TD", "dew_point_temperature", kNumber, "°C", "Dew point 2 m above ground"},
};
constexpr Parameter kHourlyVisibility[] = {
    quality("QN_8"),
    {"V_VV_I", "observer", kText, "", "P: a person, I: an instrument"},
    {"V_VV", "visibility", kNumber, "m", "Horizontal visibility"},
};
constexpr Parameter kHourlySolar[] = {
    quality("QN_592"),
    {"ATMO_LBERG", "longwave_radiation", kNumber, "J/cm²", "Sum of long-wave downward radiation",
     "ATMO_STRAHL"},
    {"FD_LBERG", "diffuse_radiation", kNumber, "J/cm²", "Sum of diffuse sky radiation",
     "FD_STRAHL"},
    {"FG_LBERG", "global_radiation", kNumber, "J/cm²", "Sum of global radiation", "FG_STRAHL"},
    {"SD_LBERG", "sunshine_duration", kNumber, "min", "Sunshine duration", "SD_STRAHL"},
    {"ZENIT", "solar_zenith_angle", kNumber, "°",
     "Zenith angle of the sun in the middle of the hour", "ZENITH"},
    {"MESS_DATUM_WOZ", "solar_time", kSolarTime, "",
     "End of the hour in true solar time of the place, YYYY-MM-DD HH:MM"},
};

constexpr Parameter kDailyKl[] = {
    {"QN_3", "quality_level_wind", kQuality, "", kQualityDoc},
    {"FX", "wind_gust_max", kNumber, "m/s", "Highest gust", "WINDSPITZE_MAXIMUM"},
    {"FM", "wind_speed", kNumber, "m/s", "Mean wind speed", "WINDGESCHWINDIGKEIT"},
    quality("QN_4", "QUALITAETS_NIVEAU"),
    {"RSK", "precipitation", kNumber, "mm", "Precipitation sum", "NIEDERSCHLAGSHOEHE"},
    {"RSKF", "precipitation_form", kInteger, "",
     "Form of precipitation: 0 none, 1 rain or unknown, 4 form unknown, 6 rain, 7 snow, 8 rain and "
     "snow, 9 error",
     "NIEDERSCHLAGSHOEHE_IND"},
    {"SDK", "sunshine_duration", kNumber, "h", "Sunshine duration", "SONNENSCHEINDAUER"},
    {"SHK_TAG", "snow_depth", kNumber, "cm", "Snow depth", "SCHNEEHOEHE"},
    {"NM", "cloud_cover", kNumber, "1/8", "Mean cloud cover", "BEDECKUNGSGRAD"},
    {"VPM", "vapor_pressure", kNumber, "hPa", "Mean vapour pressure", "DAMPFDRUCK"},
    {"PM", "air_pressure", kNumber, "hPa", "Mean air pressure at station height",
     "LUFTDRUCK_STATIONSHOEHE"},
    {"TMK", "air_temperature_2m", kNumber, "°C", "Mean air temperature 2 m above ground",
     "LUFTTEMPERATUR"},
    {"UPM", "relative_humidity", kNumber, "%", "Mean relative humidity", "REL_FEUCHTE"},
    {"TXK", "air_temperature_2m_max", kNumber, "°C", "Highest air temperature 2 m above ground",
     "LUFTTEMPERATUR_MAXIMUM"},
    {"TNK", "air_temperature_2m_min", kNumber, "°C", "Lowest air temperature 2 m above ground",
     "LUFTTEMPERATUR_MINIMUM"},
    {"TGK", "air_temperature_5cm_min", kNumber, "°C", "Lowest air temperature 5 cm above ground",
     "LUFTTEMP_AM_ERDB_MINIMUM"},
};
constexpr Parameter kDailyMorePrecip[] = {
    quality("QN_6"),
    {"RS", "precipitation", kNumber, "mm", "Precipitation sum"},
    {"RSF", "precipitation_form", kInteger, "",
     "Form of precipitation: 0 none, 1 rain or unknown, 4 form unknown, 6 rain, 7 snow, 8 rain and "
     "snow, 9 error"},
    {"SH_TAG", "snow_depth", kNumber, "cm", "Snow depth"},
    {"NSH_TAG", "fresh_snow_depth", kNumber, "cm", "Depth of fresh snow"},
};
constexpr Parameter kDailySolar[] = {
    quality("QN_592"),
    {"ATMO_STRAHL", "longwave_radiation", kNumber, "J/cm²", "Sum of long-wave downward radiation"},
    {"FD_STRAHL", "diffuse_radiation", kNumber, "J/cm²", "Sum of diffuse sky radiation"},
    {"FG_STRAHL", "global_radiation", kNumber, "J/cm²", "Sum of global radiation"},
    {"SD_STRAHL", "sunshine_duration", kNumber, "h", "Sunshine duration"},
};
constexpr Parameter kMonthlyKl[] = {
    quality("QN_4"),
    {"MO_N", "cloud_cover", kNumber, "1/8", "Mean cloud cover"},
    {"MO_TT", "air_temperature_2m", kNumber, "°C", "Mean air temperature 2 m above ground"},
    {"MO_TX", "air_temperature_2m_max_mean", kNumber, "°C",
     "Mean of the daily highest temperature"},
    {"MO_TN", "air_temperature_2m_min_mean", kNumber, "°C", "Mean of the daily lowest temperature"},
    {"MO_FK", "wind_force", kNumber, "Bft", "Mean wind force"},
    {"MX_TX", "air_temperature_2m_max", kNumber, "°C", "Highest air temperature of the month"},
    {"MX_FX", "wind_gust_max", kNumber, "m/s", "Highest gust of the month"},
    {"MX_TN", "air_temperature_2m_min", kNumber, "°C", "Lowest air temperature of the month"},
    {"MO_SD_S", "sunshine_duration", kNumber, "h", "Sunshine duration"},
    {"QN_6", "quality_level_precipitation", kQuality, "", kQualityDoc},
    {"MO_RR", "precipitation", kNumber, "mm", "Precipitation sum"},
    {"MX_RS", "precipitation_day_max", kNumber, "mm", "Highest daily precipitation of the month"},
};

constexpr Dataset ten_minutes(std::string_view name, std::string_view stream,
                              std::string_view element, std::span<const Parameter> parameters,
                              std::string_view doc) {
  return {"10_minutes", name, stream, "10minutenwerte", element, Stamp::kMinute, true,
          false,        true, true,   parameters,       doc};
}
constexpr Dataset hourly(std::string_view name, std::string_view stream, std::string_view element,
                         std::span<const Parameter> parameters, std::string_view doc) {
  return {"hourly", name,  stream,          "stundenwerte", element,    Stamp::kHour,
          false,    false, name != "solar", false,          parameters, doc};
}
constexpr Dataset daily(std::string_view name, std::string_view stream, std::string_view element,
                        std::span<const Parameter> parameters, std::string_view doc) {
  return {"daily", name,  stream,          "tageswerte", element,    Stamp::kDay,
          false,   false, name != "solar", false,        parameters, doc};
}

constexpr Dataset kDatasets[] = {
    ten_minutes("air_temperature", "ten_minutes_air_temperature", "TU", kTenMinutesAirTemperature,
                "Air temperature, humidity and pressure every ten minutes"),
    ten_minutes("extreme_temperature", "ten_minutes_extreme_temperature", "extrema_temp",
                kTenMinutesExtremeTemperature, "Extremes of temperature of ten minutes"),
    ten_minutes("wind", "ten_minutes_wind", "wind", kTenMinutesWind, "Wind of ten minutes"),
    ten_minutes("extreme_wind", "ten_minutes_extreme_wind", "extrema_wind", kTenMinutesExtremeWind,
                "Extremes of wind of ten minutes"),
    ten_minutes("precipitation", "ten_minutes_precipitation", "nieder", kTenMinutesPrecipitation,
                "Precipitation of ten minutes"),
    ten_minutes("solar", "ten_minutes_solar", "SOLAR", kTenMinutesSolar,
                "Radiation and sunshine of ten minutes"),
    {"1_minute", "precipitation", "one_minute_precipitation", "1minutenwerte", "nieder",
     Stamp::kMinute, true, true, true, true, kOneMinutePrecipitation,
     "Precipitation of one minute"},
    hourly("air_temperature", "hourly_air_temperature", "TU", kHourlyAirTemperature,
           "Air temperature and humidity every hour"),
    hourly("precipitation", "hourly_precipitation", "RR", kHourlyPrecipitation,
           "Precipitation of the hour"),
    hourly("pressure", "hourly_pressure", "P0", kHourlyPressure, "Air pressure every hour"),
    hourly("sun", "hourly_sun", "SD", kHourlySun, "Sunshine of the hour"),
    hourly("wind", "hourly_wind", "FF", kHourlyWind, "Wind every hour"),
    hourly("cloudiness", "hourly_cloudiness", "N", kHourlyCloudiness, "Cloud cover every hour"),
    hourly("dew_point", "hourly_dew_point", "TD", kHourlyDewPoint, "Dew point every hour"),
    hourly("visibility", "hourly_visibility", "VV", kHourlyVisibility, "Visibility every hour"),
    hourly("solar", "hourly_solar", "ST", kHourlySolar, "Radiation of the hour"),
    daily("kl", "daily_kl", "KL", kDailyKl, "Climate of the day: all of a climate station"),
    daily("more_precip", "daily_more_precip", "RR", kDailyMorePrecip,
          "Precipitation and snow of the day"),
    daily("solar", "daily_solar", "ST", kDailySolar, "Radiation of the day"),
    {"monthly", "kl", "monthly_kl", "monatswerte", "KL", Stamp::kMonth, false, false, true, false,
     kMonthlyKl, "Climate of the month: all of a climate station"},
};

constexpr State kStates[] = {
    {"DE-BW", "Baden-Württemberg", "Baden-Wuerttemberg"},
    {"DE-BY", "Bayern", "Bavaria"},
    {"DE-BE", "Berlin", "Berlin"},
    {"DE-BB", "Brandenburg", "Brandenburg"},
    {"DE-HB", "Bremen", "Bremen"},
    {"DE-HH", "Hamburg", "Hamburg"},
    {"DE-HE", "Hessen", "Hesse"},
    {"DE-MV", "Mecklenburg-Vorpommern", "Mecklenburg-Western Pomerania"},
    {"DE-NI", "Niedersachsen", "Lower Saxony"},
    {"DE-NW", "Nordrhein-Westfalen", "North Rhine-Westphalia"},
    {"DE-RP", "Rheinland-Pfalz", "Rhineland-Palatinate"},
    {"DE-SL", "Saarland", "Saarland"},
    {"DE-SN", "Sachsen", "Saxony"},
    {"DE-ST", "Sachsen-Anhalt", "Saxony-Anhalt"},
    {"DE-SH", "Schleswig-Holstein", "Schleswig-Holstein"},
    {"DE-TH", "Thüringen", "Thuringia"},
};

}  // namespace

std::span<const Dataset> datasets() noexcept {
  return kDatasets;
}

const Dataset* find_dataset(std::string_view resolution, std::string_view name) noexcept {
  for (const Dataset& dataset : kDatasets) {
    if (dataset.resolution == resolution && dataset.name == name) {
      return &dataset;
    }
  }
  return nullptr;
}

const Dataset* find_stream(std::string_view stream) noexcept {
  for (const Dataset& dataset : kDatasets) {
    if (dataset.stream == stream) {
      return &dataset;
    }
  }
  return nullptr;
}

std::span<const State> states() noexcept {
  return kStates;
}

const State* find_state(std::string_view text) {
  const std::string wanted = lower(text);
  for (const State& state : kStates) {
    const std::string code = lower(state.code);
    if (wanted == lower(state.name) || wanted == lower(state.english) || wanted == code ||
        wanted == code.substr(3)) {
      return &state;
    }
  }
  return nullptr;
}

}  // namespace dwd
