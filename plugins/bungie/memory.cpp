// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <algorithm>
#include <utility>

namespace bungie {

namespace {

using sluice::json;

constexpr std::size_t kMostLeft = 8;

// What the state holds for a language, whatever has become of it.
std::string path_in(const json& of) {
  const auto found = of.is_object() ? of.find("path") : of.end();
  return found != of.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t left_at(const json& entry) {
  const auto found = entry.find("at");
  return found != entry.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace

Memory::Memory(const sluice::Host& host, std::string_view name, int64_t settle_us)
    : host_(host), name_("paths/" + std::string(name)), settle_us_(settle_us) {
  known_ = json::parse(host.state(name_).value_or("{}"), nullptr, false);
  if (!known_.is_object()) {
    known_ = json::object();
  }
}

Memory::Choice Memory::choose(std::string_view language, const std::string& offered) {
  json& of = known_[std::string(language)];
  const std::string current = path_in(of);
  if (offered == current) {
    return {offered};
  }
  const int64_t now = host_.now().time_since_epoch().count();
  json left = json::array();
  for (const json& entry : of.is_object() ? of.value("left", json::array()) : json::array()) {
    const bool same = path_in(entry) == offered;
    if (same && now - left_at(entry) < settle_us_) {
      return {current, true};
    }
    if (!same && left.size() < kMostLeft) {
      left.push_back(entry);
    }
  }
  if (!current.empty()) {
    left.insert(left.begin(), json{{"path", current}, {"at", now}});
  }
  of = json{{"path", offered}, {"left", std::move(left)}};
  changed_ = true;
  return {offered};
}

void Memory::save() const {
  if (changed_) {
    host_.set_state(name_, known_.dump());
  }
}

}  // namespace bungie
