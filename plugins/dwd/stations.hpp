// SPDX-License-Identifier: Apache-2.0
//
// Station lists (`…_Beschreibung_Stationen.txt`): a header, a line of dashes, and rows padded with
// blanks, whose widths and number of columns changed over the years.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dwd {

struct Station {
  int32_t id = 0;
  int32_t from_day = 0, to_day = 0;  // days since 1970-01-01, both included
  double height = 0;                 // m
  double latitude = 0, longitude = 0;
  std::string name, state;  // UTF-8; the state may be empty
  std::string access;       // "Frei" since 2024; empty before
};

// Tells the stations of a list in its order, and the lines that are none. Throws sluice::Error:
// UNAVAILABLE, retryable, for another kind of page; BAD_DATA for a list without a header,
// UNSUPPORTED for one of the standard format (subdaily data). `url` is for the message.
void parse_station_list(std::string_view text, std::string_view url,
                        const std::function<void(const Station&)>& tell,
                        const std::function<void(std::string_view line)>& reject);

}  // namespace dwd
