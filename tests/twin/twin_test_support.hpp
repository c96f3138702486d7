// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::test {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

using Headers = std::map<std::string, std::string>;

constexpr const char* kRoot = "/climate_environment/CDC/observations_germany/climate/";

// One request over real HTTP on a connection of its own; fails the test when there is no answer.
Answer fetch(const Twin& twin, const std::string& path, const Headers& headers = {},
             const std::string& method = "GET");

struct Listed {
  std::string href;
  std::string shown;
  std::string date;
  std::string size;  // "-" for folders
};
// Reads a listing page the way a client must: every line is checked against the form of the real
// one.
std::vector<Listed> parse_listing(const std::string& page);

// All file paths below `folder` (relative to the root), found by following listings only.
std::vector<std::string> walk(const Twin& twin, const std::string& folder);

// Members of a zip archive in order, unpacked with libarchive, which checks their sums.
std::vector<std::pair<std::string, std::string>> unzip(const std::string& bytes);
// The one member that begins with "produkt_".
std::pair<std::string, std::string> product_of(const std::string& bytes);

std::vector<std::string> split(const std::string& text, const std::string& separator);
std::string trim(const std::string& text);

// A tree that is quick to read whole: 6 stations, at most 60 rows a file.
Options small_options(std::uint64_t seed = 7);

}  // namespace sluice::twin::test
