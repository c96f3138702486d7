// SPDX-License-Identifier: Apache-2.0
//
// Which channels and threads there are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client.hpp"
#include "streams.hpp"

namespace discord {

struct Channel {
  int64_t id = 0;
  std::optional<int32_t> type;  // none: it could not be asked for
  std::optional<int64_t> guild_id;
  int64_t parent_id = 0;
  // The last message ever posted; 0: none was; nothing: not told. It may have been deleted.
  std::optional<int64_t> last_message_id;
  std::string raw;  // the object as it came; empty: it could not be asked for

  bool is_thread() const { return type && *type >= 10 && *type <= 12; }
  // Categories and forums hold none of their own.
  bool has_messages() const;
  // Whether threads may hang below.
  bool has_threads() const;
};

// One look at all of it. Immutable.
struct Listing {
  int64_t as_of_us = 0;  // before it was fetched: all that was posted until then is in it
  std::map<int64_t, Channel> channels;
  std::vector<std::string> gaps;  // sentences: what is there or may be, and could not be listed
  std::vector<std::string> gone;  // sentences: single channels that are there no more
  std::map<int64_t, std::string> hidden;  // channels that the bot does not see: the refusals
  const Channel* find(int64_t id) const {
    const auto found = channels.find(id);
    return found == channels.end() ? nullptr : &found->second;
  }
};

// Threads: any. Lives as long as the instance.
class Directory {
 public:
  Directory(const sluice::Host& host, const Config& config, const Selection& selection,
            const Client& client)
      : host_(host), config_(config), selection_(selection), client_(client) {}

  // All streams of a run have the same listing, and so the same upper bound, for some minutes. A
  // stream that comes again wants a new one.
  std::shared_ptr<const Listing> listing(Part part) const;
  // The last one, whatever its age; made if there is none.
  std::shared_ptr<const Listing> last() const;

  // ---- which channels were refused, until the end of the run: none is asked twice, since Discord
  // counts refusals ----
  void set_unreadable(int64_t channel, const std::string& why) const;
  std::optional<std::string> unreadable(int64_t channel) const;

 private:
  void renew() const;  // Requires: mutex_ is held
  std::shared_ptr<const Listing> make() const;
  void add_guild(int64_t guild, Listing& out) const;
  void add_single(int64_t channel, Listing& out) const;
  void add_active(int64_t guild, int64_t below, Listing& out) const;
  void add_archived(Listing& out) const;
  void add_archived(int64_t parent, const char* which, Listing& out) const;
  void add_all(const sluice::json& list, int64_t below, Listing& out) const;
  bool excluded(const Channel& channel) const;

  const sluice::Host& host_;
  const Config& config_;
  const Selection& selection_;
  const Client& client_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::shared_ptr<const Listing> listing_;
  mutable int64_t listed_us_ = 0;  // monotonic
  mutable std::set<Part> had_by_;  // in this run
  mutable std::map<int64_t, std::string> unreadable_;
};

// Reads the fields that matter; nothing if it has no id.
std::optional<Channel> parse_channel(const sluice::json& object);

}  // namespace discord
