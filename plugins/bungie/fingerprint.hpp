// SPDX-License-Identifier: Apache-2.0
//
// A digest of an entry that says whether its content changed: members may stand in any order, space
// and escapes do not count, numbers count by their value. The service writes equal entries anew
// with their members in another order.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bungie {

// 128 bits; two entries that differ agree by an accident that will not happen.
struct Fingerprint {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const Fingerprint&) const = default;
  // With what stands next to it, in this order.
  Fingerprint then(const Fingerprint& next) const noexcept;
  std::string text() const;  // 32 hexadecimal digits
};

Fingerprint fingerprint(const simdjson::dom::element& value);
// Of bytes as they stand, where they are no JSON that a parser takes.
Fingerprint fingerprint(std::string_view bytes);

// An entry as a tree, with its digest. Threads: one.
class Entry {
 public:
  // False if `json` cannot be a tree (numbers beyond 64 bits, bytes that are no UTF-8); its digest
  // is then that of its bytes.
  bool parse(std::string_view json);

  const Fingerprint& digest() const noexcept { return digest_; }
  // The text at a pointer; nothing if there is none.
  std::string_view text(std::string_view pointer) const;
  bool has_text(std::string_view pointer) const;
  // A whole number at a pointer, also one that is written as text; 0 if there is none.
  int64_t number(std::string_view pointer) const;
  // Whether an array at a pointer holds that number.
  bool holds(std::string_view pointer, int64_t number) const;

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  Fingerprint digest_;
  bool parsed_ = false;
};

}  // namespace bungie
