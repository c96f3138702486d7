// SPDX-License-Identifier: Apache-2.0
#include "host/http/exchange.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "host/http/failure.hpp"

namespace sluice::host {

Exchange::Exchange(Loop& loop, WireRequest request, const Cancel& cancel, HttpCaller& caller,
                   std::unique_ptr<Attempt> attempt)
    : loop_(loop),
      cancel_(cancel),
      caller_(caller),
      attempt_(std::move(attempt)),
      cancel_use_(loop.cancels(), cancel),
      transfer_(std::make_shared<Transfer>(std::move(request), cancel)) {}

Exchange::~Exchange() {
  count_bytes();
  if (cancel_.requested()) {
    attempt_->dropped();
  } else if (!error_) {
    attempt_->finished();
  }
  transfer_->abandon();
  if (!ended_) {
    loop_.close(transfer_);
  }
}

Result<void> Exchange::start() {
  attempt_->sent();
  loop_.submit(transfer_);
  auto head = transfer_->wait_head();
  if (!head) {
    error_ = head.error();
    attempt_->failed(*error_);
    return std::move(head).error();
  }
  head_ = std::move(*head);
  attempt_->answered(head_.status);
  auto ready = set_up_decoder();
  if (!ready) {
    error_ = ready.error();
    attempt_->failed(*error_);
  }
  return ready;
}

Result<void> Exchange::set_up_decoder() {
  const WireRequest& request = transfer_->request();
  const std::string coding = head_.field("Content-Encoding");
  const bool has_body = request.method != "HEAD" && head_.status != 204 && head_.status != 304;
  if (!request.decode || !has_body || is_identity(coding)) {
    return {};
  }
  decoder_ = make_decoder(coding);
  if (!decoder_) {
    return make_failure(Failure::kUnknownCoding, request.place);
  }
  return {};
}

void Exchange::count_bytes() {
  const uint64_t bytes = transfer_->take_wire_bytes();
  caller_.stats.bytes += bytes;
  attempt_->body(bytes);
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
  auto size = next(buffer);
  if (size) {
    body_bytes_ += *size;
    if (*size == 0) {
      attempt_->finished();
    }
  }
  return size;
}

Result<size_t> Exchange::next(std::span<char> buffer) {
  if (!decoder_) {
    return copy(buffer);
  }
  // One byte more than is allowed tells whether there are more: what is unpacked counts, so that a
  // small body cannot become a large one unseen.
  const uint64_t room = transfer_->request().max_body_bytes - body_bytes_;
  if (room > 0) {
    return decode(buffer.first(static_cast<size_t>(std::min<uint64_t>(buffer.size(), room))));
  }
  char excess = 0;
  auto more = decode({&excess, 1});
  if (more && *more > 0) {
    return fail(make_failure(Failure::kTooLong, transfer_->request().place));
  }
  return more;
}

Result<size_t> Exchange::copy(std::span<char> buffer) {
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

Result<size_t> Exchange::decode(std::span<char> buffer) {
  while (true) {
    std::string_view in = std::string_view(bytes_).substr(used_);
    size_t made = 0;
    if (any_ && !decoder_->decode(in, buffer, made)) {
      return fail(make_failure(Failure::kUndecodable, transfer_->request().place));
    }
    used_ = bytes_.size() - in.size();
    if (made > 0) {
      return made;
    }
    if (ended_) {
      // A server may call an empty body compressed; one that ends too early is damaged.
      if (any_ && !decoder_->complete()) {
        return fail(make_failure(Failure::kUndecodable, transfer_->request().place));
      }
      return size_t{0};
    }
    SLUICE_TRY(refill());
    any_ = any_ || !bytes_.empty();
  }
}

Error Exchange::fail(Error error) {
  error_ = error;
  attempt_->failed(error);
  if (error.code != Code::kCancelled) {
    ++caller_.stats.failed;
  }
  return error;
}

Result<void> Exchange::refill() {
  bool resume = false;
  used_ = 0;
  auto taken = transfer_->take(bytes_, resume);
  count_bytes();
  if (resume) {
    loop_.resume(transfer_);
  }
  if (!taken) {
    return fail(std::move(taken).error());
  }
  ended_ = bytes_.empty();
  return taken;
}

}  // namespace sluice::host
