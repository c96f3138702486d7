// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/cli/verbs.hpp"

namespace sluice::host {

int check_verb(const HostOptions& host, const std::vector<std::string>& files) {
  const auto registry = scan_plugins(host, files);
  const auto configs = read_configs(files, *registry, host, false);
  if (!configs) {
    return kExitConfig;
  }
  if (host.json) {
    print_json({{"problems", nlohmann::json::array()}});
  } else if (!host.quiet) {
    for (const PipelineConfig& config : *configs) {
      print(config.file + ": pipeline '" + config.name + "' is fine\n");
    }
  }
  return kExitDone;
}

int schema_verb(const HostOptions& host) {
  print(whole_schema(*scan_plugins(host, {})) + "\n");
  return kExitDone;
}

}  // namespace sluice::host
