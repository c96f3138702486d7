// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/cli/verbs.hpp"
#include "host/http/cassette/har.hpp"
#include "host/observe/log.hpp"
#include "host/observe/report.hpp"

namespace sluice::host {

int cassette_import_verb(const HostOptions& host, const std::string& file,
                         const std::string& folder) {
  auto imported = cassette::import_har(file, folder, &redact);
  if (!imported) {
    return complain(imported.error());
  }
  if (host.json) {
    print_json({{"exchanges", imported->exchanges}, {"skipped", imported->skipped}});
    return kExitDone;
  }
  for (const std::string& one : imported->skipped) {
    print_error("sluice: " + file + ": left out: " + one + "\n");
  }
  if (!host.quiet) {
    print(
        folder + ": " + grouped(imported->exchanges) + " exchanges imported" +
        (imported->skipped.empty() ? "" : ", " + grouped(imported->skipped.size()) + " left out") +
        "\n");
  }
  return kExitDone;
}

}  // namespace sluice::host
