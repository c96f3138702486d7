// SPDX-License-Identifier: Apache-2.0
//
// The model of a guild: channels, threads and their messages, a function of seed and options, with
// what was changed since laid over it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::discord {

constexpr std::int64_t kEpochMs = 1'420'070'400'000;  // of snowflakes

constexpr std::uint64_t snowflake(std::int64_t unix_ms, std::uint64_t low = 0) {
  return static_cast<std::uint64_t>(unix_ms - kEpochMs) << 22U | (low & 0x3FFFFFU);
}
constexpr std::int64_t time_of(std::uint64_t id) {
  return static_cast<std::int64_t>(id >> 22U) + kEpochMs;
}

enum class ChannelType : std::uint8_t {
  kText = 0,
  kVoice = 2,
  kCategory = 4,
  kAnnouncement = 5,
  kPublicThread = 11,
  kPrivateThread = 12,
  kForum = 15,
};

struct Channel {
  std::uint64_t id = 0;
  ChannelType type = ChannelType::kText;
  std::uint64_t parent = 0;  // category, or the channel of a thread; 0: none
  std::string name;
  std::uint64_t slots = 0;  // messages ever posted by the model, deleted ones included
  std::int64_t start_ms = 0;
  std::int64_t gap_ms = 1;  // between two of them, on average
  bool forum_post = false;  // its first message has its own id
  // What verbs change.
  bool active = true;     // threads: in the list of active ones
  bool archived = false;  // threads: in a list of archived ones; both while it moves
  std::int64_t archive_ms = 0;
  bool visible = true;                  // VIEW_CHANNEL
  bool history = true;                  // READ_MESSAGE_HISTORY
  bool gone = false;                    // deleted
  std::vector<std::uint64_t> posted{};  // ids of messages that verbs posted, rising

  bool is_thread() const {
    return type == ChannelType::kPublicThread || type == ChannelType::kPrivateThread;
  }
  bool has_messages() const {
    return type != ChannelType::kCategory && type != ChannelType::kForum;
  }
};

struct Author {
  std::uint64_t id = 0;
  std::string username;
  std::string global_name;  // empty: null
  std::string discriminator = "0";
  bool bot = false;
  bool webhook = false;
};

struct Attachment {
  std::uint64_t id = 0;
  std::string filename;
  std::uint64_t size = 0;
  bool image = false;  // with width and height
};

struct Reaction {
  std::uint64_t emoji_id = 0;  // 0: a character
  std::string emoji_name;
  std::uint32_t count = 0;
};

enum class Reference : std::uint8_t { kNone, kPresent, kDeleted, kUnknown, kForward };

struct Message {
  std::uint64_t id = 0;
  int type = 0;
  std::string content;
  std::size_t characters = 0;  // code points of content
  std::uint32_t author = 0;
  std::int64_t edited_ms = 0;  // 0: never
  bool pinned = false;
  bool sticker = false, poll = false, embed = false, mention = false, extra = false;
  Reference reference = Reference::kNone;
  std::uint64_t referenced = 0;
  std::vector<Attachment> attachments;
  std::vector<Reaction> reactions;
};

// Not thread-safe.
class Guild {
 public:
  Guild(std::uint64_t seed, const DiscordOptions& options);

  std::uint64_t id() const { return id_; }
  const std::vector<Channel>& channels() const { return channels_; }
  const Channel* find(std::uint64_t id) const;
  const Author& author(std::uint32_t number) const { return authors_.at(number); }
  std::uint32_t own_author() const { return 0; }  // the bot that asks

  std::uint64_t size(const Channel& channel) const { return channel.slots + channel.posted.size(); }
  std::uint64_t id_at(const Channel& channel, std::uint64_t place) const;
  // Number of messages whose id is not above `id`, deleted ones included.
  std::uint64_t places_to(const Channel& channel, std::uint64_t id) const;
  // As the channel tells it: the last message ever posted, even if it was deleted; 0: none.
  std::uint64_t last_message_id(const Channel& channel) const;
  // The message at a place, or nothing if it was deleted.
  std::optional<Message> at(const Channel& channel, std::uint64_t place) const;

  // ---- changes ----
  Channel& change(std::uint64_t id);  // throws std::invalid_argument
  void set_now(std::int64_t ms) { now_ms_ = ms; }
  std::int64_t now_ms() const { return now_ms_; }
  std::uint64_t post(std::uint64_t channel, std::int64_t at_ms);
  void remove(std::uint64_t message) { removed_.insert(message); }
  void edit(std::uint64_t message, std::int64_t at_ms);
  void pin(std::uint64_t message, bool pinned) { pinned_[message] = pinned; }
  void react(std::uint64_t message, const Reaction& reaction) {
    reacted_[message][reaction.emoji_name] = reaction;
  }
  void rename(std::uint32_t author, const std::string& name) {
    authors_.at(author).username = name;
  }
  // The newest message of a channel that was not deleted; 0: none.
  std::uint64_t newest(const Channel& channel, std::uint64_t skip = 0) const;

 private:
  Message made(const Channel& channel, std::uint64_t id, std::uint64_t place) const;
  bool deleted(const Channel& channel, std::uint64_t place) const;
  std::uint64_t slot_id(const Channel& channel, std::uint64_t place) const;
  void add_channels(const DiscordOptions& options, std::int64_t from_ms, std::int64_t to_ms);
  void add_threads(const DiscordOptions& options, std::int64_t from_ms, std::int64_t to_ms);

  std::uint64_t seed_;
  std::uint64_t id_ = 0;
  std::int64_t now_ms_ = 0;
  std::vector<Channel> channels_;
  std::map<std::uint64_t, std::size_t> by_id_;
  std::vector<Author> authors_;
  std::set<std::uint64_t> removed_;
  std::map<std::uint64_t, std::int64_t> edited_;
  std::map<std::uint64_t, bool> pinned_;
  std::map<std::uint64_t, std::map<std::string, Reaction>> reacted_;
};

// Midnight UTC of "2024-01-31". Throws std::invalid_argument.
std::int64_t day_ms(const std::string& date);

}  // namespace sluice::twin::discord
