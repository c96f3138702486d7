// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

#include <algorithm>
#include <map>

namespace discord {
namespace {

using sluice::Fixed;
using sluice::FixedValue;
using sluice::Micros;

// Fields that are known and have no column, or one whose value is worked out here.
constexpr std::string_view kMessageIgnored[] = {"/author",
                                                "/nonce",
                                                "/resolved",
                                                "/interaction",
                                                "/attachments",
                                                "/thread",
                                                "/referenced_message",
                                                "/stickers",
                                                "/reactions",
                                                "/application",
                                                "/role_subscription_data",
                                                "/call/participants",
                                                "/purchase_notification",
                                                "/lobby_member",
                                                "/shared_client_theme",
                                                "/message_reference/fail_if_not_exists"};
constexpr std::string_view kMessageIgnoredExport[] = {
    "/author",           "/type",          "/attachments", "/reactions", "/inlineEmojis",
    "/forwardedMessage", "/reference/type"};
constexpr std::string_view kAuthorIgnored[] = {
    "/flags",         "/banner", "/accent_color", "/avatar_decoration_data", "/collectibles",
    "/primary_guild", "/clan",   "/banner_color", "/display_name_styles",    "/color",
    "/roles"};
constexpr std::string_view kReactionIgnored[] = {"/emoji/id",    "/burst_colors", "/burst_me",
                                                 "/burst_count", "/emoji/code",   "/emoji/imageUrl",
                                                 "/users"};
constexpr std::string_view kAttachmentIgnored[] = {"/url",
                                                   "/proxy_url",
                                                   "/placeholder",
                                                   "/placeholder_version",
                                                   "/application",
                                                   "/clip_created_at",
                                                   "/clip_participants",
                                                   "/content_scan_version",
                                                   "/original_content_type"};
constexpr std::string_view kChannelIgnored[] = {"/icon",
                                                "/application_id",
                                                "/managed",
                                                "/video_quality_mode",
                                                "/member",
                                                "/permissions",
                                                "/icon_emoji",
                                                "/default_auto_archive_duration",
                                                "/theme_color",
                                                "/default_reaction_emoji",
                                                "/default_thread_rate_limit_per_user",
                                                "/version",
                                                "/default_sort_order",
                                                "/default_forum_layout",
                                                "/template",
                                                "/default_tag_setting",
                                                "/hd_streaming_until",
                                                "/status",
                                                "/hd_streaming_buyer_id",
                                                "/thread_metadata/invitable",
                                                "/linked_lobby"};

// Nullable columns whose fields every record should have; all others may lack theirs.
constexpr std::string_view kExpected[] = {
    "edited_time", "type",     "content",       "pinned",      "tts",           "mention_everyone",
    "mentions",    "embeds",   "mention_roles", "username",    "discriminator", "avatar",
    "emoji_name",  "filename", "size",          "normal_count"};

template <class T>
FixedValue or_null(const std::optional<T>& value) {
  return value ? FixedValue(*value) : FixedValue(std::nullopt);
}

Micros at(int64_t us) {
  return Micros(std::chrono::microseconds(us));
}

Micros time_of(const Message& message) {
  return at(message.told_us.value_or(message.time_us()));
}

FixedValue state_of(const Message& message) {
  switch (message.referenced) {
    case Reference::kPresent:
      return "present";
    case Reference::kDeleted:
      return "deleted";
    case Reference::kUnknown:
      return "unknown";
    case Reference::kNone:
      break;
  }
  return std::nullopt;
}

// A CDN address without what signs it.
std::string plain_url(const std::string& url) {
  return url.starts_with("http") ? url.substr(0, url.find('?')) : url;
}

}  // namespace

sluice::RecordDecoder make_decoder(Part part, Form form, const sluice::ReadRequest& request) {
  const sluice::Stream columns = columns_of(part, form);
  sluice::RecordDecoder out(columns, request);
  for (const auto& column : columns.columns()) {
    if (std::find(std::begin(kExpected), std::end(kExpected), column.name) == std::end(kExpected)) {
      out.optional(column.name);
    }
  }
  const auto ignore = [&](const auto& paths) {
    for (const std::string_view path : paths) {
      out.ignore(path);
    }
  };
  switch (part) {
    case Part::kMessages:
      form == Form::kApi ? ignore(kMessageIgnored) : ignore(kMessageIgnoredExport);
      break;
    case Part::kAuthors:
      ignore(kAuthorIgnored);
      break;
    case Part::kReactions:
      ignore(kReactionIgnored);
      break;
    case Part::kAttachments:
      ignore(kAttachmentIgnored);
      break;
    case Part::kChannels:
      ignore(kChannelIgnored);
  }
  return out;
}

void RowWriter::write(sluice::Batch& batch, const Messages& page, std::size_t begin,
                      std::size_t end, const Place& place) {
  if (part_ == Part::kAuthors) {
    return authors(batch, page, begin, end);
  }
  for (std::size_t i = begin; i < end; ++i) {
    switch (part_) {
      case Part::kMessages:
        message(batch, *page[i], place);
        break;
      case Part::kReactions:
        reactions(batch, *page[i], place);
        break;
      default:
        attachments(batch, *page[i], place);
    }
  }
}

void RowWriter::message(sluice::Batch& batch, const Message& m, const Place& place) {
  const Micros time = time_of(m);
  const int64_t posted_us = time.time_since_epoch().count();
  std::vector<Fixed> fixed = {{"time", time},
                              {"version", std::max(posted_us, m.edited_us.value_or(posted_us))},
                              {"guild_id", or_null(place.guild_id)},
                              {"author_id", or_null(m.author_id)},
                              {"thread_id", or_null(m.thread_id)},
                              {"attachment_count", static_cast<int64_t>(m.attachments.size())},
                              {"reaction_count", m.reaction_count},
                              {"reference_state", state_of(m)}};
  if (form_ == Form::kExport) {
    fixed.push_back({"channel_id", place.channel_id});
    fixed.push_back({"type", or_null(m.type)});
    if (!m.type) {
      request_.note("unknown_type", "A message's type has a name that is not known.");
    }
  }
  if (!m.told_us) {
    request_.note("no_timestamp", "A message has no readable time; that of its id was taken.");
  }
  if (m.mended) {
    request_.note("invalid_utf8", "Bytes that are no UTF-8 were replaced by U+FFFD.");
  }
  if (blank_is_hidden_ && m.is_spoken() && !m.shows) {
    fixed.push_back({"content", std::nullopt});
    request_.note("hidden_text", "A message was not shown to this bot, only that it exists.");
  }
  decoder_.row(batch, m.raw, fixed);
}

// Each author once, as the newest of the messages shows it; exports may be written newest first.
void RowWriter::authors(sluice::Batch& batch, const Messages& page, std::size_t begin,
                        std::size_t end) {
  std::map<int64_t, const Message*> newest;
  for (std::size_t i = begin; i < end; ++i) {
    const Message& m = *page[i];
    if (!m.author_id || !m.id) {
      request_.note("no_author", "A message does not tell who posted it.");
      continue;
    }
    const Message*& known = newest[*m.author_id];
    known = known == nullptr || *known->id <= *m.id ? &m : known;
  }
  for (const auto& [author, m] : newest) {
    decoder_.row(
        batch, m->author,
        {{"webhook", m->webhook}, {"last_message_id", *m->id}, {"last_message_time", time_of(*m)}});
  }
}

void RowWriter::reactions(sluice::Batch& batch, const Message& m, const Place& place) {
  if (!m.id) {
    return;  // the stream of messages tells of it
  }
  for (const std::string_view raw : m.reactions) {
    const Emoji emoji = scanner_.emoji_of(raw);
    const std::string key = emoji.id ? std::to_string(*emoji.id) : emoji.name;
    if (key.empty()) {
      request_.reject("required_field", "/emoji: it has neither id nor name.", raw);
      continue;
    }
    decoder_.row(batch, raw,
                 {{"message_id", *m.id},
                  {"emoji", key},
                  {"channel_id", place.channel_id},
                  {"time", time_of(m)},
                  {"emoji_id", or_null(emoji.id)}});
  }
}

void RowWriter::attachments(sluice::Batch& batch, const Message& m, const Place& place) {
  if (!m.id) {
    return;
  }
  int64_t position = 0;
  for (const std::string_view raw : m.attachments) {
    const std::string url = plain_url(scanner_.url_of(raw));
    decoder_.row(batch, raw,
                 {{"message_id", *m.id},
                  {"channel_id", place.channel_id},
                  {"time", time_of(m)},
                  {"position", position++},
                  {"url", url.empty() ? FixedValue(std::nullopt) : FixedValue(url)}});
  }
}

}  // namespace discord
