// SPDX-License-Identifier: Apache-2.0
//
// The sources that the common suite runs on, a file in sources/ each.
//
//   const Entry kEntry{Source{.name = "example", .subject = [] { … }}};
//
// makes a test case of every check (check/checks.hpp), in process, and of every run of the real
// binary (runs.hpp).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "conformance/check/subject.hpp"
#include "conformance/runs.hpp"

namespace sluice::conformance {

struct Source {
  std::string name;
  // A new one, with a service of its own, for each check.
  std::function<check::Subject()> subject{};
  std::optional<Pipeline> pipeline{};
  // Checks and runs by id that do not apply, and why. They make no test case.
  std::map<std::string, std::string> declined{};
};

// Registers the test cases. Lives as long as the program.
class Entry {
 public:
  explicit Entry(Source source);
};

// Where the built plugins lie: "…/plugins/dwd.so".
std::string plugin_file(const std::string& name);

}  // namespace sluice::conformance
