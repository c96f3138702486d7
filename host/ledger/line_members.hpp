// SPDX-License-Identifier: Apache-2.0
//
// The lines of an export as JSON: one object each, whose strings that are not UTF-8 are
// {"hex": "..."}. docs/ledger-format.md, "Export".
#pragma once

#include <cstdint>
#include <exception>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

namespace sluice::host {

using LineJson = nlohmann::ordered_json;
inline constexpr int kExportVersion = 1;

// Thrown for a line that is none of an export; stays within import_line().
struct BadLine : std::exception {
  explicit BadLine(std::string text) : why(std::move(text)) {}
  [[nodiscard]] const char* what() const noexcept override { return why.c_str(); }
  std::string why;
};

// Reads the members of one object, each at most once, and refuses those nobody asked for. The
// object outlives it. All but end() throw BadLine for a member that is not what was asked for.
class Members {
 public:
  Members(const LineJson& object, const char* name);
  std::string text(const char* key, bool required = false);
  int64_t integer(const char* key, int64_t missing);
  uint64_t natural(const char* key, uint64_t most = UINT64_MAX);
  bool flag(const char* key);
  // Null if there is none and none is required.
  const LineJson* find(const char* key, bool required);
  // Throws BadLine if there are members that were not asked for.
  void end() const;

 private:
  [[nodiscard]] BadLine wrong(const char* key, const char* what) const;
  const LineJson& object_;
  const char* name_;
  size_t taken_ = 0;
};

}  // namespace sluice::host
