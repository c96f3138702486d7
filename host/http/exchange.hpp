// SPDX-License-Identifier: Apache-2.0
//
// The answer a caller holds: the head, and the body as it comes through the transfer's buffer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "host/http/attempt.hpp"
#include "host/http/decoder.hpp"
#include "host/http/http.hpp"
#include "host/http/loop.hpp"
#include "host/http/transfer.hpp"

namespace sluice::host {

class Exchange final : public HttpExchange {
 public:
  // `cancel`, `caller` and `loop` outlive it.
  Exchange(Loop& loop, WireRequest request, const Cancel& cancel, HttpCaller& caller,
           std::unique_ptr<Attempt> attempt);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() override;

  // Sends and waits for the head. Requires: called once, first.
  Result<void> start();
  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] Attempt& attempt() { return *attempt_; }
  // Kept until the exchange ends.
  void hold(std::shared_ptr<void> held) { held_ = std::move(held); }
  // What ":url" and ":validator" give.
  void describe(std::string url, std::string validator);

  [[nodiscard]] uint32_t status() const override { return head_.status; }
  [[nodiscard]] int64_t content_length() const override { return head_.content_length; }
  [[nodiscard]] std::string header(std::string_view name) const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const override {
    return head_.fields;
  }
  Result<size_t> read(std::span<char> buffer) override;

 private:
  Result<void> set_up_decoder();
  Result<size_t> next(std::span<char> buffer);
  Result<size_t> decode(std::span<char> buffer);
  Result<size_t> copy(std::span<char> buffer);
  Result<void> refill();
  Error fail(Error error);
  void count_bytes();

  Loop& loop_;
  const Cancel& cancel_;
  HttpCaller& caller_;
  const std::unique_ptr<Attempt> attempt_;
  CancelUse cancel_use_;
  std::shared_ptr<Transfer> transfer_;
  Head head_;
  std::string url_;
  std::string validator_;
  std::string bytes_;
  size_t used_ = 0;  // of bytes_
  bool ended_ = false;
  std::unique_ptr<Decoder> decoder_;  // null = bytes go to the reader as they came
  bool any_ = false;                  // compressed bytes have come
  uint64_t body_bytes_ = 0;           // given to the reader
  std::optional<Error> error_;
  std::shared_ptr<void> held_;
};

}  // namespace sluice::host
