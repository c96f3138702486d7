// SPDX-License-Identifier: Apache-2.0
#include "cell.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>
#include <utility>

#include "sluice/cpp/time_text.hpp"

namespace sluice::files {

namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

template <class T>
bool parse_whole(std::string_view text, T& out) noexcept {
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, out);
  return failure == std::errc{} && rest == end;
}

// Digits at fixed places; false if one of them is none.
template <int N>
bool fixed(const char* at, unsigned& out) noexcept {
  out = 0;
  bool good = true;
  for (int i = 0; i < N; ++i) {
    const unsigned digit = static_cast<unsigned char>(at[i]) - unsigned{'0'};
    good &= digit <= 9;
    out = out * 10 + digit;
  }
  return good;
}

// Days from year, month and day, as in Howard Hinnant's paper on date algorithms.
int32_t days_of(unsigned year, unsigned month, unsigned day) noexcept {
  const int y = static_cast<int>(year) - (month <= 2 ? 1 : 0);
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year =
      static_cast<int>((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day) - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

unsigned days_in(unsigned year, unsigned month) noexcept {
  static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// All of them, without a branch for each.
bool all(bool a, bool b, bool c) noexcept {
  return (int{a} & int{b} & int{c}) != 0;
}

bool fixed_date(const char* at, int32_t& out) noexcept {
  unsigned year = 0, month = 0, day = 0;
  const bool digits = all(fixed<4>(at, year), fixed<2>(at + 5, month), fixed<2>(at + 8, day));
  if (!digits || at[4] != '-' || at[7] != '-' || month < 1 || month > 12 || day < 1 ||
      day > days_in(year, month)) {
    return false;
  }
  out = days_of(year, month, day);
  return true;
}

bool scale_to_micros(std::string_view text, TimeFormat format, int64_t& out) noexcept {
  const int64_t factor = format == TimeFormat::kUnixSeconds  ? 1'000'000
                         : format == TimeFormat::kUnixMillis ? 1'000
                                                             : 1;
  int64_t whole = 0;
  if (parse_whole(text, whole)) {
    return !__builtin_mul_overflow(whole, factor, &out);
  }
  double value = 0;
  if (scan_double(text.data(), text.data() + text.size(), value) != text.data() + text.size()) {
    return false;
  }
  const double micros = std::round(value * static_cast<double>(factor));
  if (!(std::abs(micros) < 9.2e18)) {
    return false;
  }
  out = static_cast<int64_t>(micros);
  return true;
}

}  // namespace

const char* scan_double(const char* at, const char* end, double& out) noexcept {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char* const start = at;
  const bool negative = at < end && *at == '-';
  at += negative ? 1 : 0;
  const char* const first = at;
  uint64_t digits = 0;
  for (; at < end && is_digit(*at); ++at) {
    digits = digits * 10 + static_cast<uint64_t>(*at - '0');
  }
  if (at == first || (*first == '0' && at - first > 1)) {
    return nullptr;
  }
  std::ptrdiff_t count = at - first;
  std::ptrdiff_t behind = 0;
  if (at < end && *at == '.') {
    const char* const point = ++at;
    for (; at < end && is_digit(*at); ++at) {
      digits = digits * 10 + static_cast<uint64_t>(*at - '0');
    }
    behind = at - point;
    count += behind;
    if (behind == 0) {
      return nullptr;
    }
  }
  const bool exponent = at < end && (*at == 'e' || *at == 'E');
  if (!exponent && count <= 19 && digits <= (uint64_t{1} << 53U) && behind <= 22) {
    // Both operands are exact, so the quotient is the nearest double.
    const double value = static_cast<double>(digits) / kPowers[behind];
    out = negative ? -value : value;
    return at;
  }
  if (exponent) {
    const char* power = at + 1;
    power += power < end && (*power == '+' || *power == '-') ? 1 : 0;
    if (power >= end || !is_digit(*power)) {
      return nullptr;
    }
  }
  const auto [rest, failure] = std::from_chars(start, end, out);
  return failure == std::errc{} ? rest : nullptr;  // out of a double's range is no value either
}

bool parse_days(std::string_view text, int32_t& out) noexcept {
  return text.size() == 10 && fixed_date(text.data(), out);
}

bool parse_iso(std::string_view text, int64_t& out) noexcept {
  // "2024-01-31T12:00:00Z": nearly every time there is.
  if (text.size() == 20 && text[19] == 'Z') {
    const char* at = text.data();
    unsigned hour = 0, minute = 0, second = 0;
    int32_t days = 0;
    if (fixed_date(at, days) &&
        all(fixed<2>(at + 11, hour), fixed<2>(at + 14, minute), fixed<2>(at + 17, second)) &&
        (at[10] == 'T' || at[10] == ' ') && at[13] == ':' && at[16] == ':' && hour < 24 &&
        minute < 60 && second < 60) {
      out = (int64_t{days} * 86400 + hour * 3600 + minute * 60 + second) * 1'000'000;
      return true;
    }
    return false;
  }
  auto time = parse_time(text);
  if (!time && text.size() <= 32) {
    time = parse_time(std::string(text) + "Z");
  }
  if (time) {
    out = time->time.time_since_epoch().count();
  }
  return time.has_value();
}

Cell::Cell(Batch& batch, std::size_t index, std::string field, TimeFormat format)
    : column_(&batch.column(index)),
      field_(std::move(field)),
      type_(column_->type()),
      format_(format),
      nullable_(batch.stream().nullable(batch.stream().columns()[index])),
      precision_(batch.stream().columns()[index].options.precision),
      scale_(batch.stream().columns()[index].options.scale) {}

bool Cell::put_bool(bool value) {
  if (type_ == Type::kBool) {
    as<bool>().append(value);
    return true;
  }
  return is_text(type_) && put(value ? "true" : "false");
}

bool Cell::put_time(std::string_view text) {
  int64_t micros = 0;
  const bool good = format_ == TimeFormat::kIso ? parse_iso(text, micros)
                                                : scale_to_micros(text, format_, micros);
  if (good) {
    as<int64_t>().append(micros);
  }
  return good;
}

bool Cell::put(std::string_view text) {
  switch (type_) {
    case Type::kBool:
      if (text != "true" && text != "false" && text != "1" && text != "0") {
        return false;
      }
      as<bool>().append(text == "true" || text == "1");
      return true;
    case Type::kInt32: {
      int32_t value = 0;
      const bool good = parse_whole(text, value);
      if (good) {
        as<int32_t>().append(value);
      }
      return good;
    }
    case Type::kInt64: {
      int64_t value = 0;
      const bool good = parse_whole(text, value);
      if (good) {
        as<int64_t>().append(value);
      }
      return good;
    }
    case Type::kFloat64: {
      double value = 0;
      const char* const end = text.data() + text.size();
      if (scan_double(text.data(), end, value) != end || text.empty()) {
        return false;
      }
      as<double>().append(value);
      return true;
    }
    case Type::kDecimal128:
      try {
        as<Decimal>().append(parse_decimal128(text, precision_, scale_).unscaled);
        return true;
      } catch (const Error&) {
        return false;
      }
    case Type::kDate32: {
      int32_t days = 0;
      const bool good = parse_days(text, days);
      if (good) {
        as<int32_t>().append(days);
      }
      return good;
    }
    case Type::kTimestamp:
      return put_time(text);
    case Type::kLargeUtf8:
      as<LargeText>().append(text);
      return true;
    case Type::kUtf8:
    case Type::kBinary:
    case Type::kJson:
      break;
  }
  as<std::string_view>().append(text);
  return true;
}

// A string without escapes and of ASCII only; the rest is for the parser.
const char* Cell::scan_string(const char* at, const char* end) {
  const char* const start = ++at;
  while (at < end && *at != '"') {
    const auto c = static_cast<unsigned char>(*at);
    if (c < 0x20 || c >= 0x80 || c == '\\') {
      return nullptr;
    }
    ++at;
  }
  if (at == end || !put({start, static_cast<std::size_t>(at - start)})) {
    return nullptr;
  }
  return at + 1;
}

const char* Cell::scan(const char* at, const char* end) {
  if (at >= end) {
    return nullptr;
  }
  if (*at == '"') {
    return type_ == Type::kJson ? nullptr : scan_string(at, end);
  }
  if (*at == 'n') {
    if (!nullable_ || end - at < 4 || std::memcmp(at, "null", 4) != 0) {
      return nullptr;
    }
    put_null();
    return at + 4;
  }
  if (type_ == Type::kFloat64) {
    double value = 0;
    const char* const rest = scan_double(at, end, value);
    if (rest != nullptr) {
      as<double>().append(value);
    }
    return rest;
  }
  if (type_ == Type::kBool) {
    for (const std::string_view word : {"true", "false"}) {
      if (std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word)) {
        as<bool>().append(word == "true");
        return at + word.size();
      }
    }
    return nullptr;
  }
  if (type_ == Type::kDecimal128) {
    double ignored = 0;
    const char* const rest = scan_double(at, end, ignored);  // for its grammar
    return rest != nullptr && put({at, static_cast<std::size_t>(rest - at)}) ? rest : nullptr;
  }
  // A number's extent, judged by the column's own parser.
  const char* rest = at;
  while (rest < end && (is_digit(*rest) || *rest == '-')) {
    ++rest;
  }
  const bool whole = rest > at && rest < end && *rest != '.' && *rest != 'e' && *rest != 'E';
  const bool leading_zero = rest - at > 1 && (*at == '0' || (*at == '-' && at[1] == '0'));
  const bool takes = type_ == Type::kInt64 || type_ == Type::kInt32 ||
                     (type_ == Type::kTimestamp && format_ != TimeFormat::kIso);
  if (!whole || leading_zero || !takes || !put({at, static_cast<std::size_t>(rest - at)})) {
    return nullptr;
  }
  return rest;
}

}  // namespace sluice::files
