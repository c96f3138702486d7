// SPDX-License-Identifier: Apache-2.0
#include "host/http/breaker.hpp"

#include <algorithm>

namespace sluice::host {
namespace {

constexpr uint32_t kMostRounds = 30;

int64_t us(std::chrono::milliseconds time) {
  return std::chrono::microseconds(time).count();
}

}  // namespace

Breaker::Breaker(const BreakerOptions& options, uint64_t seed)
    : options_(options),
      random_(static_cast<std::minstd_rand::result_type>(seed % 2147483646 + 1)) {}

std::optional<Breaker::Ticket> Breaker::ask(int64_t now_us) {
  if (state_ == State::kClosed) {
    return Ticket{epoch_, false};
  }
  if (probing_ || now_us < open_until_us_) {
    return std::nullopt;
  }
  if (state_ == State::kOpen) {
    state_ = State::kHalfOpen;
    good_ = 0;
    ++epoch_;
  }
  probing_ = true;
  return Ticket{epoch_, true};
}

bool Breaker::succeeded(Ticket ticket, int64_t now_us) {
  if (ticket.epoch != epoch_) {
    return false;
  }
  ++good_;
  if (ticket.probe) {
    probing_ = false;
    const bool recovered = good_ >= options_.probes_to_close;
    if (recovered) {
      close();
    }
    return recovered;
  }
  in_row_ = 0;
  note(now_us, false);
  if (good_ == options_.window_least) {
    rounds_ = 0;  // calm again: the next opening is a short one
  }
  return false;
}

bool Breaker::failed(Ticket ticket, int64_t now_us, std::string_view why) {
  if (ticket.epoch != epoch_) {
    return false;
  }
  if (ticket.probe) {
    reason_ = "the last look at it: " + std::string(why);
    resting_ = false;
    open(now_us, options_.open_base, options_.open_cap);
    return true;
  }
  ++in_row_;
  note(now_us, true);
  auto reason = verdict(why);
  if (!reason) {
    return false;
  }
  reason_ = std::move(*reason);
  open(now_us, options_.open_base, options_.open_cap);
  return true;
}

void Breaker::dropped(Ticket ticket, int64_t) {
  if (ticket.epoch == epoch_ && ticket.probe) {
    probing_ = false;  // whoever asks next goes to see
  }
}

bool Breaker::rest(Ticket ticket, int64_t now_us, std::string_view why) {
  if (ticket.epoch != epoch_) {
    return false;  // others who were on their way were refused as well
  }
  reason_ = why;
  resting_ = true;
  open(now_us, options_.rest_base, options_.rest_cap);
  return true;
}

std::optional<Breaker::Ticket> Breaker::current() const {
  return state_ == State::kClosed ? std::optional(Ticket{epoch_, false}) : std::nullopt;
}

Breaker::View Breaker::view(int64_t now_us) const {
  View view;
  view.state = state_;
  view.openings = openings_;
  if (state_ != State::kClosed) {
    view.resting = resting_;
    view.wait_us = probing_ ? 0 : std::max<int64_t>(0, open_until_us_ - now_us);
    view.may_probe = !probing_ && view.wait_us == 0;
    view.down_us = std::max<int64_t>(0, now_us - down_since_us_);
    view.reason = reason_;
  }
  return view;
}

void Breaker::note(int64_t now_us, bool failed) {
  seen_.push_back({now_us, failed});
  while (seen_.size() > options_.window ||
         seen_.front().at_us < now_us - us(options_.window_time)) {
    seen_.pop_front();
  }
}

// Why the breaker opens now, if it does.
std::optional<std::string> Breaker::verdict(std::string_view why) const {
  const std::string last = ", the last: " + std::string(why);
  if (options_.failures_in_row > 0 && in_row_ >= options_.failures_in_row) {
    return std::to_string(in_row_) + " failures in a row" + last;
  }
  const auto failures = std::count_if(seen_.begin(), seen_.end(), [](Seen s) { return s.failed; });
  if (options_.failed_share > 0 && seen_.size() >= options_.window_least &&
      static_cast<double>(failures) >= options_.failed_share * static_cast<double>(seen_.size())) {
    return std::to_string(failures) + " of the last " + std::to_string(seen_.size()) +
           " requests failed" + last;
  }
  return std::nullopt;
}

void Breaker::open(int64_t now_us, std::chrono::milliseconds base, std::chrono::milliseconds cap) {
  int64_t time = std::max<int64_t>(1, us(base));
  for (uint32_t i = 0; i < rounds_ && time < us(cap); ++i) {
    time *= 2;
  }
  rounds_ = std::min(rounds_ + 1, kMostRounds);
  // A quarter more or less, so that processes that saw the same failure do not return together.
  const int64_t capped = std::max<int64_t>(1, std::min(time, us(cap)));
  open_until_us_ = now_us + std::uniform_int_distribution<int64_t>(capped - capped / 4,
                                                                   capped + capped / 4)(random_);
  if (state_ == State::kClosed) {
    down_since_us_ = now_us;
    ++openings_;
  }
  state_ = State::kOpen;
  probing_ = false;
  ++epoch_;
}

void Breaker::close() {
  state_ = State::kClosed;
  resting_ = false;
  seen_.clear();
  in_row_ = 0;
  good_ = 0;
  reason_.clear();
  ++epoch_;
}

const char* to_string(Breaker::State state) {
  switch (state) {
    case Breaker::State::kOpen:
      return "open";
    case Breaker::State::kHalfOpen:
      return "half_open";
    default:
      return "closed";
  }
}

}  // namespace sluice::host
