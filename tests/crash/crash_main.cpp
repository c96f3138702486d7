// SPDX-License-Identifier: Apache-2.0
//
// sluice, but SLUICE_CRASH_AT="step:n" kills it (as kill -9 does) when it comes to that step for
// the n-th time.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "host/cli/app.hpp"
#include "host/ledger/steps.hpp"

namespace {

std::string crash_step;
std::atomic<long> crash_count{0};

void at_step(const char* name) {
  if (crash_step == name && crash_count.fetch_sub(1) == 1) {
    raise(SIGKILL);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* where = std::getenv("SLUICE_CRASH_AT");
      where != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    const std::string text = where;
    crash_step = text.substr(0, text.rfind(':'));
    crash_count = std::atol(text.c_str() + text.rfind(':') + 1);
    sluice::host::step_hook = &at_step;
  }
  return sluice::host::run_app(argc, argv);
}
