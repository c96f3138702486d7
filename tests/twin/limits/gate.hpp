// SPDX-License-Identifier: Apache-2.0
//
// A limiter in front of a service: admits or refuses its requests by the wall clock.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {

// Every function may be called from many threads at once.
class Gate {
 public:
  // `service` is one of limiter_names(). Closed gates judge every request; open ones let all pass
  // uncounted, until configure() closes them.
  explicit Gate(const std::string& service, double scale = 1, bool open = false);

  // What the limiter says of the request: a refusal to be sent as it is, headers for any answer, a
  // delay.
  Verdict admit(const Request& request);
  // Adds the verdict's headers and delay to the service's own answer.
  static Response finish(const Verdict& verdict, Response answer);
  // admit(), and answer() if it lets the request through.
  template <class Answer>
  Response pass(const Request& request, Answer&& answer) {
    Verdict verdict = admit(request);
    Response out = verdict.refusal ? std::move(*verdict.refusal) : answer();
    return finish(verdict, std::move(out));
  }

  // Changes settings (README.md, "Limits") if the body holds any, and closes the gate; `"open":
  // true` opens it. Tells what came of the requests. Throws std::invalid_argument naming the key.
  Response control(const Request& request);

 private:
  void configure(const std::string& body);
  void travel(const Request& request);

  std::mutex mutex_;  // guards all below
  std::unique_ptr<Limiter> limiter_;
  bool open_ = false;
  std::uint32_t latency_ms_ = 0;
  std::uint32_t transit_ms_ = 0;
};

}  // namespace sluice::twin::limits
