// SPDX-License-Identifier: Apache-2.0
//
// Durations and sizes as a configuration may write them. The host checks them and the SDK reads
// them in a plugin, each with a parser of its own: both are tested with these cases, so that what
// `sluice check` accepts no plugin refuses.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::test {

struct QuantityCase {
  const char* text;
  std::optional<uint64_t> value;  // none: refused
};

// In microseconds.
inline constexpr QuantityCase kDurationCases[] = {
    {"90s", 90'000'000},
    {"5m", 300'000'000},
    {"2h", 7'200'000'000},
    {"7d", 604'800'000'000},
    {"2w", 1'209'600'000'000},
    {"250ms", 250'000},
    {"3us", 3},
    {"0s", 0},
    {"007s", 7'000'000},
    {"1h30m", 5'400'000'000},
    {"1d2h3m4s5ms", 93'784'005'000},
    {"1w1us", 604'800'000'001},
    {"1.5s", 1'500'000},
    {"1.5h30s", 5'430'000'000},
    {"0.001ms", 1},
    {"1.250s", 1'250'000},
    {"9223372036854775807us", INT64_MAX},
    {"9223372036854s775807us", INT64_MAX},
    {"", {}},
    {"90", {}},
    {"s", {}},
    {"-5s", {}},
    {"+5s", {}},
    {" 5s", {}},
    {"5s ", {}},
    {"5 s", {}},
    {"5S", {}},
    {"5y", {}},
    {"5sec", {}},
    {"1m1h", {}},
    {"1s1s", {}},
    {"1.s", {}},
    {".5s", {}},
    {"1.2345s", {}},
    {"1..5s", {}},
    {"0.5us", {}},
    {"1e3s", {}},
    {"9223372036854775808us", {}},
    {"9223372036854s775808us", {}},
    {"9223372036854775807s", {}},
    {"99999999999999999999s", {}},
    {"300000w300000d999999999h9999999999999s", {}},
    {"5m\n", {}},
    {"٣s", {}},
};

// In bytes.
inline constexpr QuantityCase kSizeCases[] = {
    {"4096", 4096},
    {"0", 0},
    {"7B", 7},
    {"1kB", 1'000},
    {"1KB", 1'000},
    {"1k", 1'000},
    {"10MB", 10'000'000},
    {"10 MB", 10'000'000},
    {"10M", 10'000'000},
    {"3GB", 3'000'000'000},
    {"3G", 3'000'000'000},
    {"2TB", 2'000'000'000'000},
    {"64KiB", 65'536},
    {"256MiB", 268'435'456},
    {"1.5GiB", 1'610'612'736},
    {"0.5KiB", 512},
    {"2TiB", 2'199'023'255'552},
    {"12 ", 12},
    {"18446744073709551615", UINT64_MAX},
    {"", {}},
    {"MB", {}},
    {"-1", {}},
    {"+1", {}},
    {" 1", {}},
    {"1  MB", {}},
    {"1MB ", {}},
    {"1 2MB", {}},
    {"1XB", {}},
    {"1mib", {}},
    {"1MIB", {}},
    {"1T", {}},
    {"1.5B", {}},
    {"1.0001MB", {}},
    {"1.MB", {}},
    {".5MB", {}},
    {"18446744073709551616", {}},
    {"18446744073709551615GiB", {}},
    {"99999999TiB", {}},
    {"0x10", {}},
};

}  // namespace sluice::test
