// SPDX-License-Identifier: Apache-2.0
//
// The entries of one table in one language, in the order of its file, whatever form that has.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client.hpp"
#include "databases.hpp"

namespace bungie {

// Threads: one.
class Entries {
 public:
  Entries() = default;
  Entries(const Entries&) = delete;
  Entries& operator=(const Entries&) = delete;
  virtual ~Entries() = default;

  // False at the end: the file has then been read and checked to its end.
  virtual bool next() = 0;
  // What names the entry: an unsigned hash as decimal text, or a text. Until the next call.
  virtual std::string_view key() const = 0;
  virtual std::string_view json() const = 0;
};

// From the JSON file at `path`.
std::unique_ptr<Entries> open_json(const Client& client, const std::string& path);
// From a table of a database, behind the first `skipped`. Throws NOT_FOUND if it has no such table.
std::unique_ptr<Entries> open_table(std::shared_ptr<const DatabaseFile> file,
                                    const std::string& table, uint64_t skipped);

}  // namespace bungie
