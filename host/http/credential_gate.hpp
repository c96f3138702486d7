// SPDX-License-Identifier: Apache-2.0
//
// Whether a credential may still be sent.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/result.hpp"

namespace sluice::host {

// One key's standing with its service. Not thread-safe.
//
// A 401 to a key that was never accepted ends it at once. One that was accepted before, and any 403
// (which may be about one resource only), gets three in a row: a service that hiccups is not to end
// a long run. An acceptance that comes in later, of a request that was under way, opens it again.
class CredentialGate {
 public:
  static constexpr uint32_t kRefusalsInARow = 3;

  [[nodiscard]] bool open() const { return status_ == 0; }
  [[nodiscard]] uint32_t status() const { return status_; }  // that ended it
  void accepted() {
    accepted_ = true;
    in_a_row_ = 0;
    status_ = 0;
  }
  // The answer was `status`, 401 or 403. True if that ended it just now.
  bool refused(uint32_t status) {
    ++in_a_row_;
    const uint32_t most = status == 401 && !accepted_ ? 1 : kRefusalsInARow;
    return in_a_row_ >= most && end(status);
  }
  bool end(uint32_t status) {
    const bool was_open = open();
    status_ = was_open ? status : status_;
    return was_open;
  }
  // Its value has changed: it is another key now.
  void renew() { *this = {}; }

 private:
  bool accepted_ = false;
  uint32_t in_a_row_ = 0;
  uint32_t status_ = 0;  // 0 = open
};

inline bool is_refusal(uint32_t status) {
  return status == 401 || status == 403;
}

Error credential_ended(const std::string& name, uint32_t status);

}  // namespace sluice::host
