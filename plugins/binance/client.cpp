// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sluice/cpp/error.hpp"

namespace binance {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr double kWeightPerMinute = 6'000;
constexpr double kRawPerFiveMinutes = 300'000;
constexpr uint32_t kArchiveConcurrent = 8;
constexpr uint64_t kLargestAnswer = uint64_t{64} << 20U;  // bytes; exchangeInfo has about 10 MB
constexpr uint64_t kLargestPage = uint64_t{8} << 20U;     // bytes; a page has about 180 kB
constexpr std::size_t kMostRefusal = 4096;                // bytes of an error's text that are read
constexpr const char* kEndpoints = "api";

constexpr int64_t kInvalidSymbol = -1121;
constexpr int64_t kInvalidInterval = -1120;
constexpr int64_t kTooManyRequests = -1003;

// Whether the service says that it is busy or broken rather than the request wrong.
bool is_passing(int64_t code) noexcept {
  return code == -1000 || code == -1001 || code == -1006 || code == -1007 || code == -1008 ||
         code == -1016;
}

// -1100 and its like name the parameter that they refuse.
bool refuses_symbol(const ServiceError& said) {
  const bool parameter = said.code <= -1100 && said.code >= -1106;
  return said.code == kInvalidSymbol ||
         (parameter && said.message.find("'symbol'") != std::string::npos);
}

int64_t number_of(const json& in, const char* key) {
  if (!in.is_object() || !in.contains(key)) {
    return 0;
  }
  if (in[key].is_string()) {  // a number as text is a number
    const auto& text = in[key].get_ref<const std::string&>();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
  }
  return in[key].is_number_integer() ? in[key].get<int64_t>() : 0;
}

std::string said_text(const ServiceError& said) {
  return std::to_string(said.code) + ": " + said.message;
}

}  // namespace

std::optional<ServiceError> parse_service_error(std::string_view body) {
  const json in = json::parse(body, nullptr, false);
  if (!in.is_object() || !in.contains("code") || !in["code"].is_number_integer()) {
    return std::nullopt;
  }
  const json& message = in.contains("msg") ? in["msg"] : json();
  return ServiceError{in["code"].get<int64_t>(),
                      message.is_string() ? message.get<std::string>() : std::string()};
}

std::optional<int64_t> parse_ban_end(std::string_view message) {
  constexpr std::string_view kUntil = "banned until ";
  const std::size_t at = message.find(kUntil);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view digits = message.substr(at + kUntil.size());
  int64_t end = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), end);
  return parsed.ec == std::errc() && end > 1'000'000'000'000 ? std::optional(end) : std::nullopt;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

Client::Client(sluice::Host& host, const Selection& selection)
    : host_(host), selection_(selection) {
  if (!host.offline()) {
    declare(kWeightPerMinute, kRawPerFiveMinutes);
  }
}

// All hosts of the API count together, by address. The second limit is of requests, but counts
// weights here as all limits do: it is stricter than the service and still never the tighter one.
void Client::declare(double weight, double raw) const {
  using std::chrono::minutes;
  sluice::HttpService service;
  service.limits = {{.scope = selection_.scope,
                     .name = "weight",
                     .amount = weight,
                     .per = minutes(1),
                     .window = "fixed",
                     .used_header = "X-MBX-USED-WEIGHT-1M"},
                    {.scope = selection_.scope,
                     .name = "raw",
                     .amount = raw,
                     .per = minutes(5),
                     .window = "fixed"}};
  if (selection_.archive_scope != selection_.scope) {
    service.limits.push_back(
        {.scope = selection_.archive_scope, .name = "downloads", .concurrent = kArchiveConcurrent});
  }
  service.endpoints = {{kEndpoints, {.urls = selection_.hosts, .probe = "/api/v3/ping"}}};
  host_.declare(service);
}

sluice::HttpBody Client::open(const std::string& path, uint32_t weight, std::string_view symbol) {
  sluice::HttpOptions options;
  options.expect = "application/json";
  options.scope = selection_.scope;
  options.cost = weight;
  options.max_bytes = weight == kInfoWeight ? kLargestAnswer : kLargestPage;
  options.endpoint = kEndpoints;
  options.accept_errors = true;
  sluice::HttpBody answer = host_.open(path, options);
  if (answer.status() >= 400) {
    refuse(std::move(answer), symbol);
  }
  return answer;
}

std::string Client::get(const std::string& path, uint32_t weight, std::string_view symbol) {
  return open(path, weight, symbol).read_all().text();
}

// A pair that was there before has been dropped by the exchange: the configuration was right, and
// the other pairs go on.
Error Client::unknown_symbol(std::string_view symbol, const ServiceError& said) {
  const std::string place = selection_.place_of(symbol);
  bool dropped = place.empty();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [what, firsts] : firsts_) {
      dropped = dropped || firsts.contains(std::string(symbol));
    }
  }
  return Error(dropped ? Code::kNotFound : Code::kInvalidConfig,
               "Binance does not know the symbol '" + std::string(symbol) + "' (" +
                   said_text(said) +
                   "). Correct it: symbols are written in capitals without a sign between, as in "
                   "BTCUSDT; or remove it if Binance has dropped the pair.")
      .vendor(said.code)
      .at_config(place);
}

void Client::refuse(sluice::HttpBody answer, std::string_view symbol) {
  const uint32_t status = answer.status();
  std::string body(kMostRefusal, '\0');
  std::size_t size = 0;
  for (std::size_t got = 1; got != 0 && size < body.size(); size += got) {
    got = answer.read(body.data() + size, body.size() - size);
  }
  body.resize(size);
  const ServiceError said =
      parse_service_error(body).value_or(ServiceError{0, "status " + std::to_string(status)});
  const std::string what = answer.url() + " answered with status " + std::to_string(status) + " (" +
                           said_text(said) + ").";
  if (status == 451) {
    throw Error(Code::kAuth,
                "Binance serves nobody at this place (" + said.message +
                    "). Its other hosts will not either; base_url = "
                    "\"https://data-api.binance.vision\", which has market data only, may.")
        .vendor(status);
  }
  if (status == 418 || status == 429 || said.code == kTooManyRequests) {
    if (const auto end_ms = parse_ban_end(said.message)) {
      const auto now_ms = host_.now().time_since_epoch().count() / kMillisecond;
      host_.throttle(selection_.scope,
                     std::chrono::milliseconds(std::max<int64_t>(0, *end_ms - now_ms)));
    }
    throw Error(Code::kRateLimited, what).vendor(status).retryable();
  }
  if (status == 401 || status == 403) {
    throw Error(Code::kAuth, what).vendor(status);
  }
  if (!symbol.empty() && refuses_symbol(said)) {
    throw unknown_symbol(symbol, said);
  }
  if (said.code == kInvalidInterval) {
    throw Error(Code::kInvalidConfig, what).vendor(said.code).at_config("/interval");
  }
  if (status >= 500 || is_passing(said.code)) {
    throw Error(Code::kUnavailable, what).vendor(status).retryable();
  }
  throw Error(status == 404 ? Code::kUnsupported : Code::kBadData, what).vendor(said.code);
}

std::optional<int64_t> Client::passed_us() const {
  const std::lock_guard lock(mutex_);
  return told_us_ ? std::optional(*told_us_ + (host_.monotonic() - told_at_).count())
                  : std::nullopt;
}

json Client::parsed(const std::string& answer) {
  try {
    return json::parse(answer);
  } catch (const json::parse_error& broken) {
    throw Error(Code::kBadData, "An answer of Binance is not JSON: at byte " +
                                    std::to_string(broken.byte) + " of " +
                                    std::to_string(answer.size()) + ".")
        .retryable();
  }
}

int64_t Client::service_time_us(std::string_view symbol, int64_t wanted_us) {
  if (const auto passed = passed_us(); passed && *passed >= wanted_us) {
    return *passed;
  }
  const std::lock_guard lock(asking_);
  const auto passed = passed_us();
  if (passed && *passed >= wanted_us) {
    return *passed;
  }
  // exchangeInfo tells the limits, too, and of one symbol it is short.
  const std::string answer =
      passed ? get("/api/v3/time", kTimeWeight, {})
             : get("/api/v3/exchangeInfo?symbol=" + encoded(symbol), kInfoWeight, symbol);
  learn(parsed(answer));
  return *passed_us();
}

void Client::learn(const json& info) {
  const int64_t time_ms = number_of(info, "serverTime");
  if (time_ms <= 0) {
    throw Error(Code::kBadData, "Binance did not tell its time as /serverTime.").retryable();
  }
  double weight = kWeightPerMinute;
  double raw = kRawPerFiveMinutes;
  for (const json& limit : info.value("rateLimits", json::array())) {
    const auto amount = static_cast<double>(number_of(limit, "limit"));
    const auto minutes = static_cast<double>(number_of(limit, "intervalNum"));
    if (amount <= 0 || minutes <= 0 || limit.value("interval", json()) != "MINUTE") {
      continue;
    }
    const json type = limit.value("rateLimitType", json());
    weight = type == "REQUEST_WEIGHT" ? amount / minutes : weight;
    raw = type == "RAW_REQUESTS" ? amount / minutes * 5 : raw;
  }
  {
    const std::lock_guard lock(mutex_);
    told_us_ = time_ms * kMillisecond;
    told_at_ = host_.monotonic();
  }
  if (info.contains("rateLimits")) {  // /api/v3/time has none
    declare(weight, raw);
  }
}

json& Client::firsts_of(const std::string& what) {
  const auto found = firsts_.find(what);
  if (found != firsts_.end()) {
    return found->second;
  }
  json kept;
  try {
    kept = json::parse(host_.state(state_name(what)).value_or(""), nullptr, false);
  } catch (const Error& error) {
    if (error.code() != Code::kUnsupported) {  // a plan that touches nothing keeps nothing
      throw;
    }
    keeps_ = false;
  }
  return firsts_[what] = kept.is_object() ? kept : json::object();
}

std::optional<int64_t> Client::known_first(const std::string& what, std::string_view symbol) {
  const std::lock_guard lock(mutex_);
  const int64_t first = number_of(firsts_of(what), std::string(symbol).c_str());
  return first > 0 ? std::optional(first) : std::nullopt;
}

void Client::remember_first(const std::string& what, std::string_view symbol, int64_t first_us) {
  const std::lock_guard lock(mutex_);
  json& firsts = firsts_of(what);
  firsts[std::string(symbol)] = first_us;
  if (keeps_) {
    host_.set_state(state_name(what), firsts.dump());
  }
}

}  // namespace binance
