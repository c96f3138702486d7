// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "sluice/cpp/json.hpp"

namespace coingecko {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr uint64_t kMostBytes = uint64_t{64} << 20U;
constexpr std::size_t kMostErrorText = 300;  // of a body that is quoted

// The host of an address, as limits name it.
std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  const std::string host = url.substr(begin, url.find('/', begin) - begin);
  return host.starts_with('[') ? host.substr(0, host.find(']') + 1)
                               : host.substr(0, host.find(':'));
}

// What an error's body says, in whichever of the envelopes: {"status":{…}},
// {"error":{"status":{…}}} or {"error":"text"}.
struct Told {
  int64_t code = 0;
  std::string text;
};
Told told(std::string_view body) {
  Told out;
  const json all = json::parse(body, nullptr, false);
  const json* at = &all;
  for (const char* name : {"error", "status"}) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (at->is_object() && found != at->end() && (found->is_object() || found->is_string())) {
      at = &*found;
    }
  }
  if (at->is_string()) {
    out.text = at->get<std::string>();
  } else if (at->is_object()) {
    const auto code = at->find("error_code");
    const auto text = at->find("error_message");
    out.code = code != at->end() && code->is_number() ? code->get<int64_t>() : 0;
    out.text = text != at->end() && text->is_string() ? text->get<std::string>() : "";
  } else if (all.is_discarded()) {
    out.text = body.find("error code: 1020") != std::string_view::npos ? "error code: 1020" : "";
    out.code = out.text.empty() ? 0 : 1020;
  }
  out.text.resize(std::min(out.text.size(), kMostErrorText));
  return out;
}

// Retry-After in seconds; the host follows it by itself, this is for the report.
uint32_t milliseconds(std::string_view retry_after) {
  uint32_t seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  return error == std::errc() && end == retry_after.data() + retry_after.size()
             ? std::min<uint32_t>(seconds, 3600) * 1000
             : 0;
}

// Errors that the service has numbers for.
const char* remedy(int64_t code) {
  switch (code) {
    case 10002:
      return "the API key is missing or wrong; look at the key of the credential, and that its "
             "header is x-cg-demo-api-key or x-cg-pro-api-key as the plan wants it";
    case 10005:
      return "the plan does not include this; set another granularity or interval, or use a higher "
             "plan";
    case 10010:
      return "a key of a paid plan was sent to the public host; set plan = \"pro\" and the header "
             "x-cg-pro-api-key";
    case 10011:
      return "a demo key was sent to the host of the paid plans; set plan = \"demo\" and the "
             "header "
             "x-cg-demo-api-key";
    case 10012:
      return "the public API tells only the last 365 days; let [want] from begin later, or use "
             "plan = \"pro\"";
    case 1020:
      return "a firewall before the service refuses this address; ask less, or name a contact";
    default:
      return nullptr;
  }
}

Error numbered(int64_t code, const std::string& text) {
  const Code kind = code == 10005   ? Code::kUnsupported
                    : code == 10012 ? Code::kUnavailable
                                    : Code::kAuth;
  Error error(kind, text);
  return std::move(error).vendor(code).flag(kind == Code::kAuth ? SLUICE_ERROR_AUTH : 0);
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

Error refusal(const Selection& selection, std::string_view path, uint32_t status,
              std::string_view body, std::string_view retry_after) {
  const Told said = told(body);
  const std::string place = "CoinGecko answered " + std::to_string(status) + " to " +
                            std::string(path.substr(0, path.find('?')));
  const std::string quoted = said.text.empty() ? "" : " (\"" + said.text + "\")";
  if (const char* what = remedy(said.code)) {
    return numbered(said.code,
                    place + ", error " + std::to_string(said.code) + ": " + what + "." + quoted);
  }
  if (status == 429) {
    return Error(Code::kRateLimited, place + ": too many requests for plan = \"" + selection.plan +
                                         "\"; give its host a lower [[limit]]." + quoted)
        .retry_after(milliseconds(retry_after))
        .vendor(status)
        .flag(SLUICE_ERROR_RETRYABLE | SLUICE_ERROR_THROTTLED);
  }
  if (status == 401 || status == 403) {
    return Error(Code::kAuth, place + ": look at plan, credential and key." + quoted)
        .vendor(status)
        .flag(SLUICE_ERROR_AUTH);
  }
  if (status == 404) {  // a configuration that is corrected is to read it: not bad data
    return Error(Code::kUnavailable,
                 place + ": it knows no such coin; ids stand in the stream coins." + quoted)
        .vendor(status);
  }
  // For candles the service answers 500 to a parameter it does not like, so asking again is vain.
  const bool vain = status == 500 && !json::parse(body, nullptr, false).is_discarded() &&
                    path.find("/ohlc") != std::string_view::npos;
  if (status >= 500 || status == 408) {
    return Error(Code::kUnavailable,
                 place +
                     (vain ? ", which it also does for parameters it does not take; it is not "
                             "asked again in this run."
                           : ".") +
                     quoted)
        .vendor(status)
        .flag(vain ? 0 : SLUICE_ERROR_RETRYABLE);
  }
  return Error(Code::kBadData, place +
                                   ": it does not take the request; look at coins and "
                                   "vs_currencies." +
                                   quoted)
      .vendor(status);
}

Client::Client(const sluice::Host& host, const Selection& selection)
    : host_(host), selection_(selection) {
  const double each_minute = selection.paid ? 500 : selection.plan == "demo" ? 30 : 5;
  sluice::HttpService service;
  service.limits.push_back({.scope = host_of(selection.base_url),
                            .name = "minute",
                            .amount = each_minute,
                            .per = std::chrono::minutes(1)});
  host.declare(service);
}

// The bodies of refusals say more than their status, so every answer is taken as it comes; slices
// are tried again as a whole.
sluice::HttpBody Client::open(const std::string& path, const std::string& at) const {
  const std::string resource = path.substr(0, path.find('?'));
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = unknown_.find(resource); known != unknown_.end()) {
      throw Error(known->second);
    }
  }
  sluice::HttpOptions options;
  options.headers = {{"Accept", "application/json"}};
  options.expect = "application/json";
  options.max_bytes = kMostBytes;
  options.credential = selection_.credential;
  options.accept_errors = true;
  options.no_retry = true;
  sluice::HttpBody answer = host_.open(selection_.base_url + path, options);
  if (answer.status() < 400) {
    return answer;
  }
  const uint32_t status = answer.status();
  const auto whole = std::move(answer).read_all();
  Error error = refusal(selection_, path, status, whole.text(), whole.header("Retry-After"));
  const bool plan = error.code() == Code::kAuth || error.code() == Code::kUnsupported;
  std::move(error).at_config(plan ? "/plan" : status < 429 ? at : "");
  if (status == 404) {  // its other slices, and other tries, ask for it in vain
    const std::lock_guard lock(mutex_);
    unknown_.emplace(resource, error);
  }
  throw Error(error);
}

}  // namespace coingecko
