// SPDX-License-Identifier: Apache-2.0
#include "host/cli/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // ours: ends the watch
  return set;
}

}  // namespace

SignalWatch::SignalWatch(Cancel& stop, Cancel& abort, std::chrono::milliseconds drain) {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  thread_ = std::thread([this, &stop, &abort, drain] { watch(stop, abort, drain); });
}

SignalWatch::~SignalWatch() {
  ending_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

void SignalWatch::watch(Cancel& stop, Cancel& abort, std::chrono::milliseconds drain) {
  const sigset_t set = watched();
  const auto wait = [&](const timespec* timeout) { return sigtimedwait(&set, nullptr, timeout); };
  const timespec limit = {drain.count() / 1000, drain.count() % 1000 * 1'000'000};
  while (!ending_) {
    const bool draining = stop.requested() && !abort.requested();
    const int signal = draining ? wait(&limit) : wait(nullptr);
    if (ending_ || signal == SIGUSR2) {
      continue;
    }
    if (signal < 0) {
      if (draining && errno == EAGAIN) {
        log(LogLevel::kWarn, "The drain time is over; what is not committed is given up.");
        abort.request();
      }
      continue;
    }
    if (stop.requested()) {
      _exit(128 + signal);  // nothing needs cleaning: what was not committed was never there
    }
    exit_code_ = 128 + signal;
    log(LogLevel::kInfo, "Stopping: what is begun is finished, once more to stop at once.");
    stop.request();
  }
}

}  // namespace sluice::host
