// SPDX-License-Identifier: Apache-2.0
//
// Scripted HTTP answers for the fake host: by URL and method, in sequence, with faults.
#pragma once

#include <algorithm>
#include <cctype>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"

namespace sluice::testing {

// One answer. What a real host does with it (a 304 to a fitting validator, UNAVAILABLE for a 503, a
// range) is done here too.
struct Answer {
  std::string body{};
  uint32_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string validator{};                 // a request that brings it gets a 304
  std::optional<uint64_t> breaks_after{};  // bytes of the body before the connection is lost
  std::optional<Error> fails{};            // no answer at all
  uint64_t takes_ms = 0;                   // virtual time
};

// A request as the plugin made it.
struct Request {
  std::string method, url, headers, body, validator, expect, scope;
  uint32_t cost = 0;
  uint32_t flags = 0;
  uint64_t range_start = 0;
  uint64_t max_body_bytes = 0;
  std::string endpoint, credential;
  uint32_t cache_seconds = 0;
  uint32_t status = 0;  // what it got; 0 = no answer
};

// Threads: any.
class HttpScript {
 public:
  // Adds an answer to `url`; they are given in order, and the last one again and again.
  HttpScript& on(const std::string& url, Answer answer, const std::string& method = "GET") {
    const std::lock_guard lock(mutex_);
    answers_[method + " " + url].push_back(std::move(answer));
    return *this;
  }
  HttpScript& on(const std::string& url, const char* body) { return on(url, Answer{.body = body}); }
  // For all URLs that begin with `prefix` and have no answer of their own.
  HttpScript& on_prefix(const std::string& prefix, Answer answer,
                        const std::string& method = "GET") {
    const std::lock_guard lock(mutex_);
    prefixes_.emplace_back(method + " " + prefix, std::move(answer));
    return *this;
  }
  // A service in process: answers what has no answer of its own, several requests at once if the
  // plugin makes them so. Nothing for a request that it does not know.
  using Handler = std::function<std::optional<Answer>(const Request&)>;
  HttpScript& handle(Handler handler) {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
    return *this;
  }
  // Drops all answers and the handler, keeps the requests.
  void clear() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
    prefixes_.clear();
    handler_ = nullptr;
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // What the plugin declared of its service (JSON, the last call), and the waits it asked for, by
  // scope.
  std::string declaration() const {
    const std::lock_guard lock(mutex_);
    return declaration_;
  }
  std::vector<std::pair<std::string, uint64_t>> throttles() const {
    const std::lock_guard lock(mutex_);
    return throttles_;
  }
  // For the fake host.
  void declared(std::string json) {
    const std::lock_guard lock(mutex_);
    declaration_ = std::move(json);
  }
  void throttled(std::string scope, uint64_t wait_ms) {
    const std::lock_guard lock(mutex_);
    throttles_.emplace_back(std::move(scope), wait_ms);
  }

  // For the fake host: the answer to `request`, which is recorded.
  std::optional<Answer> answer(const Request& request, std::size_t& number) {
    std::unique_lock lock(mutex_);
    number = requests_.size();
    requests_.push_back(request);
    const std::string line = request.method + " " + request.url;
    if (const auto found = answers_.find(line); found != answers_.end()) {
      Answer out = found->second.front();
      if (found->second.size() > 1) {
        found->second.pop_front();
      }
      return out;
    }
    for (const auto& [prefix, scripted] : prefixes_) {
      if (line.starts_with(prefix)) {
        return scripted;
      }
    }
    const Handler handler = handler_;
    lock.unlock();  // it may take its time, and look at what was asked so far
    return handler ? handler(request) : std::nullopt;
  }
  void answered(std::size_t number, uint32_t status) {
    const std::lock_guard lock(mutex_);
    requests_[number].status = status;
  }

 private:
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, std::deque<Answer>> answers_;
  std::vector<std::pair<std::string, Answer>> prefixes_;
  Handler handler_;
  std::vector<Request> requests_;
  std::string declaration_;
  std::vector<std::pair<std::string, uint64_t>> throttles_;
};

// A header of an answer by name, any case.
inline std::string header_of(const Answer& answer, std::string_view name) {
  const auto same = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return std::tolower(x) == std::tolower(y);
    });
  };
  std::string out;
  for (const auto& [key, value] : answer.headers) {
    if (same(key, name)) {
      out += (out.empty() ? "" : ", ") + value;
    }
  }
  return out;
}

}  // namespace sluice::testing
