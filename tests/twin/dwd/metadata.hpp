// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/twin/dwd/catalog.hpp"

namespace sluice::twin::dwd {

// File name and content (ISO-8859-1) of one member.
using Member = std::pair<std::string, std::string>;

// Where a station stands in which days, both included; the last is kOpen if the station is open.
struct Position {
  Day from = 0, to = kOpen;
  double height = 0, latitude = 0, longitude = 0;
  std::string name;  // ISO-8859-1, what the station was called then
};
std::vector<Position> positions_of(const Station& station);

// The Metadaten_* members of hourly, daily and monthly archives, in no particular order.
std::vector<Member> archive_metadata(const File& file);
// The members of an archive in meta_data/ of 1- and 10-minute datasets.
std::vector<Member> folder_metadata(const File& file);
// The ..._Beschreibung_Stationen.txt of a folder: stations of the dataset, also some without an
// archive there.
std::string station_list(const std::vector<Station>& stations, const File& file);
// The description of a dataset: a PDF of one page.
std::string description(const File& file);

}  // namespace sluice::twin::dwd
