// SPDX-License-Identifier: Apache-2.0
//
// What the tests of credentials share: a service that remembers what it was asked, and a credential
// layer over a real client, on a clock that moves when told to.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "harness.hpp"
#include "host/http/credential.hpp"

namespace sluice::test {

class HandClock final : public host::Clock {
 public:
  [[nodiscard]] int64_t now_us() const override { return now_; }
  [[nodiscard]] int64_t monotonic_us() const override { return now_; }
  void forward(int64_t seconds) { now_ += seconds * 1'000'000; }

 private:
  std::atomic<int64_t> now_{1'700'000'000'000'000};
};

// Answers by a function and keeps the requests, in order of arrival.
class Service {
 public:
  using Answer = std::function<std::string(const RawRequest& request, size_t number)>;  // from 0
  explicit Service(Answer answer)
      : answer_(std::move(answer)),
        server([this](RawConnection& connection, const RawRequest& request) {
          size_t number = 0;
          {
            const std::lock_guard lock(mutex_);
            number = seen_.size();
            seen_.push_back(request);
          }
          connection.send(answer_(request, number));
        }) {}
  [[nodiscard]] std::vector<RawRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] size_t count() const { return seen().size(); }

 private:
  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<RawRequest> seen_;

 public:
  RawHttpServer server;  // last: its threads use all of the above
};

struct Credentials {
  explicit Credentials(host::HttpOptions options = quick_options())
      : http(std::move(options)), layer(http.client, clock) {}

  void add(const host::CredentialConfig& config, const std::string& name = "api") {
    layer.add("pipeline", name, config, name,
              [this](const std::string& secret) { return lookup(secret); });
  }
  host::Result<std::string> lookup(const std::string& secret) {
    const std::lock_guard lock(mutex);
    const auto found = values.find(secret);
    return found == values.end() ? host::Result<std::string>(host::Error{
                                       host::Code::kAuth, "secret '" + secret + "' is not there"})
                                 : found->second;
  }
  void set(const std::string& secret, const std::string& value) {
    const std::lock_guard lock(mutex);
    values[secret] = value;
  }
  host::Result<std::unique_ptr<host::HttpExchange>> open(host::HttpRequest request) {
    request.credential = request.credential.empty() ? "api" : request.credential;
    return layer.open(request, http.cancel, as);
  }
  host::Result<std::unique_ptr<host::HttpExchange>> get(const std::string& url) {
    return open(request_of(url));
  }
  // The status of a GET; 0 if it failed without one.
  uint32_t status(const std::string& url) {
    const auto opened = get(url);
    return opened ? (*opened)->status() : static_cast<uint32_t>(opened.error().vendor_code);
  }

  std::mutex mutex;
  std::map<std::string, std::string> values;  // under mutex
  HandClock clock;
  Caller http;
  host::HttpCaller as{"pipeline"};
  host::CredentialHttp layer;
};

inline host::SecretText secret(const std::string& name) {
  return {{}, name};
}

inline host::CredentialConfig keys_of(host::CredentialConfig::Type type,
                                      const std::vector<std::string>& names) {
  host::CredentialConfig config;
  config.type = type;
  for (const std::string& name : names) {
    config.keys.push_back(secret(name));
  }
  return config;
}

}  // namespace sluice::test
