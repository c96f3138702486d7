// SPDX-License-Identifier: Apache-2.0
//
// What one request's caller and the loop thread share: the head, a bounded piece of the body, and
// how it ended.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/result.hpp"
#include "host/http/head.hpp"

namespace sluice::host {

// One request as it goes to the wire: checked, complete, without retries and redirects.
struct WireRequest {
  std::string method;
  std::string url;
  std::string host;                  // lower case, as in the URL
  std::string place;                 // "GET https://host/path": for messages
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  bool decode = true;              // ask for compressed answers and decode them
  bool client_certificate = true;  // may be shown to the server
  bool https = false;
  bool repeatable = true;  // may be sent a second time if the first brought no answer
  std::chrono::milliseconds dns_timeout{0};
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds first_byte_timeout{0};
  std::chrono::milliseconds stall_timeout{0};
  uint64_t low_speed = 0;  // bytes per second that each low_speed_window must bring; 0 = any
  std::chrono::milliseconds low_speed_window{0};
  uint64_t max_body_bytes = 0;  // decoded
  size_t buffer_bytes = 0;
};

// Shared by the caller's thread and the loop's. The two sides are marked.
class Transfer {
 public:
  // `cancel` must live until abandon() or the transfer's end.
  Transfer(WireRequest request, const Cancel& cancel);

  // --- Caller's side, one thread at a time.
  // Waits for the head; the error if there will be none.
  Result<Head> wait_head();
  // Waits for bytes and swaps them into `out`, which stays empty at the body's end. `resume`
  // becomes true if the loop had stopped receiving and must be told that there is room.
  Result<void> take(std::string& out, bool& resume);
  uint64_t take_wire_bytes();  // received since the last call, before decoding
  void abandon();              // no use any more; `cancel` is not touched afterwards
  [[nodiscard]] const WireRequest& request() const { return request_; }

  // --- Loop's side.
  enum class Accept : uint8_t { kTaken, kFull, kTooLong };
  bool cancelled();  // or abandoned
  bool waits_on(const Cancel& cancel);
  void publish_head(Head head);
  Accept accept(std::string_view bytes, uint64_t wire_bytes);
  void finish(std::optional<Error> error, uint64_t wire_bytes);
  void wake();  // the caller, if it waits and there is something new
  [[nodiscard]] bool has_head();

  void* active = nullptr;  // the loop's own record while the request is on the wire
  bool marked = false;     // is in the loop's list of callers to wake

 private:
  [[nodiscard]] Error cancelled_error() const;
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, Ready ready);

  const WireRequest request_;
  const size_t half_;  // one half of the buffer is filled while the caller empties the other
  std::mutex mutex_;
  std::condition_variable wake_;
  // All under mutex_.
  const Cancel* cancel_;  // null once abandoned
  std::optional<Head> head_;
  bool head_known_ = false;
  bool finished_ = false;
  bool waiting_ = false;
  bool news_ = false;
  bool full_ = false;  // the loop does not receive
  std::optional<Error> error_;
  std::string filled_;
  uint64_t body_bytes_ = 0;
  uint64_t most_bytes_;  // that may come
  uint64_t wire_bytes_ = 0;
  uint64_t wire_taken_ = 0;
};

}  // namespace sluice::host
