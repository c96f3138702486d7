// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "canonical.hpp"

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::HttpBody;
using sluice::HttpResponse;
using sluice::json;

constexpr int kAttempts = 3;  // for answers that break or are no JSON
constexpr auto kRecent = std::chrono::seconds(60);
constexpr std::size_t kMostKept = std::size_t{900} << 10U;  // bytes; the host keeps 1 MiB

// What the service allows a client, in all its regions together.
sluice::HttpService service(const std::string& scope) {
  sluice::HttpService out;
  out.limits.push_back(
      {.scope = scope, .name = "second", .amount = 100, .per = std::chrono::seconds(1)});
  out.limits.push_back(
      {.scope = scope, .name = "hour", .amount = 36'000, .per = std::chrono::hours(1)});
  return out;
}

// The service's own 404, not the one of something in between.
bool says_not_found(const HttpResponse& answer) {
  const json body = json::parse(answer.text(), nullptr, false);
  return answer.status() == 404 && body.is_object() && body.contains("code") &&
         (body["code"] == 404 || body["code"] == "404");
}

Error refusal(const HttpResponse& answer) {
  const auto status = answer.status();
  Error error(status == 404 ? Code::kUnavailable : Code::kBadData,
              answer.url() + " answered with status " + std::to_string(status) +
                  (status == 404 ? ", but not in the service's words." : "."));
  return status == 404 ? std::move(error).retryable() : error;
}

std::string kept_name(const std::string& url) {
  return "kept/" + content_hash(url);
}

int month_of(std::string_view name) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto at = kMonths.find(name);
  return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<int>(at / 3) + 1;
}

std::optional<int> small_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::string_view take_word(std::string_view& text) {
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

Document::Document(std::string text, const std::string& url) : text_(std::move(text)) {
  if (parser_.parse(text_).get(root_) == simdjson::SUCCESS) {
    return;
  }
  std::string why = "it holds bytes or numbers that no JSON of the service has.";
  try {
    [[maybe_unused]] const json whole = json::parse(text_);
  } catch (const json::parse_error& e) {
    why = "at byte " + std::to_string(e.byte) + " of " + std::to_string(text_.size()) + ".";
  }
  throw Error(Code::kBadData, "The answer of " + url + " is not JSON: " + why).retryable();
}

std::optional<int64_t> whole_number(simdjson::simdjson_result<simdjson::dom::element> value) {
  int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) {
    return number;
  }
  double real = 0;
  if (value.get_double().get(real) == simdjson::SUCCESS && std::trunc(real) == real &&
      std::abs(real) < 9e15) {
    return static_cast<int64_t>(real);
  }
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::optional<int64_t> id_in_link(std::string_view link) {
  link = link.substr(0, link.find('?'));
  while (link.ends_with('/')) {
    link.remove_suffix(1);
  }
  link.remove_prefix(link.rfind('/') + 1);
  int64_t id = 0;
  const auto [end, error] = std::from_chars(link.data(), link.data() + link.size(), id);
  const bool whole = error == std::errc{} && end == link.data() + link.size();
  return whole ? std::optional(id) : std::nullopt;
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  (void)take_word(text);  // day of the week
  const auto day = small_number(take_word(text));
  const int month = month_of(take_word(text));
  const auto year = small_number(take_word(text));
  const std::string_view clock = take_word(text);
  const auto hour = small_number(clock.substr(0, 2));
  if (!day || month == 0 || !year || clock.size() != 8 || !hour) {
    return std::nullopt;
  }
  const auto minute = small_number(clock.substr(3, 2));
  const auto second = small_number(clock.substr(6, 2));
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || !minute || !second) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return int64_t{days} * 86'400 + *hour * 3600 + *minute * 60 + *second;
}

Client::Client(sluice::Host& host, const Selection& selection)
    : host_(host),
      selection_(selection),
      scope_("api.blizzard.com/" + selection.config.credential) {
  host.declare(service(scope_));
}

std::string Client::url(const World& world, std::string_view kind, const std::string& path,
                        const std::string& more) const {
  constexpr std::string_view kRegion = "{region}";
  std::string out = selection_.config.base_url;
  for (std::size_t at = 0; (at = out.find(kRegion, at)) != std::string::npos;) {
    out.replace(at, kRegion.size(), world.region);
  }
  return out + "/data/wow/" + path + "?namespace=" + world.name_space(kind) + more;
}

std::string Client::localised_url(const World& world, std::string_view kind,
                                  const std::string& path) const {
  const auto& locales = selection_.locales;
  return url(world, kind, path, locales.size() == 1 ? "&locale=" + locales.front() : "");
}

sluice::HttpOptions Client::options() const {
  sluice::HttpOptions out;
  out.expect = "application/json";
  out.scope = scope_;
  out.credential = selection_.config.credential;
  return out;
}

DocumentPtr Client::find(const std::string& url, std::chrono::seconds cache) const {
  auto wanted = options();
  wanted.cache = cache;
  wanted.accept_errors = true;
  for (int attempt = 1;; ++attempt) {
    HttpBody body = host_.open(url, wanted);  // its failures have been tried again by the host
    try {
      HttpResponse answer = std::move(body).read_all();
      if (says_not_found(answer)) {
        return nullptr;
      }
      if (answer.status() >= 400) {
        throw refusal(answer);
      }
      return std::make_unique<Document>(std::move(answer).text(), url);
    } catch (const Error& error) {
      if (attempt == kAttempts || (error.flags() & SLUICE_ERROR_RETRYABLE) == 0) {
        throw;
      }
    }
  }
}

DocumentPtr Client::get(const std::string& url, std::chrono::seconds cache) const {
  auto found = find(url, cache);
  if (!found) {
    throw Error(Code::kNotFound, url + " answered that there is no such document.").vendor(404);
  }
  return found;
}

// The validator is kept together with the text that it stands for, so that a 304 always has one.
DocumentPtr Client::remembered(const std::string& url) const {
  {
    const std::lock_guard lock(mutex_);
    const auto it = recent_.find(url);
    if (it != recent_.end() && host_.now() - it->second.read < kRecent) {
      return std::make_unique<Document>(it->second.text, url);
    }
  }
  const std::string name = "document/" + content_hash(url);
  const json kept = json::parse(host_.state(name).value_or("{}"), nullptr, false);
  const bool usable = kept.is_object() && kept.contains("text") && kept["text"].is_string() &&
                      kept.contains("validator") && kept["validator"].is_string();
  auto wanted = options();
  wanted.validator = usable ? kept["validator"].get<std::string>() : std::string{};
  const HttpResponse answer = host_.get(url, wanted);
  const bool confirmed = usable && answer.not_modified();
  auto document =
      std::make_unique<Document>(confirmed ? kept["text"].get<std::string>() : answer.text(), url);
  if (!confirmed && !answer.validator().empty() && answer.text().size() < kMostKept) {
    host_.set_state(name, json{{"validator", answer.validator()}, {"text", answer.text()}}.dump());
  }
  const std::lock_guard lock(mutex_);
  recent_[url] = {host_.now(), document->text()};
  return document;
}

DocumentPtr Client::kept(const std::string& url) const {
  auto text = host_.state(kept_name(url));
  return text ? std::make_unique<Document>(std::move(*text), url) : nullptr;
}

void Client::keep(const std::string& url, const Document& document) const {
  const std::string name = kept_name(url);
  if (document.text().size() < kMostKept && host_.state(name) != document.text()) {
    host_.set_state(name, document.text());
  }
}

}  // namespace blizzard
