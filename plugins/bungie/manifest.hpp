// SPDX-License-Identifier: Apache-2.0
//
// What the service has at the moment: the paths of its files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/cpp/host.hpp"

namespace bungie {

// What an answer of the platform says of itself, whatever its HTTP status. `code` is 1 if it is
// good, 0 if the answer is no envelope.
struct Envelope {
  int64_t code = 0;
  int64_t throttle_seconds = 0;
  std::string status{};
  std::string message{};
};

Envelope read_envelope(const sluice::json& answer);
bool is_throttle(int64_t error_code) noexcept;
// What a bad answer means for the caller. `url` is for the message.
sluice::Error platform_error(const Envelope& envelope, uint32_t http_status,
                             const std::string& url);

// Immutable.
class Manifest {
 public:
  // From the answer's member Response. Throws BAD_DATA, retryable, if it names no files.
  explicit Manifest(const sluice::json& response);

  const std::string& version() const noexcept { return version_; }
  // Nothing if the service has no such table or language.
  std::optional<std::string> table_path(std::string_view language, std::string_view table) const;
  std::optional<std::string> database_path(std::string_view language) const;

 private:
  using Paths = std::map<std::string, std::string, std::less<>>;
  std::string version_;
  std::map<std::string, Paths, std::less<>> tables_;  // by language
  Paths databases_;
};

}  // namespace bungie
