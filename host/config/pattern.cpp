// SPDX-License-Identifier: Apache-2.0
#include "host/config/pattern.hpp"

#include <regex>

namespace sluice::host {

Match matches(const std::string& pattern, const std::string& text) {
  auto flags = std::regex::ECMAScript | std::regex::nosubs;
#ifdef __GLIBCXX__
  // The default executor recurses once per character and backtracks without bound; this one does
  // neither.
  flags |= std::regex_constants::__polynomial;
#endif
  try {
    return std::regex_search(text, std::regex(pattern, flags)) ? Match::kYes : Match::kNo;
  } catch (const std::regex_error&) {
    return Match::kBadPattern;
  }
}

}  // namespace sluice::host
