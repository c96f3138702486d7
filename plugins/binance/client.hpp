// SPDX-License-Identifier: Apache-2.0
//
// Requests to the API: their weights, the service's errors, its limits and its time.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace binance {

// What requests weigh.
constexpr uint32_t kKlinesWeight = 2;
constexpr uint32_t kTradesWeight = 4;
constexpr uint32_t kInfoWeight = 20;
constexpr uint32_t kTimeWeight = 1;
constexpr std::size_t kPageRows = 1000;  // the most that a page of candles or trades holds

// What a service at fault says: {"code":-1121,"msg":"Invalid symbol."}
struct ServiceError {
  int64_t code = 0;
  std::string message;
};
std::optional<ServiceError> parse_service_error(std::string_view body);
// The end of a ban, milliseconds since 1970, as its text tells it: "IP banned until 1660090423228."
std::optional<int64_t> parse_ban_end(std::string_view message);

// Percent-encoded for a query or path: symbols may hold letters of any script.
std::string encoded(std::string_view text);

// Threads: any.
class Client {
 public:
  Client(sluice::Host& host, const Selection& selection);

  // "/api/v3/klines?…" of one symbol (empty: of none). Throws what the service has against it.
  std::string get(const std::string& path, uint32_t weight, std::string_view symbol);
  // The same with a body that streams.
  sluice::HttpBody open(const std::string& path, uint32_t weight, std::string_view symbol);

  // An instant that the service's clock has certainly passed; its limits are learnt on the way.
  // Asks the service if what it told before does not reach up to `wanted_us`.
  int64_t service_time_us(std::string_view symbol, int64_t wanted_us);
  // Takes over what exchangeInfo tells: {"serverTime":…,"rateLimits":[…]}.
  static sluice::json parsed(const std::string& answer);
  void learn(const sluice::json& info);

  // Begin of what there is of a symbol, asked once and then remembered between runs; nothing if
  // there is nothing yet. `what` is "candles_1m" for example; `path` asks for the first record and
  // `time_of` reads its time from the answer.
  template <class TimeOf>
  std::optional<int64_t> first_us(const std::string& what, std::string_view symbol,
                                  const std::string& path, uint32_t weight, TimeOf&& time_of) {
    if (const auto known = known_first(what, symbol)) {
      return known;
    }
    const std::optional<int64_t> first = time_of(get(path, weight, symbol));
    if (first) {
      remember_first(what, symbol, *first);
    }
    return first;
  }

  // The same if it is remembered.
  std::optional<int64_t> known_first(const std::string& what, std::string_view symbol);

 private:
  [[noreturn]] void refuse(sluice::HttpBody answer, std::string_view symbol);
  sluice::Error unknown_symbol(std::string_view symbol, const ServiceError& said);
  void declare(double weight, double raw) const;
  std::optional<int64_t> passed_us() const;  // what service_time_us() knows by itself
  void remember_first(const std::string& what, std::string_view symbol, int64_t first_us);
  sluice::json& firsts_of(const std::string& what);  // Requires: mutex_ is held
  std::string state_name(const std::string& what) const {
    return selection_.scope + " first " + what;
  }

  sluice::Host& host_;
  const Selection& selection_;
  std::mutex asking_;         // held while the service is asked for its time: one asks for all
  mutable std::mutex mutex_;  // guards all below
  std::optional<int64_t> told_us_;              // the service's time …
  std::chrono::microseconds told_at_{0};        // … when it came, by the host's monotonic clock
  bool keeps_ = true;                           // the host keeps states
  std::map<std::string, sluice::json> firsts_;  // {"candles_1m": {"BTCUSDT": 1502942400000000}}
};

}  // namespace binance
