// SPDX-License-Identifier: Apache-2.0
//
// The server's folders as slices: which archives there are, under keys that outlive the yearly
// renames.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
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

using Places = std::map<int32_t, Place>;

// What readers and listings share. Threads: any.
class Server {
 public:
  Server(sluice::Host& host, const Selection& selection) : host_(host), selection_(selection) {}

  sluice::HttpOptions options() const;
  std::string url(std::string_view path) const { return selection_.base_url + std::string(path); }
  // A text file or listing, whole.
  std::string get(std::string_view path, std::string_view media_type = {}) const;
  // Places of all stations of a data set, read once. `folder` is where its list is looked for.
  std::shared_ptr<const Places> places(std::string_view folder);

 private:
  sluice::Host& host_;
  const Selection& selection_;
  std::mutex mutex_;  // guards `places_`
  std::map<std::string, std::shared_ptr<const Places>, std::less<>> places_;
};

// Tells the archives of a data set; those that cannot hold wanted times, stations or states are
// left out. Where two archives of a station begin on one day, the one that ends later supersedes
// the other.
void list_archives(sluice::Host& host, const Selection& selection, const Server& server,
                   const Dataset& dataset, const sluice::ListRequest& wanted,
                   const sluice::Lister& out);

// Tells the station lists of all chosen data sets.
void list_station_lists(const Selection& selection, const Server& server,
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
