// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/discord/discord_service.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <shared_mutex>
#include <stdexcept>
#include <utility>

#include "tests/twin/discord/expect.hpp"
#include "tests/twin/discord/guild.hpp"
#include "tests/twin/discord/wire.hpp"
#include "tests/twin/hash.hpp"
#include "tests/twin/limits/gate.hpp"

namespace sluice::twin::discord {
namespace {

using nlohmann::json;

constexpr std::string_view kMount = "/discord/";
constexpr std::string_view kApi = "/discord/api/v10/";
constexpr std::string_view kControl = "/_twin/discord/";
constexpr std::uint64_t kMostLimit = 100, kUsualLimit = 50;
constexpr std::uint64_t kContentFlag = 1U << 18U;  // GATEWAY_MESSAGE_CONTENT

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty()
             ? std::optional(value)
             : std::nullopt;
}

Response answer(std::string body, const char* kind) {
  return make_response(200, "application/json", std::move(body), kind);
}

Response refuse(int status, int code, const std::string& message) {
  return make_response(status, "application/json",
                       json{{"message", message}, {"code", code}}.dump(), "refused");
}

// {"code": 50035, "errors": {FIELD: {"_errors": […]}}}
Response bad_form(const std::string& field, const std::string& code, const std::string& message) {
  json errors{{"_errors", json::array({{{"code", code}, {"message", message}}})}};
  return make_response(400, "application/json",
                       json{{"message", "Invalid Form Body"},
                            {"code", 50035},
                            {"errors", {{field, std::move(errors)}}}}
                           .dump(),
                       "refused");
}

// "channels/7/messages" as its parts.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    parts.emplace_back(part);
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return parts;
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t iso_ms(const std::string& text) {
  const std::int64_t day = day_ms(text.substr(0, 10));
  int hour = 0, minute = 0;
  double second = 0;
  if (std::sscanf(text.c_str() + std::min<std::size_t>(text.size(), 10), "T%2d:%2d:%lf", &hour,
                  &minute, &second) != 3) {
    throw std::invalid_argument("'" + text + "' is no time");
  }
  return day + hour * 3'600'000LL + minute * 60'000LL +
         static_cast<std::int64_t>(second * 1000 + 0.5);
}

class DiscordService final : public Service {
 public:
  DiscordService(std::uint64_t seed, double limits_scale, const DiscordOptions& options)
      : guild_(seed, options), token_(options.token), gate_("discord", limits_scale, true) {}

  std::string_view name() const override { return "discord"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    return gate_.pass(request, [&] { return admitted(request); });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    if (std::string_view(request.path).substr(0, kControl.size()) != kControl) {
      return std::nullopt;
    }
    if (verb == "limits") {
      return gate_.control(request);
    }
    if (request.method != "POST") {
      const std::shared_lock lock(mutex_);
      return verb == "expect"  ? std::optional(expect(request))
             : verb == "guild" ? std::optional(json_response(200, guild_json()))
                               : std::nullopt;
    }
    const json body =
        request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
    if (!body.is_object()) {
      throw std::invalid_argument("the body is no JSON object");
    }
    const std::unique_lock lock(mutex_);
    return change(verb, body);
  }

 private:
  Response admitted(const Request& request) {
    const std::shared_lock lock(mutex_);
    if (request.header("user-agent").substr(0, 12) != "DiscordBot (") {
      return refuse(403, 40333, "internal network error");
    }
    const std::string_view proof = request.header("authorization");
    const bool user = proof == token_;  // without "Bot ": a person's own token
    if (!user && proof != "Bot " + token_) {
      return refuse(401, 0, "401: Unauthorized");
    }
    if (request.method != "GET" || request.path.compare(0, kApi.size(), kApi) != 0) {
      return refuse(404, 0, "404: Not Found");
    }
    const auto parts = parts_of(std::string_view(request.path).substr(kApi.size()));
    if (parts.size() == 2 && parts[1] == "@me") {
      return me(parts[0], user);
    }
    const auto id = parts.size() > 1 ? number(parts[1]) : std::nullopt;
    if (!id) {
      return refuse(404, 0, "404: Not Found");
    }
    return parts[0] == "guilds"     ? guild(*id, parts)
           : parts[0] == "channels" ? channel(*id, parts, request)
                                    : refuse(404, 0, "404: Not Found");
  }

  Response me(const std::string& what, bool user) {
    if (what == "users") {
      json self = json::parse(user_json(guild_.author(guild_.own_author())));
      if (user) {
        self.erase("bot");
      }
      return answer(self.dump(), "me");
    }
    if (what == "applications") {
      return answer(
          json{{"id", "7"}, {"name", "twin"}, {"flags", content_ ? kContentFlag : 0}}.dump(), "me");
    }
    return refuse(404, 0, "404: Not Found");
  }

  Response guild(std::uint64_t id, const std::vector<std::string>& parts) {
    if (id != guild_.id()) {
      return refuse(404, 10004, "Unknown Guild");
    }
    if (parts.size() == 2) {
      return answer(json{{"id", std::to_string(id)}, {"name", "The Twins"}}.dump(), "guild");
    }
    if (parts.size() == 3 && parts[2] == "channels") {
      return answer(list([](const Channel& c) { return !c.is_thread(); }), "channels");
    }
    if (parts.size() == 4 && parts[2] == "threads" && parts[3] == "active") {
      return answer("{\"threads\":" + list([](const Channel& c) {
                      return c.is_thread() && c.active;
                    }) + ",\"members\":[]}",
                    "threads");
    }
    return refuse(404, 0, "404: Not Found");
  }

  template <class Chosen>
  std::string list(Chosen&& chosen) {
    std::string out = "[";
    for (const Channel& one : guild_.channels()) {
      if (!one.gone && chosen(one)) {
        out += (out.size() > 1 ? "," : "") + channel_json(guild_, one);
      }
    }
    return out + "]";
  }

  Response channel(std::uint64_t id, const std::vector<std::string>& parts,
                   const Request& request) {
    const Channel* found = guild_.find(id);
    if (found == nullptr) {
      return refuse(404, 10003, "Unknown Channel");
    }
    if (!found->visible) {
      return refuse(403, 50001, "Missing Access");
    }
    if (parts.size() == 2) {
      return answer(channel_json(guild_, *found), "channel");
    }
    if (parts.size() == 3 && parts[2] == "messages") {
      return messages(*found, request);
    }
    if (parts.size() == 5 && parts[2] == "threads" && parts[3] == "archived") {
      return archived(*found, parts[4], request);
    }
    return refuse(404, 0, "404: Not Found");
  }

  // Newest archived first, by pages.
  Response archived(const Channel& parent, const std::string& which, const Request& request) {
    const bool hidden = which == "private";
    if ((!hidden && which != "public") || parent.is_thread()) {
      return refuse(404, 0, "404: Not Found");
    }
    if (hidden && !manage_threads_) {
      return refuse(403, 50013, "Missing Permissions");
    }
    const auto limit = number(request.query_or("limit", std::to_string(kUsualLimit)));
    if (!limit || *limit < 2 || *limit > kMostLimit) {
      return bad_form("limit", "NUMBER_TYPE_MAX", "int value should be between 2 and 100.");
    }
    const std::string before = request.query_or("before", "");
    const std::int64_t before_ms = before.empty() ? INT64_MAX : iso_ms(before);
    std::vector<const Channel*> all;
    for (const Channel& one : guild_.channels()) {
      if (one.is_thread() && one.archived && !one.gone && one.parent == parent.id &&
          (one.type == ChannelType::kPrivateThread) == hidden && one.archive_ms < before_ms) {
        all.push_back(&one);
      }
    }
    std::sort(all.begin(), all.end(),
              [](const Channel* a, const Channel* b) { return a->archive_ms > b->archive_ms; });
    std::string out = "{\"threads\":[";
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), *limit); ++i) {
      out += (i > 0 ? "," : "") + channel_json(guild_, *all[i]);
    }
    return answer(
        out + "],\"members\":[],\"has_more\":" + (all.size() > *limit ? "true" : "false") + "}",
        "threads");
  }

  Response messages(const Channel& channel, const Request& request) {
    if (!channel.has_messages()) {
      return refuse(400, 50024, "Cannot execute action on this channel type");
    }
    const auto limit = number(request.query_or("limit", std::to_string(kUsualLimit)));
    if (!limit || *limit < 1 || *limit > kMostLimit) {
      return bad_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.");
    }
    std::string bound;
    for (const char* name : {"around", "before", "after"}) {
      if (request.query.count(name) > 0) {
        if (!bound.empty()) {
          return bad_form(name, "BASE_TYPE_CHOICES",
                          "around, before and after exclude each other.");
        }
        bound = name;
      }
    }
    const auto id = number(request.query_or(bound, "0"));
    if (!id) {
      return bad_form(bound, "NUMBER_TYPE_COERCE", "Value is not snowflake.");
    }
    if (!channel.history) {
      return answer("[]", "messages");
    }
    return answer(page(channel, bound, *id, *limit), "messages");
  }

  // Newest first, whatever was asked. Deleted messages take up room in a page, so that it comes
  // short, but never empty while there are more.
  std::string page(const Channel& channel, const std::string& bound, std::uint64_t id,
                   std::uint64_t limit) {
    const std::uint64_t size = guild_.size(channel);
    std::uint64_t begin = bound.empty() ? size : guild_.places_to(channel, id);
    if (bound == "before" && begin > 0 && guild_.id_at(channel, begin - 1) == id) {
      --begin;
    }
    if (bound == "around") {
      begin -= std::min(begin, limit / 2);
    }
    const bool up = bound == "after" || bound == "around";
    std::vector<Message> chosen;
    while (chosen.empty() && (up ? begin < size : begin > 0)) {
      const std::uint64_t from = up ? begin : begin - std::min(begin, limit);
      const std::uint64_t to = up ? std::min(size, begin + limit) : begin;
      for (std::uint64_t place = from; place < to; ++place) {
        if (auto message = guild_.at(channel, place)) {
          chosen.push_back(std::move(*message));
        }
      }
      begin = up ? to : from;
    }
    const Reading reading{content_, signature_.fetch_add(1)};
    std::string out = "[";
    for (auto message = chosen.rbegin(); message != chosen.rend(); ++message) {
      out += out.size() > 1 ? "," : "";
      write_message(out, guild_, channel, *message, reading);
    }
    return out + "]";
  }

  // ---- control ----
  Response expect(const Request& request) {
    Wanted wanted;
    for (const std::string& text : split_commas(request.query_or("channels", ""))) {
      wanted.channels.insert(number(text).value_or(0));
    }
    const auto time = [&](const char* name, std::int64_t& out) {
      if (request.query.count(name) > 0) {
        const auto value = number(request.query.at(name));
        if (!value) {
          throw std::invalid_argument(std::string("'") + name + "' is a number of milliseconds");
        }
        out = static_cast<std::int64_t>(*value);
      }
    };
    time("from_ms", wanted.from_ms);
    time("to_ms", wanted.to_ms);
    return json_response(200, expect_json(guild_, wanted));
  }

  static std::vector<std::string> split_commas(std::string text) {
    std::replace(text.begin(), text.end(), ',', '/');
    return parts_of(text);
  }

  std::string guild_json() {
    json channels = json::array();
    for (const Channel& one : guild_.channels()) {
      channels.push_back({{"id", std::to_string(one.id)},
                          {"type", static_cast<int>(one.type)},
                          {"name", one.name},
                          {"parent", std::to_string(one.parent)},
                          {"messages", guild_.size(one)},
                          {"active", one.active},
                          {"archived", one.archived},
                          {"visible", one.visible},
                          {"history", one.history},
                          {"gone", one.gone}});
    }
    return json{{"id", std::to_string(guild_.id())}, {"channels", std::move(channels)}}.dump();
  }

  static std::uint64_t id_in(const json& body, const char* name) {
    const auto found = body.find(name);
    const auto id = found != body.end() && found->is_string() ? number(found->get<std::string>())
                                                              : std::nullopt;
    if (!id) {
      throw std::invalid_argument(std::string("'") + name + "' must be an id, as text");
    }
    return *id;
  }

  // The messages a change is for: by id, or the newest of a channel.
  std::vector<std::uint64_t> chosen(const json& body) {
    if (body.contains("message")) {
      return {id_in(body, "message")};
    }
    const Channel& channel = guild_.change(id_in(body, "channel"));
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < body.value("count", std::uint64_t{1}); ++i) {
      if (const std::uint64_t id = guild_.newest(channel, i); id != 0) {
        out.push_back(id);
      }
    }
    return out;
  }

  std::optional<Response> change(std::string_view verb, const json& body) {
    if (verb == "intent") {
      content_ = body.value("content", true);
    } else if (verb == "permissions") {
      manage_threads_ = body.value("manage_threads", true);
    } else if (verb == "token") {
      token_ = body.value("token", token_);
    } else if (verb == "channel") {
      change_channel(body);
    } else if (verb == "rename") {
      guild_.rename(body.value("author", 1U), body.value("name", std::string("renamed")));
    } else if (verb == "post") {
      return post(body);
    } else if (verb == "edit" || verb == "delete" || verb == "pin" || verb == "react") {
      return change_messages(verb, body);
    } else {
      return std::nullopt;
    }
    return json_response(200, "{}");
  }

  void change_channel(const json& body) {
    Channel& channel = guild_.change(id_in(body, "id"));
    channel.visible = body.value("visible", channel.visible);
    channel.history = body.value("history", channel.history);
    channel.gone = body.value("gone", channel.gone);
    channel.active = body.value("active", channel.active);
    channel.archived = body.value("archived", channel.archived);
  }

  Response post(const json& body) {
    const std::int64_t at_ms = body.value("at_ms", wall_ms());
    json ids = json::array();
    for (std::uint64_t i = 0; i < body.value("count", std::uint64_t{1}); ++i) {
      ids.push_back(std::to_string(guild_.post(id_in(body, "channel"), at_ms)));
    }
    return json_response(200, json{{"posted", std::move(ids)}}.dump());
  }

  Response change_messages(std::string_view verb, const json& body) {
    json ids = json::array();
    for (const std::uint64_t id : chosen(body)) {
      ids.push_back(std::to_string(id));
      if (verb == "edit") {
        guild_.edit(id, body.value("at_ms", wall_ms()));
      } else if (verb == "delete") {
        guild_.remove(id);
      } else if (verb == "pin") {
        guild_.pin(id, body.value("pinned", true));
      } else {
        guild_.react(id, {body.contains("emoji_id") ? id_in(body, "emoji_id") : 0,
                          body.value("emoji", std::string("🔥")), body.value("times", 1U)});
      }
    }
    return json_response(200, json{{"changed", std::move(ids)}}.dump());
  }

  std::shared_mutex mutex_;  // guards all but the gate
  Guild guild_;
  std::string token_;
  bool content_ = true;
  bool manage_threads_ = true;
  std::atomic<std::uint64_t> signature_{0x65000000};
  limits::Gate gate_;
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, double limits_scale,
                                      const DiscordOptions& options) {
  return std::make_unique<DiscordService>(seed, limits_scale, options);
}

}  // namespace sluice::twin::discord
