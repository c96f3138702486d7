// SPDX-License-Identifier: Apache-2.0
//
// One request on its way to an endpoint: from the breaker's leave to the end of the body, told to
// all who keep count.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/http/breaker_board.hpp"
#include "host/http/endpoints.hpp"
#include "host/http/http_client.hpp"
#include "host/http/service_stats.hpp"

namespace sluice::host {

// Who counts: the process and the caller.
struct Counted {
  std::shared_ptr<ServiceCounters> process, caller;
  template <class F>
  void each(F&& count) const {
    count(*process);
    count(*caller);
  }
};

struct AttemptLog {
  HttpLog log = nullptr;
  void* ctx = nullptr;
  BreakerBoard* board = nullptr;
};

// One thread at a time.
class Attempt {
 public:
  Attempt(std::shared_ptr<Endpoint> endpoint, Breaker::Ticket ticket, Counted counted,
          const Clock& clock, AttemptLog log);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();  // without a verdict, it says nothing of the endpoint

  void sent();
  void answered(uint32_t status);  // its head has come
  // The answer is the caller's; `home` is where the call is counted.
  void delivered(const Counted& home, bool first_try);
  void body(uint64_t bytes);  // more of it, as received
  void finished();            // the body was read, or the caller has enough of it
  // Instead of the head, or in the body.
  void failed(const Error& error);
  // A firewall answered in the service's place.
  void refused(const std::string& why);
  void dropped();

  [[nodiscard]] bool is_probe() const { return ticket_.probe; }
  [[nodiscard]] const Endpoint& endpoint() const { return *endpoint_; }
  [[nodiscard]] const Counted& counted() const { return counted_; }
  // The breaker has opened since its leave was given, and nothing is sent yet.
  [[nodiscard]] bool is_late() const;

 private:
  void fail(std::string_view why);
  void opened();
  void say(int level, const std::string& message) const;

  const std::shared_ptr<Endpoint> endpoint_;
  Breaker::Ticket ticket_;
  const Counted counted_;
  const Clock& clock_;
  const AttemptLog log_;
  bool settled_ = false;  // the breaker knows
  bool sent_ = false;
  int64_t sent_us_ = 0;
  int status_class_ = -1;  // of by_class
  Counted home_;
  bool delivered_ = false;
  bool first_try_ = false;
};

}  // namespace sluice::host
