// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <string_view>
#include <utility>

namespace wiseoldman {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr std::size_t kMostOfRefusal = std::size_t{16} << 10U;
constexpr double kPerMinute = 20;
constexpr double kPerMinuteWithKey = 100;

std::string begin_of(sluice::HttpBody& body) {
  std::string text(kMostOfRefusal, '\0');
  std::size_t size = 0;
  for (std::size_t got = 1; got != 0 && size < text.size(); size += got) {
    got = body.read(text.data() + size, text.size() - size);
  }
  text.resize(size);
  return text;
}

// What the service says of it. Some errors have a code, older ones do not, and the one code for
// the same thing differs from path to path: it is for people.
std::string reason_of(const std::string& text) {
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("message") || !body["message"].is_string()) {
    return {};
  }
  std::string out = body["message"].get<std::string>().substr(0, 300);
  if (body.contains("code") && body["code"].is_string()) {
    out += " (" + body["code"].get<std::string>().substr(0, 60) + ")";
  }
  return out;
}

// Of the answers that the host hands on; 401, 403, 429 and 5xx are errors of its own.
Error refusal(sluice::HttpBody& body) {
  const uint32_t status = body.status();
  const std::string reason = reason_of(begin_of(body));
  return Error(status == 404 ? Code::kNotFound : Code::kBadData,
               body.url() + " answered " + std::to_string(status) +
                   (reason.empty() ? "." : ": " + reason))
      .vendor(status);
}

}  // namespace

Client::Client(sluice::Host& host, const Selection& selection)
    : host_(host), selection_(selection) {
  if (host.offline()) {
    return;
  }
  // The service's window begins with its first request: a sliding one holds for that, too.
  host.declare(
      {.limits = {{.scope = selection.host,
                   .name = "minute",
                   .amount = selection.config.credential.empty() ? kPerMinute : kPerMinuteWithKey,
                   .per = std::chrono::minutes(1)}}});
}

sluice::HttpBody Client::open(const std::string& path, const Wish& wish) const {
  sluice::HttpOptions options;
  options.headers = {{"Accept", "application/json"},
                     {"User-Agent", "sluice-wiseoldman/0.1.0 (" + selection_.config.contact + ")"}};
  options.expect = "application/json";
  options.validator = wish.validator;
  options.cache = wish.cache;
  options.credential = selection_.config.credential;
  options.accept_errors = true;
  const std::string url = selection_.config.base_url + path;
  try {
    sluice::HttpBody body = host_.open(url, options);
    if (body.status() >= 400) {
      throw refusal(body);
    }
    return body;
  } catch (const Error& error) {
    if (error.code() == Code::kRateLimited && error.retry_after_ms() == 0) {
      stop_if_blocked(url, options);
    }
    throw;
  }
}

void Client::stop_if_blocked(const std::string& url, sluice::HttpOptions options) const {
  options.no_retry = true;
  sluice::HttpBody body = host_.open(url, options);
  const std::string reason = body.status() == 429 ? reason_of(begin_of(body)) : std::string();
  if (reason.find("blocked") != std::string::npos) {
    throw Error(Code::kAuth, "The service answers 429: " + reason +
                                 " It is asked no more; contact its operators, and see 'contact'.")
        .flag(SLUICE_ERROR_AUTH);
  }
}

}  // namespace wiseoldman
