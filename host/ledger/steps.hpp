// SPDX-License-Identifier: Apache-2.0
//
// Named instants at which fault tests stop, kill or fail a process. In production nothing listens.
#pragma once

#include <atomic>

namespace sluice::host {

using StepHook = void (*)(const char* step);
inline std::atomic<StepHook> step_hook{nullptr};

inline void step(const char* name) {
  if (const StepHook hook = step_hook.load(std::memory_order_relaxed); hook != nullptr) {
    hook(name);
  }
}

}  // namespace sluice::host
