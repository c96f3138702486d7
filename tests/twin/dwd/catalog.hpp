// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/twin/dwd/rows.hpp"
#include "tests/twin/dwd/station.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::dwd {

enum class FileKind { kArchive, kMeta, kStationList, kDescription };

// One file of the tree: what its bytes are a function of, together with the seed.
struct File {
  FileKind kind = FileKind::kArchive;
  Archive archive;         // of a station list and a description only dataset and period are set
  std::int64_t mtime = 0;  // seconds, UTC
  Day today = 0;           // the service's date when the file was written
  bool german = true;      // language of a description
};

struct Child {
  std::string name;  // folders end in '/'
  std::optional<File> file;
};

struct Rename {
  std::string from;
  std::string to;
};

// The tree: which files there are, and how it changes. Paths are relative to the service's root.
// Thread-safe.
class Catalog {
 public:
  // Throws std::invalid_argument on options that make no sense together.
  Catalog(std::uint64_t seed, const DwdOptions& options);

  std::uint64_t seed() const { return seed_; }
  const std::vector<Station>& stations() const { return stations_; }

  std::optional<File> find(std::string_view path) const;
  // The children of a folder ("" or ending in '/'), folders first, each sorted; nullopt if there is
  // no such folder.
  std::optional<std::vector<Child>> list(std::string_view folder) const;
  // Paths and files of all station archives of a dataset in a period.
  std::vector<std::pair<std::string, File>> archives(const Dataset& dataset, Period period) const;
  // Every path that matches a glob, sorted.
  std::vector<std::string> match(std::string_view glob) const;
  // Changes with every change of the tree.
  std::uint64_t generation() const;
  std::size_t size() const;
  Day today() const;

  // A new revision (unless `touch`) and a later time of a file; false if there is no such file.
  bool republish(const std::string& path, std::int64_t advance_s, bool touch);
  bool remove(const std::string& path);
  // The yearly rename of the datasets chosen (all if null); throws std::invalid_argument if the
  // year is not over.
  std::vector<Rename> rename_year(const Dataset* only);
  // Lets days pass: recent and now windows and station lists move.
  void advance(int days);

 private:
  void build();
  void add_station_files(const Dataset& dataset, const Station& station);
  void add_decades(const Dataset& dataset, const Station& station);
  void add_months(const Dataset& dataset, const Station& station, int year);
  void add_whole_history(const Dataset& dataset, const Station& station);
  void add_folder_files(const Dataset& dataset);
  void add_list(const std::string& folder, const std::string& stem, const Dataset& dataset,
                Period period);
  void add_history(const Archive& archive, const std::string& folder);
  void add_window(const Dataset& dataset, const Station& station, Period period);
  std::vector<Segment> recent_segments(const Dataset& dataset) const;
  std::vector<Segment> now_segments(const Dataset& dataset, const Station& station) const;
  std::string historical_name(const Archive& archive) const;
  Day history_end(const Dataset& dataset) const;
  std::int64_t history_time(const Archive& archive) const;
  std::int64_t window_time(Period period, const Archive& archive) const;
  Day clip_end(const Station& station, Day end) const {
    return station.end < end ? station.end : end;
  }

  const std::uint64_t seed_;
  const DwdOptions options_;
  std::vector<Station> stations_;    // constant after construction: files point into it
  mutable std::shared_mutex mutex_;  // guards all below
  std::map<std::string, File, std::less<>> files_;
  std::vector<int> end_years_;  // per dataset: the year with which historical ends
  Day today_ = 0;
  std::uint64_t generation_ = 1;
};

}  // namespace sluice::twin::dwd
