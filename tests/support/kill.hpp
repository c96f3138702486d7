// SPDX-License-Identifier: Apache-2.0
//
// Work in a process of its own that is killed at a chosen instant.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>

namespace sluice::test {

// Forks and runs `work(tell)` in the child, which calls tell() before each of its steps; kills it
// `moment_us` microseconds after the step number `steps` (or its end). True if it had come to its
// end. Throws std::runtime_error if `work` threw. Requires: no other thread runs.
inline bool run_and_kill(const std::function<void(const std::function<void()>& tell)>& work,
                         int steps, unsigned moment_us) {
  constexpr int kThrew = 3;
  int pipe[2];
  if (::pipe(pipe) != 0) {
    throw std::runtime_error("There is no pipe.");
  }
  const pid_t child = ::fork();
  if (child < 0) {
    throw std::runtime_error("There is no child process.");
  }
  if (child == 0) {
    ::close(pipe[0]);
    try {
      work([&] { (void)!::write(pipe[1], "x", 1); });
    } catch (...) {
      ::_exit(kThrew);
    }
    ::_exit(0);
  }
  ::close(pipe[1]);
  char byte = 0;
  while (steps > 0 && ::read(pipe[0], &byte, 1) == 1) {
    --steps;
  }
  ::usleep(moment_us);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(pipe[0]);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kThrew) {
    throw std::runtime_error("The work failed before it was killed.");
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace sluice::test
