// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/discord/guild.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "tests/twin/hash.hpp"

namespace sluice::twin::discord {
namespace {

// What is drawn for what, so that one thing does not follow from another.
enum Salt : std::uint64_t {
  kJitter = 1,
  kDeleted,
  kKind,
  kText,
  kWho,
  kFiles,
  kReacts,
  kEdits,
  kRefers,
  kAuthorId
};

constexpr std::uint64_t kDeletedOf = 41;  // one message of so many was deleted
// And of each thousand a stretch, so that pages come short, but none empty.
constexpr std::uint64_t kStretch = 1000, kStretchFrom = 400, kStretchTo = 460;
constexpr std::uint64_t kTwinsOf = 50;  // two messages of so many share a millisecond

constexpr std::array<const char*, 16> kWords = {
    "raid", "tonight", "at",   "eight",  "who", "brings", "\"flasks\"", "für",
    "alle", "danke",   "ok\n", "日本語", "🔥",   "\\o/",   "naïve",      "<tag> & more"};
constexpr std::array<const char*, 5> kEmoji = {"🔥", "👍", "❤️", "kekw", "thisisfine"};

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string words(std::uint64_t hash) {
  const std::uint64_t count = 3 + hash % 22;
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : " ");
    text += kWords[hash_of(hash, i) % kWords.size()];
  }
  return text;
}

std::uint64_t spread(std::uint64_t total, std::uint64_t parts, std::uint64_t number) {
  return total / parts + (number < total % parts ? 1 : 0);
}

}  // namespace

std::int64_t day_ms(const std::string& date) {
  int year = 0, month = 0, day = 0, end = 0;
  if (std::sscanf(date.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 ||
      static_cast<std::size_t>(end) != date.size() || month < 1 || month > 12 || day < 1 ||
      day > 31 || year < 2015) {
    throw std::invalid_argument("'" + date + "' is no date such as 2024-01-31 from 2015 on");
  }
  const int y = year - (month <= 2 ? 1 : 0);  // years begin in March
  const int era_year = y % 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t days = std::int64_t{y / 400} * 146'097 + era_year * 365 + era_year / 4 -
                            era_year / 100 + day_of_year - 719'468;
  return days * 86'400'000;
}

Guild::Guild(std::uint64_t seed, const DiscordOptions& options) : seed_(seed) {
  const std::int64_t from_ms = day_ms(options.from);
  const std::int64_t to_ms = day_ms(options.to);
  if (from_ms >= to_ms || options.channels == 0 || options.authors < 2) {
    throw std::invalid_argument(
        "the guild needs a channel, two authors, and a first day before its last");
  }
  now_ms_ = to_ms;
  id_ = snowflake(from_ms, 7);
  for (std::uint32_t i = 0; i < options.authors; ++i) {
    const std::uint64_t hash = hash_of(seed, kAuthorId, i);
    Author author;
    author.id = snowflake(from_ms - 86'400'000LL * (1 + static_cast<std::int64_t>(i)), hash);
    author.username = "member" + std::to_string(i);
    author.global_name = i % 3 == 0 ? "" : "Member Nº " + std::to_string(i);
    author.discriminator = i % 7 == 3 ? std::to_string(1000 + i % 9000) : "0";
    author.bot = i == 0 || i % 11 == 5;
    author.webhook = i % 13 == 6;
    authors_.push_back(author);
  }
  add_channels(options, from_ms, to_ms);
  add_threads(options, from_ms, to_ms);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    by_id_[channels_[i].id] = i;
  }
}

// A category and a forum, which hold no messages, and the channels; three quarters of the messages
// are theirs if there are threads.
void Guild::add_channels(const DiscordOptions& options, std::int64_t from_ms, std::int64_t to_ms) {
  Channel category;
  category.id = snowflake(from_ms, 100);
  category.type = ChannelType::kCategory;
  category.name = "Text Channels";
  Channel forum;
  forum.id = snowflake(from_ms, 101);
  forum.type = ChannelType::kForum;
  forum.parent = category.id;
  forum.name = "questions";
  channels_ = {category, forum};
  const std::uint64_t messages =
      options.threads > 0 ? options.messages - options.messages / 4 : options.messages;
  for (std::uint32_t i = 0; i < options.channels; ++i) {
    Channel channel;
    channel.id = snowflake(from_ms, 1000 + i);
    channel.type = i % 8 == 6   ? ChannelType::kVoice
                   : i % 8 == 7 ? ChannelType::kAnnouncement
                                : ChannelType::kText;
    channel.parent = category.id;
    channel.name = "channel-" + std::to_string(i);
    channel.slots = spread(messages, options.channels, i);
    channel.start_ms = from_ms + 1000;
    channel.gap_ms = std::max<std::int64_t>(
        1, (to_ms - channel.start_ms) / static_cast<std::int64_t>(channel.slots + 1));
    channels_.push_back(channel);
  }
}

void Guild::add_threads(const DiscordOptions& options, std::int64_t from_ms, std::int64_t to_ms) {
  const std::uint64_t messages = options.messages / 4;
  const std::int64_t life = (to_ms - from_ms) / 2;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    Channel thread;
    const std::int64_t born =
        from_ms + 60'000 + life * static_cast<std::int64_t>(i) / options.threads;
    thread.id = snowflake(born, 2000 + i);
    thread.forum_post = i % 4 == 0;
    thread.type = i % 4 == 3 ? ChannelType::kPrivateThread : ChannelType::kPublicThread;
    thread.parent = thread.forum_post ? channels_[1].id : channels_[2].id;
    thread.name = "thread " + std::to_string(i);
    thread.slots = spread(messages, options.threads, i);
    thread.start_ms = born + 1;
    thread.gap_ms =
        std::max<std::int64_t>(1, life / 2 / static_cast<std::int64_t>(thread.slots + 1));
    thread.archived = i % 2 == 1 || i == 2;  // number 2 is moving: in both lists
    thread.active = i % 2 == 0;
    thread.archive_ms = born + life / 2 + 1000;
    channels_.push_back(thread);
  }
}

const Channel* Guild::find(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() || channels_[found->second].gone ? nullptr
                                                                : &channels_[found->second];
}

Channel& Guild::change(std::uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    throw std::invalid_argument("there is no channel " + std::to_string(id));
  }
  return channels_[found->second];
}

std::uint64_t Guild::slot_id(const Channel& channel, std::uint64_t place) const {
  if (channel.forum_post && place == 0) {
    return channel.id;
  }
  const bool twin = place % kTwinsOf == 1;
  const std::uint64_t timed = twin ? place - 1 : place;
  const std::uint64_t gap = static_cast<std::uint64_t>(channel.gap_ms);
  const std::int64_t ms =
      channel.start_ms +
      static_cast<std::int64_t>(timed * gap + hash_of(seed_, kJitter, channel.id, timed) % gap);
  return snowflake(ms, (channel.id & 0x3FFU) << 12U | (place & 0xFFFU));
}

std::uint64_t Guild::id_at(const Channel& channel, std::uint64_t place) const {
  return place < channel.slots ? slot_id(channel, place) : channel.posted.at(place - channel.slots);
}

std::uint64_t Guild::places_to(const Channel& channel, std::uint64_t id) const {
  std::uint64_t low = 0, high = size(channel);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (id_at(channel, middle) <= id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::uint64_t Guild::last_message_id(const Channel& channel) const {
  return !channel.has_messages() || size(channel) == 0 ? 0 : id_at(channel, size(channel) - 1);
}

bool Guild::deleted(const Channel& channel, std::uint64_t place) const {
  if (place >= channel.slots || (channel.forum_post && place == 0)) {
    return false;
  }
  const std::uint64_t within = place % kStretch;
  return (within >= kStretchFrom && within < kStretchTo) ||
         hash_of(seed_, kDeleted, channel.id, place) % kDeletedOf == 0;
}

std::optional<Message> Guild::at(const Channel& channel, std::uint64_t place) const {
  if (deleted(channel, place)) {
    return std::nullopt;
  }
  const std::uint64_t id = id_at(channel, place);
  if (removed_.count(id) > 0) {
    return std::nullopt;
  }
  Message message = made(channel, id, place);
  if (const auto found = edited_.find(id); found != edited_.end()) {
    message.edited_ms = found->second;
    message.content += " (edited)";
    message.characters += 9;
  }
  if (const auto found = pinned_.find(id); found != pinned_.end()) {
    message.pinned = found->second;
  }
  if (const auto found = reacted_.find(id); found != reacted_.end()) {
    for (const auto& [name, reaction] : found->second) {
      auto& all = message.reactions;
      all.erase(std::remove_if(all.begin(), all.end(),
                               [&n = name](const Reaction& r) { return r.emoji_name == n; }),
                all.end());
      if (reaction.count > 0) {
        all.push_back(reaction);
      }
    }
  }
  return message;
}

Message Guild::made(const Channel& channel, std::uint64_t id, std::uint64_t place) const {
  const auto draw = [&](Salt salt) { return hash_of(seed_, salt, channel.id, place); };
  Message m;
  m.id = id;
  const std::uint64_t kind = draw(kKind) % 1000;
  m.author = static_cast<std::uint32_t>(draw(kWho) % authors_.size());
  m.content = words(draw(kText));
  m.pinned = kind == 999;
  m.extra = kind % 100 == 42;
  const std::uint64_t refers = draw(kRefers);
  if (kind < 60) {
    m.type = 19;
    m.reference = refers % 6 < 3   ? Reference::kPresent
                  : refers % 6 < 5 ? Reference::kDeleted
                                   : Reference::kUnknown;
    m.referenced =
        place == 0 ? id : id_at(channel, place - 1 - refers % std::min<std::uint64_t>(place, 20));
  } else if (kind < 75) {
    m.type = kind < 68 ? 7 : kind < 72 ? 6 : 57;  // 57 is no type anybody has documented
    m.content.clear();
  } else if (kind < 95) {
    m.sticker = true;
    m.content.clear();
  } else if (kind < 100) {
    m.poll = true;
    m.content.clear();
  } else if (kind < 105) {
    m.reference = Reference::kForward;
    m.referenced = id - 1;
    m.content.clear();
  } else if (kind < 185) {
    const std::uint64_t files = draw(kFiles);
    for (std::uint64_t i = 0; i < 1 + files % 3; ++i) {
      Attachment file;
      file.id =
          snowflake(time_of(id) - 200, (channel.id & 0xFFU) << 14U | (place & 0xFFFU) << 2U | i);
      file.image = (files >> i) % 2 == 0;
      file.filename = (file.image ? "screen " : "notes ") + std::to_string(files % 1000 + i) +
                      (file.image ? ".png" : ".txt");
      file.size = 1 + hash_of(files, i) % 8'000'000;
      m.attachments.push_back(std::move(file));
    }
    if (files % 2 == 0) {
      m.content.clear();
    }
  } else if (kind < 200) {
    m.embed = true;
  }
  m.mention = kind % 25 == 3 && m.type != 57;
  const std::uint64_t reacts = draw(kReacts);
  for (std::uint64_t i = 0; i < (reacts % 10 == 0 ? 1 + reacts / 10 % 4 : 0); ++i) {
    const std::size_t emoji = (reacts / 100 + i) % kEmoji.size();
    m.reactions.push_back({emoji < 3 ? 0 : 900'000'000'000'000'000ULL + emoji, kEmoji[emoji],
                           static_cast<std::uint32_t>(1 + hash_of(reacts, i) % 30)});
  }
  if (const std::uint64_t edits = draw(kEdits); edits % 25 == 0 && m.type != 7) {
    m.edited_ms = time_of(id) + 1 + static_cast<std::int64_t>(edits / 25 % 600'000);
  }
  m.characters = code_points(m.content);
  return m;
}

std::uint64_t Guild::post(std::uint64_t channel_id, std::int64_t at_ms) {
  Channel& channel = change(channel_id);
  const std::uint64_t last = last_message_id(channel);
  if (!channel.has_messages()) {
    throw std::invalid_argument("channel " + std::to_string(channel_id) + " holds no messages");
  }
  const std::uint64_t id =
      std::max(snowflake(at_ms, channel.posted.size() & 0xFFFU), last == 0 ? 0 : last + 8);
  channel.posted.push_back(id);
  return id;
}

void Guild::edit(std::uint64_t message, std::int64_t at_ms) {
  edited_[message] = at_ms;
}

std::uint64_t Guild::newest(const Channel& channel, std::uint64_t skip) const {
  for (std::uint64_t place = size(channel); place > 0; --place) {
    const auto message = at(channel, place - 1);
    if (message && skip-- == 0) {
      return message->id;
    }
  }
  return 0;
}

}  // namespace sluice::twin::discord
