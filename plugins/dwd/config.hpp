// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "metadata_streams.hpp"
#include "names.hpp"
#include "parameters.hpp"
#include "rows.hpp"
#include "sluice/cpp/config.hpp"
#include "stations.hpp"

namespace dwd {

struct Config {
  std::string base_url =
      "https://opendata.dwd.de/climate_environment/CDC/observations_germany/climate/";
  std::string resolution = "10_minutes";
  std::vector<std::string> datasets{"air_temperature"};
  std::vector<std::string> periods{"historical", "recent", "now"};
  std::vector<int64_t> stations;
  std::vector<std::string> states;
  std::vector<double> bounding_box;
  bool enrich = false;
  std::string enrich_with = "list";
  std::vector<std::string> metadata;
  bool expand_ranges = true;
  std::string contact;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("base_url", &Config::base_url, R"("pattern":"^https?://")")
            .doc("Folder that holds the folders of the resolutions."),
        optional("resolution", &Config::resolution,
                 R"("enum":["1_minute","10_minutes","hourly","daily","monthly"])")
            .doc("Resolution of the data sets that are named without one."),
        optional("datasets", &Config::datasets, R"("minItems":1)")
            .doc("Data sets: folder names, with another resolution as \"hourly/wind\"."),
        optional("periods", &Config::periods,
                 R"("minItems":1,"items":{"type":"string","enum":["historical","recent","now"]})")
            .doc("Which of the periods to read; historical wins over recent, recent over now."),
        optional("stations", &Config::stations,
                 R"("items":{"type":"integer","minimum":1,"maximum":99999})")
            .doc("Numbers of the stations to read; empty for all."),
        optional("states", &Config::states)
            .doc("German states to read, as DE-BY, Bayern or Bavaria; empty for all."),
        optional("bounding_box", &Config::bounding_box)
            .doc("West, south, east and north of the stations to read, in degrees."),
        optional("enrich", &Config::enrich)
            .doc("Add name, height, position and state of the station to each row."),
        optional("enrich_with", &Config::enrich_with, R"("enum":["list","history"])")
            .doc("Where enrich takes them from: the station list as it is today, or the station's "
                 "history at the time of the reading."),
        optional("metadata", &Config::metadata,
                 R"("items":{"type":"string","enum":["station_positions","station_names",)"
                 R"("parameter_history","instruments"]})")
            .doc("Streams of what DWD says of each station of the data sets; empty for none."),
        optional("expand_ranges", &Config::expand_ranges)
            .doc("One row per minute where a file says that values hold for a range of minutes."),
        optional("contact", &Config::contact, R"("maxLength":200)")
            .doc("Mail address or URL sent with each request, so that DWD can reach you.")};
  }
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  std::string base_url;  // ends in "/"
  std::vector<const Dataset*> datasets;
  std::vector<Period> periods;
  std::set<int32_t> stations;           // empty = all
  std::set<std::string_view> states;    // as DWD writes them; empty = all
  std::vector<double> bounding_box;     // west, south, east, north; empty = everywhere
  std::set<std::string_view> metadata;  // streams
  RowOptions rows;
  bool history = false;  // rows are enriched from the stations' history, else from their list
  std::string contact;

  bool wants_period(Period period) const noexcept;
  bool needs_places() const noexcept { return !states.empty() || !bounding_box.empty(); }
  bool wants_place(const Station& station) const;
};

}  // namespace dwd
