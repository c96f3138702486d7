// SPDX-License-Identifier: Apache-2.0
//
// The head of an answer: parsed line by line as curl hands it over, then asked by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::host {

bool equal_ignoring_case(std::string_view left, std::string_view right);
std::string_view trim(std::string_view text);  // blanks, tabs and line ends

struct Head {
  uint32_t status = 0;
  int64_t content_length = -1;  // -1 = not told
  std::vector<std::pair<std::string, std::string>> fields;

  // Several fields of one name are joined by ", "; empty if there is none.
  [[nodiscard]] std::string field(std::string_view name) const;
  [[nodiscard]] bool is_redirect() const;  // of a kind that is followed if it has a Location
};

// Takes head lines; a new status line starts afresh (1xx answers). Loop thread only.
class HeadParser {
 public:
  enum class Step : uint8_t { kMore, kComplete, kTooLong };
  Step line(std::string_view text);
  [[nodiscard]] Head take();
  void reset();

 private:
  static constexpr size_t kMaxBytes =
      256U << 10;  // far above any honest server, small enough for a thousand answers
  Head head_;
  size_t bytes_ = 0;
};

// The opaque text by which a later request becomes conditional; empty if the answer has neither
// ETag nor Last-Modified.
std::string make_validator(const Head& head);

// The request headers a validator becomes: If-None-Match and If-Modified-Since, or If-Range where a
// range is asked for (strong ETags and dates only). A text that is not a validator gives none.
std::vector<std::string> conditional_headers(std::string_view validator, bool ranged);

// Does `content_type` satisfy `expect`: a media type, several split by commas, a wildcard such as
// "text/*"? Parameters do not count; "application/json" is also met by types that end in "+json",
// likewise xml.
bool media_type_matches(std::string_view content_type, std::string_view expect);

}  // namespace sluice::host
