// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/discord/expect.hpp"

#include <nlohmann/json.hpp>

namespace sluice::twin::discord {
namespace {

using nlohmann::json;

constexpr std::uint64_t kCheck = 1'000'003;  // ids are summed modulo a prime

struct Sums {
  std::uint64_t messages = 0, id_check = 0, characters = 0, edited = 0, pinned = 0, replies = 0,
                deleted_references = 0, unknown_references = 0, forwards = 0, webhooks = 0,
                attachments = 0, attachment_bytes = 0, attachment_check = 0, reactions = 0,
                reaction_count = 0, unknown_fields = 0;
  std::set<std::uint64_t> authors;
  std::map<std::string, std::uint64_t> by_channel;

  void add(const Guild& guild, const Channel& channel, const Message& m) {
    ++messages;
    ++by_channel[std::to_string(channel.id)];
    id_check += m.id % kCheck;
    characters += m.characters;
    edited += m.edited_ms != 0 ? 1 : 0;
    pinned += m.pinned ? 1 : 0;
    replies += m.type == 19 ? 1 : 0;
    deleted_references += m.reference == Reference::kDeleted ? 1 : 0;
    unknown_references += m.reference == Reference::kUnknown ? 1 : 0;
    forwards += m.reference == Reference::kForward ? 1 : 0;
    webhooks += guild.author(m.author).webhook ? 1 : 0;
    unknown_fields += m.extra ? 1 : 0;
    authors.insert(guild.author(m.author).id);
    for (const Attachment& file : m.attachments) {
      ++attachments;
      attachment_bytes += file.size;
      attachment_check += file.id % kCheck;
    }
    for (const Reaction& reaction : m.reactions) {
      ++reactions;
      reaction_count += reaction.count;
    }
  }
};

void add_channel(const Guild& guild, const Channel& channel, const Wanted& wanted, Sums& sums) {
  for (std::uint64_t place = 0; place < guild.size(channel); ++place) {
    const std::int64_t at = time_of(guild.id_at(channel, place));
    if (at < wanted.from_ms || at >= wanted.to_ms) {
      continue;
    }
    if (const auto message = guild.at(channel, place)) {
      sums.add(guild, channel, *message);
    }
  }
}

}  // namespace

std::string expect_json(const Guild& guild, const Wanted& wanted) {
  Sums sums;
  std::uint64_t channels = 0;
  for (const Channel& channel : guild.channels()) {
    const bool asked = wanted.channels.empty() ? channel.visible && channel.history && !channel.gone
                                               : wanted.channels.count(channel.id) > 0;
    channels += channel.gone ? 0 : 1;
    if (asked && channel.has_messages()) {
      add_channel(guild, channel, wanted, sums);
    }
  }
  return json{{"channels", channels},
              {"messages", sums.messages},
              {"id_check", sums.id_check},
              {"characters", sums.characters},
              {"edited", sums.edited},
              {"pinned", sums.pinned},
              {"replies", sums.replies},
              {"deleted_references", sums.deleted_references},
              {"unknown_references", sums.unknown_references},
              {"forwards", sums.forwards},
              {"webhook_messages", sums.webhooks},
              {"unknown_fields", sums.unknown_fields},
              {"attachments", sums.attachments},
              {"attachment_bytes", sums.attachment_bytes},
              {"attachment_check", sums.attachment_check},
              {"reactions", sums.reactions},
              {"reaction_count", sums.reaction_count},
              {"authors", sums.authors.size()},
              {"by_channel", sums.by_channel}}
      .dump();
}

}  // namespace sluice::twin::discord
