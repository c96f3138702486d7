// SPDX-License-Identifier: Apache-2.0
#include "host/base/words.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace sluice::host {
namespace {

std::string folded(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c != '_' && c != '-' && c != ' ') {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongest =
      64;  // nobody misspells a longer word by accident; keeps hostile input cheap
  const std::string wanted = folded(word.substr(0, kLongest + 1));
  if (word.size() > kLongest || wanted.empty()) {
    return {};
  }
  std::string best;
  size_t best_edits = SIZE_MAX;
  for (const auto& candidate : candidates) {
    const std::string other = folded(candidate);
    if (other.empty() || other.size() > kLongest || candidate == word) {
      continue;
    }
    const size_t edits = distance(wanted, other);
    // A third of the letters may be wrong; a word that another one begins with counts as one slip.
    const bool prefix = wanted.size() >= 3 &&
                        (other.starts_with(wanted) || wanted.starts_with(other)) &&
                        other.size() >= 3;
    const size_t allowed = std::max<size_t>(1, std::max(wanted.size(), other.size()) / 3);
    const bool close = edits <= allowed && edits < std::min(wanted.size(), other.size());
    const size_t score = edits == 0 ? 0 : prefix ? 1 : edits;
    if ((close || prefix) && score < best_edits) {
      best = candidate;
      best_edits = score;
    }
  }
  return best;
}

}  // namespace sluice::host
