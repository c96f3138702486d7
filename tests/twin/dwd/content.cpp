// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/content.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tests/twin/dwd/metadata.hpp"
#include "tests/twin/dwd/zip_writer.hpp"
#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

void append_padded(std::string& out, const char* text, std::size_t length, int width) {
  if (static_cast<int>(length) < width) {
    out.append(static_cast<std::size_t>(width) - length, ' ');
  }
  out.append(text, length);
}

// A number scaled by 10^decimals, e.g. -5 with one decimal as "-0.5", right-aligned.
void append_fixed(std::string& out, std::int32_t value, int decimals, int width) {
  std::array<char, 24> buffer;
  char* end = buffer.data() + buffer.size();
  char* first = end;
  auto rest = static_cast<std::uint32_t>(std::abs(static_cast<std::int64_t>(value)));
  for (int digit = 0; rest != 0 || digit <= decimals; ++digit) {
    if (digit == decimals && decimals > 0) {
      *--first = '.';
    }
    *--first = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  if (value < 0) {
    *--first = '-';
  }
  append_padded(out, first, static_cast<std::size_t>(end - first), width);
}

void append_clock(std::string& out, const Dataset& dataset, Minute minute) {
  const Day day = day_of_minute(minute);
  const std::int64_t rest = minute - day * kMinutesPerDay;
  append_date(out, day);
  if (dataset.grid == Grid::kDay || dataset.grid == Grid::kMonth) {
    return;
  }
  append_digits(out, rest / 60, 2);
  if (dataset.grid == Grid::kSolarHour) {
    out += ':';
  }
  if (dataset.grid != Grid::kHour) {
    append_digits(out, rest % 60, 2);
  }
}

void append_value(std::string& out, const Column& column, std::int32_t value) {
  if (value == kMissing) {
    append_padded(out, "-999", 4, column.missing_width);
  } else if (column.field == Field::kCloudSource) {
    const char letter = static_cast<char>(value);
    append_padded(out, &letter, 1, column.width);
  } else {
    append_fixed(out, value, column.decimals, column.width);
  }
}

std::string header_line(const Archive& archive, bool plain) {
  const Dataset& dataset = *archive.dataset;
  std::string line = "STATIONS_ID;";
  line += archive.ranges() || dataset.grid == Grid::kMonth ? "MESS_DATUM_BEGINN;MESS_DATUM_ENDE"
                                                           : "MESS_DATUM";
  for (const Column& column : dataset.columns_of(archive.period)) {
    const std::string_view name = column.name;
    line += ';';
    append_padded(line, name.data(), name.size(), plain ? 0 : 4);
  }
  if (dataset.grid == Grid::kSolarHour) {
    line += ";MESS_DATUM_WOZ";
  }
  return line;
}

// Metadata members and the product, in an order that varies from station to station.
std::string archive_bytes(std::uint64_t seed, const File& file) {
  const Archive& archive = file.archive;
  std::vector<std::pair<std::string, std::string>> members;
  if (!archive.dataset->minutes()) {
    members = archive_metadata(file);
  }
  const std::uint64_t draw = hash_of(archive.station->hash, 38, archive.dataset->index,
                                     static_cast<std::uint64_t>(archive.period));
  const std::size_t place = draw % (members.size() + 1);
  members.insert(members.begin() + static_cast<std::ptrdiff_t>(place),
                 {product_name(archive), product_text(seed, archive)});
  ZipWriter zip(file.mtime);
  for (std::size_t i = 0; i < members.size(); ++i) {
    // Some members are stored; of products, one archive in sixteen.
    const bool stored = i == place ? draw / 16 % 16 == 0 : hash_of(draw, i) % 3 == 0;
    zip.add(members[i].first, members[i].second, stored);
  }
  return zip.finish();
}

std::string meta_bytes(const File& file) {
  ZipWriter zip(file.mtime);
  for (const auto& [name, text] : folder_metadata(file)) {
    zip.add(name, text, false);
  }
  return zip.finish();
}

}  // namespace

std::string product_name(const Archive& archive) {
  const Dataset& dataset = *archive.dataset;
  std::string name = archive.period == Period::kNow ? dataset.product_now : dataset.product;
  name += "_" + date_text(archive.name_from) + "_" + date_text(archive.name_to);
  return name + "_" + archive.station->five_digits() + ".txt";
}

std::string product_text(std::uint64_t seed, const Archive& archive) {
  const Dataset& dataset = *archive.dataset;
  const std::span<const Column> columns = dataset.columns_of(archive.period);
  const std::vector<Row> rows = make_rows(seed, archive);
  const bool mez = archive.mez();
  // Ten-minute files that end with 1999 have neither the last column nor padded names.
  const bool plain = dataset.grid == Grid::kTenMinutes && archive.name_to == day_of(1999, 12, 31);
  const std::string_view line_end = plain ? "\r\n" : ";eor\r\n";
  std::string text = header_line(archive, plain);
  text += line_end;
  text.reserve(text.size() + rows.size() * (40 + columns.size() * 9));
  std::string station;
  append_fixed(station, static_cast<std::int32_t>(archive.station->id), 0, 11);
  const Minute shift = mez ? 60 : 0;
  for (const Row& row : rows) {
    text += station;
    text += ';';
    append_clock(text, dataset, row.begin + shift);
    if (archive.ranges() || dataset.grid == Grid::kMonth) {
      text += ';';
      append_clock(text, dataset, row.end + shift);
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += ';';
      append_value(text, columns[i], row.values[i]);
    }
    if (dataset.grid == Grid::kSolarHour) {
      text += ';';
      append_clock(text, dataset, row.solar);
    }
    text += line_end;
  }
  return text;
}

std::string make_bytes(const Catalog& catalog, const File& file) {
  switch (file.kind) {
    case FileKind::kArchive:
      return archive_bytes(catalog.seed(), file);
    case FileKind::kMeta:
      return meta_bytes(file);
    case FileKind::kStationList:
      return station_list(catalog.stations(), file);
    default:
      return description(file);
  }
}

ContentCache::ContentCache(const Catalog& catalog, std::size_t limit_bytes)
    : catalog_(catalog), limit_bytes_(limit_bytes) {}

std::string ContentCache::key_of(const std::string& path, const File& file) {
  return path + "@" + std::to_string(file.mtime) + "." + std::to_string(file.archive.revision);
}

ContentCache::Bytes ContentCache::lookup(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  if (found == held_.end()) {
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second.place);
  return found->second.bytes;
}

void ContentCache::store(const std::string& key, const Bytes& bytes) {
  const std::lock_guard lock(mutex_);
  sizes_.insert_or_assign(key, bytes->size());
  if (held_.count(key) != 0 || bytes->size() > limit_bytes_) {
    return;  // built twice at the same time: both are equal
  }
  order_.push_front(key);
  held_.emplace(key, Held{bytes, order_.begin()});
  held_bytes_ += bytes->size();
  while (held_bytes_ > limit_bytes_) {
    const auto oldest = held_.find(order_.back());
    held_bytes_ -= oldest->second.bytes->size();
    held_.erase(oldest);
    order_.pop_back();
  }
}

ContentCache::Bytes ContentCache::get(const std::string& path, const File& file) {
  const std::string key = key_of(path, file);
  if (Bytes bytes = lookup(key)) {
    return bytes;
  }
  auto bytes = std::make_shared<const std::string>(make_bytes(catalog_, file));
  store(key, bytes);
  return bytes;
}

std::uint64_t ContentCache::size(const std::string& path, const File& file) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(key_of(path, file));
    if (found != sizes_.end()) {
      return found->second;
    }
  }
  return get(path, file)->size();
}

}  // namespace sluice::twin::dwd
