// SPDX-License-Identifier: Apache-2.0
#include "host/http/cache_store.hpp"

namespace sluice::host {
namespace {

constexpr uint64_t kOverhead = 256;  // of an entry's own structures, roughly

}  // namespace

uint64_t CachedAnswer::head_bytes() const {
  uint64_t bytes = kOverhead + url.size() + validator.size();
  for (const auto& [name, value] : fields) {
    bytes += sizeof(std::pair<std::string, std::string>) + name.size() + value.size();
  }
  return bytes;
}

AnswerPtr CacheStore::find(const std::string& key, int64_t now_us) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return nullptr;
  }
  if (found->second->expires_us <= now_us) {
    drop(found->second);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return found->second->answer;
}

bool CacheStore::reserve(uint64_t bytes) {
  if (bytes > options_.bytes) {
    return false;
  }
  while (fill_.bytes > options_.bytes - bytes && !order_.empty()) {
    drop(std::prev(order_.end()));
    ++fill_.evicted;
  }
  if (fill_.bytes > options_.bytes - bytes) {
    return false;
  }
  fill_.bytes += bytes;
  return true;
}

void CacheStore::release(uint64_t bytes) {
  fill_.bytes -= bytes;
}

void CacheStore::keep(const std::string& key, AnswerPtr answer, uint64_t reserved,
                      int64_t expires_us) {
  const auto old = by_key_.find(key);
  if (old != by_key_.end()) {
    drop(old->second);
  }
  while (fill_.entries >= options_.entries && !order_.empty()) {
    drop(std::prev(order_.end()));
    ++fill_.evicted;
  }
  order_.push_front({key, std::move(answer), reserved, expires_us});
  by_key_[key] = order_.begin();
  ++fill_.entries;
}

void CacheStore::drop(Order::iterator entry) {
  fill_.bytes -= entry->bytes;
  --fill_.entries;
  by_key_.erase(entry->key);
  order_.erase(entry);
}

}  // namespace sluice::host
