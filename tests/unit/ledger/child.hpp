// SPDX-License-Identifier: Apache-2.0
//
// A child process with pipes to its standard input and output.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace sluice::host::test {

class Child {
 public:
  explicit Child(std::vector<std::string> command) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
      return;
    }
    std::vector<char*> arguments;
    for (std::string& word : command) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = fdopen(out[0], "r");
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!waited_) {
      signal(SIGKILL);
      wait();
    }
    if (in_ >= 0) {
      close(in_);
    }
    if (out_ != nullptr) {
      fclose(out_);
    }
  }

  // The next line without its end; empty at the end of the output.
  std::string line() {
    std::string text;
    for (int c = fgetc(out_); c != EOF && c != '\n'; c = fgetc(out_)) {
      text.push_back(static_cast<char>(c));
    }
    return text;
  }
  std::vector<std::string> lines_until(const std::string& last) {
    std::vector<std::string> out;
    for (std::string text = line(); !text.empty() && text != last; text = line()) {
      out.push_back(text);
    }
    return out;
  }
  void go_on() { [[maybe_unused]] const auto written = write(in_, "\n", 1); }
  void signal(int number) const { kill(pid_, number); }
  // Exit status, or minus the number of the signal that ended it.
  int wait() {
    int status = 0;
    while (!waited_ && waitpid(pid_, &status, 0) < 0) {
    }
    waited_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  // Returns once the process is stopped by a signal.
  void wait_until_stopped() const {
    int status = 0;
    waitpid(pid_, &status, WUNTRACED);
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  FILE* out_ = nullptr;
  bool waited_ = false;
};

}  // namespace sluice::host::test
