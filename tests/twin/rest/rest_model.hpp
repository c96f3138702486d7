// SPDX-License-Identifier: Apache-2.0
//
// What the shop holds: a pure function of seed and options, and of what the control verbs changed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::rest {

struct Item {
  std::uint64_t id = 0;  // 1, 2, …
  std::uint32_t shelf = 0;
  std::uint32_t revision = 0;
  std::int64_t price_cents = 0;
};

// Two events have each time.
struct Event {
  std::uint64_t id = 0;
  std::int64_t time_s = 0;
  std::int64_t value = 0;
};

constexpr std::int64_t kEpoch = 1'704'067'200;  // 2024-01-01T00:00:00Z, the first event's time
constexpr std::int64_t kStep = 60;              // from one event time to the next

// Thread-safe.
class Model {
 public:
  Model(std::uint64_t seed, const RestOptions& options) : seed_(seed), options_(options) {}

  std::uint64_t items() const;
  std::uint32_t shelves() const { return options_.shelves; }
  Item item(std::uint64_t id) const;
  // Ids on a shelf (1, 2, …), or of all shelves for 0, in order.
  std::vector<std::uint64_t> ids(std::uint32_t shelf) const;
  // Events of a shelf with from <= time <= to, in order of time.
  std::vector<Event> events(std::uint32_t shelf, std::int64_t from_s, std::int64_t to_s) const;
  std::int64_t revision() const;

  void add_items(std::uint64_t count);
  void edit_item(std::uint64_t id);
  void add_events(std::uint64_t count);

 private:
  std::uint64_t seed_;
  RestOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::uint64_t more_items_ = 0, more_events_ = 0;
  std::int64_t revision_ = 0;
  std::map<std::uint64_t, std::uint32_t> edits_;
};

std::string decimal(std::int64_t cents);
std::string iso(std::int64_t time_s);
nlohmann::ordered_json to_json(const Item& item);
nlohmann::ordered_json to_json(const Event& event);

}  // namespace sluice::twin::rest
