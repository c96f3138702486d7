// SPDX-License-Identifier: Apache-2.0
//
// The memory of the cache: answers by key, the least recently used leaves first.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/http/cache.hpp"

namespace sluice::host {

struct CachedAnswer {
  uint32_t status = 0;
  int64_t content_length = -1;
  std::string url;
  std::string validator;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  [[nodiscard]] uint64_t head_bytes() const;
};
using AnswerPtr = std::shared_ptr<const CachedAnswer>;  // shared with those who read it

// Not thread-safe.
class CacheStore {
 public:
  explicit CacheStore(const CacheOptions& options) : options_(options) {}

  // The answer if it is there and has not expired.
  AnswerPtr find(const std::string& key, int64_t now_us);
  // Counts bytes of an answer on its way; evicts for them. False, and nothing counted, if there is
  // no room even so.
  bool reserve(uint64_t bytes);
  void release(uint64_t bytes);
  // Keeps an answer whose bytes were reserved.
  void keep(const std::string& key, AnswerPtr answer, uint64_t reserved, int64_t expires_us);
  [[nodiscard]] const CacheFill& fill() const { return fill_; }

 private:
  struct Entry {
    std::string key;
    AnswerPtr answer;
    uint64_t bytes = 0;
    int64_t expires_us = 0;
  };
  using Order = std::list<Entry>;  // most recently used first
  void drop(Order::iterator entry);

  const CacheOptions options_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_key_;
  CacheFill fill_;
};

}  // namespace sluice::host
