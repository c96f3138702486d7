// SPDX-License-Identifier: Apache-2.0
//
// A chart as the service answers it, taken apart; nothing is judged yet.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/json.hpp"
#include "sluice/cpp/request.hpp"

namespace yahoo {

// A number as it stands in the answer, without quotes; nothing for null.
using Cell = std::optional<std::string_view>;

// Times of a trading session, seconds since the epoch.
struct Session {
  int64_t begin_s = 0, end_s = 0;
};

// What the answer says of the security; what it does not say is empty or 0.
struct Meta {
  std::string currency, exchange, type, zone, name;
  int64_t offset_s = 0;  // from UTC at present
  int64_t first_trade_s = 0;
  int64_t last_trade_s = 0;
  int hint = -1;    // digits after the point
  Session session;  // the present or last regular one
  Session day;      // the same with what is traded before and after it
};

enum Quote : std::size_t { kOpen, kHigh, kLow, kClose, kVolume, kQuotes };

// Cells refer to the text, which the object keeps; it does not move.
class Chart {
 public:
  // Throws BAD_DATA, retryable, if the body is not JSON, and UNAVAILABLE, retryable, if it tells of
  // no security: that is not the same as one without data. Members that nobody knows are noted.
  Chart(std::string_view body, const std::string& url, const sluice::ReadRequest& request);
  Chart(const Chart&) = delete;
  Chart& operator=(const Chart&) = delete;

  Meta meta;
  std::vector<Cell> times;
  std::array<std::vector<Cell>, kQuotes> quotes;
  sluice::json events = sluice::json::object();

  Cell at(Quote quote, std::size_t row) const {
    return row < quotes[quote].size() ? quotes[quote][row] : std::nullopt;
  }

 private:
  using Value = simdjson::ondemand::value;
  void read(simdjson::ondemand::document& document, const sluice::ReadRequest& request);
  void read_result(simdjson::ondemand::object result, const sluice::ReadRequest& request);
  void read_indicators(Value value, const sluice::ReadRequest& request);
  void read_quotes(simdjson::ondemand::object quote, const sluice::ReadRequest& request);

  simdjson::padded_string text_;
  bool told_ = false;  // there was a list of results, which say what they are of
};

// A whole number in any spelling: 4, 4.0, "4".
std::optional<int64_t> integer_of(std::string_view text);

}  // namespace yahoo
