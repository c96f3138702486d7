// SPDX-License-Identifier: Apache-2.0
//
// Candles from pages of the API and lines of the archive, which have the same twelve fields: open
// time, open, high, low, close, volume, close time, quote volume, trades, volume and quote volume
// of takers, and one without meaning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sluice/cpp/candles.hpp"

namespace binance {

constexpr std::size_t kKlineFields = 12;

// A record as it stands: the text of each field, of JSON texts what is between the quotes.
struct RawKline {
  std::array<std::string_view, kKlineFields> fields{};
  std::size_t count = 0;  // fields there were; more than kKlineFields are counted, not kept
};

struct Kline {
  sluice::Candle candle;
  int64_t close_time_us = 0;  // the last instant of the candle; 0: not told
};

// What is wrong with a record that still makes a row.
struct KlineFlaws {
  uint32_t bad = 0;      // fields that became null
  uint32_t unknown = 0;  // fields beyond those that are known
  std::string example;   // of a bad one: "/17/5: 'x'"
};

// The field of a record that keeps it from becoming a row, and why: "/4: is missing". Empty: none.
std::string read_kline(const RawKline& raw, Kline& out, KlineFlaws& flaws);

// Calls `take` with each record of a page, `[[…],…]`, in turn, and with its number. Throws
// BAD_DATA, retryable, with the offset, if the page ends in the middle or is none. `page` is padded
// for the parser.
using TakeRaw = std::function<void(const RawKline& raw, std::size_t number)>;
void read_page(std::string& page, const TakeRaw& take);

// A line without its end.
RawKline split_line(std::string_view line);
// The record as text, for quarantine.
std::string text_of(const RawKline& raw);

// Times are milliseconds, from 2025 on microseconds in the archive, and in the API if asked for.
// Nothing but whole numbers that are times is one.
bool read_time(std::string_view text, int64_t& out_us);
// A whole number, also one written as 5.0 or 5e3.
bool read_whole(std::string_view text, int64_t& out);

}  // namespace binance
