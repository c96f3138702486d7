// SPDX-License-Identifier: Apache-2.0
//
// The shared state of limits: limits.mdb in the state directory, one small text per service.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/shared_state.hpp"

namespace sluice::host {

class Env;

// Thread-safe; any number of processes. One per file and process. The file is opened by the first
// call, so that a process that sends no request leaves no trace. Commits are left to the operating
// system and synced once a second: after a power cut the file may be damaged, which the next to
// open it alone sees and begins anew.
class LimitsFile final : public SharedState {
 public:
  // `warn` gets a sentence if the file cannot be used; may be empty.
  using Warn = std::function<void(std::string_view)>;
  explicit LimitsFile(std::filesystem::path directory, Warn warn = {});
  ~LimitsFile() override;

  Result<void> update(std::string_view name, const Change& change) override;
  Result<std::vector<std::pair<std::string, std::string>>> list() override;

 private:
  Result<void> open();
  Result<void> open_locked();
  Result<void> check_alone() const;
  void sync_now_and_then();

  const std::filesystem::path directory_;
  const Warn warn_;
  std::mutex mutex_;
  std::optional<Result<void>> opened_;  // under mutex_
  int lock_fd_ = -1;                    // held shared while the file is in use
  std::unique_ptr<Env> env_;            // set once
  std::mutex sync_mutex_;
  int64_t synced_s_ = 0;  // under sync_mutex_
};

}  // namespace sluice::host
