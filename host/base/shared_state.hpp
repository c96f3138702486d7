// SPDX-License-Identifier: Apache-2.0
//
// Small named texts that outlive the process and that several processes change in turn: what is
// used of a quota, until when a service has banned us. The one on disk is in host/ledger.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.hpp"

namespace sluice::host {

// Thread-safe.
class SharedState {
 public:
  // Gets the text as it is ("" if there is none yet), returns whether it changed it. Short, and
  // does not call back into the state.
  using Change = std::function<bool(std::string& text)>;

  SharedState() = default;
  SharedState(const SharedState&) = delete;
  SharedState& operator=(const SharedState&) = delete;
  virtual ~SharedState() = default;
  // No other thread or process changes `name` meanwhile. A text made empty is removed. A process
  // that dies in it leaves the old text or the new.
  virtual Result<void> update(std::string_view name, const Change& change) = 0;
  // All names and texts, by name.
  virtual Result<std::vector<std::pair<std::string, std::string>>> list() = 0;
};

// Of this process alone, for as long as it lives.
class MemoryState final : public SharedState {
 public:
  Result<void> update(std::string_view name, const Change& change) override;
  Result<std::vector<std::pair<std::string, std::string>>> list() override;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> texts_;  // under mutex_
};

}  // namespace sluice::host
