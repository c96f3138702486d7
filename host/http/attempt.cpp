// SPDX-License-Identifier: Apache-2.0
#include "host/http/attempt.hpp"

#include <algorithm>
#include <utility>

#include "host/http/failure.hpp"

namespace sluice::host {
namespace {

constexpr int kInfo = 2;  // as SLUICE_LOG_INFO
constexpr int kWarn = 3;  // as SLUICE_LOG_WARN

int class_of(uint32_t status) {
  return status == 429 ? ServiceCounters::kLimited
                       : static_cast<int>(std::clamp<uint32_t>(status / 100, 1, 5)) - 1;
}

// "GET https://host/path: the connection was refused; check …" without place and remedy.
std::string reason_of(const Error& error) {
  const size_t url = error.message.find("://");
  const size_t place = error.message.find(": ", url == std::string::npos ? 0 : url + 3);
  const size_t begin = place == std::string::npos ? 0 : place + 2;
  return error.message.substr(begin, error.message.find(';', begin) - begin);
}

}  // namespace

Attempt::Attempt(std::shared_ptr<Endpoint> endpoint, Breaker::Ticket ticket, Counted counted,
                 const Clock& clock, AttemptLog log)
    : endpoint_(std::move(endpoint)),
      ticket_(ticket),
      counted_(std::move(counted)),
      clock_(clock),
      log_(log) {
  endpoint_->load.begin();
}

Attempt::~Attempt() {
  dropped();
  endpoint_->load.end();
}

void Attempt::say(int level, const std::string& message) const {
  if (log_.log != nullptr) {
    log_.log(log_.ctx, level, message);
  }
}

bool Attempt::is_late() const {
  return !ticket_.probe && endpoint_->breaker.with([&](const Breaker& b) {
    const auto current = b.current();
    return !current || current->epoch != ticket_.epoch;
  });
}

void Attempt::sent() {
  sent_ = true;
  sent_us_ = clock_.monotonic_us();
  counted_.each([](ServiceCounters& c) { ++c.requests; });
}

void Attempt::answered(uint32_t status) {
  const int64_t now = clock_.monotonic_us();
  status_class_ = class_of(status);
  counted_.each([&](ServiceCounters& c) {
    ++c.by_class.at(static_cast<size_t>(status_class_));
    c.latency.add(now - sent_us_);
  });
  if (status >= 500) {
    endpoint_->load.failed(now, now - sent_us_);
    fail("the service answered " + std::to_string(status));
    return;
  }
  endpoint_->load.answered(now, now - sent_us_);
  const bool refused = status == 403 || status == 451;  // perhaps not by the service itself
  if (ticket_.probe && !refused) {
    finished();  // the others wait for it; a body that breaks still counts
  } else if (status == 429 || status == 408) {
    dropped();
  }
}

void Attempt::delivered(const Counted& home, bool first_try) {
  home_ = home;
  delivered_ = true;
  first_try_ = first_try;
  home_.each([&](ServiceCounters& c) {
    ++c.calls;
    ++c.succeeded;
    c.first_try += first_try ? 1 : 0;
  });
}

void Attempt::body(uint64_t bytes) {
  counted_.each([&](ServiceCounters& c) { c.bytes += bytes; });
}

void Attempt::finished() {
  if (!std::exchange(settled_, true) && endpoint_->breaker.with([&](Breaker& b) {
        return b.succeeded(ticket_, clock_.monotonic_us());
      })) {
    say(kInfo, endpoint_->origin + " has recovered; its circuit breaker is closed");
    if (log_.board != nullptr) {
      log_.board->closed(endpoint_->origin);
    }
  }
}

void Attempt::failed(const Error& error) {
  if (error.code == Code::kCancelled) {
    dropped();
    return;
  }
  if (sent_) {
    counted_.each([&](ServiceCounters& c) {
      if (status_class_ >= 0) {
        --c.by_class.at(static_cast<size_t>(status_class_));
      }
      ++c.by_class.at(ServiceCounters::kFailed);
    });
    status_class_ = ServiceCounters::kFailed;
  }
  if (std::exchange(delivered_, false)) {
    home_.each([&](ServiceCounters& c) {
      --c.succeeded;
      c.first_try -= first_try_ ? 1 : 0;
    });
  }
  if (is_endpoint_failure(error)) {
    const int64_t now = clock_.monotonic_us();
    endpoint_->load.failed(now, now - sent_us_);
    fail(reason_of(error));
  } else {
    dropped();
  }
}

void Attempt::fail(std::string_view why) {
  const bool late = std::exchange(settled_, true);  // a probe's body that broke after its head
  const bool opened_now = endpoint_->breaker.with([&](Breaker& b) {
    const Breaker::Ticket ticket = late ? b.current().value_or(ticket_) : ticket_;
    const bool was_closed = b.current().has_value();
    return b.failed(ticket, clock_.monotonic_us(), why) && was_closed;
  });
  if (opened_now) {
    opened();
  }
}

void Attempt::refused(const std::string& why) {
  const bool opened_now =
      !std::exchange(settled_, true) && endpoint_->breaker.with([&](Breaker& b) {
        const bool was_closed = b.current().has_value();
        return b.rest(ticket_, clock_.monotonic_us(), why) && was_closed;
      });
  if (opened_now) {
    opened();
  }
}

void Attempt::opened() {
  counted_.each([](ServiceCounters& c) { ++c.openings; });
  const auto view =
      endpoint_->breaker.with([&](const Breaker& b) { return b.view(clock_.monotonic_us()); });
  say(kWarn, endpoint_->origin + " is left alone for " + std::to_string(view.wait_us / 1000) +
                 " ms; its circuit breaker is open: " + view.reason);
  if (log_.board != nullptr) {
    log_.board->opened(endpoint_->origin, clock_.now_us(), view.reason);
  }
}

void Attempt::dropped() {
  if (!std::exchange(settled_, true)) {
    endpoint_->breaker.with([&](Breaker& b) { b.dropped(ticket_, clock_.monotonic_us()); });
  }
}

}  // namespace sluice::host
