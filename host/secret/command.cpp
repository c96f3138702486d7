// SPDX-License-Identifier: Apache-2.0
#include "host/secret/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "host/secret/private_file.hpp"
#include "host/secret/sealed_store.hpp"

extern char** environ;

namespace sluice::host {
namespace {

using Instant = std::chrono::steady_clock::time_point;

Error failed(const std::string& what) {
  return Error{Code::kAuth, "its command " + what};
}

int left_ms(Instant until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  return left.count() <= 0 ? 0 : static_cast<int>(std::min<int64_t>(left.count() + 1, 1'000'000));
}

// Ours without the key of the sealed store.
std::vector<char*> child_environment() {
  const std::string hidden = std::string(kKeyVariable) + "=";
  std::vector<char*> out;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(hidden)) {
      out.push_back(*variable);
    }
  }
  out.push_back(nullptr);
  return out;
}

class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // A group of its own, so that all of it can be killed; signals as a program expects them.
  Result<pid_t> spawn(const std::vector<std::string>& command, int output) {
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<char*> variables = child_environment();
    pid_t pid = -1;
    const int problem = posix_spawnp(&pid, command.front().c_str(), &actions_, &attributes_,
                                     arguments.data(), variables.data());
    if (problem != 0) {
      return failed(command.front() +
                    " cannot be started: " + std::system_category().message(problem));
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A child and its group. Killed and reaped unless it has ended.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), handle_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!status_) {
      kill(-pid_, SIGKILL);
      reap(0);
    }
  }
  [[nodiscard]] int handle() const { return handle_.get(); }
  // The status of waitpid() once it has ended.
  std::optional<int> reap(int flags) {
    int status = 0;
    pid_t got = 0;
    while (!status_ && (got = waitpid(pid_, &status, flags)) < 0 && errno == EINTR) {
    }
    if (!status_ && got == pid_) {
      status_ = status;
    }
    return status_;
  }

 private:
  const pid_t pid_;
  const Descriptor handle_;
  std::optional<int> status_;
};

std::string ending(int status) {
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with " + std::to_string(WEXITSTATUS(status));
}

// Until the child has ended and its output is read, or the pipe is at its end and it then ends.
Result<size_t> collect(Child& child, int output, LockedBytes& buffer, Instant until,
                       const std::string& name) {
  size_t got = 0;
  bool open = true;
  while (true) {
    pollfd waits[2] = {{open ? output : -1, POLLIN, 0}, {child.handle(), POLLIN, 0}};
    const int ready = poll(waits, 2, left_ms(until));
    if (ready == 0) {
      return failed(name + " did not end in time and was killed");
    }
    if (ready < 0 && errno != EINTR) {
      return failed(name + " cannot be waited for");
    }
    if (ready > 0 && (waits[0].revents != 0)) {
      const ssize_t size = read(output, buffer.data() + got, buffer.size() - got);
      open = size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
      got += size > 0 ? static_cast<size_t>(size) : 0;
      if (got == buffer.size()) {
        return failed(name + " printed more than 64 KiB");
      }
      continue;  // what is there is read before the end counts
    }
    if (ready > 0 && waits[1].revents != 0) {
      return got;
    }
  }
}

}  // namespace

Result<LockedBytes> run_secret_command(const std::vector<std::string>& command,
                                       std::chrono::milliseconds timeout) {
  const Instant until = std::chrono::steady_clock::now() + timeout;
  int ends[2] = {-1, -1};
  if (command.empty() || command.front().empty() || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return failed("cannot be started");
  }
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  // Only our end is not to block.
  fcntl(writing.get(), F_SETFL, 0);
  auto pid = SpawnPlan().spawn(command, writing.get());
  if (!pid) {
    return std::move(pid).error();
  }
  Child child(*pid);
  close(writing.release());
  if (child.handle() < 0) {
    return failed(command.front() + " cannot be watched");
  }
  LockedBytes buffer(kLongestSecret + 1);
  auto got = collect(child, reading.get(), buffer, until, command.front());
  if (!got) {
    return std::move(got).error();
  }
  const std::optional<int> status = child.reap(0);
  if (!status || !WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    return failed(command.front() + " " + (status ? ending(*status) : "cannot be waited for") +
                  "; run it yourself to see why");
  }
  return LockedBytes(buffer.view(*got));
}

}  // namespace sluice::host
