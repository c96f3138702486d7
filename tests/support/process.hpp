// SPDX-License-Identifier: Apache-2.0
//
// Real processes for tests: started, fed, waited for, killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::test {

struct Finished {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out, err;
  int64_t peak_kib = 0;  // largest resident set
};

// A child process whose output goes to files. Killed and reaped when it goes out of scope.
class Process {
 public:
  // `environment` is added to this process's own.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::map<std::string, std::string>& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // True once it has ended by itself or by a signal; does not wait.
  bool ended();
  Finished wait();
  [[nodiscard]] std::string out() const;  // so far
  [[nodiscard]] std::string err() const;

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  int64_t peak_kib_ = 0;
  bool reaped_ = false;
  std::string folder_;
};

Finished run(const std::vector<std::string>& arguments,
             const std::map<std::string, std::string>& environment = {});

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace sluice::test
