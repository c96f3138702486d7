// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <pwd.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "host/plugin/library.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 10'000;  // per folder

fs::path home_folder() {
  if (const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): never set by us
      home != nullptr && home[0] == '/') {
    return home;
  }
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr && found->pw_dir != nullptr && found->pw_dir[0] == '/') {
    return found->pw_dir;
  }
  return {};
}

fs::path installed_folder() {
  std::error_code ec;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ec);
  return ec ? fs::path{} : binary.parent_path().parent_path() / "lib" / "sluice" / "plugins";
}

bool looks_like_library(std::string_view name) {
  return name.size() > 3 && name.substr(name.size() - 3) == ".so" && name[0] != '.';
}

// Names of a folder's libraries, sorted so that a scan has one outcome.
Result<std::vector<std::string>> libraries_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ec;
  fs::directory_iterator at(folder, ec);
  for (; !ec && at != fs::directory_iterator() && names.size() < kMaxFiles; at.increment(ec)) {
    if (std::string name = at->path().filename().string(); looks_like_library(name)) {
      names.push_back(std::move(name));
    }
  }
  if (ec) {
    return Error{Code::kIo,
                 clean_text(folder.string(), 4096) + ": cannot be listed: " + ec.message(), 0,
                 ec.value()};
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<fs::path> search_path(const std::vector<std::string>& first,
                                  const std::vector<std::string>& configured) {
  std::vector<fs::path> out;
  const auto add = [&out](const fs::path& folder) {
    if (folder.empty()) {
      return;
    }
    std::error_code ec;
    fs::path whole = fs::absolute(folder, ec).lexically_normal();
    if (!whole.has_filename()) {  // "plugins/" and "plugins" are one folder
      whole = whole.parent_path();
    }
    if (std::find(out.begin(), out.end(), whole) == out.end()) {
      out.push_back(std::move(whole));
    }
  };
  for (const std::string& folder : first) {
    add(folder);
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the environment is never changed by us
  if (const char* variable = std::getenv("SLUICE_PLUGIN_PATH")) {
    std::string_view rest = variable;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(':'), rest.size());
      add(fs::path(rest.substr(0, end)));
      rest.remove_prefix(end < rest.size() ? end + 1 : end);
    }
  }
  for (const std::string& folder : configured) {
    add(folder);
  }
  if (const fs::path home = home_folder(); !home.empty()) {
    add(home / ".local" / "lib" / "sluice" / "plugins");
  }
  add(installed_folder());
  return out;
}

Registry::Registry(const SearchOptions& options) : folders_(options.folders) {
  for (const fs::path& folder : folders_) {
    std::error_code ec;
    if (!fs::is_directory(folder, ec)) {
      continue;  // most folders of the search path do not exist on most machines
    }
    if (!options.trust_all) {
      if (auto trusted = check_trust(folder); !trusted) {
        problems_.push_back(trusted.error().message);
        continue;
      }
    }
    auto names = libraries_in(folder);
    if (!names) {
      problems_.push_back(names.error().message);
      continue;
    }
    for (const std::string& name : *names) {
      const fs::path file = folder / name;
      if (!options.trust_all) {
        if (auto trusted = check_trust(file); !trusted) {
          problems_.push_back(trusted.error().message);
          continue;
        }
      }
      if (auto info = read_library(file)) {
        libraries_.push_back(std::move(*info));
      } else {
        problems_.push_back(info.error().message);
      }
    }
  }
}

const ComponentInfo* Registry::find(std::string_view kind, std::string_view id,
                                    const LibraryInfo** library) const {
  for (const LibraryInfo& candidate : libraries_) {
    for (const ComponentInfo& component : candidate.components) {
      if (component.kind == kind && component.id == id) {
        if (library != nullptr) {
          *library = &candidate;
        }
        return &component;
      }
    }
  }
  return nullptr;
}

const std::string* Registry::config_schema(std::string_view kind, std::string_view id) const {
  const ComponentInfo* component = find(kind, id);
  return component == nullptr ? nullptr : &component->config_schema;
}

std::vector<std::string> Registry::ids(std::string_view kind) const {
  std::vector<std::string> out;
  for (const LibraryInfo& library : libraries_) {
    for (const ComponentInfo& component : library.components) {
      if (component.kind == kind) {
        out.push_back(component.id);
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace sluice::host
