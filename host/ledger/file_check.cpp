// SPDX-License-Identifier: Apache-2.0
//
// Knows LMDB 0.9's file layout (the data version that its header carries is checked): two header
// pages, then B+ trees of branch, leaf and overflow pages. Numbers are in the machine's byte order.
#include "host/ledger/file_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace sluice::host {
namespace {

constexpr uint32_t kMagic = 0xBEEFC0DE;
constexpr uint32_t kDataVersion = 1;
constexpr size_t kPageHeader = 16;
constexpr size_t kNodeHeader = 8;
constexpr uint64_t kNoPage = UINT64_MAX;
constexpr uint16_t kMostDepth = 32;

enum PageFlag : uint16_t { kBranch = 1, kLeaf = 2, kOverflow = 4, kHeader = 8 };
enum NodeFlag : uint16_t { kBigData = 1, kSubTree = 2, kDuplicates = 4 };

template <class T>
T load(std::string_view bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct Tree {
  uint16_t flags = 0, depth = 0;
  uint64_t root = kNoPage;
  static constexpr size_t kBytes = 48;
  static Tree from(std::string_view bytes) {
    return {load<uint16_t>(bytes, 4), load<uint16_t>(bytes, 6), load<uint64_t>(bytes, 40)};
  }
};

struct Header {
  uint64_t page_bytes = 0, last_page = 0, txn = 0;
  Tree free, main;
};

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] uint64_t size() const {
    struct stat status {};
    return fstat(fd_, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  }
  [[nodiscard]] bool read(uint64_t at, std::vector<char>& out) const {
    return pread(fd_, out.data(), out.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(out.size());
  }

 private:
  int fd_;
};

class Checker {
 public:
  Checker(const File& file, std::string& why) : file_(file), why_(why) {}
  bool headers(bool& is_short);
  bool trees() {
    pages_ = file_.size() / header_.page_bytes;
    if (pages_ > header_.last_page + 1) {
      pages_ = header_.last_page + 1;  // what lies behind is of a transaction that never ended
    }
    seen_.assign(pages_, false);
    return tree(header_.free, true) && tree(header_.main, false);
  }

 private:
  bool bad(std::string what) {
    why_ = std::move(what);
    return false;
  }
  bool header(uint64_t at, Header& out);
  bool tree(const Tree& tree, bool is_free_list);
  bool page(uint64_t no, unsigned depth, bool is_free_list);
  bool node(std::string_view page, size_t at, bool branch, unsigned depth, bool is_free_list);
  bool free_list(std::string_view pages);
  bool visit(uint64_t no) {
    if (no < 2 || no >= pages_ || seen_[no]) {
      return bad("page " + std::to_string(no) + " is missing or used twice");
    }
    seen_[no] = true;
    return true;
  }

  const File& file_;
  std::string& why_;
  Header header_;
  uint64_t pages_ = 0;
  std::vector<bool> seen_;
};

bool Checker::header(uint64_t at, Header& out) {
  std::vector<char> buffer(152);
  if (!file_.read(at, buffer)) {
    return bad("its header is cut off");
  }
  const std::string_view bytes(buffer.data(), buffer.size());
  if ((load<uint16_t>(bytes, 10) & kHeader) == 0 || load<uint32_t>(bytes, 16) != kMagic ||
      load<uint32_t>(bytes, 20) != kDataVersion) {
    return bad("its header is not that of a ledger");
  }
  out.page_bytes = load<uint32_t>(bytes, 40);
  out.free = Tree::from(bytes.substr(40, Tree::kBytes));
  out.main = Tree::from(bytes.substr(88, Tree::kBytes));
  out.last_page = load<uint64_t>(bytes, 136);
  out.txn = load<uint64_t>(bytes, 144);
  const uint64_t size = out.page_bytes;
  if (size < 512 || size > 65536 || (size & (size - 1)) != 0 || out.last_page < 1 ||
      out.last_page > (uint64_t{1} << 48)) {
    return bad("its header is damaged");
  }
  return true;
}

bool Checker::headers(bool& is_short) {
  Header first;
  Header second;
  if (!header(0, first) || !header(first.page_bytes, second)) {
    return false;
  }
  if (first.page_bytes != second.page_bytes) {
    return bad("its header is damaged");
  }
  header_ = first.txn > second.txn ? first : second;
  is_short = file_.size() / header_.page_bytes <= header_.last_page;
  return true;
}

bool Checker::tree(const Tree& tree, bool is_free_list) {
  if (tree.root == kNoPage) {
    return true;
  }
  if (tree.depth == 0 || tree.depth > kMostDepth) {
    return bad("a tree has an impossible depth");
  }
  return page(tree.root, tree.depth, is_free_list);
}

bool Checker::page(uint64_t no, unsigned depth, bool is_free_list) {
  if (!visit(no)) {
    return false;
  }
  std::vector<char> buffer(header_.page_bytes);
  if (!file_.read(no * header_.page_bytes, buffer)) {
    return bad("page " + std::to_string(no) + " cannot be read");
  }
  const std::string_view bytes(buffer.data(), buffer.size());
  const auto flags = load<uint16_t>(bytes, 10);
  const auto lower = load<uint16_t>(bytes, 12);
  const auto upper = load<uint16_t>(bytes, 14);
  const bool branch = depth > 1;
  if (load<uint64_t>(bytes, 0) != no || (flags & 0xFU) != (branch ? kBranch : kLeaf) ||
      lower < kPageHeader || lower % 2 != 0 || upper < lower || upper > header_.page_bytes) {
    return bad("page " + std::to_string(no) + " is damaged");
  }
  const size_t nodes = (lower - kPageHeader) / 2U;
  if (nodes < (branch ? 2U : 1U)) {
    return bad("page " + std::to_string(no) + " is empty");
  }
  for (size_t i = 0; i < nodes; ++i) {
    const auto at = load<uint16_t>(bytes, kPageHeader + 2 * i);
    if (at < upper || at + kNodeHeader > bytes.size()) {
      return bad("page " + std::to_string(no) + " is damaged");
    }
    if (!node(bytes, at, branch, depth, is_free_list)) {
      return false;
    }
  }
  return true;
}

bool Checker::node(std::string_view page_bytes, size_t at, bool branch, unsigned depth,
                   bool is_free_list) {
  const uint64_t low = load<uint16_t>(page_bytes, at);
  const uint64_t high = load<uint16_t>(page_bytes, at + 2);
  const auto flags = load<uint16_t>(page_bytes, at + 4);
  const size_t key = load<uint16_t>(page_bytes, at + 6);
  const size_t data = at + kNodeHeader + key;
  if (data > page_bytes.size()) {
    return bad("a key reaches over the end of its page");
  }
  if (branch) {
    return page(low | high << 16 | static_cast<uint64_t>(flags) << 32, depth - 1, is_free_list);
  }
  const uint64_t size = low | high << 16;
  if ((flags & kDuplicates) != 0 || (flags & ~7U) != 0) {
    return bad("a value has an unknown form");
  }
  if ((flags & kBigData) == 0) {
    if (size > page_bytes.size() - data) {
      return bad("a value reaches over the end of its page");
    }
    if (is_free_list) {
      return free_list(page_bytes.substr(data, size));
    }
    if ((flags & kSubTree) == 0) {
      return true;
    }
    return size == Tree::kBytes ? tree(Tree::from(page_bytes.substr(data, size)), false)
                                : bad("a table has no root");
  }
  if (data + 8 > page_bytes.size()) {
    return bad("a value reaches over the end of its page");
  }
  const auto first = load<uint64_t>(page_bytes, data);
  const uint64_t count = (size + kPageHeader - 1) / header_.page_bytes + 1;
  for (uint64_t i = 0; i < count; ++i) {
    if (!visit(first + i)) {
      return false;
    }
  }
  std::vector<char> buffer(is_free_list ? kPageHeader + size : kPageHeader);
  if (!file_.read(first * header_.page_bytes, buffer)) {
    return bad("page " + std::to_string(first) + " cannot be read");
  }
  const std::string_view overflow(buffer.data(), buffer.size());
  if (load<uint64_t>(overflow, 0) != first || (load<uint16_t>(overflow, 10) & kOverflow) == 0 ||
      load<uint32_t>(overflow, 12) < count) {
    return bad("page " + std::to_string(first) + " is damaged");
  }
  return !is_free_list || free_list(overflow.substr(kPageHeader));
}

// A count and as many page numbers.
bool Checker::free_list(std::string_view pages) {
  if (pages.size() < 8 || pages.size() % 8 != 0 ||
      load<uint64_t>(pages, 0) > pages.size() / 8 - 1) {
    return bad("the list of free pages is damaged");
  }
  for (uint64_t i = 1; i <= load<uint64_t>(pages, 0); ++i) {
    const auto no = load<uint64_t>(pages, i * 8);
    if (no < 2 || no > header_.last_page) {
      return bad("the list of free pages is damaged");
    }
  }
  return true;
}

}  // namespace

FileState check_file(const std::filesystem::path& file, bool all_pages, std::string* why) {
  std::string unused;
  const File opened(file);
  if (!opened.is_open() || opened.size() == 0) {
    return FileState::kMissing;
  }
  Checker checker(opened, why != nullptr ? *why : unused);
  bool is_short = false;
  if (!checker.headers(is_short)) {
    return FileState::kDamaged;
  }
  // A file may be shorter than its header says and whole: pages that were taken and given back in
  // one transaction are not written.
  return (is_short || all_pages) && !checker.trees() ? FileState::kDamaged : FileState::kSound;
}

}  // namespace sluice::host
