// SPDX-License-Identifier: Apache-2.0
//
// A pipeline on the web source (web_source.cpp) into SQLite, run by the real binary.
#pragma once

#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

struct WebPipeline {
  TempDir folder;

  // `source` are lines of the source, `tables` whole tables.
  void configure(const std::string& source, const std::string& tables = "") const {
    write_file(config(),
               "[pipeline]\nname = \"web\"\nretry_base = \"1ms\"\nretry_cap = \"5ms\"\nattempts = "
               "2\nworkers = 1\n[http]\nretries = 0\n" +
                   tables + "\n[sink]\nplugin = \"sqlite\"\npath = \"" + database() +
                   "\"\n[[source]]\nplugin = \"web\"\n" + source);
  }
  [[nodiscard]] std::string config() const { return folder / "pipeline.toml"; }
  [[nodiscard]] std::string database() const { return folder / "web.db"; }
  [[nodiscard]] std::string cassette() const { return folder / "cassette"; }
  // With a ledger and a target of its own for each `state`.
  [[nodiscard]] Finished run(const std::string& state, std::vector<std::string> more,
                             const std::map<std::string, std::string>& environment = {}) const {
    more.insert(more.begin(), {"run", config(), "--set", "sink.path=" + target(state)});
    return sluice(state, more, environment);
  }
  [[nodiscard]] Finished sluice(const std::string& state, const std::vector<std::string>& arguments,
                                std::map<std::string, std::string> environment = {}) const {
    std::vector<std::string> all = {SLUICE_BINARY,  "--state-dir",       folder / state,
                                    "--plugin-dir", SLUICE_TEST_PLUGINS, "--plugin-dir",
                                    SLUICE_PLUGINS, "--trust-plugins"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    environment.emplace("no_proxy", "127.0.0.1");
    return test::run(all, environment);
  }
  [[nodiscard]] std::string target(const std::string& state) const {
    return folder / (state + ".db");
  }
  // All that landed, a line per answer.
  [[nodiscard]] std::string answers(const std::string& state) const {
    return sql(
        target(state),
        "SELECT group_concat(line, char(10)) FROM (SELECT name || '|' || turn || '|' || status || "
        "'|' || coalesce(type, '') || '|' || size || '|' || sum || '|' || coalesce(body, '') "
        "AS line FROM answers ORDER BY name, turn)");
  }
};

}  // namespace sluice::test
