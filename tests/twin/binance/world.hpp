// SPDX-License-Identifier: Apache-2.0
//
// What the exchange's API and its archive share, and how control verbs look at it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/twin/binance/clock.hpp"
#include "tests/twin/binance/market.hpp"
#include "tests/twin/message.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::binance {

// What is wrong with an archive's file.
enum class FileFault : std::uint8_t {
  kNone,
  kMissing,        // 404, both the file and its checksum
  kWrongChecksum,  // the checksum is that of other bytes
  kHole            // rows are missing in the middle that the API has
};

// Any thread.
class World {
 public:
  World(std::uint64_t seed, const BinanceOptions& options)
      : market(seed, options.symbols), clock(options.now), weight_limit(options.weight_limit) {}

  const Market market;
  ExchangeClock clock;
  std::atomic<std::uint32_t> weight_limit;  // as exchangeInfo tells it

  // By "SYMBOL PERIOD", e.g. "BTCUSDT 2024-03".
  FileFault fault_of(const std::string& file) const {
    const std::lock_guard lock(mutex_);
    const auto found = faults_.find(file);
    return found == faults_.end() ? FileFault::kNone : found->second;
  }
  void set_fault(const std::string& file, FileFault fault) {
    const std::lock_guard lock(mutex_);
    faults_[file] = fault;
  }

 private:
  mutable std::mutex mutex_;  // guards faults_
  std::map<std::string, FileFault> faults_;
};

// The ground truth for what a client wants, see README.md. Throws std::invalid_argument.
std::string expect_json(const World& world, const Request& request);

}  // namespace sluice::twin::binance
