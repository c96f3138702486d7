// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/elf_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "sluice/note.h"

namespace sluice::host {
namespace {

constexpr uint64_t kMaxNoteBytes = 1U << 20;
constexpr size_t kMaxEntries = 1U << 16;  // symbols and dynamic entries that are looked at

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64";
#else
#error "state the ELF machine number of this architecture"
#endif

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "x86 (32-bit)";
    case EM_ARM:
      return "arm (32-bit)";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    default:
      return "machine number " + std::to_string(machine);
  }
}

Error not_usable(std::string sentence) {
  return Error{Code::kInvalidConfig, std::move(sentence)};
}

std::string system_reason(int number) {
  return std::generic_category().message(number);
}

// The first bytes decide; the rest of the file is libelf's. Nullopt: a shared library of this
// machine.
std::optional<Error> judge_header(const unsigned char* head, size_t size) {
  if (size == 0) {
    return not_usable("the file is empty");
  }
  if (size < SELFMAG || std::memcmp(head, ELFMAG, SELFMAG) != 0) {
    return not_usable("not a shared library (it does not begin as an ELF file)");
  }
  if (size < sizeof(Elf64_Ehdr)) {
    return not_usable("truncated: the file ends within its ELF header");
  }
  Elf64_Ehdr header;
  std::memcpy(&header, head, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    return not_usable(std::string("built for a 32-bit machine; this host is ") + kMachineName);
  }
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return not_usable(std::string("built for a big-endian machine; this host is ") + kMachineName);
  }
  if (header.e_machine != kMachine) {
    return not_usable("built for " + machine_name(header.e_machine) + "; this host is " +
                      kMachineName);
  }
  if (header.e_type != ET_DYN) {
    return not_usable("not a shared library (an ELF file of another type)");
  }
  return std::nullopt;
}

// Looks for our note among those in `data`; `foreign` gets the owner of another one.
std::optional<std::string> find_note(Elf_Data* data, std::string& foreign) {
  if (data == nullptr || data->d_buf == nullptr) {
    return std::nullopt;
  }
  const auto* bytes = static_cast<const char*>(data->d_buf);
  GElf_Nhdr header;
  size_t name = 0;
  size_t content = 0;
  for (size_t at = 0; (at = gelf_getnote(data, at, &header, &name, &content)) > 0;) {
    if (header.n_namesz > data->d_size || name > data->d_size - header.n_namesz ||
        header.n_descsz > data->d_size || content > data->d_size - header.n_descsz) {
      return std::nullopt;
    }
    std::string_view owner(bytes + name, header.n_namesz);
    while (!owner.empty() && owner.back() == '\0') {
      owner.remove_suffix(1);
    }
    if (owner == SLUICE_NOTE_OWNER && header.n_type == SLUICE_NOTE_TYPE) {
      return std::string(bytes + content, header.n_descsz);
    }
    foreign.assign(owner);
  }
  return std::nullopt;
}

Elf_Scn* section_named(Elf* elf, std::string_view wanted, GElf_Shdr& header) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) {
    return nullptr;
  }
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    if (gelf_getshdr(section, &header) == nullptr) {
      continue;
    }
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name != nullptr && wanted == name) {
      return section;
    }
  }
  return nullptr;
}

// True if version `a` is higher than `b`; both are dotted numbers.
bool higher(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const auto take = [](std::string_view& text) {
      unsigned value = 0;
      size_t i = 0;
      for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && value < 100'000'000U; ++i) {
        value = value * 10 + static_cast<unsigned>(text[i] - '0');
      }
      text.remove_prefix(i < text.size() ? i + 1 : i);
      return value;
    };
    const unsigned left = take(a);
    const unsigned right = take(b);
    if (left != right) {
      return left > right;
    }
  }
  return false;
}

void raise_floor(std::string& floor, std::string_view version, std::string_view prefix) {
  if (version.size() > prefix.size() && version.substr(0, prefix.size()) == prefix &&
      version[prefix.size()] >= '0' && version[prefix.size()] <= '9') {
    version.remove_prefix(prefix.size());
    if (floor.empty() || higher(version, floor)) {
      floor.assign(version);
    }
  }
}

void read_version_needs(Elf* elf, Elf_Data* data, const GElf_Shdr& section, ElfFile::Dynamic& out) {
  int64_t at = 0;
  for (size_t files = 0; files < section.sh_info && files < kMaxEntries; ++files) {
    GElf_Verneed need;
    if (gelf_getverneed(data, static_cast<int>(at), &need) == nullptr) {
      return;
    }
    int64_t entry = at + need.vn_aux;
    for (size_t i = 0; i < need.vn_cnt; ++i) {
      GElf_Vernaux version;
      if (entry > INT32_MAX ||
          gelf_getvernaux(data, static_cast<int>(entry), &version) == nullptr) {
        return;
      }
      if (const char* name = elf_strptr(elf, section.sh_link, version.vna_name)) {
        raise_floor(out.glibc_floor, name, "GLIBC_");
        raise_floor(out.glibcxx_floor, name, "GLIBCXX_");
      }
      if (version.vna_next == 0) {
        break;
      }
      entry += version.vna_next;
    }
    if (need.vn_next == 0 || at + need.vn_next > INT32_MAX) {
      return;
    }
    at += need.vn_next;
  }
}

void read_symbols(Elf* elf, Elf_Data* data, const GElf_Shdr& section, ElfFile::Dynamic& out) {
  for (size_t i = 1; i < kMaxEntries; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) {
      return;
    }
    const unsigned visibility = GELF_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS ||
        GELF_ST_BIND(symbol.st_info) == STB_LOCAL || visibility == STV_HIDDEN ||
        visibility == STV_INTERNAL) {
      continue;
    }
    if (const char* name = elf_strptr(elf, section.sh_link, symbol.st_name)) {
      out.exported.emplace_back(name);
    }
  }
}

void read_dynamic(Elf* elf, Elf_Data* data, const GElf_Shdr& section, ElfFile::Dynamic& out) {
  for (size_t i = 0; i < kMaxEntries; ++i) {
    GElf_Dyn entry;
    if (gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr || entry.d_tag == DT_NULL) {
      return;
    }
    if (entry.d_tag == DT_NEEDED) {
      if (const char* name = elf_strptr(elf, section.sh_link, entry.d_un.d_val)) {
        out.needed.emplace_back(name);
      }
    } else if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
      out.has_rpath = true;
    } else if (entry.d_tag == DT_TEXTREL ||
               (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0)) {
      out.text_relocations = true;
    }
    if (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_STATIC_TLS) != 0) {
      out.static_tls = true;
    }
  }
}

}  // namespace

Result<ElfFile> ElfFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int number = errno;
    return Error{number == ENOENT ? Code::kNotFound : Code::kIo,
                 "cannot be opened: " + system_reason(number), 0, number};
  }
  ElfFile file(fd, nullptr, 0);
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return not_usable("not a regular file");
  }
  file.size_ = static_cast<uint64_t>(status.st_size);
  unsigned char head[sizeof(Elf64_Ehdr)] = {};
  const ssize_t got = pread(fd, head, sizeof head, 0);
  if (got < 0) {
    const int number = errno;
    return Error{Code::kIo, "cannot be read: " + system_reason(number), 0, number};
  }
  if (auto error = judge_header(head, static_cast<size_t>(got))) {
    return std::move(*error);
  }
  elf_version(EV_CURRENT);
  file.elf_ = elf_begin(fd, ELF_C_READ, nullptr);
  size_t segments = 0;
  if (file.elf_ == nullptr || elf_kind(file.elf_) != ELF_K_ELF ||
      elf_getphdrnum(file.elf_, &segments) != 0) {
    return not_usable("damaged or truncated: its ELF headers cannot be read");
  }
  GElf_Phdr segment;
  if (segments == 0 || gelf_getphdr(file.elf_, 0, &segment) == nullptr) {
    return not_usable("damaged or truncated: it has no program headers");
  }
  // What would be mapped must be there: dlopen of a shorter file ends in a bus error.
  for (size_t i = 0; i < segments; ++i) {
    if (gelf_getphdr(file.elf_, static_cast<int>(i), &segment) == nullptr ||
        (segment.p_type == PT_LOAD &&
         (segment.p_offset > file.size_ || segment.p_filesz > file.size_ - segment.p_offset))) {
      return not_usable("truncated: the file is shorter than its ELF headers say");
    }
  }
  return file;
}

ElfFile::ElfFile(ElfFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      elf_(std::exchange(other.elf_, nullptr)),
      size_(other.size_) {}

ElfFile::~ElfFile() {
  if (elf_ != nullptr) {
    elf_end(elf_);
  }
  if (fd_ >= 0) {
    close(fd_);
  }
}

Result<std::string> ElfFile::note() const {
  std::string foreign;
  GElf_Shdr header;
  bool present = false;
  if (Elf_Scn* section = section_named(elf_, SLUICE_NOTE_SECTION, header)) {
    present = true;
    if (header.sh_type == SHT_NOTE && header.sh_size <= kMaxNoteBytes) {
      if (auto note = find_note(elf_getdata(section, nullptr), foreign)) {
        return std::move(*note);
      }
    }
  }
  size_t segments = 0;
  elf_getphdrnum(elf_, &segments);
  std::string ignored;
  for (size_t i = 0; i < segments; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_NOTE ||
        segment.p_filesz > kMaxNoteBytes || segment.p_offset > size_ ||
        segment.p_filesz > size_ - segment.p_offset) {
      continue;
    }
    const Elf_Type type = segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
    Elf_Data* data =
        elf_getdata_rawchunk(elf_, static_cast<int64_t>(segment.p_offset), segment.p_filesz, type);
    if (auto note = find_note(data, ignored)) {
      return std::move(*note);
    }
  }
  if (present && !foreign.empty()) {
    return not_usable("not a sluice plugin (its " SLUICE_NOTE_SECTION
                      " belongs to another owner or type)");
  }
  if (present) {
    return not_usable("its " SLUICE_NOTE_SECTION " is malformed: no complete note stands in it");
  }
  return not_usable("not a sluice plugin (no " SLUICE_NOTE_SECTION ")");
}

ElfFile::Dynamic ElfFile::dynamic() const {
  Dynamic out;
  out.has_sections = false;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_size > size_) {
      continue;
    }
    if (header.sh_type != SHT_DYNAMIC && header.sh_type != SHT_DYNSYM &&
        header.sh_type != SHT_GNU_verneed) {
      continue;
    }
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) {
      continue;
    }
    out.has_sections = true;
    if (header.sh_type == SHT_DYNAMIC) {
      read_dynamic(elf_, data, header, out);
    } else if (header.sh_type == SHT_DYNSYM) {
      read_symbols(elf_, data, header, out);
    } else {
      read_version_needs(elf_, data, header, out);
    }
  }
  size_t segments = 0;
  elf_getphdrnum(elf_, &segments);
  bool stack_stated = false;
  for (size_t i = 0; i < segments; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) != nullptr &&
        segment.p_type == PT_GNU_STACK) {
      stack_stated = true;
      out.executable_stack = (segment.p_flags & PF_X) != 0;
    }
  }
  // Without the header the loader falls back to the architecture's default, which x86 has
  // executable.
  out.executable_stack = out.executable_stack || !stack_stated;
  return out;
}

std::string ElfFile::architecture() const {
  return kMachineName;
}

}  // namespace sluice::host
