// SPDX-License-Identifier: Apache-2.0
#include "directory.hpp"

#include "members.hpp"
#include "sluice/cpp/time_text.hpp"

namespace discord {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr int64_t kHolds_us = 600'000'000;
constexpr int32_t kCategory = 4, kDirectory = 14, kForum = 15, kMedia = 16;

std::string path_of(const char* kind, int64_t id, const std::string& rest = {}) {
  return std::string("/") + kind + "/" + std::to_string(id) + rest;
}

// When a thread was archived; lists go back by it.
std::optional<sluice::Micros> archived_at(const json& thread) {
  const json told = member(member(thread, "thread_metadata"), "archive_timestamp");
  const auto time = told.is_string() ? sluice::parse_time(told.get_ref<const std::string&>())
                                     : std::optional<sluice::DateTime>{};
  return time ? std::optional(time->time) : std::nullopt;
}

}  // namespace

bool Channel::has_messages() const {
  return !type || (*type != kCategory && *type != kDirectory && *type != kForum && *type != kMedia);
}

bool Channel::has_threads() const {
  return type && (*type == 0 || *type == 5 || *type == kForum || *type == kMedia);
}

std::optional<Channel> parse_channel(const json& object) {
  const auto id = id_in(object, "id");
  if (!id) {
    return std::nullopt;
  }
  Channel out;
  out.id = *id;
  const auto type = id_in(object, "type");
  out.type = type ? static_cast<int32_t>(*type) : 0;
  out.guild_id = id_in(object, "guild_id");
  out.parent_id = id_in(object, "parent_id").value_or(0);
  out.last_message_id = id_in(object, "last_message_id");
  // A thread may begin with null and a message all the same.
  if (object.contains("last_message_id") && object["last_message_id"].is_null() &&
      !out.is_thread()) {
    out.last_message_id = 0;
  }
  out.raw = object.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

std::shared_ptr<const Listing> Directory::listing(Part part) const {
  const std::lock_guard lock(mutex_);
  const int64_t now_us = host_.monotonic().count();
  const bool old = !listing_ || now_us - listed_us_ > kHolds_us;
  // The slice of `channels` that fails for what was refused is tried again by the host at once,
  // which must not cost the same refusals.
  const bool same_try = part == Part::kChannels && !old && !listing_->gaps.empty();
  const bool again = !had_by_.insert(part).second && !same_try;
  if (again) {  // another run
    had_by_ = {part};
    unreadable_.clear();
  }
  if (old || again) {
    renew();
  }
  return listing_;
}

std::shared_ptr<const Listing> Directory::last() const {
  const std::lock_guard lock(mutex_);
  if (!listing_) {
    renew();
  }
  return listing_;
}

void Directory::renew() const {
  listing_ = make();
  listed_us_ = host_.monotonic().count();
  unreadable_.insert(listing_->hidden.begin(), listing_->hidden.end());
}

void Directory::set_unreadable(int64_t channel, const std::string& why) const {
  const std::lock_guard lock(mutex_);
  unreadable_[channel] = why;
}

std::optional<std::string> Directory::unreadable(int64_t channel) const {
  const std::lock_guard lock(mutex_);
  const auto found = unreadable_.find(channel);
  return found == unreadable_.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<const Listing> Directory::make() const {
  (void)client_.own_id();  // a wrong token is told of once, before anything else is asked
  auto out = std::make_shared<Listing>();
  out->as_of_us = host_.now().time_since_epoch().count();
  for (const int64_t guild : selection_.guilds) {
    add_guild(guild, *out);
  }
  for (const int64_t channel : selection_.channels) {
    if (out->find(channel) == nullptr) {
      add_single(channel, *out);
    }
  }
  if (selection_.archived_threads) {
    add_archived(*out);
  }
  for (const auto* told : {&out->gaps, &out->gone}) {
    for (const std::string& sentence : *told) {
      host_.warn(sentence);
    }
  }
  return out;
}

bool Directory::excluded(const Channel& channel) const {
  return selection_.exclude.contains(channel.id) || selection_.exclude.contains(channel.parent_id);
}

// `below`: only threads of that channel; 0 = all. The first list that names a channel counts: one
// that is moving between lists stands in both.
void Directory::add_all(const json& list, int64_t below, Listing& out) const {
  if (!list.is_array()) {
    throw Error(Code::kBadData, "A list of channels is no list.").retryable();
  }
  for (const json& object : list) {
    auto channel = parse_channel(object);
    if (!channel) {
      out.gaps.emplace_back("A channel without a readable id was left out.");
    } else if (!excluded(*channel) && (below == 0 || channel->parent_id == below)) {
      out.channels.emplace(channel->id, std::move(*channel));
    }
  }
}

void Directory::add_guild(int64_t guild, Listing& out) const {
  add_all(client_.get(path_of("guilds", guild, "/channels"), {"guild", guild}), 0, out);
  if (selection_.active_threads) {
    add_active(guild, 0, out);
  }
}

void Directory::add_active(int64_t guild, int64_t below, Listing& out) const {
  const json answer =
      client_.get(path_of("guilds", guild, "/threads/active"), {"guild_threads", guild});
  add_all(member(answer, "threads"), below, out);
}

// A channel that is gone or hidden stays in the list, so that its slices say so.
void Directory::add_single(int64_t id, Listing& out) const {
  Channel channel;
  try {
    const auto parsed = parse_channel(client_.get(path_of("channels", id), {"channel", id}));
    channel = parsed.value_or(channel);
  } catch (const Error& error) {
    const bool gone = error.code() == Code::kNotFound;
    if (!gone && error.vendor_code() != kMissingAccess) {
      throw;
    }
    (gone ? out.gone : out.gaps).push_back(error.message());
    if (!gone) {
      out.hidden[id] = error.message();
    }
  }
  channel.id = id;
  const bool expand = selection_.active_threads && channel.has_threads() && channel.guild_id;
  if (expand) {
    add_active(*channel.guild_id, id, out);
  }
  out.channels.emplace(id, std::move(channel));
}

void Directory::add_archived(Listing& out) const {
  std::vector<std::pair<int64_t, bool>> parents;
  for (const auto& [id, channel] : out.channels) {
    if (channel.has_threads()) {
      parents.emplace_back(id, channel.type == 0);
    }
  }
  for (const auto& [id, is_text] : parents) {
    const char* which = "public";
    try {
      add_archived(id, which, out);
      if (config_.private_threads && is_text) {
        add_archived(id, which = "private", out);
      }
    } catch (const Error& error) {
      if (error.vendor_code() != kMissingAccess && error.vendor_code() != kMissingPermissions) {
        throw;
      }
      out.gaps.push_back(error.message());
      if (error.vendor_code() == kMissingAccess && std::string_view(which) == "public") {
        out.hidden[id] = error.message();  // without access to these, none to messages
      }
    }
  }
}

// From the newest back. Threads that were archived at the same instant may stand on both sides of a
// page's end, so the next page begins just above it.
void Directory::add_archived(int64_t parent, const char* which, Listing& out) const {
  std::string before;
  std::set<int64_t> seen;
  for (bool more = true; more;) {
    host_.check_cancel();
    const json answer =
        client_.get(path_of("channels", parent,
                            std::string("/threads/archived/") + which + "?limit=100" + before),
                    {"threads", parent});
    const json threads = member(answer, "threads");
    add_all(threads, 0, out);
    const std::size_t known = seen.size();
    std::optional<sluice::Micros> last;
    for (const json& thread : threads) {
      seen.insert(id_in(thread, "id").value_or(0));
      last = archived_at(thread);
    }
    more = member(answer, "has_more") == true && last;
    if (more) {
      const bool stuck = seen.size() == known;
      const auto from = *last + std::chrono::microseconds(stuck ? 0 : 1);
      const std::string next = "&before=" + sluice::to_text(sluice::DateTime{from});
      if (next == before) {
        throw Error(Code::kBadData, "The list of archived threads of channel " +
                                        std::to_string(parent) + " does not go on.")
            .retryable();
      }
      before = next;
    }
  }
}

}  // namespace discord
