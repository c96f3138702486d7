// SPDX-License-Identifier: Apache-2.0
//
// Secrets in one file of the state directory, sealed with a key that lies elsewhere.
//
// secrets.sealed, mode 0600, replaced as a whole:
//    8 bytes  "SLUICESE"
//    4 bytes  version of the format, little endian: 1
//    8 bytes  which key: BLAKE2b of it, so that a wrong key is told from a changed file
//   24 bytes  nonce, random each time
//   rest      XChaCha20-Poly1305 of the entries, all the above as additional data
// Entries, by name: u32 length and name, i64 when first set and i64 when last set (microseconds
// since the epoch, UTC), u32 length and value. Not JSON, so that values pass through no parser that
// leaves copies behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/secret/locked_text.hpp"

namespace sluice::host {

inline constexpr const char* kKeyVariable = "SLUICE_SECRET_KEY";  // 32 bytes in base64 or hex
inline constexpr const char* kKeyFileVariable = "SLUICE_SECRET_KEY_FILE";

// Letters, digits, `_`, `-` and `.`, at most 128, none of the last two in front.
bool is_store_name(std::string_view name);

// Thread-safe, and safe with other processes. Reads the file at each call, so that it always tells
// what holds now. Errors: kAuth for a wrong, missing or unsafe key, kCorrupt for a damaged store,
// kUnsupported for one of a later version, kIo, kNoSpace.
class SealedStore {
 public:
  struct Entry {
    std::string name;
    int64_t created_us = 0, changed_us = 0;
  };

  explicit SealedStore(std::filesystem::path state_dir) : folder_(std::move(state_dir)) {}

  // kNotFound, naming what there is, if the store or the name does not exist.
  [[nodiscard]] Result<LockedBytes> get(std::string_view name) const;
  // By name; none without a store.
  [[nodiscard]] Result<std::vector<Entry>> list() const;
  // Makes store and key where there are none. Gives whether a value was replaced.
  [[nodiscard]] Result<bool> set(std::string_view name, std::string_view value, const Clock& clock);
  // kNotFound if there is no such name.
  [[nodiscard]] Result<void> remove(std::string_view name);

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "secrets.sealed"; }
  // Where the key is read from: SLUICE_SECRET_KEY_FILE, or secret.key in the user's configuration.
  [[nodiscard]] static Result<std::filesystem::path> key_file();

 private:
  struct Value {
    int64_t created_us = 0, changed_us = 0;
    LockedBytes value;
  };
  using Values = std::map<std::string, Value, std::less<>>;

  [[nodiscard]] std::string place() const { return "the sealed store " + file().string(); }
  [[nodiscard]] Result<LockedBytes> key(bool create) const;
  [[nodiscard]] Result<Values> open(const LockedBytes& key, std::string_view sealed) const;
  [[nodiscard]] Result<std::optional<Values>> load() const;  // nothing: there is no store
  [[nodiscard]] Result<void> save(const LockedBytes& key, const Values& values) const;
  [[nodiscard]] Error not_there(std::string_view name, const Values& values) const;

  const std::filesystem::path folder_;
};

}  // namespace sluice::host
