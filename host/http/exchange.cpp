// SPDX-License-Identifier: Apache-2.0
#include "host/http/exchange.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::host {

Exchange::Exchange(Loop& loop, WireRequest request, const Cancel& cancel, HttpCaller& caller)
    : loop_(loop),
      cancel_(cancel),
      caller_(caller),
      cancel_use_(loop.cancels(), cancel),
      transfer_(std::make_shared<Transfer>(std::move(request), cancel)) {}

Exchange::~Exchange() {
  caller_.stats.bytes += transfer_->take_wire_bytes();
  transfer_->abandon();
  if (!ended_) {
    loop_.close(transfer_);
  }
}

Result<void> Exchange::start() {
  loop_.submit(transfer_);
  auto head = transfer_->wait_head();
  if (!head) {
    return std::move(head).error();
  }
  head_ = std::move(*head);
  return {};
}

void Exchange::describe(std::string url, std::string validator) {
  url_ = std::move(url);
  validator_ = std::move(validator);
}

std::string Exchange::header(std::string_view name) const {
  if (name == ":url") {
    return url_;
  }
  return name == ":validator" ? validator_ : head_.field(name);
}

Result<size_t> Exchange::read(std::span<char> buffer) {
  if (error_) {
    return *error_;
  }
  if (cancel_.requested()) {
    return Error{Code::kCancelled, transfer_->request().place + ": cancelled", 0, 0};
  }
  if (buffer.empty()) {
    return Error{Code::kInternal, transfer_->request().place + ": read into a buffer of 0 bytes", 0,
                 0};
  }
  if (used_ == bytes_.size() && !ended_) {
    SLUICE_TRY(refill());
  }
  const size_t size = std::min(buffer.size(), bytes_.size() - used_);
  if (size > 0) {
    std::memcpy(buffer.data(), bytes_.data() + used_, size);
    used_ += size;
  }
  return size;
}

Result<void> Exchange::refill() {
  bool resume = false;
  used_ = 0;
  auto taken = transfer_->take(bytes_, resume);
  caller_.stats.bytes += transfer_->take_wire_bytes();
  if (resume) {
    loop_.resume(transfer_);
  }
  if (!taken) {
    error_ = taken.error();
    if (error_->code != Code::kCancelled) {
      ++caller_.stats.failed;
    }
    return taken;
  }
  ended_ = bytes_.empty();
  return taken;
}

}  // namespace sluice::host
