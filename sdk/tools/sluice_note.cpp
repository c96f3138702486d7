// SPDX-License-Identifier: Apache-2.0
//
// sluice-note: adds to a plugin library the ELF note that says what is in it (sluice/note.h), by
// loading the library and asking its descriptors. Runs after linking, from sluice_add_plugin().
//
//   sluice-note [--print] [--objcopy PROGRAM] LIBRARY
#include <dlfcn.h>
#include <elf.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/sluice.h"

extern char** environ;

namespace {

using json = nlohmann::ordered_json;

std::string text(sluice_str_t value) {
  return value.data == nullptr ? std::string{} : std::string(value.data, value.size);
}

const sluice_entry_t& load(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: process ends soon
  if (library == nullptr) {
    throw std::runtime_error(std::string("it does not load: ") + ::dlerror());
  }
  using Entry = const sluice_entry_t* (*)();
  void* const symbol = ::dlsym(library, "sluice_entry_v1");
  if (symbol == nullptr) {
    throw std::runtime_error(
        "it has no function sluice_entry_v1; name its components with "
        "SLUICE_PLUGIN() in one source file.");
  }
  const auto* entry = reinterpret_cast<Entry>(symbol)();
  if (entry == nullptr || entry->struct_size < sizeof(sluice_entry_t)) {
    throw std::runtime_error("sluice_entry_v1() gave nothing usable.");
  }
  return *entry;
}

json describe(const sluice_descriptor_t& d) {
  static constexpr const char* kKinds[] = {"", "source", "sink", "transform"};
  if (d.kind == 0 || d.kind >= std::size(kKinds) || d.id == nullptr) {
    throw std::runtime_error("a descriptor has no kind or no id.");
  }
  if (std::string_view(d.id).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") !=
          std::string_view::npos ||
      *d.id == '\0') {
    throw std::runtime_error(std::string("the id '") + d.id +
                             "' holds something else than a-z, 0-9, '.', '_' and '-'.");
  }
  const json schema = json::parse(text(d.config_schema), nullptr, false);
  if (!schema.is_object()) {
    throw std::runtime_error(std::string("the configuration schema of '") + d.id +
                             "' is not a JSON object.");
  }
  return {{"kind", kKinds[d.kind]},     {"id", d.id},
          {"name", text(d.name)},       {"version", text(d.version)},
          {"vendor", text(d.vendor)},   {"license", text(d.license)},
          {"doc_url", text(d.doc_url)}, {"config_schema", schema}};
}

std::string describe(const sluice_entry_t& entry) {
  const auto* factory = static_cast<const sluice_factory_t*>(entry.get_factory(SLUICE_FACTORY_ID));
  if (factory == nullptr || factory->count() == 0) {
    throw std::runtime_error("it has no components.");
  }
  json note = {{"abi", {entry.abi_major, entry.abi_minor}},
               {"min_host_minor", entry.min_host_minor},
               {"sdk", SLUICE_SDK_VERSION},
               {"components", json::array()}};
  for (uint32_t i = 0; i < factory->count(); ++i) {
    const auto* descriptor = factory->descriptor(i);
    if (descriptor == nullptr) {
      throw std::runtime_error("it has no descriptor for component " + std::to_string(i) + ".");
    }
    note["components"].push_back(describe(*descriptor));
  }
  return note.dump();
}

// Sizes and type, then owner with its NUL and content, each padded to four bytes.
std::string encode(const std::string& content) {
  const Elf64_Nhdr head = {sizeof(SLUICE_NOTE_OWNER), static_cast<Elf64_Word>(content.size()),
                           SLUICE_NOTE_TYPE};
  std::string note(reinterpret_cast<const char*>(&head), sizeof(head));
  const auto add = [&](std::string_view part) {
    note += part;
    note.append((4 - note.size() % 4) % 4, '\0');
  };
  add({SLUICE_NOTE_OWNER, sizeof(SLUICE_NOTE_OWNER)});
  add(content);
  return note;
}

// Whether the library states its note itself, by SLUICE_NOTE().
bool has_note(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const std::string section = std::string(SLUICE_NOTE_SECTION) + '\0';
  const std::string owner(SLUICE_NOTE_OWNER "\0", sizeof(SLUICE_NOTE_OWNER) + 1);  // padded to 8
  return bytes.find(section) != std::string::npos && bytes.find(owner + "{") != std::string::npos;
}

void run(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const auto& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  if (::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0 ||
      ::waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error(command[0] + " failed to add the section.");
  }
}

void add_note(const std::string& path, const std::string& note, const std::string& objcopy) {
  const std::string part = path + ".note.tmp";
  const std::string whole = path + ".with-note.tmp";
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << note;
    if (!out.flush()) {
      throw std::runtime_error("'" + part + "' cannot be written.");
    }
  }
  try {
    const std::string section = SLUICE_NOTE_SECTION;
    run({objcopy, "--add-section", section + "=" + part, "--set-section-flags",
         section + "=noload,readonly", path, whole});
    // A second pass, since a section must be there before it can be aligned.
    run({objcopy, "--set-section-alignment", section + "=4", whole});
    if (std::rename(whole.c_str(), path.c_str()) != 0) {  // at once, so a reader never sees half
      throw std::runtime_error("'" + path + "' cannot be replaced.");
    }
  } catch (...) {
    std::remove(part.c_str());
    std::remove(whole.c_str());
    throw;
  }
  std::remove(part.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string path;
  std::string objcopy = "objcopy";
  bool print = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--print") {
      print = true;
    } else if (word == "--objcopy" && i + 1 < argc) {
      objcopy = argv[++i];
    } else if (path.empty() && !word.starts_with("-")) {
      path = word.find('/') == std::string_view::npos ? "./" + std::string(word) : word;
    } else {
      path.clear();
      break;
    }
  }
  if (path.empty()) {
    std::cerr << "usage: sluice-note [--print] [--objcopy PROGRAM] LIBRARY\n";
    return 2;
  }
  try {
    const std::string content = describe(load(path));
    if (print) {
      std::cout << content << "\n";
    } else if (!has_note(path)) {
      add_note(path, encode(content), objcopy);
    }
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "sluice-note: " << path << " gets no note: " << e.what() << "\n";
    return 1;
  }
}
