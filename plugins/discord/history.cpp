// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include <algorithm>

#include "snowflake.hpp"

namespace discord {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr int kPagesOfBatch = 10;  // so that little is asked for again after a crash

bool before(const std::unique_ptr<Message>& a, const std::unique_ptr<Message>& b) {
  return a->id.value_or(0) < b->id.value_or(0);
}

}  // namespace

HistoryReader::HistoryReader(const sluice::Host& host, const Shared& shared, Part part,
                             const sluice::ReadRequest& request)
    : host_(host),
      shared_(shared),
      part_(part),
      request_(request),
      from_id_(first_id(request.from_us())),
      to_id_(first_id(request.to_us())),
      rows_(part, Form::kApi, request, shared.config.content == "optional") {}

void HistoryReader::begin(const json& state) {
  begun_ = true;
  const auto channel = parse_id(request_.partition());
  if (!channel) {
    throw Error(Code::kInternal, "A partition of Discord is the id of a channel.");
  }
  channel_ = *channel;
  const auto listing = shared_.directory.last();
  const Channel* known = listing->find(channel_);
  place_ = {channel_, known != nullptr ? known->guild_id : std::nullopt};
  last_told_ = known != nullptr ? known->last_message_id : std::nullopt;
  if (listing->as_of_us >= request_.to_us()) {
    last_message_ = last_told_;
  }
  after_ = std::max<int64_t>(0, from_id_ - 1);
  if (const auto found = state.find("after"); found != state.end()) {
    const auto id = found->is_string() ? parse_id(found->get<std::string>()) : std::nullopt;
    if (!id || *id < after_) {
      throw Error(Code::kBadState, "The resume state names no message of this interval.");
    }
    after_ = *id;
  }
  if (const auto why = shared_.directory.unreadable(channel_)) {
    throw Error(Code::kUnavailable, *why);
  }
}

// Whether the channel's last message, as told after the interval's end, lies at or below what was
// read.
bool HistoryReader::nothing_new() const {
  return after_ >= to_id_ - 1 || (last_message_ && *last_message_ <= after_);
}

bool HistoryReader::next(sluice::Batch& batch, json& state) {
  if (!begun_) {
    begin(state);
  }
  for (int pages = 0; !done_ && !nothing_new();) {
    host_.check_cancel();
    const Messages messages = page();
    if (messages.empty()) {
      done_ = true;
      judge_silence();
      break;
    }
    write(batch, messages);
    after_ = *messages.back()->id;
    state["after"] = std::to_string(after_);
    if (!batch.empty() && (++pages >= kPagesOfBatch || batch.full())) {
      return true;
    }
  }
  return false;  // rows that are left go out with it
}

void HistoryReader::write(sluice::Batch& batch, const Messages& page) {
  const auto first = [&](int64_t id) {
    return static_cast<std::size_t>(
        std::partition_point(page.begin(), page.end(),
                             [&](const auto& m) { return m->id.value_or(0) < id; }) -
        page.begin());
  };
  rows_.write(batch, page, first(std::max(from_id_, after_ + 1)), first(to_id_), place_);
}

// The next page in the order of ids: one that another stream has fetched, or a new one.
Messages HistoryReader::page() {
  const KeptPages::Key key{channel_, after_};
  const auto now_us = host_.monotonic().count();
  const auto stream = static_cast<unsigned>(part_);
  if (const auto kept =
          part_ == Part::kMessages ? std::nullopt : shared_.pages.take(key, stream, now_us)) {
    return parse(sluice::JsonStream::over(*kept, ""));
  }
  Messages out = fetch();
  if (!out.empty() && shared_.pages.wanted()) {
    std::string reduced = "[";
    for (const auto& message : out) {
      reduced += reduced.size() > 1 ? "," : "";
      put_reduced(reduced, *message);
    }
    shared_.pages.keep(key, stream, reduced + "]", now_us);
  }
  return out;
}

Messages HistoryReader::fetch() {
  Messages out;
  try {
    out =
        parse(sluice::JsonStream(shared_.client.open(path(std::to_string(shared_.config.page_size) +
                                                          "&after=" + std::to_string(after_)),
                                                     {"messages", channel_}),
                                 ""));
  } catch (const Forbidden& error) {
    give_up(error.message());
  }
  if (!out.empty() && *out.front()->id <= after_) {
    throw Error(Code::kBadData, "Channel " + std::to_string(channel_) +
                                    " answered with messages from before those that were asked "
                                    "for; a proxy may have dropped the query.");
  }
  judge_texts(out);
  return out;
}

// Newest first, as the service lists them; given back by rising id.
Messages HistoryReader::parse(sluice::JsonStream items) {
  Messages out;
  while (items.next()) {
    auto message = scanner_.scan(items.text());
    if (message->id) {
      out.push_back(std::move(message));
    } else if (part_ == Part::kMessages) {
      request_.reject("required_field", "/id: it is missing or no id.", message->raw);
    }
  }
  if (items.target() != sluice::JsonTarget::kArray) {
    throw Error(Code::kBadData,
                "The answer for channel " + std::to_string(channel_) + " is no list of messages.")
        .retryable();
  }
  if (items.count() > 0 && out.empty()) {
    throw Error(Code::kBadData, "No message of a page has a readable id.");
  }
  std::sort(out.begin(), out.end(), before);
  return out;
}

// Without the intent for it, Discord empties what others wrote, with status 200. A person's message
// is never empty, so a page on which all are is the sign.
void HistoryReader::judge_texts(const Messages& page) {
  if (shared_.config.content == "optional") {
    return;
  }
  uint64_t spoken = 0, blank = 0;
  for (const auto& message : page) {
    const bool counts = message->is_spoken() && message->author_id != shared_.client.own_id();
    spoken += counts ? 1 : 0;
    blank += counts && !message->shows ? 1 : 0;
  }
  if (blank == 0 || (blank < spoken && shared_.client.content_intent() != Intent::kMissing)) {
    return;
  }
  const std::string what = std::to_string(blank) + " of " + std::to_string(spoken) +
                           " messages of a page of channel " + std::to_string(channel_) +
                           " came without anything in them";
  switch (shared_.client.content_intent()) {
    case Intent::kGranted:
      return request_.note("blank_messages", what + ", though the bot may read texts.", blank);
    case Intent::kMissing:
      throw Error(Code::kUnsupported,
                  what +
                      ": the bot lacks the MESSAGE_CONTENT intent. Switch it on in Discord's "
                      "developer portal, or set content = \"optional\" to do without texts.");
    case Intent::kNotTold:
      throw Error(Code::kUnavailable,
                  what +
                      ", and the application does not tell its intents. Look at MESSAGE_CONTENT "
                      "in Discord's developer portal, or set content = \"optional\".");
  }
}

// Nothing came. If the channel tells of a message behind what was read, it was deleted, or the bot
// may not read the history (any more), which the service answers with an empty list and status 200.
void HistoryReader::judge_silence() {
  if (!last_told_ || *last_told_ <= after_) {
    return;
  }
  const Messages newest =
      parse(sluice::JsonStream(shared_.client.open(path("1"), {"messages", channel_}), ""));
  if (!newest.empty()) {
    return;
  }
  const std::string why = "Channel " + std::to_string(channel_) +
                          " shows no message at all, but tells of message " +
                          std::to_string(*last_told_) +
                          ": the bot lacks READ_MESSAGE_HISTORY there, or all were deleted";
  if (shared_.config.empty_history == "land") {
    return request_.note("empty_history", why + ".");
  }
  give_up(why +
          ". Give it the permission, name the channel in 'exclude', or set empty_history = "
          "\"land\".");
}

// For the other slices of the channel too.
void HistoryReader::give_up(const std::string& why) {
  shared_.directory.set_unreadable(channel_, why);
  throw Error(Code::kUnavailable, why);
}

}  // namespace discord
