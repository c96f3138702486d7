// SPDX-License-Identifier: Apache-2.0
//
// The server's folders as slices: which archives there are, under keys that outlive the yearly
// renames.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "server.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"

namespace dwd {

// One archive as a reader gets it: the slice's token.
struct Token {
  std::string path;  // below the base URL
  // Rows outside of [from, to) are not wanted; set only where that cuts the file.
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;

  std::string encode() const;
  // Throws BAD_STATE for anything that encode() did not make.
  static Token decode(std::string_view text);
  // Empty unless the file is cut. Part of validators, so that wanting more rows of a file that has
  // landed means reading it again.
  std::string cut() const;
};

// A validator with a cut at its end, taken apart: what the server knows, and the cut as
// Token::cut() gives it. The server's part may itself be of several lines.
struct CutValidator {
  std::string_view version, cut;
};
CutValidator split_cut(std::string_view validator) noexcept;

// Tells the archives of a data set; those that cannot hold wanted times, stations or states are
// left out. Where two archives of a station begin on one day, the one that ends later supersedes
// the other.
void list_archives(sluice::Host& host, const Selection& selection, const Server& server,
                   const Dataset& dataset, const sluice::ListRequest& wanted,
                   const sluice::Lister& out);

// Tells the station lists of all chosen data sets.
void list_station_lists(const Selection& selection, const Server& server,
                        const sluice::Lister& out);

// An archive with metadata as a reader gets it: the slice's token.
struct MetadataToken {
  std::string path;     // below the base URL
  std::string version;  // what the listing says of it
  std::string encode() const { return path + "\n" + version; }
  // Throws BAD_STATE for anything that encode() did not make.
  static MetadataToken decode(std::string_view text);
};

// Tells one archive with metadata for each wanted station of all chosen data sets, whatever times
// are wanted: that of the folder `meta_data/` if the data set has one, else the archive of
// observations that ends last, one of `historical` before one of `recent`.
void list_metadata(sluice::Host& host, const Selection& selection, const Server& server,
                   const sluice::Lister& out);

// The folders of a data set that hold archives and station lists, below the base URL and ending in
// "/", the newest year last. `years` filters the folders of years.
struct Folder {
  std::string path;
  Period period = Period::kHistorical;
  bool whole = false;  // no periods: series as a whole
};
std::vector<Folder> find_folders(const Selection& selection, const Server& server,
                                 const Dataset& dataset, const std::function<bool(int)>& years);

// From "10_minutes/air_temperature/historical/": resolution/data set and period.
struct FolderName {
  std::string_view dataset, period;
};
FolderName split_folder(std::string_view folder) noexcept;

}  // namespace dwd
