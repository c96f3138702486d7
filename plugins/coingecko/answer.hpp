// SPDX-License-Identifier: Apache-2.0
//
// Answers of charts and candles: arrays of [time, number, …].
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/cpp/decimal.hpp"
#include "sluice/cpp/request.hpp"

namespace coingecko {

// A cell as it stands in the answer, without quotes; nothing for null.
using Cell = std::optional<std::string_view>;

// An element: its place, "/prices/17", and its cells. An element that is no array has one cell that
// holds it and `good` = false.
struct Element {
  std::string_view array;
  std::size_t index = 0;
  std::span<const Cell> cells;
  bool good = true;
  bool is_last = false;

  std::string place() const { return std::string(array) + "/" + std::to_string(index); }
  std::string text() const;  // about as it stood there
};
using Visit = std::function<void(const Element&)>;

// Visits the elements of the answer's array. Throws BAD_DATA, retryable, if it is not JSON.
void visit_array(const std::string& body, const std::string& url, const Visit& visit);
// The same for arrays that are members of an object; gives a bit for each that there is. Other
// members are noted.
unsigned visit_members(const std::string& body, const std::string& url,
                       std::span<const std::string_view> names, const sluice::ReadRequest& request,
                       const Visit& visit);

// Milliseconds since the epoch of a cell, in any spelling; nothing if it is no such time.
std::optional<int64_t> time_of(const Cell& cell);
// Throws BAD_DATA.
std::optional<sluice::Decimal> amount_of(const Cell& cell);

}  // namespace coingecko
