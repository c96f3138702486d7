// SPDX-License-Identifier: Apache-2.0
//
// dlopen by Boost.DLL. Three rules, each for a reason that cost others dearly: the throwing
// overload (the other one loses dlerror's text), RTLD_NOW (a missing symbol is an error here, not
// death at the first call), and never unloaded (errors, arrays and thread-local destructors point
// into the library).
#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "host/plugin/descriptor.hpp"
#include "host/plugin/library.hpp"
#include "host/plugin/note.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

struct Loaded {
  boost::dll::shared_library library;
  const sluice_factory_t* factory = nullptr;
  std::optional<Error> refused;  // why it must not be used, though it is mapped
};

using FileId = std::pair<uint64_t, uint64_t>;  // device, inode

struct LoadedLibraries {
  std::mutex mutex;
  std::map<FileId, Loaded> files;
};

// Never destroyed, so no library is closed when the process ends either.
LoadedLibraries& loaded_libraries() {
  static auto* const libraries = new LoadedLibraries;
  return *libraries;
}

// The part of Boost's message that dlerror wrote, without the library's own path in front.
std::string loader_reason(const std::exception& failure, const std::string& path) {
  std::string text = failure.what();
  constexpr std::string_view kBegin = "(dlerror system message: ";
  const size_t begin = text.find(kBegin);
  const size_t end = text.rfind(')');
  if (begin != std::string::npos && end != std::string::npos && end > begin) {
    text = text.substr(begin + kBegin.size(), end - begin - kBegin.size());
  }
  if (text.compare(0, path.size() + 2, path + ": ") == 0) {
    text.erase(0, path.size() + 2);
  }
  return text;
}

// What glibc's loader says, as a sentence with a way out. Unknown texts pass as they are.
std::string explain(const std::string& reason) {
  const auto between = [&reason](std::string_view begin, std::string_view end) {
    const size_t from = reason.find(begin);
    if (from == std::string::npos) {
      return std::string();
    }
    const size_t start = from + begin.size();
    const size_t stop = end.empty() ? reason.size() : reason.find(end, start);
    return reason.substr(start, stop == std::string::npos ? stop : stop - start);
  };
  constexpr std::string_view kNoFile = ": cannot open shared object file";
  if (const size_t at = reason.find(kNoFile); at != std::string::npos) {
    return "needs the library " + reason.substr(0, at) +
           ", which is not installed; install the package that has it";
  }
  if (const std::string version = between("version `", "' not found"); !version.empty()) {
    return "needs " + version + ", which this machine's libraries do not have (" + reason +
           "); build the plugin on an older system, or link libstdc++ statically";
  }
  if (const std::string symbol = between("undefined symbol: ", " "); !symbol.empty()) {
    return "uses the symbol " + symbol +
           ", which none of its libraries has; link the library that defines it (-z defs finds "
           "such symbols at build time)";
  }
  if (reason.find("static TLS") != std::string::npos) {
    return "needs more static thread-local storage than the process has left; build it without "
           "-ftls-model=initial-exec (" +
           reason + ")";
  }
  return "cannot be loaded: " + reason;
}

Error misbehaved(const std::string& sentence) {
  return Error{Code::kInternal, "plugin misbehaved: " + sentence};
}

// The entry as a struct of ours: only what the plugin's struct_size covers is read.
Result<sluice_entry_t> read_entry(const sluice_entry_t* theirs) {
  if (theirs == nullptr) {
    return misbehaved("sluice_entry_v1() returned nothing");
  }
  sluice_entry_t entry{};
  const size_t size = std::min<size_t>(theirs->struct_size, sizeof entry);
  if (size < sizeof entry) {
    return misbehaved("its entry is smaller than that of ABI 1.0");
  }
  std::memcpy(&entry, theirs, size);
  if (entry.get_factory == nullptr) {
    return misbehaved("its entry has no get_factory");
  }
  return entry;
}

// The note was believed when configurations were checked, so the code must say the same.
Result<void> compare_with_note(const sluice_entry_t& entry, const sluice_factory_t& factory,
                               const LibraryInfo& note) {
  if (entry.abi_major != note.abi_major || entry.abi_minor != note.abi_minor ||
      entry.min_host_minor != note.min_host_minor) {
    return misbehaved("its note and its entry state different ABI numbers; rebuild it");
  }
  if (factory.count == nullptr || factory.descriptor == nullptr || factory.create == nullptr) {
    return misbehaved("its factory table has empty slots");
  }
  const uint32_t count = factory.count();
  if (count != note.components.size()) {
    return misbehaved("its note names " + std::to_string(note.components.size()) +
                      " components, its factory " + std::to_string(count) + "; rebuild it");
  }
  for (uint32_t i = 0; i < count; ++i) {
    auto descriptor = read_descriptor(factory.descriptor(i));
    if (!descriptor) {
      return std::move(descriptor).error();
    }
    const std::string kind = kind_name(descriptor->kind);
    const std::string id = descriptor->id;
    const bool known = std::any_of(note.components.begin(), note.components.end(),
                                   [&](const ComponentInfo& component) {
                                     return component.kind == kind && component.id == id;
                                   });
    if (!known) {
      return misbehaved("its factory has the " + kind + " \"" + clean_text(id, 100) +
                        "\", which its note does not name; rebuild it");
    }
  }
  return {};
}

Result<const sluice_factory_t*> pass_gate(const boost::dll::shared_library& library,
                                          const LibraryInfo& note, uint16_t host_minor) {
  constexpr const char* kEntry = "sluice_entry_v1";
  if (!library.has(kEntry)) {
    return Error{Code::kInvalidConfig,
                 "does not export sluice_entry_v1, though it has a sluice note; was its version "
                 "script left out?"};
  }
  auto entry = read_entry(library.get<const sluice_entry_t*()>(kEntry)());
  if (!entry) {
    return std::move(entry).error();
  }
  SLUICE_TRY(check_gate(entry->abi_major, entry->abi_minor, entry->min_host_minor, host_minor));
  const auto* factory = static_cast<const sluice_factory_t*>(entry->get_factory(SLUICE_FACTORY_ID));
  if (factory == nullptr) {
    return misbehaved("it has no factory table " SLUICE_FACTORY_ID);
  }
  SLUICE_TRY(compare_with_note(*entry, *factory, note));
  return factory;
}

}  // namespace

Result<const sluice_factory_t*> load_library(const std::filesystem::path& file,
                                             uint16_t host_minor) {
  const std::string place = clean_text(file.string(), 4096);
  auto note = read_library(file, host_minor);  // before any code of it runs
  if (!note) {
    return std::move(note).error();
  }
  std::error_code ec;
  const auto path = std::filesystem::canonical(file, ec);
  struct stat status {};
  if (ec || stat(path.c_str(), &status) != 0) {
    return Error{Code::kNotFound, place + ": vanished while it was loaded"};
  }
  LoadedLibraries& all = loaded_libraries();
  const std::lock_guard lock(all.mutex);
  const FileId id{status.st_dev, status.st_ino};
  auto found = all.files.find(id);
  if (found == all.files.end()) {
    Loaded loaded;
    try {
      constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
          static_cast<unsigned>(boost::dll::load_mode::rtld_now) |
          static_cast<unsigned>(boost::dll::load_mode::rtld_local) |
          static_cast<unsigned>(RTLD_NODELETE));
      loaded.library.load(path, kMode);
    } catch (const std::exception& failure) {
      return Error{Code::kInvalidConfig,
                   place + ": " + clean_text(explain(loader_reason(failure, path.string())), 900)};
    }
    found = all.files.emplace(id, std::move(loaded)).first;
    auto factory = pass_gate(found->second.library, *note, host_minor);
    if (factory) {
      found->second.factory = *factory;
    } else {
      found->second.refused = std::move(factory).error().in(place);
    }
  }
  if (found->second.refused) {
    return *found->second.refused;
  }
  return found->second.factory;
}

}  // namespace sluice::host
