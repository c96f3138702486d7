// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/metadata.hpp"

#include <cstdint>
#include <cstring>

namespace sluice::host {
namespace {

constexpr int32_t kMaxPairs = 1000;
constexpr int32_t kMaxBytes = 1 << 20;

int32_t take_number(const char*& at) {
  int32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

std::optional<std::string> take_text(const char*& at) {
  const int32_t size = take_number(at);
  if (size < 0 || size > kMaxBytes) {
    return std::nullopt;
  }
  std::string out(at, static_cast<size_t>(size));
  at += size;
  return out;
}

}  // namespace

std::optional<Metadata> read_metadata(const char* metadata) {
  Metadata out;
  if (metadata == nullptr) {
    return out;
  }
  const int32_t pairs = take_number(metadata);
  if (pairs < 0 || pairs > kMaxPairs) {
    return std::nullopt;
  }
  for (int32_t i = 0; i < pairs; ++i) {
    auto key = take_text(metadata);
    if (!key) {
      return std::nullopt;
    }
    auto value = take_text(metadata);
    if (!value || !out.emplace(std::move(*key), std::move(*value)).second) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace sluice::host
