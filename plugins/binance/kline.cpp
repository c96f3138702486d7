// SPDX-License-Identifier: Apache-2.0
#include "kline.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "sluice/cpp/error.hpp"

namespace binance {

namespace {

using sluice::Decimal;
using sluice::Error;

constexpr int64_t kFirstMicros = 100'000'000'000'000;    // 1973 in µs, the year 5138 in ms
constexpr int64_t kLastMicros = 10'000'000'000'000'000;  // the year 2286
constexpr std::size_t kLongestField = 64;                // bytes; a price has about 15

enum Field : std::size_t {
  kOpenTime,
  kOpen,
  kHigh,
  kLow,
  kClose,
  kVolume,
  kCloseTime,
  kQuoteVolume,
  kTrades,
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' ||
                           text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

bool read_amount(std::string_view text, Decimal& out) {
  if (const auto value = sluice::detail::parse_short_decimal(text, sluice::kCandlePrecision,
                                                             sluice::kCandleScale)) {
    out.unscaled = *value;
    return true;
  }
  if (text.size() > kLongestField) {
    return false;
  }
  try {
    out = sluice::parse_candle_decimal(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_absent(const RawKline& raw, std::size_t field) {
  return field >= raw.count || raw.fields[field].empty() || raw.fields[field] == "null";
}

std::string why_not(const RawKline& raw, std::size_t field) {
  std::string out = "/" + std::to_string(field) + ": ";
  if (field >= raw.count) {
    return out + "is missing";
  }
  return out + "'" + std::string(raw.fields[field].substr(0, kLongestField)) +
         "' is not what it should be";
}

void flaw(const RawKline& raw, std::size_t field, KlineFlaws& flaws) {
  if (flaws.bad++ == 0) {
    flaws.example = why_not(raw, field);
  }
}

void read_optional(const RawKline& raw, std::size_t field, std::optional<Decimal>& out,
                   KlineFlaws& flaws) {
  Decimal value;
  if (!is_absent(raw, field) && read_amount(raw.fields[field], value)) {
    out = value;
  } else {
    out.reset();
    flaw(raw, field, flaws);
  }
}

}  // namespace

bool read_whole(std::string_view text, int64_t& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) {
    return true;
  }
  try {
    out = static_cast<int64_t>(sluice::parse_decimal128(text, 18, 0).unscaled);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool read_time(std::string_view text, int64_t& out_us) {
  int64_t value = 0;
  if (!read_whole(text, value) || value < 0) {
    return false;
  }
  const int64_t us = value >= kFirstMicros ? value : value * 1000;
  if (us >= kLastMicros) {
    return false;
  }
  out_us = us;
  return true;
}

std::string read_kline(const RawKline& raw, Kline& out, KlineFlaws& flaws) {
  if (is_absent(raw, kOpenTime) || !read_time(raw.fields[kOpenTime], out.candle.open_time_us)) {
    return why_not(raw, kOpenTime);
  }
  sluice::Candle& candle = out.candle;
  const std::array<Decimal*, 4> prices{&candle.open, &candle.high, &candle.low, &candle.close};
  for (std::size_t i = 0; i < prices.size(); ++i) {
    if (is_absent(raw, kOpen + i) || !read_amount(raw.fields[kOpen + i], *prices[i])) {
      return why_not(raw, kOpen + i);
    }
  }
  read_optional(raw, kVolume, candle.volume, flaws);
  read_optional(raw, kQuoteVolume, candle.quote_volume, flaws);
  int64_t trades = 0;
  if (!is_absent(raw, kTrades) && read_whole(raw.fields[kTrades], trades)) {
    candle.trades = trades;
  } else {
    candle.trades.reset();
    flaw(raw, kTrades, flaws);
  }
  if (is_absent(raw, kCloseTime) || !read_time(raw.fields[kCloseTime], out.close_time_us)) {
    out.close_time_us = 0;
    flaw(raw, kCloseTime, flaws);
  }
  flaws.unknown += raw.count > kKlineFields ? static_cast<uint32_t>(raw.count - kKlineFields) : 0;
  return {};
}

void read_page(std::string& page, const TakeRaw& take) {
  namespace ondemand = simdjson::ondemand;
  page.reserve(page.size() + simdjson::SIMDJSON_PADDING);
  thread_local ondemand::parser parser;
  ondemand::document document;
  bool begun = false;
  std::size_t number = 0;
  RawKline raw;
  try {
    document = parser.iterate(page.data(), page.size(), page.capacity());
    begun = true;
    for (auto element : document.get_array()) {
      raw.count = 0;
      ondemand::array fields;
      const auto error = element.get_array().get(fields);
      if (error == simdjson::INCORRECT_TYPE) {
        take(raw, number++);
        continue;
      }
      if (error != simdjson::SUCCESS) {
        throw simdjson::simdjson_error(error);
      }
      for (auto field : fields) {
        const std::string_view given = field.raw_json_token();
        std::string_view token = trim(given);
        if (token.size() >= 2 && token.front() == '"' && token.back() == '"') {
          token = token.substr(1, token.size() - 2);
        }
        if (raw.count < kKlineFields) {
          raw.fields[raw.count] = token;
        }
        ++raw.count;
      }
      take(raw, number++);
    }
    const char* behind = nullptr;
    if (document.current_location().get(behind) == simdjson::SUCCESS) {
      throw simdjson::simdjson_error(simdjson::TAPE_ERROR);
    }
  } catch (const simdjson::simdjson_error& error) {
    const char* place = nullptr;
    const bool known = begun && document.current_location().get(place) == simdjson::SUCCESS;
    const auto offset = known ? static_cast<std::size_t>(place - page.data()) : page.size();
    throw Error(sluice::Code::kBadData, "A page of candles is no list of lists in JSON: at byte " +
                                            std::to_string(std::min(offset, page.size())) + " of " +
                                            std::to_string(page.size()) + ", " + error.what())
        .retryable();
  }
}

RawKline split_line(std::string_view line) {
  RawKline raw;
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t comma = std::min(line.find(',', at), line.size());
    if (raw.count < kKlineFields) {
      raw.fields[raw.count] = line.substr(at, comma - at);
    }
    ++raw.count;
    at = comma + 1;
  }
  return raw;
}

std::string text_of(const RawKline& raw) {
  std::string out;
  for (std::size_t i = 0; i < std::min(raw.count, kKlineFields); ++i) {
    out += (i == 0 ? "" : ",") + std::string(raw.fields[i]);
  }
  return out;
}

}  // namespace binance
