// SPDX-License-Identifier: Apache-2.0
//
// What most verbs begin with: host options, installed plugins, checked configurations, the ledger.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/config/config.hpp"
#include "host/ledger/ledger.hpp"
#include "host/plugin/library.hpp"

namespace sluice::host {

// Exit codes of the program.
inline constexpr int kExitDone = 0;
inline constexpr int kExitIncomplete = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;

// Options that every verb takes.
struct HostOptions {
  std::vector<std::string> plugin_dirs;
  bool trust_plugins = false;
  std::string state_dir;
  std::string log_level = "info";
  std::string log_format = "text";
  bool json = false;  // --format json
  bool quiet = false;
  std::vector<std::string> set;
};

// The plugins on the search path, with folders that `files` name. Broken libraries are told on
// standard error.
std::unique_ptr<Registry> scan_plugins(const HostOptions& options,
                                       const std::vector<std::string>& files);

// Reads and checks all files. Problems go to standard error (or, with --format json, to standard
// output); no value if there were any, also when two files name the same pipeline.
std::optional<std::vector<PipelineConfig>> read_configs(const std::vector<std::string>& files,
                                                        const Registry& registry,
                                                        const HostOptions& options,
                                                        bool resolve_env = true);

// --state-dir, SLUICE_STATE_DIR, [state] dir, then $XDG_STATE_HOME/sluice or ~/.local/state/sluice.
// kInvalidConfig when files disagree.
Result<std::filesystem::path> state_directory(const HostOptions& options,
                                              const std::vector<PipelineConfig>& configs);

// Writes "sluice: message" to standard error, redacted, and gives the exit code that fits.
int complain(const Error& error);
void print(const std::string& text);           // to standard output
void print_json(const nlohmann::json& value);  // to standard output, redacted, a line at the end
void print_error(const std::string& text);     // to standard error

}  // namespace sluice::host
