// SPDX-License-Identifier: Apache-2.0
//
// Plugin libraries: found on the search path, judged without running their code, loaded once and
// never unloaded. The only place that knows Boost.DLL.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "host/config/config.hpp"
#include "sluice/sluice.h"

namespace sluice::host {

struct ComponentInfo {  // as the library's note says
  std::string kind;     // "source", "sink", "transform"
  std::string id, name, version, vendor, license, doc_url;
  std::string config_schema;  // JSON
};

// What a file is, read from its ELF headers and note; no code of it runs.
struct LibraryInfo {
  std::filesystem::path path;
  uint16_t abi_major = 0, abi_minor = 0, min_host_minor = 0;
  std::string sdk_version;
  std::vector<ComponentInfo> components;
};

// More of the same, for `sluice plugins inspect`.
struct LibraryDetails : LibraryInfo {
  std::string sha256, architecture;
  uint64_t size_bytes = 0;
  std::vector<std::string> exported, needed;
  std::string glibc_floor,
      glibcxx_floor;  // highest symbol versions needed, e.g. "2.34", "3.4.30"; empty = none
  std::vector<std::string>
      warnings;  // sentences: more than one export, executable stack, text relocations, …
};

// Reads the note. Errors are one clear sentence: not an ELF file, wrong architecture, no note,
// other major, newer minor, malformed note.
Result<LibraryInfo> read_library(const std::filesystem::path& file,
                                 uint16_t host_minor = SLUICE_ABI_MINOR);
Result<LibraryDetails> inspect_library(const std::filesystem::path& file);

// Refuses a file or folder that others than its owner (us or root) may write to, with the reason
// and remedy.
Result<void> check_trust(const std::filesystem::path& file_or_folder);

struct SearchOptions {
  std::vector<std::filesystem::path>
      folders;             // in order; the first library with a component id wins
  bool trust_all = false;  // skip check_trust
};

// Folders in order: `first` (--plugin-dir), SLUICE_PLUGIN_PATH, `configured`,
// ~/.local/lib/sluice/plugins, and lib/sluice/plugins beside the binary's bin folder.
std::vector<std::filesystem::path> search_path(const std::vector<std::string>& first,
                                               const std::vector<std::string>& configured);

// The libraries of a search path. Scanning runs no plugin code and never fails as a whole: what is
// broken costs itself one line in problems().
class Registry final : public Schemas {
 public:
  explicit Registry(const SearchOptions& options);
  [[nodiscard]] const std::vector<LibraryInfo>& libraries() const { return libraries_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return folders_; }
  // Null if not installed.
  [[nodiscard]] const ComponentInfo* find(std::string_view kind, std::string_view id,
                                          const LibraryInfo** library = nullptr) const;
  [[nodiscard]] const std::string* config_schema(std::string_view kind,
                                                 std::string_view id) const override;
  [[nodiscard]] std::vector<std::string> ids(std::string_view kind) const override;

 private:
  std::vector<LibraryInfo> libraries_;
  std::vector<std::string> problems_;
  std::vector<std::filesystem::path> folders_;
};

// Loads a library (once per process and path; RTLD_NOW, RTLD_LOCAL, RTLD_NODELETE), passes the
// gate, and gives its factory. Errors carry dlerror's reason: missing symbol, missing dependency by
// name, other ABI.
Result<const sluice_factory_t*> load_library(const std::filesystem::path& file,
                                             uint16_t host_minor = SLUICE_ABI_MINOR);

}  // namespace sluice::host
