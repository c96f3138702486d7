// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/catalog.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>

#include "tests/twin/fault.hpp"
#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

constexpr int kRecentDays = 500;
constexpr int kFirstEndYear = 2021;
constexpr int kLastEndYear = 2029;  // the 2020s are the last decade of the tree
constexpr std::int64_t kSecondsPerDay = 86'400;

constexpr Minute last_instant(Day day, Grid grid) {
  switch (grid) {
    case Grid::kMinute:
      return day * kMinutesPerDay + 1439;
    case Grid::kTenMinutes:
      return day * kMinutesPerDay + 1430;
    case Grid::kHour:
    case Grid::kSolarHour:
      return day * kMinutesPerDay + 1380;
    default:
      return day * kMinutesPerDay;
  }
}

// Where a stretch begins on the true clock: until 1999 its first day is a day of MEZ, and the first
// day of 2000 of UTC is preceded by the hour that MEZ had already counted as 2000.
Minute first_instant(Day day, const Dataset& dataset) {
  const Minute midnight = day * kMinutesPerDay;
  return dataset.minutes() && midnight - 60 <= kMezEnd ? midnight - 60 : midnight;
}

Minute end_instant(Day day, const Dataset& dataset) {
  const Minute last = last_instant(day, dataset.grid);
  return dataset.minutes() && day < day_of(2000, 1, 1) ? last - 60 : last;
}

std::string description_name(const Dataset& dataset, bool german) {
  std::string resolution = dataset.resolution;
  if (dataset.minutes()) {
    resolution = dataset.grid == Grid::kMinute ? "1min" : "10min";
  }
  const std::string gap = dataset.grid == Grid::kDay ? "-" : "_";
  return std::string(german ? "BESCHREIBUNG" : "DESCRIPTION") + "_obsgermany" + gap + "climate" +
         gap + resolution + gap + dataset.name + (german ? "_de.pdf" : "_en.pdf");
}

}  // namespace

Catalog::Catalog(std::uint64_t seed, const DwdOptions& options)
    : seed_(seed),
      options_(options),
      stations_(make_stations(seed, options)),
      today_(parse_day(options.today)) {
  const int year = options.history_end_year;
  if (year < kFirstEndYear || year > kLastEndYear) {
    throw std::invalid_argument(
        "the year that historical archives end with must lie between 2021 and 2029");
  }
  if (today_ <= day_of(year, 12, 31) || today_ > day_of(year, 12, 31) + kRecentDays - 10) {
    throw std::invalid_argument(
        "today must lie in the 490 days after " + std::to_string(year) +
        "-12-31, or no recent archive would reach back to the historical ones");
  }
  if (options.rows_per_file == 0 || options.rows_per_file > 1'000'000) {
    throw std::invalid_argument("rows per file must lie between 1 and 1000000");
  }
  for (const int minute_year : options.minute_years) {
    if (minute_year < 1993 || minute_year > year) {
      throw std::invalid_argument("years of 1-minute data must lie between 1993 and " +
                                  std::to_string(year));
    }
  }
  end_years_.assign(datasets().size(), year);
  build();
}

void Catalog::build() {
  for (const Dataset& dataset : datasets()) {
    add_folder_files(dataset);
    for (const Station& station : stations_) {
      if (station.takes_part(dataset)) {
        add_station_files(dataset, station);
      }
    }
  }
}

Day Catalog::history_end(const Dataset& dataset) const {
  return day_of(end_years_[dataset.index], 12, 31);
}

void Catalog::add_station_files(const Dataset& dataset, const Station& station) {
  const std::string folder = dataset.path() + "/";
  if (dataset.grid == Grid::kTenMinutes) {
    add_decades(dataset, station);
  } else if (dataset.grid == Grid::kMinute) {
    std::vector<int> years = options_.minute_years;
    if (years.empty()) {
      years = {1999, 2000, options_.history_end_year - 1, options_.history_end_year};
    }
    for (const int year : years) {
      add_months(dataset, station, year);
    }
  } else {
    add_whole_history(dataset, station);
  }
  if (dataset.meta_stem != nullptr) {
    File meta;
    meta.kind = FileKind::kMeta;
    meta.archive.dataset = &dataset;
    meta.archive.station = &station;
    meta.today = today_;
    meta.mtime = (today_ - 1) * kSecondsPerDay + 25'000 +
                 static_cast<std::int64_t>(hash_of(station.hash, 31) % 3000);
    files_.insert_or_assign(
        folder + "meta_data/" + dataset.meta_stem + "_" + station.five_digits() + ".zip", meta);
  }
  if (!station.open() || dataset.grid == Grid::kSolarHour) {
    return;
  }
  if (hash_of(station.hash, 32, dataset.index) % 40 != 0) {
    add_window(dataset, station, Period::kRecent);
    if (dataset.product_now != nullptr && hash_of(station.hash, 33, dataset.index) % 35 != 0) {
      add_window(dataset, station, Period::kNow);
    }
  }
}

void Catalog::add_decades(const Dataset& dataset, const Station& station) {
  for (int decade = station.first_decade; decade <= station.last_decade; ++decade) {
    const int year = 1990 + 10 * decade;
    Archive archive;
    archive.dataset = &dataset;
    archive.station = &station;
    archive.name_from = std::max(station.minutes_start, day_of(year, 1, 1));
    archive.name_to =
        clip_end(station, decade == 3 ? history_end(dataset) : day_of(year + 9, 12, 31));
    archive.segments = {{first_instant(archive.name_from, dataset),
                         end_instant(archive.name_to, dataset), options_.rows_per_file, 4}};
    add_history(archive, dataset.path() + "/historical/");
  }
}

void Catalog::add_months(const Dataset& dataset, const Station& station, int year) {
  const std::string folder = dataset.path() + "/historical/" + std::to_string(year) + "/";
  add_list(folder, "ein_hist_rr", dataset, Period::kHistorical);
  for (int month = 1; month <= 12; ++month) {
    const Day first = day_of(year, month, 1);
    const Day last = (month == 12 ? day_of(year + 1, 1, 1) : day_of(year, month + 1, 1)) - 1;
    if (station.minutes_start > last || station.end < first) {
      continue;
    }
    Archive archive;
    archive.dataset = &dataset;
    archive.station = &station;
    archive.name_from = std::max(station.minutes_start, first);
    archive.name_to = clip_end(station, last);
    archive.segments = {{first_instant(archive.name_from, dataset),
                         end_instant(archive.name_to, dataset), options_.rows_per_file, 1}};
    add_history(archive, folder);
  }
}

void Catalog::add_whole_history(const Dataset& dataset, const Station& station) {
  Archive archive;
  archive.dataset = &dataset;
  archive.station = &station;
  archive.period = dataset.grid == Grid::kSolarHour ? Period::kWhole : Period::kHistorical;
  archive.name_from = station.start(dataset.grid);
  archive.name_to = clip_end(station, history_end(dataset));
  Day data_end = archive.name_to;
  const std::uint64_t draw = hash_of(station.hash, 34, dataset.index);
  // The dates of a name are not the data's limits: data of closed stations may end years, others a
  // day before.
  if (!station.open() && draw % 4 == 0) {
    data_end -= 400 + static_cast<Day>(draw % 700);
  } else if (draw % 11 == 0) {
    data_end -= 1;
  }
  const Grid grid = dataset.grid;
  archive.segments = {{first_instant(archive.name_from, dataset), last_instant(data_end, grid),
                       options_.rows_per_file, 4}};
  add_history(archive, dataset.path() + (archive.period == Period::kWhole ? "/" : "/historical/"));
}

void Catalog::add_history(const Archive& archive, const std::string& folder) {
  File file;
  file.archive = archive;
  file.today = today_;
  file.mtime = history_time(archive);
  files_.insert_or_assign(folder + historical_name(archive), std::move(file));
}

std::string Catalog::historical_name(const Archive& archive) const {
  std::string name = archive.dataset->file_stem;
  name += "_" + archive.station->five_digits();
  if (archive.period == Period::kWhole) {
    return name + "_row.zip";
  }
  return name + "_" + date_text(archive.name_from) + "_" + date_text(archive.name_to) + "_hist.zip";
}

// Archives that still grow come with the year's version in spring, closed ones are older.
std::int64_t Catalog::history_time(const Archive& archive) const {
  const Dataset& dataset = *archive.dataset;
  const bool grows = archive.name_to == history_end(dataset);
  const int year = end_years_[dataset.index] + (grows ? 1 : 0);
  const std::uint64_t draw = hash_of(archive.station->hash, 35, dataset.index, archive.name_from);
  const Day day = std::min(day_of(year, 3, 4) + static_cast<Day>(draw % 9), today_ - 1);
  return day * kSecondsPerDay + static_cast<std::int64_t>(draw / 9 % 86'400);
}

std::int64_t Catalog::window_time(Period period, const Archive& archive) const {
  const std::uint64_t draw = hash_of(archive.station->hash, 36, archive.dataset->index);
  const std::int64_t start =
      today_ * kSecondsPerDay + (period == Period::kNow ? 17 * 3600 : 4 * 3600);
  return start + static_cast<std::int64_t>(draw % (period == Period::kNow ? 600 : 9000));
}

void Catalog::add_window(const Dataset& dataset, const Station& station, Period period) {
  File file;
  Archive& archive = file.archive;
  archive.dataset = &dataset;
  archive.station = &station;
  archive.period = period;
  archive.segments =
      period == Period::kRecent ? recent_segments(dataset) : now_segments(dataset, station);
  archive.name_from = day_of_minute(archive.segments.front().from);
  archive.name_to = day_of_minute(archive.segments.back().to);
  file.today = today_;
  file.mtime = window_time(period, archive);
  const std::string name = std::string(dataset.file_stem) + "_" + station.five_digits() +
                           (period == Period::kRecent ? "_akt.zip" : "_now.zip");
  files_.insert_or_assign(dataset.path() + "/" + std::string(period_name(period)) + "/" + name,
                          std::move(file));
}

// The last 500 days. What is shown of them lies at the beginning, around the end of the historical
// archives (so that they overlap), and at the end.
std::vector<Segment> Catalog::recent_segments(const Dataset& dataset) const {
  const Grid grid = dataset.grid;
  std::int64_t first = grid_index(grid, (today_ - kRecentDays) * kMinutesPerDay);
  const std::int64_t last =
      grid_index(grid, last_instant(today_ - 1, grid)) - (grid == Grid::kMonth ? 1 : 0);
  const std::int64_t total = last - first + 1;
  const std::int64_t rows = options_.rows_per_file;
  if (rows * 10 >= total * 9 || rows < 8) {
    return {{grid_minute(grid, first), grid_minute(grid, last), options_.rows_per_file, 1}};
  }
  const std::int64_t quarter = rows / 4;
  const std::int64_t border = grid_index(grid, last_instant(history_end(dataset), grid));
  const std::int64_t middle = std::clamp(border - quarter + 1, first + 1, last - 1);
  const std::int64_t tail = std::clamp(last - quarter - quarter / 16 + 1, middle + 1, last);
  const auto count = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  return {{grid_minute(grid, first), grid_minute(grid, middle - 1), count(quarter), 1},
          {grid_minute(grid, middle), grid_minute(grid, tail - 1), count(rows - 2 * quarter), 1},
          {grid_minute(grid, tail), grid_minute(grid, last), count(quarter), 1}};
}

// Today up to the afternoon; at some stations still yesterday's file, which `recent` contains
// already.
std::vector<Segment> Catalog::now_segments(const Dataset& dataset, const Station& station) const {
  const bool stale = hash_of(station.hash, 37, dataset.index) % 8 == 0;
  const Minute start = (today_ - (stale ? 1 : 0)) * kMinutesPerDay;
  const Minute length = dataset.grid == Grid::kMinute ? 1019 : 1010;
  const Minute end = stale ? last_instant(today_ - 1, dataset.grid) : start + length;
  return {{start, end, options_.rows_per_file, 1}};
}

void Catalog::add_folder_files(const Dataset& dataset) {
  const std::string folder = dataset.path() + "/";
  for (const bool german : {true, false}) {
    File file;
    file.kind = FileKind::kDescription;
    file.archive.dataset = &dataset;
    file.german = german;
    file.today = today_;
    file.mtime = day_of(2024, 1, 11) * kSecondsPerDay + 45'000 + dataset.index * 60;
    files_.insert_or_assign(folder + description_name(dataset, german), std::move(file));
  }
  if (dataset.grid == Grid::kSolarHour) {
    add_list(folder, dataset.list_stem, dataset, Period::kWhole);
    return;
  }
  if (dataset.grid != Grid::kMinute) {
    add_list(folder + "historical/", dataset.list_stem, dataset, Period::kHistorical);
  }
  add_list(folder + "recent/", dataset.list_stem, dataset, Period::kRecent);
  if (dataset.list_now != nullptr) {
    add_list(folder + "now/", dataset.list_now, dataset, Period::kNow);
  }
}

void Catalog::add_list(const std::string& folder, const std::string& stem, const Dataset& dataset,
                       Period period) {
  File file;
  file.kind = FileKind::kStationList;
  file.archive.dataset = &dataset;
  file.archive.period = period;
  file.today = today_;
  file.mtime = today_ * kSecondsPerDay + 8 * 3600 + 55 * 60 + dataset.index;
  files_.insert_or_assign(folder + stem + "_Beschreibung_Stationen.txt", std::move(file));
}

std::optional<File> Catalog::find(std::string_view path) const {
  const std::shared_lock lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? std::nullopt : std::optional<File>(found->second);
}

std::optional<std::vector<Child>> Catalog::list(std::string_view folder) const {
  std::vector<Child> folders;
  std::vector<Child> plain;
  const std::shared_lock lock(mutex_);
  auto it = files_.lower_bound(folder);
  while (it != files_.end() && std::string_view(it->first).substr(0, folder.size()) == folder) {
    const std::string_view rest = std::string_view(it->first).substr(folder.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      plain.push_back({std::string(rest), it->second});
      ++it;
      continue;
    }
    folders.push_back({std::string(rest.substr(0, slash + 1)), std::nullopt});
    // '0' is the character after '/': skips the whole folder.
    it = files_.lower_bound(std::string(folder) + std::string(rest.substr(0, slash)) + "0");
  }
  if (folders.empty() && plain.empty()) {
    return std::nullopt;
  }
  folders.insert(folders.end(), std::make_move_iterator(plain.begin()),
                 std::make_move_iterator(plain.end()));
  return folders;
}

std::vector<std::pair<std::string, File>> Catalog::archives(const Dataset& dataset,
                                                            Period period) const {
  std::vector<std::pair<std::string, File>> found;
  const std::string folder = dataset.path() + "/";
  const std::shared_lock lock(mutex_);
  for (auto it = files_.lower_bound(folder);
       it != files_.end() && it->first.compare(0, folder.size(), folder) == 0; ++it) {
    if (it->second.kind == FileKind::kArchive && it->second.archive.period == period) {
      found.emplace_back(it->first, it->second);
    }
  }
  return found;
}

std::vector<std::string> Catalog::match(std::string_view glob) const {
  std::vector<std::string> found;
  const std::shared_lock lock(mutex_);
  for (const auto& [path, file] : files_) {
    if (glob_match(glob, path)) {
      found.push_back(path);
    }
  }
  return found;
}

std::uint64_t Catalog::generation() const {
  const std::shared_lock lock(mutex_);
  return generation_;
}

std::size_t Catalog::size() const {
  const std::shared_lock lock(mutex_);
  return files_.size();
}

Day Catalog::today() const {
  const std::shared_lock lock(mutex_);
  return today_;
}

bool Catalog::republish(const std::string& path, std::int64_t advance_s, bool touch) {
  const std::unique_lock lock(mutex_);
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return false;
  }
  found->second.mtime += advance_s;
  found->second.archive.revision += touch ? 0 : 1;
  ++generation_;
  return true;
}

bool Catalog::remove(const std::string& path) {
  const std::unique_lock lock(mutex_);
  ++generation_;
  return files_.erase(path) != 0;
}

std::vector<Rename> Catalog::rename_year(const Dataset* only) {
  const std::unique_lock lock(mutex_);
  for (const Dataset& dataset : datasets()) {
    if ((only == nullptr || only == &dataset) &&
        day_of(end_years_[dataset.index] + 1, 12, 31) >= today_) {
      throw std::invalid_argument(
          "the year " + std::to_string(end_years_[dataset.index] + 1) +
          " is not over on the service's date; let days pass with /_twin/advance first");
    }
  }
  std::vector<Rename> renames;
  for (const Dataset& dataset : datasets()) {
    if (dataset.grid == Grid::kSolarHour || (only != nullptr && only != &dataset)) {
      continue;
    }
    const Day old_end = history_end(dataset);
    const int year = ++end_years_[dataset.index];
    const std::string folder = dataset.path() + "/";
    std::vector<std::string> growing;
    for (auto it = files_.lower_bound(folder);
         it != files_.end() && it->first.compare(0, folder.size(), folder) == 0; ++it) {
      const Archive& archive = it->second.archive;
      if (it->second.kind == FileKind::kArchive && archive.period == Period::kHistorical &&
          archive.name_to == old_end && archive.station->open()) {
        growing.push_back(it->first);
      }
    }
    if (dataset.grid == Grid::kMinute) {
      // Archives of single months keep their names; the year gets a folder of its own.
      for (const Station& station : stations_) {
        if (station.takes_part(dataset)) {
          add_months(dataset, station, year);
        }
      }
      continue;
    }
    for (const std::string& old_path : growing) {
      File file = files_.at(old_path);
      Archive& archive = file.archive;
      archive.name_to = history_end(dataset);
      archive.segments.push_back({(old_end + 1) * kMinutesPerDay,
                                  last_instant(archive.name_to, dataset.grid),
                                  std::max<std::uint32_t>(1, options_.rows_per_file / 4), 4});
      ++archive.revision;
      file.mtime = std::max(history_time(archive), file.mtime + kSecondsPerDay);
      const std::string path =
          old_path.substr(0, old_path.rfind('/') + 1) + historical_name(archive);
      files_.erase(old_path);
      files_.insert_or_assign(path, std::move(file));
      renames.push_back({old_path, path});
    }
  }
  ++generation_;
  return renames;
}

void Catalog::advance(int days) {
  const std::unique_lock lock(mutex_);
  for (const Dataset& dataset : datasets()) {
    if (dataset.grid != Grid::kSolarHour &&
        today_ + days > history_end(dataset) + kRecentDays - 10) {
      throw std::invalid_argument(
          "after that many days no recent archive would reach back to the historical ones; rename "
          "the year first");
    }
  }
  today_ += days;
  for (auto& [path, file] : files_) {
    Archive& archive = file.archive;
    if (file.kind == FileKind::kStationList) {
      file.today = today_;
      file.mtime += days * kSecondsPerDay;
    } else if (file.kind == FileKind::kArchive &&
               (archive.period == Period::kRecent || archive.period == Period::kNow)) {
      archive.segments = archive.period == Period::kRecent
                             ? recent_segments(*archive.dataset)
                             : now_segments(*archive.dataset, *archive.station);
      archive.name_from = day_of_minute(archive.segments.front().from);
      archive.name_to = day_of_minute(archive.segments.back().to);
      file.today = today_;
      file.mtime += days * kSecondsPerDay;
    }
  }
  ++generation_;
}

}  // namespace sluice::twin::dwd
