// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/twin/message.hpp"

namespace sluice::twin {

// One imitated web service, mounted under a path. Faults and the request log are applied around it,
// so a service only ever answers as the real one does on a good day. Every function may be called
// from many threads at once.
class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  Service(Service&&) = delete;
  Service& operator=(Service&&) = delete;
  virtual ~Service() = default;

  // A short name, also the folder of its control endpoints: /_twin/NAME/VERB.
  virtual std::string_view name() const = 0;

  // The absolute path prefix it answers under; the longest matching mount gets the request.
  virtual std::string_view mount() const = 0;

  // Answers a request below mount().
  virtual Response serve(const Request& request) = 0;

  // Answers /_twin/VERB or /_twin/NAME/VERB; nullopt if the service has no such verb.
  // std::invalid_argument becomes a 400 with its text.
  virtual std::optional<Response> control(std::string_view verb, const Request& request) {
    (void)verb;
    (void)request;
    return std::nullopt;
  }

  // Does ahead of time what would be done on first request of the paths that match a glob.
  virtual void warm(std::string_view glob) { (void)glob; }
};

}  // namespace sluice::twin
