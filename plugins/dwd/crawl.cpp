// SPDX-License-Identifier: Apache-2.0
#include "crawl.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "listing.hpp"
#include "sluice/cpp/error.hpp"
#include "text.hpp"

namespace dwd {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;
// The dates in a name are not the data's limits: files begin up to a day early (MEZ, seams).
constexpr int64_t kMarginDays = 2;
constexpr int64_t kRecentDays = 800;  // `recent` holds about 500 days, 550 have been seen
constexpr int64_t kNowDays = 3;

struct Archive {
  ArchiveName name;
  std::string_view file;  // in the page
  int64_t modified_us = 0;
  uint64_t size = 0;
  int64_t from_us = 0, to_us = 0;  // what the rows can cover
};

// Decades of ten-minute data end exactly where the next file goes on; other ends are not as sharp.
int64_t days_after(const Dataset& dataset, const ArchiveName& name) {
  const bool decade = dataset.stamp == Stamp::kMinute && !dataset.year_folders &&
                      name.to_text.size() == 8 && name.to_text.substr(3) == "91231";
  return decade ? 1 : 1 + kMarginDays;
}

void set_span(const Dataset& dataset, bool whole, Archive& archive) {
  const ArchiveName& name = archive.name;
  if (name.dated) {
    archive.from_us = (name.from_day - kMarginDays) * kDayUs;
    archive.to_us = (name.to_day + days_after(dataset, name)) * kDayUs;
    return;
  }
  const int64_t days = name.period == Period::kNow ? kNowDays : kRecentDays;
  archive.from_us = whole ? SLUICE_TIME_MIN : archive.modified_us - days * kDayUs;
  archive.to_us = archive.modified_us + kDayUs;
}

bool overlaps(const Archive& archive, const sluice::ListRequest& wanted) {
  return archive.to_us > wanted.from_us() && archive.from_us < wanted.to_us();
}

std::string validator(const Archive& archive) {
  const std::chrono::sys_time<std::chrono::microseconds> time{
      std::chrono::microseconds{archive.modified_us}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time - day).count();
  char text[64];
  const int size =
      std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02dZ %llu",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(minutes / 60),
                    static_cast<int>(minutes % 60), static_cast<unsigned long long>(archive.size));
  return {text, static_cast<std::size_t>(size)};
}

// Archives in the order of station and time; of those with one key only the one to be read.
void sort_and_supersede(std::vector<Archive>& archives, sluice::Host& host) {
  const auto order = [](const Archive& a) {
    return std::tuple(a.name.station, a.name.from_text, a.name.to_text, a.modified_us, a.file);
  };
  std::sort(archives.begin(), archives.end(),
            [&](const Archive& a, const Archive& b) { return order(a) < order(b); });
  const auto same = [](const Archive& a, const Archive& b) {
    return a.name.station == b.name.station && a.name.from_text == b.name.from_text;
  };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < archives.size(); ++i) {
    if (i + 1 < archives.size() && same(archives[i], archives[i + 1])) {
      host.log(sluice::Level::kDebug, [&] {
        return "The archive " + std::string(archives[i].file) + " is superseded by " +
               std::string(archives[i + 1].file) + ".";
      });
      continue;
    }
    archives[kept++] = archives[i];
  }
  archives.resize(kept);
}

void tell(const Dataset& dataset, const Folder& folder, const Archive& archive,
          const sluice::ListRequest& wanted, const sluice::Lister& out) {
  Token token{.path = folder.path + std::string(archive.file)};
  token.from_us = wanted.from_us() > archive.from_us ? wanted.from_us() : INT64_MIN;
  token.to_us = wanted.to_us() < archive.to_us ? wanted.to_us() : INT64_MAX;
  const auto period = folder.whole ? std::string_view("row") : period_name(folder.period);
  std::string key = std::string(dataset.resolution) + "/" + std::string(dataset.name) + "/" +
                    std::string(period) + "/" + station_text(archive.name.station);
  if (archive.name.dated) {
    key += "/" + std::string(archive.name.from_text);
  }
  const std::string version = validator(archive) + token.cut();
  const std::string encoded = token.encode();
  out.slice({.key = key,
             .title = archive.file,
             .validator = version,
             .token = encoded,
             .from_us = archive.from_us,
             .to_us = archive.to_us,
             .estimated_bytes = archive.size});
}

// Stations that lie where the configuration wants them; nothing if it does not say.
using Stations = std::optional<std::set<int32_t>>;
Stations wanted_places(const Selection& selection, const Server& server, const Folder& folder,
                       std::string_view page) {
  if (!selection.needs_places()) {
    return std::nullopt;
  }
  const auto list = find_station_list(page, server.url(folder.path));
  if (list.empty()) {
    throw sluice::Error(sluice::Code::kBadData,
                        "The folder " + server.url(folder.path) +
                            " has no station list, which choosing by state or position needs.");
  }
  std::set<int32_t> out;
  const std::string path = folder.path + std::string(list);
  parse_station_list(
      server.get(path), server.url(path),
      [&](const Station& station) {
        if (selection.wants_place(station)) {
          out.insert(station.id);
        }
      },
      [](std::string_view) {});
  return out;
}

void list_folder(sluice::Host& host, const Selection& selection, const Server& server,
                 const Dataset& dataset, const Folder& folder, const sluice::ListRequest& wanted,
                 const sluice::Lister& out) {
  const std::string page = server.get(folder.path);
  const auto places = wanted_places(selection, server, folder, page);
  std::vector<Archive> archives;
  parse_listing(page, server.url(folder.path), [&](const Entry& entry) {
    const auto name = entry.folder ? std::nullopt : parse_archive_name(dataset, entry.name);
    if (!name || (!folder.whole && name->period != folder.period) ||
        (!selection.stations.empty() && selection.stations.count(name->station) == 0) ||
        (places && places->count(name->station) == 0)) {
      return;
    }
    archives.push_back({*name, entry.name, entry.modified_us, entry.size});
    set_span(dataset, folder.whole, archives.back());
  });
  sort_and_supersede(archives, host);
  for (const Archive& archive : archives) {
    if (overlaps(archive, wanted)) {
      tell(dataset, folder, archive, wanted, out);
    }
  }
}

// The archive that tells a station's metadata.
struct MetadataArchive {
  std::string path, file, version;
  uint64_t size = 0;
  int32_t rank = 0;
  std::string to_text;
};
using MetadataArchives = std::map<int32_t, MetadataArchive>;  // by station

// Adds the archives of a folder that are better than those that are known.
void gather_metadata(const Selection& selection, const Server& server, const Dataset& dataset,
                     const Folder& folder, const std::string& page, const Stations& places,
                     MetadataArchives& known) {
  parse_listing(page, server.url(folder.path), [&](const Entry& entry) {
    const auto name = entry.folder ? std::nullopt : parse_archive_name(dataset, entry.name);
    const auto station = name           ? std::optional(name->station)
                         : entry.folder ? std::nullopt
                                        : parse_metadata_name(entry.name);
    if (!station || (places && places->count(*station) == 0) ||
        (!selection.stations.empty() && selection.stations.count(*station) == 0)) {
      return;
    }
    MetadataArchive found{folder.path + std::string(entry.name),
                          std::string(entry.name),
                          validator({{}, {}, entry.modified_us, entry.size}),
                          entry.size,
                          static_cast<int32_t>(folder.period),
                          std::string(name ? name->to_text : std::string_view{})};
    auto& best = known[*station];
    if (std::tie(found.rank, found.to_text, found.version) >
        std::tie(best.rank, best.to_text, best.version)) {
      best = std::move(found);
    }
  });
}

constexpr auto kAllYears = [](int) { return true; };

// Of the stations in any folder of observations: `meta_data/` has no list of its own.
Stations places_beside(const Selection& selection, const Server& server, const Dataset& dataset) {
  Stations out;
  for (const Folder& folder : selection.needs_places()
                                  ? find_folders(selection, server, dataset, kAllYears)
                                  : std::vector<Folder>{}) {
    const std::string page = server.get(folder.path);
    if (!out || !find_station_list(page, server.url(folder.path)).empty()) {
      const auto more = wanted_places(selection, server, folder, page);
      out = out ? out : Stations(std::in_place);
      out->insert(more->begin(), more->end());
    }
  }
  return out;
}

void list_metadata_of(const Selection& selection, const Server& server, const Dataset& dataset,
                      const sluice::Lister& out) {
  const std::string root = std::string(dataset.resolution) + "/" + std::string(dataset.name) + "/";
  MetadataArchives archives;
  if (dataset.has_metadata_folder()) {
    const Folder folder{root + "meta_data/", Period::kHistorical};
    const std::string page = server.get(folder.path);
    gather_metadata(selection, server, dataset, folder, page,
                    places_beside(selection, server, dataset), archives);
  } else {
    for (const Folder& folder : find_folders(selection, server, dataset, kAllYears)) {
      if (folder.period != Period::kNow) {
        const std::string page = server.get(folder.path);
        gather_metadata(selection, server, dataset, folder, page,
                        wanted_places(selection, server, folder, page), archives);
      }
    }
  }
  for (const auto& [station, archive] : archives) {
    const std::string key = root + station_text(station);
    const std::string token = MetadataToken{archive.path, archive.version}.encode();
    out.slice({.key = key,
               .title = archive.file,
               .validator = archive.version,
               .token = token,
               .estimated_bytes = archive.size});
  }
}

int year_of(int64_t time_us) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{time_us}};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  return static_cast<int>(date.year());
}

bool parse_int(std::string_view text, int64_t& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

sluice::Error bad_token() {
  return {sluice::Code::kBadState,
          "The token of the slice is not one of this plugin; list the slices again."};
}

// Year folders are small; a dozen thousand years fit into a page of 64 MiB, so they are bounded.
std::vector<std::string> list_years(const Server& server, const std::string& path,
                                    const std::function<bool(int)>& years) {
  std::vector<std::string> out;
  const std::string page = server.get(path);
  parse_listing(page, server.url(path), [&](const Entry& entry) {
    int64_t year = 0;
    if (entry.folder && entry.name.size() == 4 && parse_int(entry.name, year) &&
        years(static_cast<int>(year))) {
      out.emplace_back(entry.name);
    }
  });
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string Token::encode() const {
  return path + cut();
}

std::string Token::cut() const {
  if (from_us == INT64_MIN && to_us == INT64_MAX) {
    return {};
  }
  return "\n" + std::to_string(from_us) + "\n" + std::to_string(to_us);
}

Token Token::decode(std::string_view text) {
  Token out;
  const auto first = text.find('\n');
  out.path = text.substr(0, first);
  bool good = !out.path.empty();
  if (first != std::string_view::npos) {
    const auto rest = text.substr(first + 1);
    const auto second = rest.find('\n');
    good = good && second != std::string_view::npos &&
           parse_int(rest.substr(0, second), out.from_us) &&
           parse_int(rest.substr(second + 1), out.to_us);
  }
  if (!good) {
    throw bad_token();
  }
  return out;
}

CutValidator split_cut(std::string_view validator) noexcept {
  const auto last = validator.rfind('\n');
  const auto first =
      last == std::string_view::npos || last == 0 ? last : validator.rfind('\n', last - 1);
  int64_t from_us = 0;
  int64_t to_us = 0;
  const bool cut = last != 0 && first != std::string_view::npos &&
                   parse_int(validator.substr(first + 1, last - first - 1), from_us) &&
                   parse_int(validator.substr(last + 1), to_us);
  return cut ? CutValidator{validator.substr(0, first), validator.substr(first)}
             : CutValidator{validator, {}};
}

MetadataToken MetadataToken::decode(std::string_view text) {
  const auto line = text.find('\n');
  if (line == 0 || line == std::string_view::npos) {
    throw bad_token();
  }
  return {std::string(text.substr(0, line)), std::string(text.substr(line + 1))};
}

std::vector<Folder> find_folders(const Selection& selection, const Server& server,
                                 const Dataset& dataset, const std::function<bool(int)>& years) {
  std::vector<Folder> out;
  const std::string root = std::string(dataset.resolution) + "/" + std::string(dataset.name) + "/";
  if (!dataset.period_folders) {
    if (selection.wants_period(Period::kHistorical) || selection.wants_period(Period::kRecent)) {
      out.push_back({root, Period::kHistorical, true});
    }
    return out;
  }
  for (const Period period : selection.periods) {
    const std::string path = root + std::string(period_name(period)) + "/";
    if (period == Period::kNow && !dataset.has_now) {
      continue;
    }
    if (period != Period::kHistorical || !dataset.year_folders) {
      out.push_back({path, period});
      continue;
    }
    for (const auto& year : list_years(server, path, years)) {
      out.push_back({path + year + "/", period});
    }
  }
  return out;
}

void list_archives(sluice::Host& host, const Selection& selection, const Server& server,
                   const Dataset& dataset, const sluice::ListRequest& wanted,
                   const sluice::Lister& out) {
  // A year's folder may reach two days into its neighbours.
  constexpr int64_t kYearMarginUs = (kMarginDays + 1) * kDayUs;
  constexpr int64_t kFarUs = int64_t{9000} * 366 * kDayUs;  // the calendar of <chrono> ends there
  const int64_t from_us = std::clamp(wanted.from_us(), -kFarUs, kFarUs) - kYearMarginUs;
  const int64_t to_us = std::clamp(wanted.to_us(), -kFarUs, kFarUs) + kYearMarginUs;
  const auto years = [&](int year) { return year >= year_of(from_us) && year <= year_of(to_us); };
  for (const Folder& folder : find_folders(selection, server, dataset, years)) {
    host.check_cancel();
    list_folder(host, selection, server, dataset, folder, wanted, out);
  }
}

void list_station_lists(const Selection& selection, const Server& server,
                        const sluice::Lister& out) {
  for (const Dataset* dataset : selection.datasets) {
    std::string last;
    auto folders = find_folders(selection, server, *dataset, kAllYears);
    std::reverse(folders.begin(), folders.end());
    for (const Folder& folder : folders) {
      const auto [name, period] = split_folder(folder.path);
      const std::string key = std::string(name) + "/" + std::string(period);
      if (key == last) {
        continue;  // of the years only the newest list counts
      }
      last = key;
      const std::string page = server.get(folder.path);
      parse_listing(page, server.url(folder.path), [&](const Entry& entry) {
        if (!entry.folder && is_station_list(entry.name)) {
          const std::string path = folder.path + std::string(entry.name);
          const std::string version = validator({{}, {}, entry.modified_us, entry.size});
          out.slice({.key = key,
                     .title = path,
                     .validator = version,
                     .token = path,
                     .estimated_bytes = entry.size});
        }
      });
    }
  }
}

void list_metadata(sluice::Host& host, const Selection& selection, const Server& server,
                   const sluice::Lister& out) {
  for (const Dataset* dataset : selection.datasets) {
    host.check_cancel();
    list_metadata_of(selection, server, *dataset, out);
  }
}

FolderName split_folder(std::string_view folder) noexcept {
  const auto first = folder.find('/');
  const auto second = first == std::string_view::npos ? first : folder.find('/', first + 1);
  if (second == std::string_view::npos) {
    return {folder, "row"};
  }
  const auto rest = folder.substr(second + 1);
  const auto period = rest.substr(0, rest.find('/'));
  return {folder.substr(0, second), find_period(period) ? period : std::string_view("row")};
}

}  // namespace dwd
