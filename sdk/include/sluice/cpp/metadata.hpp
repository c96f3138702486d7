// SPDX-License-Identifier: Apache-2.0
//
// Metadata of an Arrow schema: key and value pairs in the layout of the C Data Interface.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"

namespace sluice::inline sdk_v0::detail {

class MetadataWriter {
 public:
  void add(std::string_view key, std::string_view value) {
    ++count_;
    put(key);
    put(value);
  }
  // An empty value says nothing and is left out.
  void add_if(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      add(key, value);
    }
  }
  // The encoded block; empty if there are no pairs.
  std::string finish() const { return count_ == 0 ? std::string{} : number(count_) + pairs_; }

 private:
  static std::string number(int32_t value) {
    std::string bytes(sizeof(value), '\0');
    std::memcpy(bytes.data(), &value, sizeof(value));
    return bytes;
  }
  void put(std::string_view text) {
    pairs_ += number(static_cast<int32_t>(text.size()));
    pairs_ += text;
  }

  int32_t count_ = 0;
  std::string pairs_;
};

class Metadata {
 public:
  // `block` is as in ArrowSchema.metadata, or NULL. It carries no size, so only its signs can be
  // checked.
  explicit Metadata(const char* block) {
    if (block == nullptr) {
      return;
    }
    for (int32_t left = take(block); left > 0; --left) {
      std::string key = take_text(block);
      pairs_.emplace_back(std::move(key), take_text(block));
    }
  }

  // The value of `key`, or an empty text.
  std::string_view operator[](std::string_view key) const noexcept {
    for (const auto& [name, value] : pairs_) {
      if (name == key) {
        return value;
      }
    }
    return {};
  }

 private:
  static int32_t take(const char*& at) {
    int32_t value = 0;
    std::memcpy(&value, at, sizeof(value));
    at += sizeof(value);
    if (value < 0) {
      throw Error(Code::kBadData, "The metadata of an Arrow schema holds a negative length.");
    }
    return value;
  }
  static std::string take_text(const char*& at) {
    const auto size = static_cast<std::size_t>(take(at));
    std::string text(at, size);
    at += size;
    return text;
  }

  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace sluice::inline sdk_v0::detail
