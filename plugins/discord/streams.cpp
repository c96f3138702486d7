// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <span>

namespace discord {
namespace {

using sluice::Kind;
using sluice::Stream;
using sluice::Type;

struct Field {
  const char* name;
  Type type;
  bool nullable;
  const char* unit;
  const char* api;       // JSON Pointer; empty: worked out, or not told
  const char* exported;  // the same in an export
  const char* doc;
};

constexpr Field kMessageFields[] = {
    {"id", Type::kInt64, false, "", "/id", "/id", "Snowflake of the message"},
    {"channel_id", Type::kInt64, false, "", "/channel_id", "",
     "Channel or thread; in exports the file's"},
    {"guild_id", Type::kInt64, true, "", "", "", "Guild of the channel; null: a direct message"},
    {"time", Type::kTimestamp, false, "", "/timestamp", "/timestamp",
     "When it was posted, as told; its id holds the same time, seldom one seconds away"},
    {"edited_time", Type::kTimestamp, true, "", "/edited_timestamp", "/timestampEdited",
     "When its text was last edited; null: never"},
    {"version", Type::kInt64, false, "µs", "", "",
     "Edited time, else time, since 1970: of two readings the higher wins, of equal ones the "
     "later"},
    {"type", Type::kInt32, true, "", "/type", "",
     "Discord's number: 0 plain, 19 reply, 7 join …; null: a name of an export that is not known"},
    {"author_id", Type::kInt64, true, "", "/author/id", "/author/id",
     "User, or webhook; null: not told"},
    {"webhook_id", Type::kInt64, true, "", "/webhook_id", "", "Webhook that posted it"},
    {"application_id", Type::kInt64, true, "", "/application_id", "", "Application that posted it"},
    {"content", Type::kUtf8, true, "", "/content", "/content",
     "Text; empty: it has none; null: it was not shown to this bot"},
    {"pinned", Type::kBool, true, "", "/pinned", "/isPinned", "Whether it is pinned"},
    {"tts", Type::kBool, true, "", "/tts", "", "Whether it was read aloud"},
    {"mention_everyone", Type::kBool, true, "", "/mention_everyone", "",
     "Whether it mentions everyone"},
    {"flags", Type::kInt64, true, "", "/flags", "", "Discord's bits"},
    {"attachment_count", Type::kInt32, false, "", "", "", "Attachments it has now"},
    {"reaction_count", Type::kInt64, false, "", "", "", "Reactions it has now, all emoji together"},
    {"reference_type", Type::kInt32, true, "", "/message_reference/type", "",
     "0 reply or the like, 1 forward"},
    {"reference_message_id", Type::kInt64, true, "", "/message_reference/message_id",
     "/reference/messageId", "Message that is answered, forwarded or followed"},
    {"reference_channel_id", Type::kInt64, true, "", "/message_reference/channel_id",
     "/reference/channelId", "Its channel"},
    {"reference_guild_id", Type::kInt64, true, "", "/message_reference/guild_id",
     "/reference/guildId", "Its guild"},
    {"reference_state", Type::kUtf8, true, "", "", "",
     "What became of it: present, deleted, unknown (a reply for which Discord did not look); null: "
     "nothing to look for"},
    {"thread_id", Type::kInt64, true, "", "/thread/id", "", "Thread that was begun from it"},
    {"position", Type::kInt32, true, "", "/position", "", "Approximate place within its thread"},
    {"call_ended_time", Type::kTimestamp, true, "", "/call/ended_timestamp", "/callEndedTimestamp",
     "End of the call that it tells of"},
    {"mentions", Type::kJson, true, "", "/mentions", "/mentions", "Users mentioned"},
    {"mention_roles", Type::kJson, true, "", "/mention_roles", "", "Ids of roles mentioned"},
    {"mention_channels", Type::kJson, true, "", "/mention_channels", "", "Channels mentioned"},
    {"embeds", Type::kJson, true, "", "/embeds", "/embeds", "Previews and rich texts"},
    {"components", Type::kJson, true, "", "/components", "", "Buttons and the like"},
    {"stickers", Type::kJson, true, "", "/sticker_items", "/stickers", "Stickers"},
    {"poll", Type::kJson, true, "", "/poll", "", "Poll"},
    {"snapshots", Type::kJson, true, "", "/message_snapshots", "", "Texts that it forwards"},
    {"interaction", Type::kJson, true, "", "/interaction_metadata", "/interaction",
     "Command that it answers"},
    {"activity", Type::kJson, true, "", "/activity", "", "Invitation to a game or the like"},
};

constexpr Field kAuthorFields[] = {
    {"id", Type::kInt64, false, "", "/id", "/id", "Snowflake of the user or webhook"},
    {"username", Type::kUtf8, true, "", "/username", "/name", "Name, as of the last message read"},
    {"global_name", Type::kUtf8, true, "", "/global_name", "", "Display name"},
    {"nickname", Type::kUtf8, true, "", "", "/nickname", "Name in the guild; exports only"},
    {"discriminator", Type::kUtf8, true, "", "/discriminator", "/discriminator",
     "Four digits of old names, else 0"},
    {"avatar", Type::kUtf8, true, "", "/avatar", "/avatarUrl",
     "Hash of the picture; in exports its address or file"},
    {"bot", Type::kBool, true, "", "/bot", "/isBot",
     "Whether it is a bot; null: the API does not say so of persons"},
    {"system", Type::kBool, true, "", "/system", "", "Whether it is Discord itself"},
    {"webhook", Type::kBool, false, "", "", "", "Whether it posts by a webhook"},
    {"public_flags", Type::kInt64, true, "", "/public_flags", "", "Discord's bits"},
    {"last_message_id", Type::kInt64, false, "", "", "",
     "Newest of its messages read: of two readings the higher wins"},
    {"last_message_time", Type::kTimestamp, false, "", "", "", "When that was posted"},
};

constexpr Field kReactionFields[] = {
    {"message_id", Type::kInt64, false, "", "", "", "Message that was reacted to"},
    {"emoji", Type::kUtf8, false, "", "", "", "Id of a guild's own emoji, else the characters"},
    {"channel_id", Type::kInt64, false, "", "", "", "Its channel"},
    {"time", Type::kTimestamp, false, "", "", "", "When the message was posted"},
    {"emoji_id", Type::kInt64, true, "", "", "", "Snowflake of a guild's own emoji"},
    {"emoji_name", Type::kUtf8, true, "", "/emoji/name", "/emoji/name",
     "Characters or name; null: that emoji was deleted"},
    {"animated", Type::kBool, true, "", "/emoji/animated", "/emoji/isAnimated",
     "Whether it moves; null: not told"},
    {"count", Type::kInt64, false, "", "/count", "/count", "How many users reacted so"},
    {"normal_count", Type::kInt64, true, "", "/count_details/normal", "", "Plain ones of them"},
    {"burst_count", Type::kInt64, true, "", "/count_details/burst", "", "Super reactions"},
    {"me", Type::kBool, true, "", "/me", "", "Whether the bot did"},
    {"me_burst", Type::kBool, true, "", "/me_burst", "",
     "Whether the bot did with a super reaction"},
};

constexpr Field kAttachmentFields[] = {
    {"id", Type::kInt64, false, "", "/id", "/id", "Snowflake of the file"},
    {"message_id", Type::kInt64, false, "", "", "", "Message it came with"},
    {"channel_id", Type::kInt64, false, "", "", "", "Its channel"},
    {"time", Type::kTimestamp, false, "", "", "", "When the message was posted"},
    {"position", Type::kInt32, false, "", "", "", "Number within the message, from 0"},
    {"filename", Type::kUtf8, true, "", "/filename", "/fileName", "Name"},
    {"title", Type::kUtf8, true, "", "/title", "", "Name as shown"},
    {"description", Type::kUtf8, true, "", "/description", "", "Text for who cannot see it"},
    {"content_type", Type::kUtf8, true, "", "/content_type", "", "Media type"},
    {"size", Type::kInt64, true, "byte", "/size", "/fileSizeBytes", "Size"},
    {"url", Type::kUtf8, true, "", "", "",
     "Address without the signature, which is another one at each reading and runs out; in exports "
     "a local file where it was saved"},
    {"width", Type::kInt32, true, "px", "/width", "", "Width of a picture"},
    {"height", Type::kInt32, true, "px", "/height", "", "Height of a picture"},
    {"duration", Type::kFloat64, true, "s", "/duration_secs", "", "Length of a voice message"},
    {"waveform", Type::kUtf8, true, "", "/waveform", "", "Its loudness, base64"},
    {"ephemeral", Type::kBool, true, "", "/ephemeral", "", "Whether it will be removed"},
    {"flags", Type::kInt64, true, "", "/flags", "", "Discord's bits"},
};

constexpr Field kChannelFields[] = {
    {"id", Type::kInt64, false, "", "/id", "", "Snowflake of the channel or thread"},
    {"guild_id", Type::kInt64, true, "", "/guild_id", "", "Guild; null: direct messages"},
    {"guild_name", Type::kUtf8, true, "", "", "", "Its name; exports only"},
    {"parent_id", Type::kInt64, true, "", "/parent_id", "", "Category, or the channel of a thread"},
    {"type", Type::kInt32, true, "", "/type", "",
     "Discord's number: 0 text, 2 voice, 4 category, 5 announcements, 11 thread, 15 forum …"},
    {"name", Type::kUtf8, true, "", "/name", "", "Name; null: direct messages"},
    {"topic", Type::kUtf8, true, "", "/topic", "", "Topic"},
    {"position", Type::kInt32, true, "", "/position", "", "Place in the list"},
    {"nsfw", Type::kBool, true, "", "/nsfw", "", "Whether it is for adults"},
    {"flags", Type::kInt64, true, "", "/flags", "", "Discord's bits"},
    {"last_message_id", Type::kInt64, true, "", "/last_message_id", "",
     "Last message ever posted, even if it was deleted"},
    {"last_pin_time", Type::kTimestamp, true, "", "/last_pin_timestamp", "", "Last pin"},
    {"slow_mode", Type::kInt32, true, "s", "/rate_limit_per_user", "",
     "Least time between two messages of a user"},
    {"owner_id", Type::kInt64, true, "", "/owner_id", "", "Who began a thread"},
    {"message_count", Type::kInt32, true, "", "/message_count", "",
     "Messages of a thread, without the first and deleted ones"},
    {"total_message_sent", Type::kInt32, true, "", "/total_message_sent", "",
     "The same with deleted ones"},
    {"member_count", Type::kInt32, true, "", "/member_count", "",
     "Members of a thread; Discord stops at 50"},
    {"archived", Type::kBool, true, "", "/thread_metadata/archived", "",
     "Whether a thread is archived"},
    {"locked", Type::kBool, true, "", "/thread_metadata/locked", "", "Whether a thread is locked"},
    {"archive_time", Type::kTimestamp, true, "", "/thread_metadata/archive_timestamp", "",
     "When that last changed"},
    {"create_time", Type::kTimestamp, true, "", "/thread_metadata/create_timestamp", "",
     "When a thread was begun; null before 2022"},
    {"auto_archive", Type::kInt32, true, "min", "/thread_metadata/auto_archive_duration", "",
     "Silence after which a thread is archived"},
    {"bitrate", Type::kInt32, true, "bit/s", "/bitrate", "", "Of a voice channel"},
    {"user_limit", Type::kInt32, true, "", "/user_limit", "", "Of a voice channel"},
    {"rtc_region", Type::kUtf8, true, "", "/rtc_region", "", "Of a voice channel"},
    {"permission_overwrites", Type::kJson, true, "", "/permission_overwrites", "",
     "Who may do what there"},
    {"available_tags", Type::kJson, true, "", "/available_tags", "", "Tags of a forum"},
    {"applied_tags", Type::kJson, true, "", "/applied_tags", "", "Tags of a forum's post"},
    {"recipients", Type::kJson, true, "", "/recipients", "", "Users of direct messages"},
    {"removed_at", Type::kTimestamp, true, "", "", "",
     "When it was found to have left the lists, set by the target; null: it stands in them"},
};

std::span<const Field> fields_of(Part part) {
  switch (part) {
    case Part::kMessages:
      return kMessageFields;
    case Part::kAuthors:
      return kAuthorFields;
    case Part::kReactions:
      return kReactionFields;
    case Part::kAttachments:
      return kAttachmentFields;
    case Part::kChannels:
      break;
  }
  return kChannelFields;
}

Kind kind_of(Part part, Form form) {
  return form == Form::kExport     ? Kind::kFiles
         : part == Part::kChannels ? Kind::kSnapshot
                                   : Kind::kSeries;
}

void declare(Part part, Stream& out) {
  switch (part) {
    case Part::kMessages:
      out.key("id").seq("version").time("time").index("channel_id", "time").index("author_id");
      out.doc("Messages of channels and threads.");
      return;
    case Part::kAuthors:
      out.key("id").seq("last_message_id").time("last_message_time");
      out.doc("Who posted: users, bots and webhooks, as their newest message shows them.");
      return;
    case Part::kReactions:
      out.key("message_id", "emoji").time("time").index("channel_id", "time");
      out.doc("How many reacted to a message with which emoji.");
      return;
    case Part::kAttachments:
      out.key("id").time("time").index("message_id");
      out.doc("Files that came with messages.");
      return;
    case Part::kChannels:
      out.key("id").removed("removed_at");
      out.doc("Channels and threads that are read, and the categories above them.");
  }
}

}  // namespace

std::optional<Part> part_of(std::string_view stream) {
  for (std::size_t i = 0; i < kPartNames.size(); ++i) {
    if (kPartNames[i] == stream) {
      return static_cast<Part>(i);
    }
  }
  return std::nullopt;
}

Stream columns_of(Part part, Form form) {
  Stream out(std::string(kPartNames[static_cast<std::size_t>(part)]), kind_of(part, form));
  for (const Field& field : fields_of(part)) {
    out.col(field.name, field.type,
            {.nullable = field.nullable,
             .unit = field.unit,
             .doc = field.doc,
             .source_name = form == Form::kApi ? field.api : field.exported});
  }
  declare(part, out);
  return out;
}

Stream make_stream(Part part, const Config& config, const Selection& selection) {
  Stream out = columns_of(part, selection.files ? Form::kExport : Form::kApi);
  if (out.kind() == Kind::kSeries) {
    out.lag(config.reread.chrono()).partitioned();
  }
  return out;
}

}  // namespace discord
