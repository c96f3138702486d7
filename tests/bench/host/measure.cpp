// SPDX-License-Identifier: Apache-2.0
//
// measure COMMAND [ARGUMENT...]: runs a command and writes "seconds cpu_seconds peak_kib exit_code"
// to the file that MEASURE_TO names. A program of its own, since a child's peak memory begins with
// that of the process it was forked from.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const char* to = std::getenv("MEASURE_TO");
  if (argc < 2 || to == nullptr) {
    std::fputs("usage: MEASURE_TO=FILE measure COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    std::perror("measure");
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::FILE* out = std::fopen(to, "w");
  if (out == nullptr) {
    std::perror(to);
    return 1;
  }
  std::fprintf(out, "%.6f %.6f %ld %d\n", took.count(),
               seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss, code);
  std::fclose(out);
  return code;
}
