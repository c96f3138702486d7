// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_headers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "host/http/curl_library.hpp"

namespace sluice::host {
namespace {

constexpr double kMicros = 1e6;
constexpr double kEpochSeconds = 1e9;  // from here on a number is a time, no span of seconds
constexpr double kEpochMillis = 1e11;
constexpr double kMostSeconds = 32.0 * 86'400;

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.size() > 24 ||
      text.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size() ? std::optional(value) : std::nullopt;
}

// "X-RateLimit-Remaining: 3, 40" of several windows: the first is the tightest in practice.
std::string_view first_of_list(std::string_view text) {
  return trim(text.substr(0, text.find(',')));
}

std::optional<double> first_number(const Head& head, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = number_field(head, name)) {
      return value;
    }
  }
  return std::nullopt;
}

bool is_whole(double value) {
  return value == std::floor(value);
}

std::optional<int64_t> span_us(double seconds) {
  if (!(seconds > 0) || seconds > kMostSeconds) {
    return std::nullopt;
  }
  return std::llround(std::ceil(seconds * kMicros));
}

// The service's own time if it tells it, so that clocks that differ do no harm.
double service_seconds(const Head& head, int64_t now_us) {
  const std::string date = head.field("Date");
  const time_t told = date.empty() ? -1 : curl().getdate(date.c_str(), nullptr);
  return told > 0 ? static_cast<double>(told) : static_cast<double>(now_us) / kMicros;
}

std::optional<int64_t> parse_reset(const std::string& text, const Head& head, int64_t now_us) {
  if (const auto number = parse_number(first_of_list(text))) {
    if (*number >= kEpochSeconds) {
      const double at = *number >= kEpochMillis ? *number / 1000 : *number;
      return span_us(at - service_seconds(head, now_us) + (is_whole(at) ? 1 : 0));
    }
    // Whole seconds are most often rounded down.
    return span_us(*number + (text.find('.') == std::string::npos ? 1 : 0));
  }
  if (text.find(':') == std::string::npos) {
    return std::nullopt;
  }
  const time_t at = curl().getdate(text.c_str(), nullptr);
  return at < 0 ? std::nullopt
                : span_us(static_cast<double>(at) - service_seconds(head, now_us) + 1);
}

// The value of `key=` in "limit=10, remaining=3, reset=7" or "\"default\";r=3;t=7".
std::optional<double> parameter(std::string_view text, std::string_view key) {
  for (size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; ++at) {
    const bool begins =
        at == 0 || text[at - 1] == ' ' || text[at - 1] == ';' || text[at - 1] == ',';
    const std::string_view rest = text.substr(at + key.size());
    if (begins && rest.starts_with('=')) {
      return parse_number(rest.substr(1, rest.substr(1).find_first_of(",; ")));
    }
  }
  return std::nullopt;
}

void read_combined(const Head& head, LimitFacts& facts) {
  const std::string text = head.field("RateLimit");
  if (text.empty()) {
    return;
  }
  const auto either = [&](const char* longer, const char* brief) {
    const auto found = parameter(text, longer);
    return found ? found : parameter(text, brief);
  };
  facts.limit = either("limit", "q");
  facts.left = either("remaining", "r");
  if (const auto reset = either("reset", "t")) {
    facts.reset_us = span_us(*reset + 1);
  }
}

}  // namespace

bool speaks_of_limits(const Head& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const auto& field) {
    std::string_view name = field.first;
    if (equal_ignoring_case(name.substr(0, 2), "x-")) {
      name.remove_prefix(2);
    }
    return equal_ignoring_case(name.substr(0, 9), "ratelimit") ||
           equal_ignoring_case(name.substr(0, 10), "rate-limit");
  });
}

std::optional<double> number_field(const Head& head, std::string_view name) {
  return parse_number(first_of_list(head.field(name)));
}

LimitFacts parse_limit_facts(const Head& head, int64_t now_us) {
  LimitFacts facts;
  read_combined(head, facts);
  const auto take = [](auto& into, auto from) {
    if (from) {
      into = from;
    }
  };
  take(facts.limit,
       first_number(head, {"X-RateLimit-Limit", "RateLimit-Limit", "X-Rate-Limit-Limit"}));
  take(facts.left, first_number(head, {"X-RateLimit-Remaining", "RateLimit-Remaining",
                                       "X-Rate-Limit-Remaining"}));
  if (const auto after = number_field(head, "X-RateLimit-Reset-After")) {
    facts.reset_us = span_us(*after);
  } else {
    for (const char* name : {"X-RateLimit-Reset", "RateLimit-Reset", "X-Rate-Limit-Reset"}) {
      if (const std::string text = head.field(name); !text.empty()) {
        facts.reset_us = parse_reset(text, head, now_us);
        break;
      }
    }
  }
  facts.whole_service = equal_ignoring_case(head.field("X-RateLimit-Global"), "true") ||
                        equal_ignoring_case(head.field("X-RateLimit-Scope"), "global");
  return facts;
}

}  // namespace sluice::host
