// SPDX-License-Identifier: Apache-2.0
#include "product.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "sluice/cpp/error.hpp"
#include "text.hpp"

namespace dwd {

namespace {

constexpr std::size_t kBufferSize = std::size_t{128} << 10U;  // bytes
constexpr std::size_t kPadding = 64;  // bytes behind it that may be looked at
constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kHourUs = 60 * kMinuteUs;
constexpr int64_t kDayUs = 24 * kHourUs;
constexpr int64_t k2000Us = 10'957 * kDayUs;
constexpr int64_t kLongestRangeUs = 62 * kDayUs;  // a dry month, and then some
constexpr uint64_t kMostRejected = 1000;          // more than that is another kind of file
constexpr std::size_t kMostShown = 200;           // bytes of a line in a message

bool is_small_integer(double value) noexcept {
  return value > -1e9 && value < 1e9 && value == static_cast<double>(static_cast<int32_t>(value));
}

std::string shown(std::string_view line) {
  return to_utf8(line.substr(0, kMostShown));
}

}  // namespace

Product::Product(const Dataset& dataset, const ProductOptions& options, Listener& listener)
    : dataset_(dataset), options_(options), listener_(listener), buffer_(kBufferSize + kPadding) {}

void Product::begin(Pull pull) {
  pull_ = std::move(pull);
  at_ = end_ = 0;
  ended_ = planned_ = pending_ = usual_ = false;
}

uint64_t Product::read(RowWriter& writer, uint64_t most) {
  uint64_t written = 0;
  std::string_view line;
  while (written < most) {
    if (pending_) {
      written += write(writer) ? 1 : 0;
    } else if (usual_ && parse_usual_row()) {
      continue;
    } else if (!take_line(line)) {
      if (!planned_) {
        throw sluice::Error(sluice::Code::kBadData, "The product file is empty.");
      }
      break;
    } else if (!planned_ || line.starts_with("STATIONS_ID")) {
      plan(line);
    } else {
      pending_ = parse_row(line);
    }
  }
  tell_notes();
  return written;
}

// Skips empty lines. Lines may end in CR LF, CR CR LF or nothing, files in 0x1A.
bool Product::take_line(std::string_view& line) {
  for (;;) {
    const char* const from = buffer_.data() + at_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - at_));
    if (newline == nullptr && !ended_) {
      refill();
      continue;
    }
    const char* end = newline != nullptr ? newline : buffer_.data() + end_;
    if (newline == nullptr && end == from) {
      return false;
    }
    at_ = static_cast<std::size_t>(end - buffer_.data()) + (newline != nullptr ? 1 : 0);
    while (end != from && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\x1A')) {
      --end;
    }
    if (end != from) {
      line = {from, static_cast<std::size_t>(end - from)};
      return true;
    }
  }
}

void Product::refill() {
  std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
  end_ -= at_;
  at_ = 0;
  if (end_ == kBufferSize) {
    throw sluice::Error(sluice::Code::kBadData,
                        "A line of the product is longer than 128 KiB; the file is not a product.");
  }
  const std::size_t size = pull_(buffer_.data() + end_, kBufferSize - end_);
  ended_ = size == 0;
  end_ += size;
}

void Product::plan(std::string_view header) {
  fields_.clear();
  needed_ = 0;
  has_end_ = false;
  uint32_t bound = 0;
  for (const auto name : split_fields(header)) {
    Field field = bind(name);
    if (field.role == Role::kCell && (bound >> field.index & 1U) != 0) {
      field.role = Role::kNone;  // named twice: the first counts
    }
    bound |= field.role == Role::kCell ? 1U << field.index : 0;
    has_end_ = has_end_ || field.role == Role::kEnd;
    if (field.role == Role::kNone && !name.empty() && lower(name) != "eor") {
      listener_.note("unknown_column", to_utf8(name), 1);
    }
    fields_.push_back(field);
    needed_ = field.role == Role::kNone ? needed_ : fields_.size();
  }
  check_plan(header);
  planned_ = true;
  station_field_.clear();
  const std::size_t keys = has_end_ ? 3 : 2;
  usual_ = needed_ > keys && fields_[0].role == Role::kStation && fields_[1].role == Role::kTime &&
           (!has_end_ || fields_[2].role == Role::kEnd);
  for (std::size_t i = keys; i < needed_; ++i) {
    const Cell cell = fields_[i].cell;
    usual_ = usual_ && fields_[i].role == Role::kCell &&
             (cell == Cell::kNumber || cell == Cell::kInteger || cell == Cell::kQuality);
  }
}

Product::Field Product::bind(std::string_view name) const {
  if (name == "STATIONS_ID") {
    return {.role = Role::kStation};
  }
  if (name == "MESS_DATUM" || name == "MESS_DATUM_BEGINN") {
    return {.role = Role::kTime};
  }
  if (name == "MESS_DATUM_ENDE") {
    return {.role = Role::kEnd};
  }
  Field only_quality;
  unsigned qualities = 0;
  for (std::size_t i = 0; i < dataset_.parameters.size(); ++i) {
    const Parameter& p = dataset_.parameters[i];
    const Field field{.role = Role::kCell, .cell = p.cell, .index = static_cast<uint8_t>(i)};
    if (name == p.code || (!p.old_code.empty() && name == p.old_code)) {
      return field;
    }
    if (p.cell == Cell::kQuality) {
      only_quality = field;
      ++qualities;
    }
  }
  // The number behind QN_ changed over the years; where there is only one it can only be that.
  return qualities == 1 && name.starts_with("QN") ? only_quality : Field{};
}

void Product::check_plan(std::string_view header) const {
  const auto has = [&](Role role) {
    return std::any_of(fields_.begin(), fields_.end(),
                       [role](const Field& field) { return field.role == role; });
  };
  if (!has(Role::kStation) || !has(Role::kTime) || !has(Role::kCell)) {
    throw sluice::Error(sluice::Code::kBadData, "The product's first line is not a header of " +
                                                    std::string(dataset_.resolution) + "/" +
                                                    std::string(dataset_.name) + ": '" +
                                                    shown(header) + "'.");
  }
}

// A row as almost all are: of the station before, with a full time and numbers. False, and nothing
// consumed, for any other: parse_row() decides about those. Bytes behind the end of the buffer's
// content may be looked at, but a row counts only if its line end comes before.
bool Product::parse_usual_row() {
  const char* const from = buffer_.data() + at_;
  const char* const end = buffer_.data() + end_;
  const std::size_t width = dataset_.stamp == Stamp::kMinute ? 12
                            : dataset_.stamp == Stamp::kHour ? 10
                                                             : 8;
  if (station_field_.empty() ||
      std::memcmp(from, station_field_.data(), station_field_.size()) != 0) {
    return false;
  }
  const char* p = from + station_field_.size();
  std::size_t field = 1;
  for (; field < (has_end_ ? 3U : 2U); ++field, p += width + 1) {
    if (p + width >= end || p[width] != ';' ||
        !(field == 1 ? stamps_.parse({p, width}, row_.time_us)
                     : ends_.parse({p, width}, row_.end_us))) {
      return false;
    }
  }
  p = parse_usual_cells(field, p);
  if (p == nullptr || p >= end) {
    return false;
  }
  constexpr std::string_view kEnd = "eor\r\n";
  const bool usual_end = std::memcmp(p, kEnd.data(), kEnd.size()) == 0;
  const char* line_end =
      usual_end ? p + kEnd.size() - 1
                : static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
  if (line_end == nullptr || line_end >= end) {
    return false;
  }
  at_ = static_cast<std::size_t>(line_end + 1 - buffer_.data());
  pending_ = finish_row(trim({from, static_cast<std::size_t>(line_end - from)}));
  return true;
}

inline const char* Product::parse_usual_cells(std::size_t field, const char* p) {
  const char* const end = buffer_.data() + end_;
  uint32_t present = 0;
  for (; field < needed_; ++field) {
    const auto [role, cell, index] = fields_[field];
    Value& value = row_.values[index];
    bool whole = false;
    if (p >= end) {
      return nullptr;
    }
    const std::size_t size = parse_usual_number(p, value.number, whole);
    if (size == 0 || (!whole && cell != Cell::kNumber)) {
      return nullptr;
    }
    p += size;
    present |= (is_missing(value.number) ? 0U : 1U) << index;
  }
  row_.present = present;
  return p;
}

bool Product::parse_row(std::string_view line) {
  const char* p = line.data();
  const char* const end = p + line.size();
  row_.present = 0;
  for (std::size_t i = 0; i < needed_; ++i) {
    if (i != 0) {
      if (p == end) {
        return reject("short_row", "the row has fewer fields than the header", line);
      }
      ++p;  // the semicolon
    }
    const Field& field = fields_[i];
    if (field.role == Role::kCell) [[likely]] {
      parse_cell(field, p, end, line);
    } else {
      const char* const from = p;
      const auto text = take_text(p, end);
      if (i == 0) {
        station_field_.assign(from, p).append(";");
        station_field_.resize(station_field_.size() < 32 ? station_field_.size() : 0);
      }
      if (field.role != Role::kNone && !parse_key(field.role, text, line)) {
        return false;
      }
    }
  }
  return finish_row(line);
}

bool Product::parse_key(Role role, std::string_view field, std::string_view line) {
  if (role == Role::kTime) {
    return stamps_.parse(field, row_.time_us) ||
           reject("time", "the time of the row cannot be read", line);
  }
  if (role == Role::kEnd) {
    return ends_.parse(field, row_.end_us) ||
           reject("time", "the end of the row cannot be read", line);
  }
  const auto [end, error] =
      std::from_chars(field.data(), field.data() + field.size(), row_.station);
  if (error != std::errc{} || end != field.data() + field.size() || row_.station <= 0 ||
      row_.station > 99'999) {
    return reject("station_id", "the station of the row cannot be read", line);
  }
  return true;
}

inline void Product::parse_cell(const Field& field, const char*& p, const char* end,
                                std::string_view line) {
  const uint32_t bit = 1U << field.index;
  Value& value = row_.values[field.index];
  if (field.cell == Cell::kText || field.cell == Cell::kSolarTime) {
    const auto text = take_text(p, end);
    if (text.empty() || text == "-999") {
      return;
    }
    if (field.cell == Cell::kSolarTime) {
      return parse_solar_time(field.index, text, line);
    }
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
      return bad_value(line);
    }
    value.text = text;
    row_.present |= bit;
    return;
  }
  const Found found = parse_number(p, end, value.number);
  if (found == Found::kValue) [[likely]] {
    row_.present |= bit;
  } else if (found == Found::kBad) {
    return bad_value(line);
  }
  const bool whole = field.cell == Cell::kInteger || field.cell == Cell::kQuality;
  if (whole && found == Found::kValue && !is_small_integer(value.number)) {
    row_.present &= ~bit;
    return bad_value(line);
  }
  if (field.cell == Cell::kCloudCover && found == Found::kValue) {
    const bool obscured = value.number == -1.0;
    row_.present = (row_.present & (obscured ? ~bit : ~uint32_t{0})) | bit << 1U;
    row_.values[field.index + 1U].number = obscured ? 1 : 0;
  }
}

void Product::parse_solar_time(std::size_t index, std::string_view text, std::string_view line) {
  int64_t local_us = 0;
  if (!solar_times_.parse(text, local_us)) {
    return bad_value(line);
  }
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{local_us}};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time - day).count();
  char out[32];
  const int size =
      std::snprintf(out, sizeof(out), "%04d-%02u-%02u %02d:%02d", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
  solar_text_.assign(out, static_cast<std::size_t>(size));
  row_.values[index].text = solar_text_;
  row_.present |= uint32_t{1} << index;
}

bool Product::finish_row(std::string_view line) {
  const int64_t local_us = row_.time_us;
  if (has_end_ && row_.end_us < local_us) {
    return reject("range", "the row ends before it begins", line);
  }
  if (dataset_.stamp == Stamp::kMinute && has_end_ && row_.end_us - local_us > kLongestRangeUs) {
    return reject("range", "the row claims to hold for more than two months", line);
  }
  const int64_t offset = utc_offset(local_us);
  row_.time_us = local_us - offset;
  row_.end_us = has_end_ ? row_.end_us - offset : row_.time_us;
  until_us_ =
      dataset_.stamp == Stamp::kMinute && options_.expand_ranges ? row_.end_us : row_.time_us;
  return true;
}

// A file that goes on into 2000 changes from MEZ to UTC on the way: either its times jump by an
// hour, or the last hour of 1999 comes a second time.
int64_t Product::utc_offset(int64_t local_us) noexcept {
  if (options_.utc || !dataset_.mez) {
    return 0;
  }
  const bool again = local_us < last_local_us_ && local_us >= k2000Us - kHourUs;
  if (local_us >= k2000Us || again) {
    options_.utc = true;
    return 0;
  }
  last_local_us_ = local_us;
  return kHourUs;
}

// Writes the next row that row_ stands for; false if it is not wanted.
bool Product::write(RowWriter& writer) {
  const bool range = until_us_ > row_.time_us;
  pending_ = range;
  const bool wanted = row_.time_us >= options_.from_us && row_.time_us < options_.to_us;
  const bool given = wanted && options_.skip != 0;
  options_.skip -= given ? 1 : 0;
  if (wanted && !given) {
    writer.append(row_);
  }
  row_.time_us += range ? kMinuteUs : 0;
  return wanted && !given;
}

void Product::bad_value(std::string_view line) {
  if (bad_values_++ == 0) {
    bad_example_ = shown(line);
  }
}

bool Product::reject(std::string_view rule, std::string_view reason, std::string_view line) {
  if (++rejected_ > kMostRejected) {
    throw sluice::Error(sluice::Code::kBadData,
                        "More than 1000 lines of the product are no rows, the last being '" +
                            shown(line) + "'; the file is damaged or not a product.");
  }
  listener_.reject(rule, reason, line);
  return false;
}

void Product::tell_notes() {
  if (bad_values_ != 0) {
    listener_.note("bad_value", bad_example_, std::exchange(bad_values_, 0));
  }
}

}  // namespace dwd
