// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <zlib.h>

namespace discord {
namespace {

constexpr int64_t kHolds_us = 6 * 3'600'000'000LL;
constexpr unsigned kAll = (1U << KeptPages::kStreams) - 1;

std::string pack(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  const auto* from = reinterpret_cast<const Bytef*>(text.data());
  const int done =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size, from, text.size(), Z_BEST_SPEED);
  out.resize(done == Z_OK ? size : 0);
  out.shrink_to_fit();
  return out;
}

std::optional<std::string> unpack(const std::string& packed, std::size_t size) {
  std::string out(size, '\0');
  uLongf got = size;
  const auto* from = reinterpret_cast<const Bytef*>(packed.data());
  const int done = uncompress(reinterpret_cast<Bytef*>(out.data()), &got, from, packed.size());
  return done == Z_OK && got == size ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::optional<std::string> KeptPages::take(const Key& key, unsigned stream, int64_t now_us) {
  std::string packed;
  std::size_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pages_.find(key);
    if (found == pages_.end()) {
      return std::nullopt;
    }
    Page& page = found->second;
    if ((page.had & 1U << stream) != 0 || now_us - page.fetched_us > kHolds_us) {
      drop(found);
      return std::nullopt;
    }
    page.had |= 1U << stream;
    packed = page.packed;
    size = page.size;
    if (page.had == kAll) {
      drop(found);
    }
  }
  return unpack(packed, size);
}

void KeptPages::keep(const Key& key, unsigned stream, const std::string& page, int64_t now_us) {
  Page made{.packed = pack(page), .size = page.size(), .had = 1U << stream, .fetched_us = now_us};
  const std::lock_guard lock(mutex_);
  if (const auto old = pages_.find(key); old != pages_.end()) {
    drop(old);
  }
  if (!made.packed.empty() && bytes_ + cost(made) <= most_bytes_) {
    bytes_ += cost(made);
    pages_.emplace(key, std::move(made));
  }
}

void KeptPages::drop(std::map<Key, Page>::iterator page) {
  bytes_ -= cost(page->second);
  pages_.erase(page);
}

uint64_t KeptPages::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace discord
