// SPDX-License-Identifier: Apache-2.0
//
// Requests to CoinGecko, and what its refusals mean.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace coingecko {

// Threads: any. Refers to the host and the selection.
class Client {
 public:
  // Tells the host what the plan allows.
  Client(const sluice::Host& host, const Selection& selection);

  // `path` begins with a slash. Throws what a refusal means; `at` is the place in the configuration
  // that asked for it.
  sluice::HttpBody open(const std::string& path, const std::string& at = {}) const;
  std::string get(const std::string& path, const std::string& at = {}) const {
    return open(path, at).read_all().text();
  }

 private:
  const sluice::Host& host_;
  const Selection& selection_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, sluice::Error> unknown_;  // by path; guarded by mutex_
};

// A part of a path or a query.
std::string escaped(std::string_view text);

// The error that an answer from 400 on stands for. `retry_after` as the header has it.
sluice::Error refusal(const Selection& selection, std::string_view path, uint32_t status,
                      std::string_view body, std::string_view retry_after);

}  // namespace coingecko
