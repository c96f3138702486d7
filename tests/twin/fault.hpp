// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sluice/testing/json_change.hpp"
#include "tests/twin/message.hpp"

namespace sluice::twin {

enum class FaultKind {
  kNone,
  kDelay,        // only the delay, then the true answer
  kStatus,       // another status instead of the answer
  kHtml,         // 200 and an HTML page instead of the answer
  kGarbage,      // random bytes of the right length
  kReset,        // TCP RST after `after_bytes` bytes of the body; negative: before anything is sent
  kTruncate,     // whole Content-Length, body cut after `after_bytes`, orderly close
  kWrongLength,  // Content-Length off by `delta` bytes, body whole, then close
  kSlow,         // the true answer at `bytes_per_second`
  kHang,         // no answer until the client gives up or the twin stops
  kBadChunked,   // chunked transfer with a broken chunk header, then close
  kChangeJson    // the true answer with its JSON changed; other answers as they are
};

// What shall happen to one answer.
struct Fault {
  FaultKind kind = FaultKind::kNone;
  std::string rule;  // the rule's id, for the log
  std::uint32_t delay_ms = 0;
  int status = 503;
  std::string retry_after;
  std::string body;
  std::string content_type = "text/html";
  std::int64_t after_bytes = -1;
  std::int64_t delta = 0;
  std::uint64_t bytes_per_second = 0;
  std::uint64_t seed = 0;  // of the garbage
  testing::JsonChange change = testing::JsonChange::kAddFields;
  std::optional<std::size_t> depth;  // from where on the JSON is changed
};

// True if `path` matches `pattern`: `**` any text, `*` any text without '/', `?` one character but
// '/'.
bool glob_match(std::string_view pattern, std::string_view path);

// Replaces what the fault replaces in the answer itself (status, HTML page, random bytes, JSON).
// The other kinds happen on the wire.
Response apply_to_response(const Fault& fault, Response response);

// The script of faults: an ordered list of rules, of which the first that fires decides.
// Thread-safe.
class FaultInjector {
 public:
  explicit FaultInjector(std::uint64_t seed);
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;
  FaultInjector(FaultInjector&&) = delete;
  FaultInjector& operator=(FaultInjector&&) = delete;
  ~FaultInjector();

  // Appends the rules of a JSON text: one rule, an array of rules, or {"rules": [...], "replace":
  // true}. Throws std::invalid_argument naming rule and key; then nothing has changed. Returns the
  // number added.
  std::size_t add(const std::string& json);
  void clear();

  // Returns the fault of the first rule that fires; the rules up to there count the request if it
  // matches them.
  Fault pick(const Request& request);

  // The rules with what they matched and fired, as a JSON array.
  std::string describe() const;

 private:
  struct Rule;
  const std::uint64_t seed_;
  mutable std::mutex mutex_;  // guards rules_
  std::vector<std::unique_ptr<Rule>> rules_;
  std::uint64_t serial_ = 0;
};

}  // namespace sluice::twin
