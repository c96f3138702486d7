// SPDX-License-Identifier: Apache-2.0
//
// Whole runs of the real binary against the twin into SQLite.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/check/subject.hpp"
#include "twin/twin.hpp"

namespace sluice::conformance {

struct Pipeline {
  std::string config;  // file in config/
  twin::Options twin{};
  // Environment of the runs: where the twin is, what its service is asked for.
  std::function<std::map<std::string, std::string>(twin::Twin&)> environment{};
  std::string database{};          // variable that names the database
  std::vector<std::string> set{};  // --set of every run
  // Limits of the plugin that a run is not to wait for: scope and name. HOST in a scope stands for
  // the twin's host and port.
  std::vector<std::pair<std::string, std::string>> lifted{};

  // Glob over paths of requests that a second run may make although they are not conditional, and
  // why there is no other way.
  std::map<std::string, std::string> asked_again{};
  // Tables that a second run may land anew (a snapshot without validators), and why.
  std::map<std::string, std::string> read_again{};
  // Columns whose value may differ between two readings.
  std::set<std::string> volatile_columns{};
  // Glob over paths of the service.
  std::string paths = "/**";

  // --set and environment of a run with wrong credentials. None: the service answers 401.
  std::vector<std::string> wrong_set{};
  std::map<std::string, std::string> wrong_environment{};
  std::size_t most_refused = 8;
};

struct Run {
  const char* id;
  const char* sentence;
  check::Findings (*run)(const Pipeline&);
};
const std::vector<Run>& all_runs();

}  // namespace sluice::conformance
