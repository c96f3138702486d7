// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "host/cli/app.hpp"

int main(int argc, char** argv) {
  try {
    return sluice::host::run_app(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: a defect ended the program: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "sluice: a defect ended the program\n");
  }
  return 1;
}
