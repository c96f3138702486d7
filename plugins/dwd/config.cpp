// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>

#include "sluice/cpp/error.hpp"

namespace dwd {

namespace {

sluice::Error wrong(const std::string& what) {
  return {sluice::Code::kInvalidConfig, what};
}

// Why the data sets of a folder of the server that has station archives are not read.
std::string_view not_read(std::string_view resolution) noexcept {
  if (resolution == "subdaily" || resolution == "standard_format") {
    return "its files are in a format of fixed columns (Standardformate) that has nothing in "
           "common "
           "with the others. The same readings are in hourly and daily data sets.";
  }
  if (resolution == "5_minutes" || resolution == "annual" || resolution == "multi_annual") {
    return "known resolutions are 1_minute, 10_minutes, hourly, daily and monthly.";
  }
  return {};
}

const Dataset* resolve(std::string_view text, std::string_view resolution) {
  const auto slash = text.find('/');
  const bool whole = slash != std::string_view::npos;
  const auto folder = whole ? text.substr(0, slash) : resolution;
  if (const auto why = not_read(folder); !why.empty()) {
    throw wrong("datasets: '" + std::string(text) + "' is not read: " + std::string(why));
  }
  const Dataset* found = find_dataset(folder, whole ? text.substr(slash + 1) : text);
  if (found == nullptr) {
    std::string known;
    for (const Dataset& dataset : datasets()) {
      if (dataset.resolution == folder) {
        known += (known.empty() ? "" : ", ") + std::string(dataset.name);
      }
    }
    throw wrong("datasets: there is no data set '" + std::string(text) + "' of resolution '" +
                std::string(folder) + "'; " +
                (known.empty() ? "that resolution is not known" : "known are " + known) + ".");
  }
  return found;
}

std::string_view resolve_state(const std::string& text) {
  const State* state = find_state(text);
  if (state == nullptr) {
    std::string known;
    for (const State& each : states()) {
      known += (known.empty() ? "" : ", ") + std::string(each.code);
    }
    throw wrong("states: '" + text + "' is no German state; known are " + known +
                " and their names.");
  }
  return state->name;
}

}  // namespace

Selection::Selection(const Config& config)
    : base_url(config.base_url),
      bounding_box(config.bounding_box),
      rows{.expand_ranges = config.expand_ranges, .enrich = config.enrich},
      contact(config.contact) {
  if (!base_url.ends_with('/')) {
    base_url += '/';
  }
  for (const auto& text : config.datasets) {
    const Dataset* dataset = resolve(text, config.resolution);
    if (std::find(datasets.begin(), datasets.end(), dataset) == datasets.end()) {
      datasets.push_back(dataset);
    }
  }
  for (const auto& text : config.periods) {
    const auto period = find_period(text);
    if (!period) {
      throw wrong("periods: '" + text + "' is none of historical, recent, now.");
    }
    periods.push_back(*period);
  }
  if (config.enrich_with != "list" && config.enrich_with != "history") {
    throw wrong("enrich_with: '" + config.enrich_with + "' is none of list, history.");
  }
  history = config.enrich_with == "history";
  if (history && !config.enrich) {
    throw wrong("enrich_with: it has no effect without 'enrich = true'; set that, or remove it.");
  }
  for (const auto& text : config.metadata) {
    const auto stream = find_metadata_stream(text);
    if (!stream) {
      throw wrong("metadata: '" + text +
                  "' is none of station_positions, station_names, parameter_history, instruments.");
    }
    metadata.insert(metadata_stream_name(*stream));
  }
  for (const int64_t id : config.stations) {
    if (id < 1 || id > 99'999) {
      throw wrong("stations: " + std::to_string(id) + " is no station number (1 to 99999).");
    }
    stations.insert(static_cast<int32_t>(id));
  }
  for (const auto& text : config.states) {
    states.insert(resolve_state(text));
  }
  if (!bounding_box.empty() && (bounding_box.size() != 4 || bounding_box[0] > bounding_box[2] ||
                                bounding_box[1] > bounding_box[3])) {
    throw wrong("bounding_box: give four numbers: west, south, east, north.");
  }
}

bool Selection::wants_period(Period period) const noexcept {
  return std::find(periods.begin(), periods.end(), period) != periods.end();
}

bool Selection::wants_place(const Station& station) const {
  const bool inside =
      bounding_box.empty() ||
      (station.longitude >= bounding_box[0] && station.latitude >= bounding_box[1] &&
       station.longitude <= bounding_box[2] && station.latitude <= bounding_box[3]);
  return inside && (states.empty() || states.count(station.state) != 0);
}

}  // namespace dwd
