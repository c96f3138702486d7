// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/library.hpp"

#include <sha2.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "host/plugin/elf_file.hpp"
#include "host/plugin/note.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

Result<LibraryInfo> read_note_of(const ElfFile& elf, const std::filesystem::path& file) {
  auto note = elf.note();
  if (!note) {
    return std::move(note).error();
  }
  auto info = parse_note(*note);
  if (info) {
    info->path = file;
  }
  return info;
}

// libmd does it: it is small, and in every Debian system. libcrypto would cost each start of the
// host more than all the rest of it. Empty if the file cannot be read.
std::string sha256_hex(int fd) {
  SHA2_CTX digest;
  SHA256Init(&digest);
  std::array<uint8_t, 1U << 16> buffer{};
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(fd, buffer.data(), buffer.size(), at)) != 0; at += got) {
    if (got < 0) {
      return {};
    }
    SHA256Update(&digest, buffer.data(), static_cast<size_t>(got));
  }
  std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
  return SHA256End(&digest, hex.data()) == nullptr ? std::string() : std::string(hex.data());
}

std::vector<std::string> warnings_of(const ElfFile::Dynamic& dynamic) {
  std::vector<std::string> out;
  if (!dynamic.has_sections) {
    out.emplace_back(
        "The file has no section headers: its symbols and dependencies cannot be shown.");
  } else {
    const bool entry = std::find(dynamic.exported.begin(), dynamic.exported.end(),
                                 "sluice_entry_v1") != dynamic.exported.end();
    if (!entry) {
      out.emplace_back("It does not export sluice_entry_v1, so it cannot be loaded.");
    }
    if (dynamic.exported.size() > (entry ? 1U : 0U)) {
      out.emplace_back(
          "It exports more than sluice_entry_v1, which can clash with other libraries: link it "
          "with hidden visibility and a version script, as sluice_add_plugin() does.");
    }
  }
  if (dynamic.executable_stack) {
    out.emplace_back("It asks for an executable stack: link it with -z noexecstack.");
  }
  if (dynamic.text_relocations) {
    out.emplace_back("It has text relocations: compile it with -fPIC.");
  }
  if (dynamic.static_tls) {
    out.emplace_back(
        "It uses static thread-local storage, of which a process has little: compile it without "
        "-ftls-model=initial-exec.");
  }
  if (dynamic.has_rpath) {
    out.emplace_back(
        "It carries a search path for its dependencies (RPATH or RUNPATH), which ties it to the "
        "machine it was built on.");
  }
  return out;
}

}  // namespace

Result<LibraryInfo> read_library(const std::filesystem::path& file, uint16_t host_minor) {
  const std::string place = clean_text(file.string(), 4096);
  const auto elf = ElfFile::open(file);
  if (!elf) {
    return Error(elf.error()).in(place);
  }
  auto info = read_note_of(*elf, file);
  if (!info) {
    return std::move(info).error().in(place);
  }
  if (auto gate = check_gate(info->abi_major, info->abi_minor, info->min_host_minor, host_minor);
      !gate) {
    return std::move(gate).error().in(place);
  }
  return info;
}

Result<LibraryDetails> inspect_library(const std::filesystem::path& file) {
  const std::string place = clean_text(file.string(), 4096);
  const auto elf = ElfFile::open(file);
  if (!elf) {
    return Error(elf.error()).in(place);
  }
  auto info = read_note_of(*elf, file);
  if (!info) {
    return std::move(info).error().in(place);
  }
  LibraryDetails out;
  static_cast<LibraryInfo&>(out) = std::move(*info);
  out.architecture = elf->architecture();
  out.size_bytes = elf->size_bytes();
  out.sha256 = sha256_hex(elf->descriptor());
  if (out.sha256.empty()) {
    return Error{Code::kIo, place + ": cannot be read to its end"};
  }
  ElfFile::Dynamic dynamic = elf->dynamic();
  out.warnings = warnings_of(dynamic);
  if (auto gate = check_gate(out.abi_major, out.abi_minor, out.min_host_minor, SLUICE_ABI_MINOR);
      !gate) {
    out.warnings.insert(out.warnings.begin(),
                        "This host cannot use it: " + gate.error().message + ".");
  }
  const auto clean = [](std::vector<std::string>& names) {
    for (std::string& name : names) {
      name = clean_text(name, 1000);
    }
    std::sort(names.begin(), names.end());
  };
  clean(dynamic.exported);
  clean(dynamic.needed);
  out.exported = std::move(dynamic.exported);
  out.needed = std::move(dynamic.needed);
  out.glibc_floor = clean_text(dynamic.glibc_floor, 40);
  out.glibcxx_floor = clean_text(dynamic.glibcxx_floor, 40);
  return out;
}

}  // namespace sluice::host
