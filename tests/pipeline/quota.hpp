// SPDX-License-Identifier: Apache-2.0
//
// Pipelines on the quota source (quota_source.cpp) against the twin's limited services, run by the
// real binary into SQLite.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

namespace sluice::test {

// A twin whose other services cost nothing.
twin::Options lean_twin(double limits_scale = 1);

struct QuotaPipeline {
  std::string name;
  std::string source;                    // lines of [[source]]: path, slices, limits ...
  std::string pipeline = "workers = 4";  // lines of [pipeline]
  std::string tables{};                  // further tables
  std::string url{};                     // base URL
  std::string stream = "pages";
};

// Pipelines that share a state directory, each with a database of its own.
class QuotaRuns {
 public:
  void configure(const QuotaPipeline& pipeline) const;
  // The command of a verb over the named pipelines.
  [[nodiscard]] std::vector<std::string> command(const std::string& verb,
                                                 const std::vector<std::string>& names,
                                                 const std::vector<std::string>& more = {}) const;
  [[nodiscard]] Finished run(const std::vector<std::string>& names) const;
  [[nodiscard]] std::string database(const std::string& name) const {
    return folder / (name + ".db");
  }

  // All rows of a pipeline, sorted; none before its table is there.
  [[nodiscard]] std::vector<std::string> rows(const std::string& name,
                                              const std::string& stream = "pages") const;
  [[nodiscard]] int64_t count(const std::string& name, const std::string& stream = "pages") const;

  TempDir folder;
};

// The counters of a limited service.
nlohmann::json counters(twin::Twin& twin, const std::string& service);
// Changes its settings and gives the counters.
nlohmann::json set_limiter(twin::Twin& twin, const std::string& service,
                           const std::string& settings);

}  // namespace sluice::test
