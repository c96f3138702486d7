// SPDX-License-Identifier: Apache-2.0
//
// A message as far as it must be looked at before rows are made of it, from the API or an export.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace discord {

enum class Reference : uint8_t { kNone, kPresent, kDeleted, kUnknown };

// The views are into `raw`, so it stays where it is.
struct Message {
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  std::string raw;                   // the object, with room behind it for the parser
  std::optional<int64_t> id;         // none: it has no readable one
  std::optional<int64_t> told_us;    // its "timestamp"
  std::optional<int64_t> edited_us;  // "edited_timestamp"
  std::optional<int32_t> type;
  std::optional<int64_t> author_id, thread_id;
  bool webhook = false;
  bool shows = false;   // has a text or anything else that a person would have posted
  bool mended = false;  // bytes that are no UTF-8 were replaced in `raw`
  Reference referenced = Reference::kNone;
  std::string_view author;  // JSON objects; empty: none
  std::vector<std::string_view> attachments, reactions;
  int64_t reaction_count = 0;  // sum of the reactions' counts

  // By its id, which always tells; the "timestamp" says the same.
  int64_t time_us() const;
  // A type that persons post, so that it must show something.
  bool is_spoken() const { return type == 0 || type == 19; }
};

using Messages = std::vector<std::unique_ptr<Message>>;

struct Emoji {
  std::optional<int64_t> id;
  std::string name;  // empty: none
};

// Threads: one.
class MessageScanner {
 public:
  // Throws BAD_DATA, retryable, if `raw` is not JSON. What is no object becomes a message without
  // id.
  std::unique_ptr<Message> scan(std::string_view raw);

  // Of one of a message's reactions and of one of its attachments; empty if it tells none. Other
  // fields of them may be as odd as they like. Require: a view that scan() made, since behind it
  // there is room for the parser.
  Emoji emoji_of(std::string_view reaction);
  std::string url_of(std::string_view attachment);

 private:
  void take(Message& out, std::string_view key, simdjson::ondemand::value value);
  template <class Visit>
  void visit_member(std::string_view object, std::string_view name, Visit&& visit);
  simdjson::ondemand::parser parser_;
};

// Number of the type that an export writes as a name.
std::optional<int32_t> type_of_name(std::string_view name);

// What other streams than `messages` need of it, as JSON of the same form.
void put_reduced(std::string& out, const Message& message);

}  // namespace discord
