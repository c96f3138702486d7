// SPDX-License-Identifier: Apache-2.0
//
// Pages of messages that one stream has fetched and others will want: messages, authors, reactions
// and attachments come with the same pages, but the host reads one stream after the other. What the
// others need of a page is kept, compressed, until each has had it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace discord {

// Threads: any.
class KeptPages {
 public:
  static constexpr unsigned kStreams = 4;
  using Key = std::pair<int64_t, int64_t>;  // channel, id after which the page begins

  explicit KeptPages(uint64_t most_bytes) : most_bytes_(most_bytes) {}

  // The page, if another stream has fetched it within the last hours and `stream` has not had it
  // since: a stream that comes again wants it as it is now.
  std::optional<std::string> take(const Key& key, unsigned stream, int64_t now_us);
  // Keeps what `stream` has just fetched, if there is room. Requires: the page is not empty (what
  // is behind the last message changes by the minute).
  void keep(const Key& key, unsigned stream, const std::string& page, int64_t now_us);
  // Whether keep() may do anything.
  bool wanted() const { return most_bytes_ > 0; }
  uint64_t bytes() const;

 private:
  struct Page {
    std::string packed;
    std::size_t size = 0;
    unsigned had = 0;  // a bit for each stream
    int64_t fetched_us = 0;
  };
  static uint64_t cost(const Page& page) { return page.packed.size() + 128; }
  void drop(std::map<Key, Page>::iterator page);

  const uint64_t most_bytes_;
  mutable std::mutex mutex_;  // guards all below
  std::map<Key, Page> pages_;
  uint64_t bytes_ = 0;
};

}  // namespace discord
