// SPDX-License-Identifier: Apache-2.0
#include "fingerprint.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace bungie {

namespace {

namespace dom = simdjson::dom;

// A bijection whose output bits all depend on all input bits.
constexpr uint64_t mix(uint64_t x) noexcept {
  x ^= x >> 32U;
  x *= 0xD6E8FEB86659FD93U;
  x ^= x >> 32U;
  x *= 0xD6E8FEB86659FD93U;
  return x ^ (x >> 32U);
}

constexpr uint64_t kHighSeed = 0x243F6A8885A308D3U;  // digits of pi
constexpr uint64_t kLowSeed = 0x13198A2E03707344U;

// What is digested, so that "1" and 1 differ.
enum class Kind : uint64_t { kNull = 1, kFalse, kTrue, kInteger, kDouble, kText, kArray, kObject };

class Digest {
 public:
  explicit Digest(Kind kind) noexcept { add(static_cast<uint64_t>(kind)); }
  Digest& add(uint64_t word) noexcept {
    high_ = mix(high_ ^ word) + kLowSeed;
    low_ = mix(low_ + word * 0x9E3779B97F4A7C15U) ^ kHighSeed;
    return *this;
  }
  Digest& add(const Fingerprint& other) noexcept { return add(other.high).add(other.low); }
  Digest& add(std::string_view bytes) noexcept {
    add(bytes.size());
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      add(word_of(bytes, 8));
    }
    return bytes.empty() ? *this : add(word_of(bytes, bytes.size()));
  }
  Fingerprint done() const noexcept {
    return {mix(high_ + low_), mix(low_ ^ std::rotl(high_, 17))};
  }

 private:
  static uint64_t word_of(std::string_view bytes, std::size_t size) noexcept {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), size);
    return word;
  }
  uint64_t high_ = kHighSeed;
  uint64_t low_ = kLowSeed;
};

Fingerprint of_number(double value) noexcept {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::fabs(value) < kExact && value == std::floor(value)) {
    return Digest(Kind::kInteger).add(static_cast<uint64_t>(static_cast<int64_t>(value))).done();
  }
  return Digest(Kind::kDouble).add(std::bit_cast<uint64_t>(value)).done();
}

// The sum over all members, which knows no order.
Fingerprint of_object(const dom::object& object) {
  Fingerprint sum;
  for (const auto field : object) {
    const Fingerprint member =
        Digest(Kind::kObject).add(field.key).add(fingerprint(field.value)).done();
    sum.high += member.high;
    sum.low += member.low;
  }
  return Digest(Kind::kObject).add(object.size()).add(sum).done();
}

Fingerprint of_array(const dom::array& array) {
  Digest digest(Kind::kArray);
  for (const auto value : array) {
    digest.add(fingerprint(value));
  }
  return digest.done();
}

}  // namespace

Fingerprint Fingerprint::then(const Fingerprint& next) const noexcept {
  return Digest(Kind::kArray).add(*this).add(next).done();
}

std::string Fingerprint::text() const {
  std::array<char, 33> out{};
  std::snprintf(out.data(), out.size(), "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return out.data();
}

Fingerprint fingerprint(std::string_view bytes) {
  return Digest(Kind::kText).add(bytes).done();
}

Fingerprint fingerprint(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return of_array(dom::array(value));
    case dom::element_type::OBJECT:
      return of_object(dom::object(value));
    case dom::element_type::INT64:
      return Digest(Kind::kInteger).add(static_cast<uint64_t>(int64_t(value))).done();
    case dom::element_type::UINT64:
      return Digest(Kind::kInteger).add(uint64_t(value)).add(1).done();  // beyond int64
    case dom::element_type::DOUBLE:
      return of_number(double(value));
    case dom::element_type::STRING:
      return fingerprint(std::string_view(value));
    case dom::element_type::BOOL:
      return Digest(bool(value) ? Kind::kTrue : Kind::kFalse).done();
    case dom::element_type::NULL_VALUE:
      break;
  }
  return Digest(Kind::kNull).done();
}

bool Entry::parse(std::string_view json) {
  parsed_ = parser_.parse(json.data(), json.size()).get(root_) == simdjson::SUCCESS;
  digest_ = parsed_ ? fingerprint(root_) : fingerprint(json);
  return parsed_;
}

bool Entry::has_text(std::string_view pointer) const {
  return parsed_ && root_.at_pointer(pointer).is_string();
}

std::string_view Entry::text(std::string_view pointer) const {
  std::string_view out;
  const bool found = parsed_ && root_.at_pointer(pointer).get(out) == simdjson::SUCCESS;
  return found ? out : std::string_view{};
}

int64_t Entry::number(std::string_view pointer) const {
  int64_t out = 0;
  if (parsed_ && root_.at_pointer(pointer).get(out) != simdjson::SUCCESS) {
    const std::string_view digits = text(pointer);
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), out);
  }
  return out;
}

bool Entry::holds(std::string_view pointer, int64_t number) const {
  dom::array values;
  if (!parsed_ || root_.at_pointer(pointer).get(values) != simdjson::SUCCESS) {
    return false;
  }
  for (const auto value : values) {
    int64_t one = 0;
    if (value.get(one) == simdjson::SUCCESS && one == number) {
      return true;
    }
  }
  return false;
}

}  // namespace bungie
