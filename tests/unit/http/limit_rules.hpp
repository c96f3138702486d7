// SPDX-License-Identifier: Apache-2.0
//
// Rules and answers for tests of limits.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "host/http/limits.hpp"

namespace sluice::test {

inline host::LimitRule rule(double amount, std::chrono::milliseconds per,
                            host::LimitRule::Window window = host::LimitRule::Window::kSliding,
                            const std::string& scope = "api", const std::string& name = "") {
  host::LimitRule out;
  out.scope = scope;
  out.name = name;
  out.amount = amount;
  out.per = per;
  out.window = window;
  return out;
}

inline host::Head answer(uint32_t status,
                         std::vector<std::pair<std::string, std::string>> fields = {}) {
  host::Head head;
  head.status = status;
  head.fields = std::move(fields);
  return head;
}

}  // namespace sluice::test
