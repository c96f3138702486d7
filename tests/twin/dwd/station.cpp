// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/station.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <string_view>

#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

constexpr std::uint32_t kDefaultStations = 24;
constexpr std::uint32_t kMaxStations = 20'000;

constexpr std::array<std::string_view, 20> kStems{
    "Groß", "Mühl",  "Königs", "Birken", "Schön", "Wald", "Grün", "Höhen", "Lüder", "Stein",
    "Weiß", "Erlen", "Möck",   "Ober",   "Ährs",  "Tann", "Röh",  "Brück", "Haß",   "Linden"};
constexpr std::array<std::string_view, 14> kEndings{"wiesen", "hausen", "bach", "dorf",  "kirchen",
                                                    "heim",   "feld",   "berg", "münde", "au",
                                                    "stedt",  "büttel", "rode", "brunn"};
constexpr std::array<std::string_view, 8> kSuffixes{
    "", "", "", "", "-Süd", "/Geest", " (Flugplatz)", ", Klärwerk"};
constexpr std::array<std::string_view, 16> kStates{"Baden-Württemberg",
                                                   "Bayern",
                                                   "Berlin",
                                                   "Brandenburg",
                                                   "Bremen",
                                                   "Hamburg",
                                                   "Hessen",
                                                   "Mecklenburg-Vorpommern",
                                                   "Niedersachsen",
                                                   "Nordrhein-Westfalen",
                                                   "Rheinland-Pfalz",
                                                   "Saarland",
                                                   "Sachsen",
                                                   "Sachsen-Anhalt",
                                                   "Schleswig-Holstein",
                                                   "Thüringen"};

template <typename Array>
std::string pick(const Array& words, std::uint64_t hash) {
  return std::string(words[hash % words.size()]);
}

// How many decade archives a station has; shares as in the real folder.
int draw_decades(std::uint64_t hash) {
  const std::uint64_t draw = hash % 524;
  if (draw < 305) {
    return 3;
  }
  if (draw < 457) {
    return 4;
  }
  return draw < 490 ? 2 : 1;
}

// Adds or takes decades, station by station, until the sum is exact.
void fit_decades(std::vector<int>& decades, std::uint32_t wanted) {
  std::int64_t sum = 0;
  for (const int count : decades) {
    sum += count;
  }
  for (std::size_t i = 0; sum != wanted; i = (i + 1) % decades.size()) {
    const int change = sum < wanted ? 1 : -1;
    const int count = decades[i] + change;
    if (count >= 1 && count <= 4) {
      decades[i] = count;
      sum += change;
    }
  }
}

// Which of the four decades they are: mostly the latest.
int draw_first_decade(std::uint64_t hash, int count) {
  switch (count) {
    case 4:
      return 0;
    case 3:
      return hash % 7 == 0 ? 0 : 1;
    case 2:
      return hash % 3 == 0 ? static_cast<int>(hash / 3 % 2) : 2;
    default:
      return hash % 4 == 0 ? 1 : 3;
  }
}

void draw_dates(Station& station, std::uint64_t hash) {
  constexpr std::array<int, 4> kDecadeYears{1990, 2000, 2010, 2020};
  const int first = kDecadeYears[static_cast<std::size_t>(station.first_decade)];
  const int last = kDecadeYears[static_cast<std::size_t>(station.last_decade)];
  const Day earliest = station.first_decade == 0 ? day_of(1993, 4, 28) : day_of(first, 1, 1);
  station.minutes_start = earliest + static_cast<Day>(hash_of(hash, 1) % 1100);
  if (station.last_decade < 3) {
    station.end = day_of(last + 8, 6, 30) + static_cast<Day>(hash_of(hash, 2) % 500);
  } else if (station.first_decade < 3 && hash_of(hash, 3) % 11 == 0) {
    station.end = day_of(2020, 5, 31) + static_cast<Day>(hash_of(hash, 4) % 180);
  }
  if (station.first_decade == 3) {
    station.minutes_start = day_of(2020, 1, 1) + static_cast<Day>(hash_of(hash, 1) % 330);
  }
  station.hours_start =
      std::min(station.minutes_start, day_of(1949 + static_cast<int>(hash_of(hash, 5) % 50), 4, 1));
  station.days_start =
      std::min(station.hours_start, day_of(1881 + static_cast<int>(hash_of(hash, 6) % 90), 1, 1));
}

// In a small network a dataset may have drawn nobody; an open station, if there is one, then takes
// part.
void choose_for_empty_datasets(std::vector<Station>& stations) {
  for (const Dataset& dataset : datasets()) {
    const auto takes_part = [&](const Station& station) { return station.takes_part(dataset); };
    if (std::none_of(stations.begin(), stations.end(), takes_part)) {
      const auto open = std::find_if(stations.begin(), stations.end(),
                                     [](const Station& station) { return station.open(); });
      Station& station = open == stations.end() ? stations.front() : *open;
      station.chosen |= 1U << dataset.index;
    }
  }
}

}  // namespace

std::string latin1(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte >= 0xC2 && byte <= 0xC3 && i + 1 < utf8.size()) {
      const auto low = static_cast<unsigned char>(utf8[++i]);
      out += static_cast<char>(((byte & 0x03U) << 6U) | (low & 0x3FU));
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

Day Station::start(Grid grid) const {
  switch (grid) {
    case Grid::kMinute:
    case Grid::kTenMinutes:
      return minutes_start;
    case Grid::kHour:
    case Grid::kSolarHour:
      return hours_start;
    default:
      return days_start;
  }
}

bool Station::takes_part(const Dataset& dataset) const {
  return (chosen >> dataset.index & 1U) != 0 ||
         hash_of(hash, 100 + dataset.index) % 100 < dataset.share;
}

std::string Station::five_digits() const {
  std::string text;
  append_digits(text, id, 5);
  return text;
}

std::vector<Station> make_stations(std::uint64_t seed, const DwdOptions& options) {
  std::uint32_t count = options.stations;
  if (count == 0) {
    count = options.files_10min_tu == 0
                ? kDefaultStations
                : std::max<std::uint32_t>(1, (options.files_10min_tu * 10 + 15) / 31);
  }
  if (count > kMaxStations) {
    throw std::invalid_argument("at most " + std::to_string(kMaxStations) +
                                " stations are possible");
  }
  std::vector<int> decades;
  for (std::uint32_t i = 0; i < count; ++i) {
    decades.push_back(draw_decades(hash_of(seed, 11, i)));
  }
  if (options.files_10min_tu != 0) {
    if (options.files_10min_tu < count || options.files_10min_tu > 4 * count) {
      throw std::invalid_argument("a station has one to four 10-minute archives, so " +
                                  std::to_string(count) + " stations cannot have " +
                                  std::to_string(options.files_10min_tu) +
                                  "; change --stations or --files-10min-tu");
    }
    fit_decades(decades, options.files_10min_tu);
  }
  std::set<std::uint32_t> ids;
  for (std::uint64_t i = 0; ids.size() < count; ++i) {
    const std::uint64_t draw = hash_of(seed, 12, i);
    // Ids are small numbers with gaps; about one in twenty lies above 19000.
    ids.insert(static_cast<std::uint32_t>(draw % 20 == 0
                                              ? 19'001 + draw / 20 % (count * 4)
                                              : 1 + draw / 20 % (count < 3000 ? 15'900 : 60'000)));
  }
  std::vector<Station> stations;
  for (const std::uint32_t id : ids) {
    const std::size_t i = stations.size();
    Station& station = stations.emplace_back();
    station.id = id;
    station.hash = hash_of(seed, 13, id);
    const std::uint64_t hash = station.hash;
    // The first name always has a letter outside ASCII.
    const std::string stem = i == 0 ? std::string(kStems[0]) : pick(kStems, hash_of(hash, 1));
    station.old_name = latin1(stem + pick(kEndings, hash_of(hash, 2)));
    station.name = station.old_name + latin1(pick(kSuffixes, hash_of(hash, 3)));
    station.state = latin1(pick(kStates, hash_of(hash, 4)));
    station.height = static_cast<int>(hash_of(hash, 5) % 900);
    station.latitude = 47.4 + 7.4 * unit(hash_of(hash, 6));
    station.longitude = 6.1 + 8.8 * unit(hash_of(hash, 7));
    station.first_decade = draw_first_decade(hash_of(hash, 8), decades[i]);
    station.last_decade = station.first_decade + decades[i] - 1;
    draw_dates(station, hash_of(hash, 9));
  }
  choose_for_empty_datasets(stations);
  return stations;
}

}  // namespace sluice::twin::dwd
