// SPDX-License-Identifier: Apache-2.0
#include "host/http/retry.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>

#include "host/http/curl_library.hpp"
#include "host/http/head.hpp"

namespace sluice::host {
namespace {

// Seconds, whole or fractional, as some services send them; nothing else, so no "nan", "1e9" or
// "0x10".
std::optional<double> parse_seconds(std::string_view text) {
  if (text.empty() || text.size() > 18 ||
      text.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* end = nullptr;
  const double seconds = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size() ? std::optional(seconds) : std::nullopt;
}

}  // namespace

bool is_retried_status(uint32_t status) {
  return status >= 500 || status == 429 || status == 408;
}

std::optional<RetryAfter> parse_retry_after(std::string_view value, int64_t now_us,
                                            std::chrono::milliseconds cap, bool& ignored) {
  ignored = false;
  value = trim(value);
  if (value.empty()) {
    return std::nullopt;
  }
  double wait_ms = -1;
  if (const auto seconds = parse_seconds(value)) {
    wait_ms = *seconds * 1000;
  } else if (value.find(':') != std::string_view::npos) {  // a date has a time of day
    const time_t at = curl().getdate(std::string(value).c_str(), nullptr);
    wait_ms = at < 0 ? -1 : static_cast<double>(at) * 1000 - static_cast<double>(now_us) / 1000;
  }
  if (!(wait_ms > 0)) {
    ignored = true;
    return std::nullopt;
  }
  if (wait_ms > static_cast<double>(cap.count())) {
    return RetryAfter{cap, true};
  }
  return RetryAfter{std::chrono::milliseconds(static_cast<int64_t>(std::ceil(wait_ms))), false};
}

Backoff::Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, uint64_t seed)
    : base_(std::max(base, std::chrono::milliseconds(0))),
      cap_(std::max(cap, std::chrono::milliseconds(0))),
      random_(seed) {}

std::chrono::milliseconds Backoff::next(uint32_t attempt) {
  int64_t limit = base_.count();
  for (uint32_t i = 0; i < attempt && limit < cap_.count(); ++i) {
    limit *= 2;
  }
  const std::lock_guard lock(mutex_);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int64_t>(0, std::min<int64_t>(limit, cap_.count()))(random_));
}

}  // namespace sluice::host
