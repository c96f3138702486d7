// SPDX-License-Identifier: Apache-2.0
#include "price.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "sluice/cpp/candles.hpp"

namespace yahoo {
namespace {

constexpr int kDigits = sluice::kCandlePrecision;
constexpr int kScale = sluice::kCandleScale;
constexpr double kNoise = 4;  // steps of a 32-bit number that sums and quotients may be off

constexpr double kPowers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

// How often the scale's last digit goes into that one behind the point.
sluice::Int128 scale_up(int digits) {
  int64_t out = 1;
  for (int i = digits; i < kScale; ++i) {
    out *= 10;
  }
  return out;
}

// Rounded to so many digits, half away from zero.
sluice::Decimal rounded_to(sluice::Decimal value, int digits) {
  const sluice::Int128 unit = scale_up(digits);
  const sluice::Int128 rest = value.unscaled % unit;
  const sluice::Int128 down = value.unscaled - rest;
  const sluice::Int128 up = rest < 0 ? down - unit : down + unit;
  return {(rest < 0 ? -rest : rest) * 2 >= unit ? up : down};
}

// Distance of 32-bit numbers of that size.
double step_of(float value) {
  const float size = std::abs(value);
  return static_cast<double>(std::bit_cast<float>(std::bit_cast<uint32_t>(size) + 1)) -
         static_cast<double>(size);
}

}  // namespace

sluice::Decimal price_of(std::string_view text, int hint, bool always) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool plain = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  const auto narrow = static_cast<float>(value);
  const double noise = kNoise * step_of(narrow);
  if (plain && !always && hint >= 0 && hint <= 9 && std::abs(value) < 1e6) {
    const double unit = kPowers[hint];
    const double digits = std::nearbyint(value * unit);
    if (std::abs(digits / unit - value) <= noise) {  // the common case, without decimals
      return {static_cast<sluice::Int128>(static_cast<int64_t>(digits)) * scale_up(hint)};
    }
  }
  const sluice::Decimal exact = sluice::round_decimal128(text, kDigits, kScale);
  if (!plain) {
    return exact;
  }
  if (hint >= 0) {
    const sluice::Decimal hinted = rounded_to(exact, hint);
    const double off = std::abs(static_cast<double>(hinted.unscaled - exact.unscaled)) * 1e-18;
    if (always || off <= noise) {
      return hinted;
    }
  }
  if (static_cast<double>(narrow) != value) {
    return exact;  // not widened
  }
  char shortest[64];
  const auto made = std::to_chars(shortest, shortest + sizeof(shortest), narrow);
  return sluice::round_decimal128({shortest, static_cast<std::size_t>(made.ptr - shortest)},
                                  kDigits, kScale);
}

}  // namespace yahoo
