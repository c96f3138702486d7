// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "members.hpp"

namespace discord {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr const char* kVersion = "0.1.0";
constexpr uint64_t kMostDocument = uint64_t{64} << 20U;
constexpr std::size_t kMostRefusal = 16'384;
// Discord bans an address for 10,000 answers of 401, 403 or 429 within ten minutes. Windows do not
// slide, so that any ten minutes have at most twice as many of 403.
constexpr int64_t kBanWindow_us = 600'000'000;
constexpr uint32_t kMostForbidden = 2'500;
constexpr int64_t kContentFlags = 1 << 18 | 1 << 19;  // for verified and for small bots

// The start of a refusal's body: a page of an edge server may be long.
std::string beginning(sluice::HttpBody& body) {
  std::string text(kMostRefusal, '\0');
  std::size_t size = 0;
  for (std::size_t got = 1; got != 0 && size < text.size(); size += got) {
    got = body.read(text.data() + size, text.size() - size);
  }
  text.resize(size);
  return text;
}

// {"limit": {"_errors": [{"message": "…"}]}} as "limit: …".
void put_form_errors(const json& errors, const std::string& path, std::string& out) {
  if (!errors.is_object() || out.size() > 300 || path.size() > 200) {
    return;
  }
  for (const auto& [key, value] : errors.items()) {
    if (key != "_errors") {
      put_form_errors(value, path.empty() ? key : path + "." + key, out);
      continue;
    }
    for (const json& one : value.is_array() ? value : json::array()) {
      if (const auto message = text_in(one, "message")) {
        out += "; " + (path.empty() ? "" : path + ": ") + *message;
      }
    }
  }
}

std::string told(uint32_t status, const json& body) {
  std::string out = std::to_string(status);
  if (body.is_object()) {
    out += " (" + std::to_string(id_in(body, "code").value_or(0)) + " " +
           text_in(body, "message").value_or("");
    put_form_errors(member(body, "errors"), {}, out);
    out += ")";
  }
  return out;
}

const char* remedy(int64_t code) {
  switch (code) {
    case kMissingAccess:
      return " The bot does not see the channel: give it VIEW_CHANNEL there, or name the channel "
             "in 'exclude'.";
    case kMissingPermissions:
      return " The bot lacks a permission: lists of private threads need MANAGE_THREADS.";
    case 40333:
      return " Discord does not take the User-Agent; look at 'bot_url'.";
    default:
      return " Look at what the bot is allowed there.";
  }
}

}  // namespace

Error refusal(uint32_t status, const std::string& url, const std::string& body) {
  const json parsed = json::parse(body, nullptr, false);
  const std::string what = url + " was refused: " + told(status, parsed) + ".";
  const int64_t code = id_in(parsed, "code").value_or(0);
  if (status == 404) {
    return Error(Code::kNotFound, what).vendor(code);
  }
  if (status == 403) {
    return Error(Code::kUnavailable, what + remedy(code)).vendor(code);
  }
  if (status == 429) {
    return Error(Code::kRateLimited, what).retryable();
  }
  if (status == 400 && !parsed.is_object()) {
    return Error(Code::kUnavailable, what + " It was no JSON, so not the API itself that spoke.")
        .retryable();
  }
  return status >= 500 ? Error(Code::kUnavailable, what).retryable().vendor(code)
                       : Error(Code::kBadData, what).vendor(code);
}

Client::Client(const sluice::Host& host, const Config& config, const Selection& selection)
    : host_(host),
      config_(config),
      selection_(selection),
      user_agent_("DiscordBot (" + config.bot_url + ", " + kVersion + ")") {
  if (!selection.files) {
    host.declare({.limits = {{.scope = selection.scope,
                              .name = "global",
                              .amount = 50,
                              .per = std::chrono::seconds(1)},
                             {.scope = selection.scope + "/messages/*",
                              .name = "route",
                              .amount = 5,
                              .per = std::chrono::seconds(5)}}});
  }
}

void Client::look_out_for_ban() const {
  const std::lock_guard lock(forbidden_mutex_);
  const int64_t now_us = host_.monotonic().count();
  if (now_us - forbidden_since_us_ >= kBanWindow_us) {
    forbidden_since_us_ = now_us;
    forbidden_ = 0;
  }
  if (forbidden_ >= kMostForbidden) {
    throw Error(Code::kUnsupported,
                "Discord has refused " + std::to_string(forbidden_) +
                    " requests within ten minutes, and bans an address for 10,000. Give the bot "
                    "the permissions it lacks, or name the channels in 'exclude'.");
  }
}

void Client::count_forbidden() const {
  const std::lock_guard lock(forbidden_mutex_);
  ++forbidden_;
}

sluice::HttpBody Client::open(const std::string& path, const Route& route) const {
  look_out_for_ban();
  sluice::HttpBody body =
      host_.open(selection_.base_url + path,
                 {.headers = {{"User-Agent", user_agent_}},
                  .expect = "application/json",
                  .scope = selection_.scope + "/" + route.kind + "/" + std::to_string(route.id),
                  .max_bytes = kMostDocument,
                  .credential = config_.credential,
                  .forbidden_is_answer = true,
                  .accept_errors = true});
  if (body.status() == 403) {
    count_forbidden();
    throw Forbidden(refusal(403, body.url(), beginning(body)));
  }
  if (body.status() >= 400) {
    throw refusal(body.status(), body.url(), beginning(body));
  }
  return body;
}

json Client::get(const std::string& path, const Route& route) const {
  return open(path, route).read_all().parsed();
}

int64_t Client::own_id() const {
  const std::lock_guard lock(mutex_);
  if (own_id_) {
    return *own_id_;
  }
  const json self = get("/users/@me", {"users"});
  if (member(self, "bot") != true) {
    throw Error(Code::kInvalidConfig,
                "The credential '" + config_.credential +
                    "' is the token of a person, not of a bot. Discord forbids to automate "
                    "accounts of persons; make an application with a bot and use its token, with "
                    "prefix = \"Bot \".");
  }
  own_id_ = id_in(self, "id").value_or(0);
  return *own_id_;
}

Intent Client::content_intent() const {
  const std::lock_guard lock(mutex_);
  if (!intent_) {
    try {
      const auto flags = id_in(get("/applications/@me", {"applications"}), "flags");
      intent_ = !flags                          ? Intent::kNotTold
                : (*flags & kContentFlags) != 0 ? Intent::kGranted
                                                : Intent::kMissing;
    } catch (const Error& error) {
      if (error.code() == Code::kCancelled || error.code() == Code::kAuth) {
        throw;
      }
      intent_ = Intent::kNotTold;
    }
  }
  return *intent_;
}

}  // namespace discord
