// SPDX-License-Identifier: Apache-2.0
//
// Host names that mean what a test says, in place of DNS, for all of the process.
#pragma once

#include <string>
#include <vector>

namespace sluice::test {

// While it lives, `name` has `addresses` in that order. Without any, DNS does not answer at all
// until the object goes.
class FakeName {
 public:
  FakeName(std::string name, std::vector<std::string> addresses);
  FakeName(const FakeName&) = delete;
  FakeName& operator=(const FakeName&) = delete;
  ~FakeName();
  void change(std::vector<std::string> addresses) const;

 private:
  const std::string name_;
};

}  // namespace sluice::test
