// SPDX-License-Identifier: Apache-2.0
#include "host/cli/context.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads start
  return value == nullptr ? "" : value;
}

// Values from the environment may be secrets. An address without credentials is none, and errors
// must name it.
bool plain_address(const std::string& value) {
  const bool address = value.starts_with("http://") || value.starts_with("https://");
  return address && value.find_first_of("@?#") == std::string::npos;
}

void tell_problems(const std::vector<Problem>& problems, bool as_json) {
  if (!as_json) {
    for (const Problem& problem : problems) {
      print_error(problem.text() + "\n");
    }
    return;
  }
  nlohmann::json list = nlohmann::json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.file},
                    {"line", problem.line},
                    {"column", problem.column},
                    {"what", problem.what}});
  }
  print_json({{"problems", std::move(list)}});
}

}  // namespace

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const nlohmann::json& value) {
  print(redact(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n");
}

void print_error(const std::string& text) {
  const std::string safe = redact(text);
  std::fwrite(safe.data(), 1, safe.size(), stderr);
}

int complain(const Error& error) {
  print_error("sluice: " + error.message + "\n");
  return error.code == Code::kInvalidConfig ? kExitConfig : kExitIncomplete;
}

std::unique_ptr<Registry> scan_plugins(const HostOptions& options,
                                       const std::vector<std::string>& files) {
  std::vector<std::string> configured;
  for (const std::string& file : files) {
    for (std::string& folder : peek_host_keys(file).plugin_dirs) {
      configured.push_back(std::move(folder));
    }
  }
  SearchOptions search;
  search.folders = search_path(options.plugin_dirs, configured);
  search.trust_all = options.trust_plugins;
  auto registry = std::make_unique<Registry>(search);
  for (const std::string& problem : registry->problems()) {
    print_error("sluice: " + problem + "\n");
  }
  return registry;
}

std::optional<std::vector<PipelineConfig>> read_configs(const std::vector<std::string>& files,
                                                        const Registry& registry,
                                                        const HostOptions& options,
                                                        bool resolve_env) {
  std::vector<PipelineConfig> configs;
  std::vector<Problem> problems;
  std::map<std::string, std::string> file_of;  // pipeline → file
  for (const std::string& file : files) {
    ConfigResult read = read_config(file, registry, {options.set, resolve_env});
    for (const std::string& value : read.config.redact) {
      if (!plain_address(value)) {
        add_secret(value);
      }
    }
    if (read.problems.empty()) {
      const auto [other, fresh] = file_of.emplace(read.config.name, file);
      if (!fresh) {
        problems.push_back({file, 0, 0,
                            "pipeline '" + read.config.name + "' is already the name of " +
                                other->second +
                                "; give it another pipeline.name, since its state goes by it"});
      }
    }
    problems.insert(problems.end(), read.problems.begin(), read.problems.end());
    configs.push_back(std::move(read.config));
  }
  if (!problems.empty()) {
    tell_problems(problems, options.json);
    return std::nullopt;
  }
  return configs;
}

Result<std::filesystem::path> state_directory(const HostOptions& options,
                                              const std::vector<PipelineConfig>& configs) {
  if (!options.state_dir.empty()) {
    return std::filesystem::path(options.state_dir);
  }
  if (const std::string named = environment("SLUICE_STATE_DIR"); !named.empty()) {
    return std::filesystem::path(named);
  }
  std::optional<std::string> configured;
  for (const PipelineConfig& config : configs) {
    if (config.state_dir) {
      if (configured && *configured != *config.state_dir) {
        return Error{Code::kInvalidConfig,
                     config.file + ": state.dir is '" + *config.state_dir +
                         "', another file says '" + *configured +
                         "'; pipelines that run together share one, or give --state-dir"};
      }
      configured = config.state_dir;
    }
  }
  if (configured) {
    return std::filesystem::path(*configured);
  }
  if (const std::string xdg = environment("XDG_STATE_HOME"); !xdg.empty()) {
    return std::filesystem::path(xdg) / "sluice";
  }
  const std::string home = environment("HOME");
  if (home.empty()) {
    return Error{Code::kInvalidConfig,
                 "there is no HOME to keep the state in; give --state-dir or set SLUICE_STATE_DIR"};
  }
  return std::filesystem::path(home) / ".local/state/sluice";
}

}  // namespace sluice::host
