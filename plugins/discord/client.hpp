// SPDX-License-Identifier: Apache-2.0
//
// Requests to Discord's API, and what its refusals mean.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace discord {

// Codes in the bodies of refusals.
constexpr int64_t kMissingAccess = 50001;
constexpr int64_t kMissingPermissions = 50013;

// A refusal with status 403: it is the same for as long as nobody changes permissions.
struct Forbidden : sluice::Error {
  explicit Forbidden(sluice::Error error) : Error(std::move(error)) {}
};

// What a route is limited by: its kind and the top-level id.
struct Route {
  const char* kind;  // "messages", "threads" …
  int64_t id = 0;
};

enum class Intent : uint8_t { kGranted, kMissing, kNotTold };

// Threads: any. Lives as long as the instance.
class Client {
 public:
  Client(const sluice::Host& host, const Config& config, const Selection& selection);

  // The answer to a GET below the base URL. Throws for a refusal: NOT_FOUND, AUTH, RATE_LIMITED,
  // BAD_DATA for a form that Discord does not like, Forbidden, UNAVAILABLE for all else;
  // vendor_code is Discord's code. Throws UNSUPPORTED without asking after so many Forbidden that
  // Discord might ban the address.
  sluice::HttpBody open(const std::string& path, const Route& route) const;
  // The same as a document. Throws BAD_DATA, retryable, if it is none.
  sluice::json get(const std::string& path, const Route& route) const;

  // Id of the bot that asks. Throws AUTH for a token that is not known, INVALID_CONFIG for a
  // person's.
  int64_t own_id() const;
  // Whether the application may read what others write.
  Intent content_intent() const;

 private:
  void look_out_for_ban() const;
  void count_forbidden() const;

  const sluice::Host& host_;
  const Config& config_;
  const Selection& selection_;
  const std::string user_agent_;
  mutable std::mutex forbidden_mutex_;  // guards the next two
  mutable int64_t forbidden_since_us_ = 0;
  mutable uint32_t forbidden_ = 0;
  mutable std::mutex mutex_;  // guards all below
  mutable std::optional<int64_t> own_id_;
  mutable std::optional<Intent> intent_;
};

// The error for a refusal. `body` need not be JSON.
sluice::Error refusal(uint32_t status, const std::string& url, const std::string& body);

}  // namespace discord
