// SPDX-License-Identifier: Apache-2.0
//
// The command line: parses, sets up the log, runs a verb. The only place that knows CLI11.
#pragma once

namespace sluice::host {

// Gives the exit code. Exceptions are the caller's to catch.
int run_app(int argc, char** argv);

}  // namespace sluice::host
