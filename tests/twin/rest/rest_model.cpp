// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/rest/rest_model.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "tests/twin/hash.hpp"

namespace sluice::twin::rest {

std::uint64_t Model::items() const {
  const std::lock_guard lock(mutex_);
  return options_.items + more_items_;
}

std::int64_t Model::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

Item Model::item(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto edit = edits_.find(id);
  Item out{.id = id,
           .shelf = static_cast<std::uint32_t>(hash_of(seed_, 1, id) % options_.shelves) + 1,
           .revision = edit == edits_.end() ? 0 : edit->second};
  out.price_cents = static_cast<std::int64_t>(hash_of(seed_, 2, id, out.revision) % 1'000'000);
  return out;
}

std::vector<std::uint64_t> Model::ids(std::uint32_t shelf) const {
  std::vector<std::uint64_t> out;
  const std::uint64_t count = items();
  for (std::uint64_t id = 1; id <= count; ++id) {
    if (shelf == 0 || hash_of(seed_, 1, id) % options_.shelves + 1 == shelf) {
      out.push_back(id);
    }
  }
  return out;
}

std::vector<Event> Model::events(std::uint32_t shelf, std::int64_t from_s,
                                 std::int64_t to_s) const {
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = options_.events + more_events_;
  }
  std::vector<Event> out;
  const std::int64_t first = std::max<std::int64_t>(0, (from_s - kEpoch + kStep - 1) / kStep) * 2;
  for (auto i = static_cast<std::uint64_t>(first); i < count; ++i) {
    const std::int64_t time = kEpoch + static_cast<std::int64_t>(i / 2) * kStep;
    if (time > to_s) {
      break;
    }
    out.push_back({shelf * 1'000'000'000ULL + i + 1, time,
                   static_cast<std::int64_t>(hash_of(seed_, 3, shelf, i) % 1000)});
  }
  return out;
}

void Model::add_items(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  more_items_ += count;
  ++revision_;
}

void Model::edit_item(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  ++edits_[id];
  ++revision_;
}

void Model::add_events(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  more_events_ += count;
  ++revision_;
}

std::string decimal(std::int64_t cents) {
  const std::string behind = std::to_string(100 + cents % 100).substr(1);
  return std::to_string(cents / 100) + "." + behind;
}

std::string iso(std::int64_t time_s) {
  const std::time_t time = time_s;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return {text.data(), size};
}

nlohmann::ordered_json to_json(const Item& item) {
  return {{"id", item.id},
          {"displayName", "Item " + std::to_string(item.id)},
          {"price", nlohmann::ordered_json::parse(decimal(item.price_cents))},
          {"shelf", {{"id", item.shelf}}},
          {"revision", item.revision},
          {"stock", item.id % 7 == 0 ? -1 : static_cast<int>(item.id % 50)},
          {"addedAt", iso(kEpoch + static_cast<std::int64_t>(item.id))}};
}

nlohmann::ordered_json to_json(const Event& event) {
  return {{"id", event.id}, {"at", iso(event.time_s)}, {"value", event.value}};
}

}  // namespace sluice::twin::rest
