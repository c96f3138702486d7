// SPDX-License-Identifier: Apache-2.0
#include "host/http/transfer.hpp"

#include <algorithm>
#include <utility>

#include "host/http/decoder.hpp"

namespace sluice::host {

Transfer::Transfer(WireRequest request, const Cancel& cancel)
    : request_(std::move(request)),
      half_(std::max<size_t>(request_.buffer_bytes / 2, 1)),
      cancel_(&cancel),
      most_bytes_(request_.max_body_bytes) {}

Error Transfer::cancelled_error() const {
  return Error{Code::kCancelled, request_.place + ": cancelled", 0, 0};
}

// The loop wakes the caller for a cancellation too, as it watches the Cancel's descriptor. Without
// one (the system has none left) the flag has to be looked at now and then.
template <class Ready>
void Transfer::wait(std::unique_lock<std::mutex>& lock, Ready ready) {
  const auto done = [&] { return ready() || finished_ || cancel_->requested(); };
  waiting_ = true;
  if (cancel_->fd() >= 0) {
    wake_.wait(lock, done);
  } else {
    while (!wake_.wait_for(lock, std::chrono::milliseconds(50), done)) {
    }
  }
  waiting_ = false;
}

Result<Head> Transfer::wait_head() {
  std::unique_lock lock(mutex_);
  wait(lock, [this] { return head_known_; });
  if (cancel_->requested()) {
    return cancelled_error();
  }
  if (!head_known_) {
    return error_.value_or(
        Error{Code::kInternal, request_.place + ": the answer ended without a head", 0, 0});
  }
  return std::move(*head_);
}

Result<void> Transfer::take(std::string& out, bool& resume) {
  out.clear();
  resume = false;
  std::unique_lock lock(mutex_);
  wait(lock, [this] { return !filled_.empty(); });
  if (cancel_->requested()) {
    return cancelled_error();
  }
  if (filled_.empty()) {  // finished
    return error_ ? Result<void>(*error_) : Result<void>();
  }
  std::swap(out, filled_);
  resume = std::exchange(full_, false) && !finished_;
  return {};
}

uint64_t Transfer::take_wire_bytes() {
  const std::lock_guard lock(mutex_);
  return wire_bytes_ - std::exchange(wire_taken_, wire_bytes_);
}

void Transfer::abandon() {
  const std::lock_guard lock(mutex_);
  cancel_ = nullptr;
}

bool Transfer::cancelled() {
  const std::lock_guard lock(mutex_);
  return cancel_ == nullptr || cancel_->requested();
}

bool Transfer::waits_on(const Cancel& cancel) {
  const std::lock_guard lock(mutex_);
  return cancel_ == &cancel;
}

bool Transfer::has_head() {
  const std::lock_guard lock(mutex_);
  return head_known_;
}

void Transfer::publish_head(Head head) {
  const std::lock_guard lock(mutex_);
  // The reader counts what it unpacks; compressed, the body may be a little longer if it does not
  // compress.
  if (request_.decode && !is_identity(head.field("Content-Encoding")) &&
      most_bytes_ < UINT64_MAX / 2) {
    most_bytes_ += most_bytes_ / 256 + 4096;
  }
  head_ = std::move(head);
  head_known_ = true;
  news_ = true;
}

Transfer::Accept Transfer::accept(std::string_view bytes, uint64_t wire_bytes) {
  const std::lock_guard lock(mutex_);
  wire_bytes_ = std::max(wire_bytes_, wire_bytes);
  if (!filled_.empty() && filled_.size() + bytes.size() > half_) {
    full_ = true;
    return Accept::kFull;
  }
  const uint64_t room = most_bytes_ - body_bytes_;
  const std::string_view kept =
      bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(room, bytes.size())));
  filled_.append(kept);
  body_bytes_ += kept.size();
  news_ = true;
  return kept.size() == bytes.size() ? Accept::kTaken : Accept::kTooLong;
}

void Transfer::finish(std::optional<Error> error, uint64_t wire_bytes) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  wire_bytes_ = std::max(wire_bytes_, wire_bytes);
  finished_ = true;
  news_ = true;
}

void Transfer::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_ || !std::exchange(news_, false)) {
      return;
    }
  }
  wake_.notify_one();
}

}  // namespace sluice::host
