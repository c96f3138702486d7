// SPDX-License-Identifier: Apache-2.0
#include "host/secret/secrets.hpp"

#include <algorithm>
#include <cstdlib>

#include "host/observe/log.hpp"
#include "host/observe/redact.hpp"
#include "host/secret/command.hpp"
#include "host/secret/private_file.hpp"

namespace sluice::host {
namespace {

constexpr auto kFailureHolds = std::chrono::minutes(1);

Error no_value(const std::string& what) {
  return Error{Code::kAuth, what};
}

Result<LockedBytes> from_environment(const std::string& variable) {
  const char* value =
      std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr) {
    return no_value("the environment variable " + variable + " is not set");
  }
  return LockedBytes(std::string_view(value));
}

Result<LockedBytes> from_credential(const std::string& name) {
  const char* folder =
      std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (folder == nullptr || *folder == '\0') {
    return no_value(
        "there is no CREDENTIALS_DIRECTORY; run sluice as a systemd service with "
        "LoadCredential=" +
        name + ":PATH");
  }
  if (name == "." || name == ".." || name.find('/') != std::string::npos) {
    return no_value("'" + name + "' is not the name of a systemd credential");
  }
  return read_private_file(std::filesystem::path(folder) / name, FileGuard::kManager,
                           kLongestSecret, "its systemd credential");
}

std::string_view without_line_end(std::string_view value) {
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) {
    value.remove_suffix(1);
  }
  return value;
}

}  // namespace

Result<LockedBytes> Secrets::output_of(const std::vector<std::string>& command) {
  std::shared_ptr<Run> run;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = runs_[command];
    if (!slot) {
      slot = std::make_shared<Run>();
    }
    run = slot;
  }
  const std::lock_guard lock(run->mutex);
  const bool due =
      !run->ran || (!run->good && std::chrono::steady_clock::now() - run->ended >= kFailureHolds);
  if (due) {
    auto output = run_secret_command(command, command_timeout_);
    run->ran = true;
    run->ended = std::chrono::steady_clock::now();
    run->good = output.has_value();
    if (output) {
      run->value = std::move(*output);
    } else {
      run->error = std::move(output).error();
    }
  }
  return run->good ? Result<LockedBytes>(LockedBytes(run->value.view())) : run->error;
}

Result<LockedBytes> Secrets::read(const std::string& what, const SecretConfig& from) {
  switch (from.from) {
    case SecretConfig::From::kEnv:
      return from_environment(from.value);
    case SecretConfig::From::kFile:
      return read_private_file(from.value, FileGuard::kOwnerOnly, kLongestSecret, "its file");
    case SecretConfig::From::kCredential:
      return from_credential(from.value);
    case SecretConfig::From::kCommand:
      return output_of(from.command);
    case SecretConfig::From::kStore:
      return store_.get(from.value);
  }
  return Error{Code::kInternal, what + ": unknown source"};
}

Result<std::string> Secrets::get(const std::string& name, const SecretConfig& from) {
  keep_memory_private();
  const std::string what = name.starts_with("env:") ? "a secret" : "secret '" + name + "'";
  auto read_value = read(what, from);
  if (!read_value) {
    Error error = std::move(read_value).error().in(what);
    // Whatever the reason, without the secret there is no access; a damaged store says so itself.
    error.code = error.code == Code::kCorrupt ? Code::kCorrupt : Code::kAuth;
    return error;
  }
  const std::string_view value = without_line_end(read_value->view());
  if (value.empty()) {
    return Error{Code::kAuth, what + ": its value is empty"};
  }
  if (value.size() < Redactor::kShortest) {
    log(LogLevel::kWarn,
        what + " has fewer than 4 characters, too short to be blotted out of logs and reports");
  }
  add_secret(value);
  return std::string(value);
}

}  // namespace sluice::host
