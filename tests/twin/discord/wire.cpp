// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/discord/wire.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "tests/twin/hash.hpp"

namespace sluice::twin::discord {
namespace {

void put_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_id(std::string& out, const char* name, std::uint64_t id) {
  out += name;
  out += '"';
  out += std::to_string(id);
  out += '"';
}

const char* truth(bool value) {
  return value ? "true" : "false";
}

// Characters above the basic plane as escapes in some messages, as the service does at times.
void put_user(std::string& out, const Author& author) {
  put_id(out, "{\"id\":", author.id);
  out += ",\"username\":";
  put_text(out, author.username);
  out += R"(,"avatar":null,"discriminator":")" + author.discriminator + R"(","public_flags":0,)";
  if (author.webhook) {
    out += R"("bot":true})";
    return;
  }
  out += R"("flags":0,"global_name":)";
  if (author.global_name.empty()) {
    out += "null";
  } else {
    put_text(out, author.global_name);
  }
  out += author.bot ? R"(,"bot":true)" : "";
  out += R"(,"banner":null,"accent_color":null,"avatar_decoration_data":null,"clan":null,)"
         R"("primary_guild":null})";
}

void put_attachment(std::string& out, const Channel& channel, const Attachment& file,
                    std::uint64_t signature) {
  std::string name = file.filename;
  for (char& c : name) {
    c = c == ' ' ? '_' : c;
  }
  const std::string path =
      "/attachments/" + std::to_string(channel.id) + "/" + std::to_string(file.id) + "/" + name;
  std::array<char, 64> signed_part{};
  (void)std::snprintf(signed_part.data(), signed_part.size(), "?ex=%08llx&is=%08llx&hm=%016llx&",
                      static_cast<unsigned long long>(signature + 86'400),
                      static_cast<unsigned long long>(signature),
                      static_cast<unsigned long long>(hash_of(file.id, signature)));
  put_id(out, "{\"id\":", file.id);
  out += ",\"filename\":";
  put_text(out, name);
  out += ",\"size\":" + std::to_string(file.size);
  out += ",\"url\":\"https://cdn.discordapp.com" + path + signed_part.data() + "\"";
  out += ",\"proxy_url\":\"https://media.discordapp.net" + path + signed_part.data() + "\"";
  out += file.image ? R"(,"width":640,"height":480,"content_type":"image/png")"
                    : R"(,"content_type":"text/plain; charset=utf-8")";
  out += "}";
}

void put_reaction(std::string& out, const Reaction& reaction) {
  out += "{\"emoji\":{\"id\":";
  out += reaction.emoji_id == 0 ? "null" : "\"" + std::to_string(reaction.emoji_id) + "\"";
  out += ",\"name\":";
  put_text(out, reaction.emoji_name);
  const std::string count = std::to_string(reaction.count);
  out += "},\"count\":" + count + R"(,"count_details":{"burst":0,"normal":)" + count +
         R"(},"burst_colors":[],"me_burst":false,"burst_me":false,"me":false,"burst_count":0})";
}

void put_reference(std::string& out, const Guild& guild, const Channel& channel, const Message& m) {
  if (m.reference == Reference::kNone) {
    return;
  }
  out += R"(,"message_reference":{"type":)";
  out += m.reference == Reference::kForward ? "1" : "0";
  put_id(out, ",\"channel_id\":", channel.id);
  put_id(out, ",\"message_id\":", m.referenced);
  put_id(out, ",\"guild_id\":", guild.id());
  out += "}";
  if (m.reference == Reference::kDeleted) {
    out += ",\"referenced_message\":null";
  } else if (m.reference == Reference::kPresent) {
    out += R"(,"referenced_message":{"type":0,"content":"what was said before","mentions":[],)"
           R"("mention_roles":[],"attachments":[],"embeds":[],"timestamp":")" +
           iso_time(time_of(m.referenced)) + R"(","edited_timestamp":null,"flags":0,)";
    put_id(out, "\"components\":[],\"id\":", m.referenced);
    put_id(out, ",\"channel_id\":", channel.id);
    out += ",\"author\":";
    put_user(out, guild.author(1));
    out += R"(,"pinned":false,"mention_everyone":false,"tts":false})";
  } else if (m.reference == Reference::kForward) {
    out += R"(,"message_snapshots":[{"message":{"type":0,"content":"forwarded words",)"
           R"("mentions":[],"mention_roles":[],"attachments":[],"embeds":[],"timestamp":")" +
           iso_time(time_of(m.id) - 5000) +
           R"(","edited_timestamp":null,"flags":0,"components":[]}}])";
  }
}

template <class Items, class Put>
void put_list(std::string& out, const char* name, const Items& items, Put&& put) {
  out += name;
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    out += first ? "" : ",";
    put(item);
    first = false;
  }
  out += ']';
}

}  // namespace

std::string iso_time(std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03d000+00:00",
                      parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                      parts.tm_min, parts.tm_sec, static_cast<int>(unix_ms % 1000));
  return text.data();
}

std::string user_json(const Author& author) {
  std::string out;
  put_user(out, author);
  return out;
}

void write_message(std::string& out, const Guild& guild, const Channel& channel, const Message& m,
                   const Reading& reading) {
  const Author& author = guild.author(m.author);
  // Own messages, and those that mention the bot, show their content whatever the intent.
  const bool shown = reading.content || m.author == guild.own_author() || m.mention;
  out += "{\"type\":" + std::to_string(m.type) + ",\"content\":";
  put_text(out, shown ? std::string_view(m.content) : std::string_view());
  out += ",\"mentions\":[";
  if (m.mention) {
    put_user(out, guild.author(guild.own_author()));
  }
  out += "],\"mention_roles\":[]";
  const std::vector<Attachment> none;
  put_list(out, ",\"attachments\":", shown ? m.attachments : none,
           [&](const Attachment& file) { put_attachment(out, channel, file, reading.signature); });
  out += ",\"embeds\":[";
  if (m.embed && shown) {
    out += R"({"type":"link","url":"https://example.org/page","title":"A page","flags":0})";
  }
  out += "],\"timestamp\":\"" + iso_time(time_of(m.id)) + "\",\"edited_timestamp\":";
  out += m.edited_ms == 0 ? "null" : "\"" + iso_time(m.edited_ms) + "\"";
  put_id(out, ",\"flags\":0,\"components\":[],\"id\":", m.id);
  put_id(out, ",\"channel_id\":", channel.id);
  out += ",\"author\":";
  put_user(out, author);
  out += std::string(",\"pinned\":") + truth(m.pinned) + R"(,"mention_everyone":false,"tts":false)";
  if (author.webhook) {
    put_id(out, ",\"webhook_id\":", author.id);
  }
  if (!m.reactions.empty()) {
    put_list(out, ",\"reactions\":", m.reactions,
             [&](const Reaction& reaction) { put_reaction(out, reaction); });
  }
  if (m.sticker) {
    out += R"(,"sticker_items":[{"id":"749054660769218631","name":"Wave","format_type":3}])";
  }
  if (m.poll && shown) {
    out += R"(,"poll":{"question":{"text":"When?"},"answers":[{"answer_id":1,"poll_media":)"
           R"({"text":"Now"}}],"expiry":null,"allow_multiselect":false,"layout_type":1})";
  }
  put_reference(out, guild, channel, m);
  if (channel.is_thread()) {
    out += ",\"position\":1";
  }
  if (m.extra) {
    out += R"(,"sparkle_level":{"value":3})";  // a field nobody has heard of
  }
  out += "}";
}

std::string channel_json(const Guild& guild, const Channel& channel) {
  std::string out;
  put_id(out, "{\"id\":", channel.id);
  out += ",\"type\":" + std::to_string(static_cast<int>(channel.type));
  const std::uint64_t last = guild.last_message_id(channel);
  if (last == 0) {
    out += ",\"last_message_id\":null";
  } else {
    put_id(out, ",\"last_message_id\":", last);
  }
  put_id(out, ",\"flags\":0,\"guild_id\":", guild.id());
  out += ",\"name\":";
  put_text(out, channel.name);
  if (channel.parent == 0) {
    out += ",\"parent_id\":null";
  } else {
    put_id(out, ",\"parent_id\":", channel.parent);
  }
  out += ",\"rate_limit_per_user\":0";
  if (channel.is_thread()) {
    const std::string count = std::to_string(guild.size(channel));
    put_id(out, ",\"owner_id\":", guild.author(1).id);
    out += std::string(R"(,"thread_metadata":{"archived":)") + truth(!channel.active) +
           R"(,"archive_timestamp":")" + iso_time(channel.archive_ms) +
           R"(","auto_archive_duration":1440,"locked":false,"create_timestamp":")" +
           iso_time(time_of(channel.id)) + "\"},\"message_count\":" + count +
           ",\"member_count\":3,\"total_message_sent\":" + count + "}";
    return out;
  }
  out += R"(,"topic":null,"position":)" + std::to_string(channel.id & 0x3FFU) +
         R"(,"permission_overwrites":[],"nsfw":false})";
  return out;
}

}  // namespace sluice::twin::discord
