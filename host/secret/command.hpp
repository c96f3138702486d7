// SPDX-License-Identifier: Apache-2.0
//
// A program that tells a secret on its standard output.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/secret/locked_text.hpp"

namespace sluice::host {

// Runs `command` without a shell, looked for in PATH, with nothing on its standard input; its
// standard error is thrown away, since it may quote the value, and SLUICE_SECRET_KEY is not in its
// environment. What it prints, at most kLongestSecret. kAuth if it cannot be started, fails, prints
// too much or has not ended after `timeout`, when it is killed with what it started.
Result<LockedBytes> run_secret_command(const std::vector<std::string>& command,
                                       std::chrono::milliseconds timeout);

}  // namespace sluice::host
