// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/binance/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::twin::binance {
namespace {

constexpr std::uint64_t kOne = 100'000'000;

void append_unsigned(std::string& out, std::uint64_t value) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

}  // namespace

void append_number(std::string& out, std::int64_t value) {
  if (value < 0) {
    out += '-';
  }
  append_unsigned(out, static_cast<std::uint64_t>(value < 0 ? -value : value));
}

void append_units(std::string& out, Units value) {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  const auto whole = static_cast<std::uint64_t>(value / kOne);
  auto part = static_cast<std::uint64_t>(value % kOne);
  append_unsigned(out, whole);
  std::array<char, 9> digits;
  digits[0] = '.';
  for (std::size_t i = 8; i > 0; --i, part /= 10) {
    digits.at(i) = static_cast<char>('0' + part % 10);
  }
  out.append(digits.data(), digits.size());
}

std::string units_text(Units value) {
  std::string out;
  append_units(out, value);
  return out;
}

void append_json(std::string& out, const Candle& candle) {
  const auto text = [&](Units value, const char* after) {
    append_units(out, value);
    out += after;
  };
  out += '[';
  append_number(out, candle.open_ms);
  out += ",\"";
  text(candle.open, "\",\"");
  text(candle.high, "\",\"");
  text(candle.low, "\",\"");
  text(candle.close, "\",\"");
  text(candle.volume, "\",");
  append_number(out, candle.close_ms);
  out += ",\"";
  text(candle.quote_volume, "\",");
  append_number(out, candle.trades);
  out += ",\"";
  text(candle.taker_base, "\",\"");
  text(candle.taker_quote, "\",\"0\"]");
}

void append_csv(std::string& out, const Candle& candle, bool micros) {
  append_number(out, micros ? candle.open_ms * 1000 : candle.open_ms);
  for (const Units value : {candle.open, candle.high, candle.low, candle.close, candle.volume}) {
    out += ',';
    append_units(out, value);
  }
  out += ',';
  append_number(out, micros ? candle.close_ms * 1000 + 999 : candle.close_ms);
  out += ',';
  append_units(out, candle.quote_volume);
  out += ',';
  append_number(out, candle.trades);
  for (const Units value : {candle.taker_base, candle.taker_quote}) {
    out += ',';
    append_units(out, value);
  }
  out += ",0\n";
}

void append_json(std::string& out, const Trade& trade) {
  out += "{\"a\":";
  append_number(out, trade.id);
  out += ",\"p\":\"";
  append_units(out, trade.price);
  out += "\",\"q\":\"";
  append_units(out, trade.quantity);
  out += "\",\"f\":";
  append_number(out, trade.first);
  out += ",\"l\":";
  append_number(out, trade.last);
  out += ",\"T\":";
  append_number(out, trade.time_ms);
  out += trade.buyer_is_maker ? ",\"m\":true,\"M\":true}" : ",\"m\":false,\"M\":true}";
}

}  // namespace sluice::twin::binance
