// SPDX-License-Identifier: Apache-2.0
//
// The files of a build: one JSON object for each table and language, and one packed SQLite database
// for each language.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tests/twin/bungie/world.hpp"

namespace sluice::twin::bungie {

// What a path below the service's root names.
struct ContentFile {
  std::size_t build = 0;
  std::size_t language = 0;
  std::optional<std::size_t> table;  // none: the database
};

std::string table_path(const Build& build, const std::string& table, std::size_t language);
std::string database_path(const Build& build, std::size_t language);

// Nothing if no build of the world has such a file.
std::optional<ContentFile> find_file(const World& world, std::string_view path);

// Builds files and keeps the newest of them. Thread-safe, while the world does not change.
class Content {
 public:
  Content(const World& world, std::size_t cache_bytes) : world_(world), most_(cache_bytes) {}
  std::shared_ptr<const std::string> get(const ContentFile& file);

 private:
  std::string make(const ContentFile& file) const;

  const World& world_;
  const std::size_t most_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, std::shared_ptr<const std::string>> kept_;
  std::list<std::string> order_;  // oldest first
  std::size_t bytes_ = 0;
};

// The table as the service writes it.
std::string table_json(const World& world, const Build& build, std::size_t table,
                       std::size_t language);
// All tables of a language as an SQLite database within a zip archive.
std::string packed_database(const World& world, const Build& build, std::size_t language);

}  // namespace sluice::twin::bungie
