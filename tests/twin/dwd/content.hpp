// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/twin/dwd/catalog.hpp"

namespace sluice::twin::dwd {

// The text of a station archive's product file, CR LF line ends.
std::string product_text(std::uint64_t seed, const Archive& archive);
// The name of that file within the archive.
std::string product_name(const Archive& archive);
// The bytes of any file of the tree: a pure function of its arguments.
std::string make_bytes(const Catalog& catalog, const File& file);

// Builds files on first use and keeps them, least recently used out first; their sizes are kept for
// good. Thread-safe.
class ContentCache {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  ContentCache(const Catalog& catalog, std::size_t limit_bytes);

  Bytes get(const std::string& path, const File& file);
  std::uint64_t size(const std::string& path, const File& file);

 private:
  static std::string key_of(const std::string& path, const File& file);
  Bytes lookup(const std::string& key);
  void store(const std::string& key, const Bytes& bytes);

  struct Held {
    Bytes bytes;
    std::list<std::string>::iterator place;
  };
  const Catalog& catalog_;
  const std::size_t limit_bytes_;
  std::mutex mutex_;  // guards all below
  std::size_t held_bytes_ = 0;
  std::list<std::string> order_;  // most recently used first
  std::unordered_map<std::string, Held> held_;
  std::unordered_map<std::string, std::uint64_t> sizes_;
};

}  // namespace sluice::twin::dwd
