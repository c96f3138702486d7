// SPDX-License-Identifier: Apache-2.0
//
// A directory page as nginx prints it: `<a href="NAME">SHOWN</a>   DD-Mon-YYYY HH:MM   SIZE`.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace dwd {

struct Entry {
  std::string_view name;  // without the "/" of a folder
  bool folder = false;
  int64_t modified_us = 0;  // UTC, cut to the minute; not for folders
  uint64_t size = 0;        // bytes; not for folders
};

// Tells every file and folder of `page`, which must be whole: throws sluice::Error (UNAVAILABLE,
// retryable) for anything but a complete listing, so that nothing is taken for vanished. `url` is
// for the message. Names are plain (letters, digits, `.`, `_`, `-`); links elsewhere are left out.
// `tell` may be called before the fault is found only for entries that stand in the page.
void parse_listing(std::string_view page, std::string_view url,
                   const std::function<void(const Entry&)>& tell);

// The station list in a listing; empty if there is none. In `page`. Throws as above.
std::string_view find_station_list(std::string_view page, std::string_view url);

}  // namespace dwd
