// SPDX-License-Identifier: Apache-2.0
//
// The values behind [secret.NAME], wherever they come from. Every value that is given out is made
// known to redact() first.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/config/config.hpp"
#include "host/secret/locked_text.hpp"
#include "host/secret/sealed_store.hpp"

namespace sluice::host {

// Thread-safe. One for all pipelines of the process.
class Secrets {
 public:
  explicit Secrets(std::filesystem::path state_dir,
                   std::chrono::milliseconds command_timeout = std::chrono::minutes(1))
      : store_(std::move(state_dir)), command_timeout_(command_timeout) {}

  // The value of the secret `name`, without line ends at its end. Read anew each time, as it may be
  // rotated, but for commands: they run once, and at the earliest a minute later again if they
  // failed. kAuth if it is not to be had, in a sentence that says why and never quotes the value.
  // Blocks.
  [[nodiscard]] Result<std::string> get(const std::string& name, const SecretConfig& from);

 private:
  struct Run {
    std::mutex mutex;  // under which the command runs: others wait for what it brings
    bool ran = false;
    std::chrono::steady_clock::time_point ended;
    LockedBytes value;
    Error error;
    bool good = false;
  };
  [[nodiscard]] Result<LockedBytes> read(const std::string& what, const SecretConfig& from);
  [[nodiscard]] Result<LockedBytes> output_of(const std::vector<std::string>& command);

  const SealedStore store_;
  const std::chrono::milliseconds command_timeout_;
  std::mutex mutex_;
  std::map<std::vector<std::string>, std::shared_ptr<Run>> runs_;  // under mutex_
};

}  // namespace sluice::host
