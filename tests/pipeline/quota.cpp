// SPDX-License-Identifier: Apache-2.0
#include "pipeline/quota.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/database.hpp"

namespace sluice::test {

twin::Options lean_twin(double limits_scale) {
  twin::Options options;
  options.dwd.stations = 1;
  options.limits_scale = limits_scale;
  return options;
}

void QuotaRuns::configure(const QuotaPipeline& pipeline) const {
  write_file(folder / (pipeline.name + ".toml"),
             "[pipeline]\nname = \"" + pipeline.name + "\"\nstreams = [\"" + pipeline.stream +
                 "\"]\nretry_base = \"10ms\"\nretry_cap = \"100ms\"\n" + pipeline.pipeline +
                 "\n[commit]\nevery = \"200ms\"\n" + pipeline.tables +
                 "\n[[source]]\nplugin = \"quota\"\nbase_url = \"" + pipeline.url + "\"\n" +
                 pipeline.source + "\n[sink]\nplugin = \"sqlite\"\npath = \"" +
                 database(pipeline.name) + "\"\n");
}

std::vector<std::string> QuotaRuns::command(const std::string& verb,
                                            const std::vector<std::string>& names,
                                            const std::vector<std::string>& more) const {
  std::vector<std::string> all = {SLUICE_BINARY,  "--state-dir",       folder / "state",
                                  "--plugin-dir", SLUICE_TEST_PLUGINS, "--plugin-dir",
                                  SLUICE_PLUGINS, "--trust-plugins",   verb};
  for (const std::string& name : names) {
    all.push_back(folder / (name + ".toml"));
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Finished QuotaRuns::run(const std::vector<std::string>& names) const {
  return sluice::test::run(command("run", names));
}

std::vector<std::string> QuotaRuns::rows(const std::string& name, const std::string& stream) const {
  if (count(name, stream) == 0) {
    return {};
  }
  std::istringstream all(
      sql(database(name), "SELECT group_concat(id || '=' || value, char(10)) FROM " + stream));
  std::vector<std::string> lines;
  for (std::string line; std::getline(all, line);) {
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

int64_t QuotaRuns::count(const std::string& name, const std::string& stream) const {
  const bool there =
      std::filesystem::exists(database(name)) &&
      sql_number(database(name),
                 "SELECT count(*) FROM sqlite_master WHERE name = '" + stream + "'") > 0;
  return there ? sql_number(database(name), "SELECT count(*) FROM " + stream) : 0;
}

nlohmann::json counters(twin::Twin& twin, const std::string& service) {
  return nlohmann::json::parse(twin.control("GET", "/_twin/limits/" + service));
}

nlohmann::json set_limiter(twin::Twin& twin, const std::string& service,
                           const std::string& settings) {
  return nlohmann::json::parse(twin.control("POST", "/_twin/limits/" + service, settings));
}

}  // namespace sluice::test
