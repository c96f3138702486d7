// SPDX-License-Identifier: Apache-2.0
//
// Small ELF files, right and wrong, and a folder to put them in.
#pragma once

#include <elf.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::host::test {

// A folder of its own, 0700, gone at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string note_json(const std::string& id = "demo", const std::string& abi = "[1,0]",
                             const std::string& needs = "0") {
  return R"({"abi":)" + abi + R"(,"min_host_minor":)" + needs +
         R"(,"sdk":"0.1.0","components":[{"kind":"source","id":")" + id +
         R"(","name":"Demo","version":"1.2.3","vendor":"v","license":"l","doc_url":"",)"
         R"("config_schema":{"type":"object"}}]})";
}

inline std::string note_bytes(const std::string& content, const std::string& owner = "sluice",
                              uint32_t type = 1) {
  const Elf64_Nhdr header = {static_cast<Elf64_Word>(owner.size() + 1),
                             static_cast<Elf64_Word>(content.size()), type};
  std::string out(reinterpret_cast<const char*>(&header), sizeof header);
  out += owner + '\0';
  out.resize((out.size() + 3) / 4 * 4);
  out += content;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

// An ELF file with one PT_NOTE segment and no section headers.
inline std::string elf_with_note(const std::string& note) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
#if defined(__x86_64__)
  header.e_machine = EM_X86_64;
#else
  header.e_machine = EM_AARCH64;
#endif
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_flags = PF_R;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = note.size();
  segment.p_memsz = note.size();
  segment.p_align = 4;
  std::string out(reinterpret_cast<const char*>(&header), sizeof header);
  out.append(reinterpret_cast<const char*>(&segment), sizeof segment);
  return out + note;
}

}  // namespace sluice::host::test
