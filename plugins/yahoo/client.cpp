// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "sluice/cpp/json.hpp"

namespace yahoo {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr const char* kEndpoint = "yahoo";
constexpr uint64_t kMostBytes = uint64_t{64} << 20U;

// {"chart":{"result":null,"error":{"code":…,"description":…}}}, or "finance" in the place of
// "chart".
struct Told {
  std::string code, description;
};
Told told(std::string_view body) {
  Told out;
  const json all = json::parse(body, nullptr, false);
  for (const char* envelope : {"chart", "finance"}) {
    const json error = all.is_object() && all.contains(envelope) && all[envelope].is_object()
                           ? all[envelope].value("error", json())
                           : json();
    if (error.is_object()) {
      const auto text = [&](const char* name) {
        const auto found = error.find(name);
        return found != error.end() && found->is_string() ? found->get<std::string>() : "";
      };
      out = {text("code"), text("description")};
      out.description.resize(std::min<std::size_t>(out.description.size(), 300));
    }
  }
  return out;
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
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

std::string ChartQuery::path(std::string_view symbol) const {
  return "/v8/finance/chart/" + escaped(symbol) + "?period1=" + std::to_string(from_s) +
         "&period2=" + std::to_string(to_s) + "&interval=" + std::string(interval) +
         "&includePrePost=" + (pre_post ? "true" : "false") + "&events=div%7Csplit";
}

std::string cookies_of(const std::string& set_cookie) {
  std::string out;
  for (const std::string name : {"A1=", "A3="}) {
    for (std::size_t at = set_cookie.find(name); at != std::string::npos;
         at = set_cookie.find(name, at + 1)) {
      const bool begins = at == 0 || set_cookie[at - 1] == ' ' || set_cookie[at - 1] == '\n';
      if (begins) {
        const std::size_t end = std::min(set_cookie.find(';', at), set_cookie.size());
        out += (out.empty() ? "" : "; ") + set_cookie.substr(at, end - at);
        break;
      }
    }
  }
  return out;
}

// A text for people holds blanks, a page or an error document begins with a bracket.
bool is_crumb(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c > ' ' && c < 127 && c != '<' && c != '{'; });
}

std::optional<Error> refusal(const Security& security, uint32_t status, std::string_view code,
                             const std::string& description) {
  const std::string place = "Yahoo answered " + std::to_string(status) + " for " + security.symbol;
  const std::string quoted = description.empty() ? "" : " (\"" + description + "\")";
  if (holds(description, "Data doesn't exist")) {
    return std::nullopt;
  }
  if (status == 404 || code == "Not Found") {
    // Not bad data: a configuration that is corrected is to read it.
    return Error(Code::kUnavailable,
                 place + ": it has no such symbol, or no longer; look at symbols." + quoted)
        .vendor(status);
  }
  if (status == 422 &&
      (holds(description, "within the last") || holds(description, "per request"))) {
    return Error(Code::kUnavailable,
                 place +
                     ": that lies beyond what it tells of this interval; let [want] from begin "
                     "later, or use a longer interval." +
                     quoted)
        .vendor(status);
  }
  if (status == 401 || status == 403 || code == "Unauthorized") {
    return Error(Code::kAuth, place + ": it wants a cookie and a crumb; set crumb = true." + quoted)
        .vendor(status)
        .flag(SLUICE_ERROR_AUTH);
  }
  if (status < 400) {  // whatever it is, the request was good
    return Error(Code::kUnavailable, place + " with an error." + quoted).vendor(status).retryable();
  }
  return Error(Code::kBadData, place + ": it does not take the request." + quoted).vendor(status);
}

Client::Client(const sluice::Host& host, const Selection& selection)
    : host_(host), selection_(selection) {
  sluice::HttpService service;
  service.endpoints[kEndpoint] = {.urls = selection.base_urls};
  for (const char* name : {"query1.finance.yahoo.com", "query2.finance.yahoo.com"}) {
    service.limits.push_back({.scope = name,
                              .name = "second",
                              .amount = 2,
                              .per = std::chrono::seconds(1),
                              .window = "rate"});
  }
  host.declare(service);
}

std::optional<std::string> Client::chart(const Security& security, const ChartQuery& query) const {
  if (const auto known = unknown(security.symbol)) {
    throw Error(*known);
  }
  const std::string path = query.path(security.symbol);
  auto answer = [&] {
    try {
      return selection_.crumb ? send_with_pass(path) : send(path, {});
    } catch (const Error& error) {
      if (error.code() != Code::kAuth || selection_.crumb) {
        throw;
      }
      auto refused =
          refusal(security, static_cast<uint32_t>(error.vendor_code()), "Unauthorized", "");
      throw std::move(*refused).at_config("/crumb");
    }
  }();
  const bool short_answer = answer.text().size() < 4096;
  const Told said = answer.status() >= 400 || short_answer ? told(answer.text()) : Told{};
  if (answer.status() >= 400 || !said.code.empty() || !said.description.empty()) {
    if (auto error = refusal(security, answer.status(), said.code, said.description)) {
      std::move(*error).at_config(answer.status() == 401 ? "/crumb" : security.pointer);
      if (answer.status() == 404) {  // its other slices, and other tries, ask for it in vain
        const std::lock_guard lock(mutex_);
        unknown_.emplace(security.symbol, *error);
      }
      throw Error(*error);
    }
    return std::nullopt;
  }
  return std::move(answer).text();
}

std::optional<Error> Client::unknown(const std::string& symbol) const {
  const std::lock_guard lock(mutex_);
  const auto found = unknown_.find(symbol);
  return found == unknown_.end() ? std::nullopt : std::optional(found->second);
}

sluice::HttpResponse Client::send(const std::string& path, const Pass& pass) const {
  sluice::HttpOptions options;
  options.headers = {{"Accept", "application/json"}};
  if (!selection_.user_agent.empty()) {
    options.headers.emplace_back("User-Agent", selection_.user_agent);
  }
  if (!pass.cookie.empty()) {
    options.headers.emplace_back("Cookie", pass.cookie);
  }
  options.endpoint = kEndpoint;
  options.expect = "application/json";
  options.max_bytes = kMostBytes;
  options.accept_errors = true;
  return host_.get(path + (pass.crumb.empty() ? "" : "&crumb=" + escaped(pass.crumb)), options);
}

// A crumb that is refused is replaced once.
sluice::HttpResponse Client::send_with_pass(const std::string& path) const {
  const Pass first = pass("");
  try {
    return send(path, first);
  } catch (const Error& error) {
    if (error.code() != Code::kAuth) {
      throw;
    }
  }
  return send(path, pass(first.crumb));
}

// The one in use, unless it is the refused one; one thread gets it for all.
Client::Pass Client::pass(const std::string& refused) const {
  const std::lock_guard lock(mutex_);
  if (pass_.crumb.empty() || pass_.crumb == refused) {
    pass_ = obtain();
  }
  return pass_;
}

Client::Pass Client::obtain() const {
  sluice::HttpOptions options;
  options.accept_errors = true;
  options.max_bytes = kMostBytes;
  if (!selection_.user_agent.empty()) {
    options.headers.emplace_back("User-Agent", selection_.user_agent);
  }
  Pass out;
  out.cookie = cookies_of(host_.open(selection_.cookie_url, options).header("Set-Cookie"));
  if (out.cookie.empty()) {
    throw Error(Code::kUnavailable,
                "The page " + selection_.cookie_url +
                    " gave no cookie A1 or A3; in Europe a form of consent may stand before it. "
                    "Charts are mostly given without: set crumb = false.");
  }
  options.endpoint = kEndpoint;
  options.headers.emplace_back("Cookie", out.cookie);
  const auto answer = host_.get("/v1/test/getcrumb", options);
  if (answer.status() != 200 || !is_crumb(answer.text())) {
    throw Error(Code::kUnavailable, "Yahoo gave no crumb, but status " +
                                        std::to_string(answer.status()) + " and \"" +
                                        answer.text().substr(0, 60) + "\".")
        .retryable();
  }
  out.crumb = answer.text();
  return out;
}

}  // namespace yahoo
