// SPDX-License-Identifier: Apache-2.0
//
// Requests to the API, and its errors as the host understands them.
#pragma once

#include <string>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace wiseoldman {

// Threads: any.
class Client {
 public:
  // Declares the limit that holds for this configuration.
  Client(sluice::Host& host, const Selection& selection);

  struct Wish {
    std::string validator{};        // of an earlier answer
    std::chrono::seconds cache{0};  // an answer of this age will do
  };
  // GET of a path such as "/groups/139". Throws NOT_FOUND for 404, AUTH for a refused key or a
  // blocked address, which end the run, BAD_DATA for other 4xx, with what the service says.
  sluice::HttpBody open(const std::string& path, const Wish& wish) const;
  sluice::HttpBody open(const std::string& path) const { return open(path, Wish{}); }

  sluice::Host& host() const noexcept { return host_; }

 private:
  // A blocked address gets 429 as busy ones do, without a time to wait; only the text tells.
  void stop_if_blocked(const std::string& url, sluice::HttpOptions options) const;

  sluice::Host& host_;
  const Selection& selection_;
};

}  // namespace wiseoldman
