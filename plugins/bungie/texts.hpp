// SPDX-License-Identifier: Apache-2.0
//
// The texts of further languages, until the rows that they belong to are made. Files of two
// languages need not have their entries in one order, and thirteen of them are too large for
// memory: so they wait in a temporary SQLite database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "databases.hpp"
#include "fingerprint.hpp"

namespace bungie {

// What an entry says in one language.
struct Translation {
  std::vector<std::optional<std::string>> texts;  // as translated_fields()
  Fingerprint digest;
};

// Threads: one.
class Texts {
 public:
  explicit Texts(Workspace& workspace);

  void add(std::size_t language, std::string_view key, const Translation& translation);
  // Ends the adding.
  void close();
  std::optional<Translation> find(std::size_t language, std::string_view key);
  // Translations whose entry was never looked for.
  uint64_t left() const noexcept { return added_ - found_; }

 private:
  TemporaryFile file_;
  DatabaseHandle db_;
  StatementHandle insert_, select_;
  uint64_t added_ = 0;
  uint64_t found_ = 0;
};

}  // namespace bungie
