// SPDX-License-Identifier: Apache-2.0
#include "host/base/shared_state.hpp"

namespace sluice::host {

Result<void> MemoryState::update(std::string_view name, const Change& change) {
  const std::lock_guard lock(mutex_);
  const auto found = texts_.find(name);
  std::string text = found == texts_.end() ? std::string() : found->second;
  if (!change(text)) {
    return {};
  }
  if (text.empty()) {
    texts_.erase(std::string(name));
  } else {
    texts_.insert_or_assign(std::string(name), std::move(text));
  }
  return {};
}

Result<std::vector<std::pair<std::string, std::string>>> MemoryState::list() {
  const std::lock_guard lock(mutex_);
  return std::vector<std::pair<std::string, std::string>>(texts_.begin(), texts_.end());
}

}  // namespace sluice::host
