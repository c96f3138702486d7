// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/har.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/http/cassette/body.hpp"
#include "host/http/cassette/files.hpp"
#include "host/http/cassette/format.hpp"
#include "host/http/cassette/key.hpp"

namespace sluice::host::cassette {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMostHarBytes = 512U << 20;
constexpr int kDeepest = 64;

Error no_har(const fs::path& file, const std::string& what) {
  return Error{Code::kInvalidConfig, file.string() + ": " + what};
}

const json* member(const json& object, const char* name) {
  const auto it = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && it != object.end() ? &*it : nullptr;
}

std::string text_of(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t number_of(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_number()
             ? static_cast<int64_t>(std::clamp(found->get<double>(), -1e15, 1e15))
             : 0;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0, count = 0;
  for (const char c : text) {
    uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else if (c == '=' || is_json_blank(c)) {
      continue;
    } else {
      return std::nullopt;
    }
    bits = bits << 6U | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xffU);
    }
  }
  return out;
}

// Microseconds since the epoch of "2024-01-31T12:00:00.123Z" or with "+01:00"; 0 if it is neither.
int64_t time_of(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%6lf%n", &year, &month, &day, &hour, &minute,
                  &second, &used) < 6) {
    return 0;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      !(second >= 0 && second < 61)) {
    return 0;
  }
  int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * 86'400LL +
                    hour * 3600LL + minute * 60LL;
  const std::string zone = text.substr(std::min(text.find_first_of("+-Z", 19), text.size()));
  int zone_hours = 0, zone_minutes = 0;
  if (std::sscanf(zone.c_str(), "%*[+-]%2d:%2d", &zone_hours, &zone_minutes) == 2) {
    seconds += (zone.front() == '-' ? 1 : -1) * (zone_hours * 3600LL + zone_minutes * 60LL);
  }
  return std::max<int64_t>(0, seconds * 1'000'000 + static_cast<int64_t>(second * 1e6));
}

Fields headers_of(const json& message, const Redact& redact) {
  Fields out;
  const json* list = member(message, "headers");
  for (const json& one : list != nullptr && list->is_array() ? *list : json::array()) {
    const std::string name = text_of(one, "name");
    std::string value = redact_field(name, text_of(one, "value"), redact);
    // Chrome joins fields of one name with line breaks, and HTTP/2's pseudo headers are none.
    std::replace_if(
        value.begin(), value.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }, ' ');
    const bool named = !name.empty() && name.front() != ':' &&
                       name.find_first_of(std::string_view(": \t\r\n\0", 6)) == std::string::npos;
    if (named) {
      out.emplace_back(name, std::move(value));
    }
  }
  return out;
}

class Import {
 public:
  Import(const fs::path& folder, const Redact& redact) : folder_(folder), redact_(redact) {}

  // Empty, or why the entry is no exchange.
  Result<std::string> entry(const json& entry) {
    const json* request = member(entry, "request");
    const json* response = member(entry, "response");
    if (request == nullptr || response == nullptr) {
      return std::string("it has no request or no response");
    }
    const std::string url = text_of(*request, "url");
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      return std::string("its URL is not http or https");
    }
    const int64_t status = number_of(*response, "status");
    if (status < 200 || status > 999) {
      return std::string("it has no answer");
    }
    const std::string method = text_of(*request, "method");
    ExchangeHead head;
    head.asked.method = method.empty() ? "GET" : method;
    head.asked.url = redact_url(url, redact_);
    head.asked.headers = headers_of(*request, redact_);
    AnswerHead& answer = head.answer.emplace();
    answer.status = static_cast<uint32_t>(status);
    answer.headers = headers_of(*response, redact_);
    return write(entry, *request, *response, head);
  }

  Result<void> finish() {
    std::string timings;
    for (Timing& timing : timings_) {
      const auto since = [this](int64_t us) {
        return std::max<int64_t>(0, (us - first_us_) / 1000);
      };
      const int64_t took = timing.end_ms;
      timing.at_ms = since(timing.at_ms);
      timing.head_ms = timing.end_ms = timing.at_ms + took;
      timings += write_timing(timing);
    }
    SLUICE_TRY(write_file(folder_ / kTimingFile, timings));
    return write_file(folder_ / kAboutFile, write_about(first_us_));
  }

 private:
  Result<std::string> write(const json& entry, const json& request, const json& response,
                            ExchangeHead& head) {
    const json* post = member(request, "postData");
    const std::string sent = post != nullptr ? text_of(*post, "text") : "";
    HttpRequest asked;
    asked.method = head.asked.method;
    asked.url = head.asked.url;
    asked.body = sent;
    for (const auto& [name, value] : head.asked.headers) {
      asked.headers += name + ": " + value + "\n";
    }
    const std::string stem = name_of(key_of(asked, redact_));
    const std::string name = stem + "-" + std::to_string(++counts_[stem]);
    auto body = store(name + ".request",
                      post != nullptr ? text_of(*post, "mimeType") : std::string(), sent);
    if (!body) {
      return std::move(body).error();
    }
    head.asked.body = *body;
    const json* content = member(response, "content");
    std::string got = content != nullptr ? text_of(*content, "text") : "";
    if (content != nullptr && text_of(*content, "encoding") == "base64") {
      auto decoded = from_base64(got);
      if (!decoded) {
        return std::string("its body is not base64");
      }
      got = std::move(*decoded);
    }
    // A browser shows the body from its own cache beside the 304 that confirmed it.
    if (head.answer->status == 304 && !got.empty()) {
      head.answer->status = 200;
    }
    head.answer->cut = got.empty() && content != nullptr && number_of(*content, "size") > 0 &&
                       head.asked.method != "HEAD";
    const std::string type = field_of(head.answer->headers, "Content-Type");
    body =
        store(name, type.empty() && content != nullptr ? text_of(*content, "mimeType") : type, got);
    if (!body) {
      return std::move(body).error();
    }
    head.answer->body = *body;
    SLUICE_TRY(write_file(folder_ / kExchangesFolder / (name + ".json"), write_head(head)));
    const int64_t at_us = time_of(text_of(entry, "startedDateTime"));
    if (at_us > 0 && (first_us_ == 0 || at_us < first_us_)) {
      first_us_ = at_us;
    }
    const int64_t took_ms = std::max<int64_t>(0, number_of(entry, "time"));
    timings_.push_back({name, at_us, 0, std::min<int64_t>(took_ms, 86'400'000)});
    return std::string();
  }

  Result<BodyRef> store(const std::string& name, const std::string& type, const std::string& text) {
    BodyWriter writer(folder_ / kBodiesFolder, name, type, redact_);
    SLUICE_TRY(writer.push(text));
    return writer.finish();
  }

  const fs::path& folder_;
  const Redact& redact_;
  std::map<std::string, uint64_t> counts_;
  std::vector<Timing> timings_;  // at_ms holds microseconds, end_ms the time taken, until finish()
  int64_t first_us_ = 0;
};

Result<json> parse_har(const fs::path& file) {
  auto text = read_file(file, kMostHarBytes);
  if (!text) {
    return std::move(text).error();
  }
  bool too_deep = false;
  try {
    json whole = json::parse(*text, [&](int depth, json::parse_event_t, json&) {
      too_deep = too_deep || depth > kDeepest;
      return !too_deep;
    });
    if (!too_deep) {
      return whole;
    }
    return no_har(file, "is nested deeper than a HAR file can be");
  } catch (const json::parse_error& problem) {
    const size_t at = std::min(problem.byte, text->size());
    const auto lines =
        std::count(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return Error{Code::kInvalidConfig,
                 file.string() + ":" + std::to_string(lines + 1) + ": the file " +
                     (problem.byte >= text->size() ? "is cut off" : "is no JSON") +
                     " here; export it again"};
  }
}

}  // namespace

Result<HarImport> import_har(const fs::path& file, const fs::path& folder, const Redact& redact) {
  auto whole = parse_har(file);
  if (!whole) {
    return std::move(whole).error();
  }
  const json* log = member(*whole, "log");
  const json* entries = log != nullptr ? member(*log, "entries") : nullptr;
  if (entries == nullptr || !entries->is_array()) {
    return no_har(file, "is no HAR file: it has no list log.entries");
  }
  SLUICE_TRY(prepare_folder(folder));
  Import import(folder, redact);
  HarImport done;
  for (size_t i = 0; i < entries->size(); ++i) {
    auto why = import.entry((*entries)[i]);
    if (!why) {
      return std::move(why).error();
    }
    if (why->empty()) {
      ++done.exchanges;
    } else {
      done.skipped.push_back("log.entries[" + std::to_string(i) + "]: " + *why);
    }
  }
  SLUICE_TRY(import.finish());
  return done;
}

}  // namespace sluice::host::cassette
