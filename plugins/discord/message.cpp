// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_text.hpp"
#include "sluice/cpp/time_text.hpp"
#include "snowflake.hpp"

namespace discord {
namespace {

namespace od = simdjson::ondemand;

struct TypeName {
  std::string_view name;
  int32_t type;
};
constexpr std::array<TypeName, 10> kTypeNames{{{"Default", 0},
                                               {"RecipientAdd", 1},
                                               {"RecipientRemove", 2},
                                               {"Call", 3},
                                               {"ChannelNameChange", 4},
                                               {"ChannelIconChange", 5},
                                               {"ChannelPinnedMessage", 6},
                                               {"GuildMemberJoin", 7},
                                               {"ThreadCreated", 18},
                                               {"Reply", 19}}};

// A scalar without the quotes it may have: ids, times and numbers hold no escapes.
std::string_view plain(od::value value) {
  if (value.type() == od::json_type::object || value.type() == od::json_type::array) {
    return {};
  }
  std::string_view token = value.raw_json_token();
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  token = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (token.size() >= 2 && token.front() == '"') {
    return token.substr(1, token.size() - 2);
  }
  return token == "null" ? std::string_view{} : token;
}

std::optional<int64_t> micros(std::string_view text) {
  const auto time = sluice::parse_time(text);
  return time ? std::optional(time->time.time_since_epoch().count()) : std::nullopt;
}

bool holds_items(od::value value) {
  if (value.type() != od::json_type::array) {
    return false;
  }
  od::array items = value.get_array();
  return !items.is_empty();
}

// Calls `visit` with each object of an array; what else is in it is left out.
template <class Visit>
void each_object(od::value value, Visit&& visit) {
  if (value.type() != od::json_type::array) {
    return;
  }
  for (od::value item : value.get_array()) {
    if (item.type() == od::json_type::object) {
      visit(od::object(item.get_object()));
    }
  }
}

// The whole number from 0, written as one or as text, that `key` has in an object; 0 if there is
// none.
int64_t number_in(od::object object, std::string_view key) {
  int64_t out = 0;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == key) {
      out = parse_id(plain(field.value())).value_or(0);
    }
  }
  return out;
}

// Empty for what is no text. Half a surrogate pair becomes U+FFFD, as the decoder writes it too.
std::string unescaped(od::value value) {
  std::string out;
  const bool is_text = value.type() == od::json_type::string;
  return is_text && sluice::append_unescaped(out, plain(value)) ? out : std::string();
}

// With room behind it for the parser.
void keep(std::string& out, std::string_view raw) {
  out.reserve(raw.size() + simdjson::SIMDJSON_PADDING);
  out.assign(raw);
}

// The object as text; it can be walked afterwards.
std::string_view text_of(od::object& object) {
  const std::string_view text = object.raw_json();
  (void)bool(object.reset());
  return text;
}

}  // namespace

int64_t Message::time_us() const {
  return discord::time_us(id.value_or(0));
}

std::optional<int32_t> type_of_name(std::string_view name) {
  for (const TypeName& known : kTypeNames) {
    if (known.name == name) {
      return known.type;
    }
  }
  int32_t number = 0;  // what the exporter has no name for it writes as a number
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::unique_ptr<Message> MessageScanner::scan(std::string_view raw) {
  auto out = std::make_unique<Message>();
  keep(out->raw, raw);
  if (raw.empty() || raw.front() != '{') {
    return out;
  }
  try {
    const auto begin = [&] {
      return parser_.iterate(out->raw.data(), out->raw.size(), out->raw.capacity());
    };
    auto document = begin();
    if (document.error() == simdjson::UTF8_ERROR) {  // costs the character, not the page or file
      keep(out->raw, sluice::to_utf8(raw));
      out->mended = true;
      document = begin();
    }
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      take(*out, key, field.value());
    }
  } catch (const simdjson::simdjson_error& error) {
    throw sluice::Error(sluice::Code::kBadData,
                        std::string("A message is not JSON: ") + error.what())
        .retryable();
  }
  if (out->type == 19 && out->referenced == Reference::kNone) {
    out->referenced = Reference::kUnknown;
  }
  return out;
}

void MessageScanner::take(Message& out, std::string_view key, od::value value) {
  if (key == "id") {
    out.id = parse_id(plain(value));
  } else if (key == "timestamp") {
    out.told_us = micros(plain(value));
  } else if (key == "edited_timestamp" || key == "timestampEdited") {
    out.edited_us = micros(plain(value));
  } else if (key == "type") {
    out.type = type_of_name(plain(value));
  } else if (key == "webhook_id") {
    out.webhook = !plain(value).empty();
  } else if (key == "content") {
    out.shows = out.shows || !plain(value).empty();
  } else if (key == "author") {
    if (value.type() == od::json_type::object) {
      od::object author = value.get_object();
      out.author = text_of(author);
      const int64_t id = number_in(author, "id");
      out.author_id = id > 0 ? std::optional(id) : std::nullopt;
    }
  } else if (key == "thread") {
    if (value.type() == od::json_type::object) {
      const int64_t id = number_in(value.get_object(), "id");
      out.thread_id = id > 0 ? std::optional(id) : std::nullopt;
    }
  } else if (key == "attachments") {
    each_object(value, [&](od::object file) { out.attachments.push_back(file.raw_json()); });
    out.shows = out.shows || !out.attachments.empty();
  } else if (key == "reactions") {
    each_object(value, [&](od::object reaction) {
      out.reactions.push_back(text_of(reaction));
      const int64_t room = std::numeric_limits<int64_t>::max() - out.reaction_count;
      out.reaction_count += std::min(room, number_in(reaction, "count"));
    });
  } else if (key == "referenced_message") {
    out.referenced =
        value.type() == od::json_type::null ? Reference::kDeleted : Reference::kPresent;
  } else if (key == "embeds" || key == "components" || key == "sticker_items" ||
             key == "stickers" || key == "message_snapshots") {
    out.shows = holds_items(value) || out.shows;
  } else if (key == "poll" || key == "activity" || key == "call" || key == "shared_client_theme") {
    out.shows = out.shows || value.type() == od::json_type::object;
  }
}

// Calls `visit` with the member's value. An object that breaks off ends it: the decoder tells why.
template <class Visit>
void MessageScanner::visit_member(std::string_view object, std::string_view name, Visit&& visit) {
  try {
    od::document document =
        parser_.iterate(object.data(), object.size(), object.size() + simdjson::SIMDJSON_PADDING);
    for (auto field : document.get_object()) {
      if (field.key() == name) {
        visit(od::value(field.value()));
      }
    }
  } catch (const simdjson::simdjson_error&) {
    return;
  }
}

Emoji MessageScanner::emoji_of(std::string_view reaction) {
  Emoji out;
  visit_member(reaction, "emoji", [&](od::value emoji) {
    if (emoji.type() != od::json_type::object) {
      return;
    }
    for (auto field : emoji.get_object()) {
      const od::raw_json_string key = field.key();
      if (key == "id") {
        out.id = parse_id(plain(field.value()));
      } else if (key == "name") {
        out.name = unescaped(field.value());
      }
    }
  });
  return out;
}

std::string MessageScanner::url_of(std::string_view attachment) {
  std::string out;
  visit_member(attachment, "url", [&](od::value url) { out = unescaped(url); });
  return out;
}

void put_reduced(std::string& out, const Message& message) {
  const auto put_list = [&](const char* name, const std::vector<std::string_view>& items) {
    out += name;
    for (std::size_t i = 0; i < items.size(); ++i) {
      out += (i == 0 ? "" : ",");
      out += items[i];
    }
    out += ']';
  };
  out += "{\"id\":\"" + std::to_string(message.id.value_or(0)) + "\"";
  if (message.told_us) {
    const sluice::Micros time{std::chrono::microseconds(*message.told_us)};
    out += ",\"timestamp\":\"" + sluice::to_text(sluice::DateTime{time}) + "\"";
  }
  if (message.webhook) {
    out += ",\"webhook_id\":\"1\"";
  }
  if (!message.author.empty()) {
    out += ",\"author\":";
    out += message.author;
  }
  put_list(",\"attachments\":[", message.attachments);
  put_list(",\"reactions\":[", message.reactions);
  out += '}';
}

}  // namespace discord
