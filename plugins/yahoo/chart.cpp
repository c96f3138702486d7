// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace yahoo {
namespace {

namespace sj = simdjson::ondemand;
using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr std::array<std::string_view, kQuotes> kNames = {"open", "high", "low", "close", "volume"};

// Says where the text stops being JSON.
[[noreturn]] void malformed(std::string_view body, const std::string& url) {
  (void)sluice::JsonStream::over(body, "", {.name = "The answer of " + url}).rest();
  throw Error(Code::kBadData, "The answer of " + url + " has another form than a chart.")
      .retryable();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

Cell cell_of(sj::value value) {
  const std::string_view raw = trimmed(value.raw_json_token());
  if (raw == "null") {
    return std::nullopt;
  }
  const bool quoted = raw.size() >= 2 && raw.front() == '"' && raw.back() == '"';
  return quoted ? raw.substr(1, raw.size() - 2) : raw;
}

// Anything but an array counts as an empty one.
std::vector<Cell> cells_of(sj::value value) {
  std::vector<Cell> out;
  if (value.type() == sj::json_type::array) {
    for (auto item : value.get_array()) {
      out.push_back(cell_of(item.value()));
    }
  }
  return out;
}

json small_json(sj::value value) {
  if (value.type() != sj::json_type::object) {
    return json::object();
  }
  sj::object object = value.get_object();
  json out = json::parse(std::string_view(object.raw_json()), nullptr, false);
  return out.is_object() ? out : json::object();
}

std::string text_of(const json& in, const char* name) {
  const auto found = in.is_object() ? in.find(name) : in.end();
  return in.is_object() && found != in.end() && found->is_string() ? found->get<std::string>() : "";
}
int64_t number_of(const json& in, const char* name, int64_t fallback = 0) {
  const auto found = in.is_object() ? in.find(name) : in.end();
  if (!in.is_object() || found == in.end() || found->is_structured()) {
    return fallback;
  }
  return integer_of(found->is_string() ? found->get<std::string>() : found->dump())
      .value_or(fallback);
}

json member_of(const json& in, const char* name) {
  const auto found = in.is_object() ? in.find(name) : in.end();
  return in.is_object() && found != in.end() ? *found : json();
}

Meta meta_of(const json& in) {
  Meta out;
  out.currency = text_of(in, "currency");
  out.exchange = text_of(in, "exchangeName");
  out.type = text_of(in, "instrumentType");
  out.zone = text_of(in, "exchangeTimezoneName");
  out.name = text_of(in, "longName").empty() ? text_of(in, "shortName") : text_of(in, "longName");
  out.offset_s = std::clamp<int64_t>(number_of(in, "gmtoffset"), -86'400, 86'400);
  out.first_trade_s = number_of(in, "firstTradeDate");
  out.last_trade_s = number_of(in, "regularMarketTime");
  const int64_t hint = number_of(in, "priceHint", -1);
  out.hint = hint >= 0 && hint <= 12 ? static_cast<int>(hint) : -1;
  const json periods = member_of(in, "currentTradingPeriod");
  const json regular = member_of(periods, "regular");
  out.session = {number_of(regular, "start"), number_of(regular, "end")};
  out.day = {number_of(member_of(periods, "pre"), "start", out.session.begin_s),
             number_of(member_of(periods, "post"), "end", out.session.end_s)};
  return out;
}

}  // namespace

std::optional<int64_t> integer_of(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) {
    return value;
  }
  const std::string copy(text);
  char* stop = nullptr;
  const double number = std::strtod(copy.c_str(), &stop);
  const bool whole =
      !copy.empty() && *stop == '\0' && std::floor(number) == number && std::abs(number) < 9e15;
  return whole ? std::optional(static_cast<int64_t>(number)) : std::nullopt;
}

Chart::Chart(std::string_view body, const std::string& url, const sluice::ReadRequest& request)
    : text_(body) {
  try {
    sj::parser parser;
    sj::document document = parser.iterate(text_);
    read(document, request);
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      malformed(body, url);
    }
  } catch (const simdjson::simdjson_error&) {
    malformed(body, url);
  } catch (const json::exception&) {
    malformed(body, url);
  }
  if (!told_) {
    throw Error(Code::kUnavailable, "The answer of " + url + " is JSON, but no chart.").retryable();
  }
}

// The parts stand in another order from answer to answer, so each is taken as it comes.
void Chart::read(sj::document& document, const sluice::ReadRequest& request) {
  for (auto envelope : document.get_object()) {
    sj::value chart = envelope.value();
    if (std::string_view(envelope.unescaped_key()) != "chart" ||
        chart.type() != sj::json_type::object) {
      continue;
    }
    for (auto member : chart.get_object()) {
      sj::value results = member.value();
      if (std::string_view(member.unescaped_key()) != "result" ||
          results.type() != sj::json_type::array) {
        continue;
      }
      told_ = true;
      for (auto result : results.get_array()) {
        read_result(result.get_object(), request);
      }
    }
  }
}

void Chart::read_result(sj::object result, const sluice::ReadRequest& request) {
  bool has_meta = false;
  for (auto member : result) {
    const std::string_view key = member.unescaped_key();
    sj::value value = member.value();
    if (key == "meta") {
      has_meta = value.type() == sj::json_type::object;
      meta = meta_of(small_json(value));
    } else if (key == "timestamp") {
      times = cells_of(value);
    } else if (key == "indicators") {
      read_indicators(value, request);
    } else if (key == "events") {
      events = small_json(value);
    } else {
      request.note("unknown_field", "/chart/result/0/" + std::string(key));
    }
  }
  told_ = told_ && has_meta;
}

void Chart::read_indicators(Value value, const sluice::ReadRequest& request) {
  if (value.type() != sj::json_type::object) {
    return;
  }
  for (auto member : value.get_object()) {
    const std::string_view key = member.unescaped_key();
    sj::value list = member.value();
    if (key == "quote" && list.type() == sj::json_type::array) {
      for (auto quote : list.get_array()) {
        read_quotes(quote.get_object(), request);
      }
    } else if (key != "adjclose") {
      request.note("unknown_field", "/chart/result/0/indicators/" + std::string(key));
    }
  }
}

void Chart::read_quotes(sj::object quote, const sluice::ReadRequest& request) {
  for (auto member : quote) {
    const std::string_view key = member.unescaped_key();
    const auto found = std::find(kNames.begin(), kNames.end(), key);
    if (found == kNames.end()) {
      request.note("unknown_field", "/chart/result/0/indicators/quote/0/" + std::string(key));
    } else {
      quotes[static_cast<std::size_t>(found - kNames.begin())] = cells_of(member.value());
    }
  }
}

}  // namespace yahoo
