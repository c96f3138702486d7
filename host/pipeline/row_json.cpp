// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/row_json.hpp"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

namespace sluice::host {
namespace {

using nlohmann::ordered_json;

template <class T>
T load(const void* buffer, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(buffer) + static_cast<size_t>(index) * sizeof(T),
              sizeof(T));
  return value;
}

bool bit(const void* buffer, int64_t index) {
  const auto byte = static_cast<const uint8_t*>(buffer)[index / 8];
  return (byte >> static_cast<unsigned>(index % 8) & 1U) != 0;
}

template <class Offset>
std::string text(const ArrowArray& column, int64_t index) {
  const auto begin = load<Offset>(column.buffers[1], index);
  const auto end = load<Offset>(column.buffers[1], index + 1);
  return {static_cast<const char*>(column.buffers[2]) + begin, static_cast<size_t>(end - begin)};
}

// Unscaled 128-bit integer with its scale, as decimal text.
std::string decimal_text(const ArrowArray& column, int64_t index, const std::string& format) {
  const auto low = load<uint64_t>(column.buffers[1], index * 2);
  const auto high = load<int64_t>(column.buffers[1], index * 2 + 1);
  const auto scale = static_cast<size_t>(std::atoi(format.c_str() + format.find(',') + 1));
  __extension__ using Wide = unsigned __int128;
  Wide value = static_cast<Wide>(static_cast<uint64_t>(high)) << 64U | low;
  const bool negative = high < 0;
  if (negative) {
    value = ~value + 1;
  }
  std::string digits;
  while (value > 0 || digits.size() <= scale) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  }
  if (scale > 0) {
    digits.insert(digits.size() - scale, 1, '.');
  }
  return negative ? '-' + digits : digits;
}

ordered_json cell(const Column& meta, const ArrowArray& column, int64_t row) {
  const int64_t index = column.offset + row;
  if (column.null_count != 0 && column.buffers[0] != nullptr && !bit(column.buffers[0], index)) {
    return nullptr;
  }
  if (meta.format == "b") {
    return bit(column.buffers[1], index);
  }
  if (meta.format == "i" || meta.format == "tdD") {
    return load<int32_t>(column.buffers[1], index);
  }
  if (meta.format == "l" || meta.format.starts_with("ts")) {
    return load<int64_t>(column.buffers[1], index);
  }
  if (meta.format == "g") {
    return load<double>(column.buffers[1], index);
  }
  if (meta.format.starts_with("d:")) {
    return decimal_text(column, index, meta.format);
  }
  return meta.format == "U" ? text<int64_t>(column, index) : text<int32_t>(column, index);
}

// Array struct, its children and the owner they all keep alive. Freed when the last of them is
// released.
struct Shared {
  std::shared_ptr<const ArrayHandle> owner;
  std::vector<ArrowArray*> children;
};

void release_shared(ArrowArray* array) {
  auto* shared = static_cast<Shared*>(array->private_data);
  for (ArrowArray* child : shared->children) {
    if (child->release != nullptr) {
      child->release(child);
    }
    delete child;
  }
  delete shared;
  array->release = nullptr;
}

ArrowArray share_tree(const ArrowArray& original, const std::shared_ptr<const ArrayHandle>& owner) {
  auto shared = std::make_unique<Shared>();
  shared->owner = owner;
  for (int64_t i = 0; i < original.n_children; ++i) {
    shared->children.push_back(new ArrowArray(share_tree(*original.children[i], owner)));
  }
  ArrowArray copy = original;
  copy.children = shared->children.empty() ? nullptr : shared->children.data();
  copy.dictionary = nullptr;
  copy.release = release_shared;
  copy.private_data = shared.release();
  return copy;
}

}  // namespace

std::string row_json(const Stream& stream, const ArrowArray& array, uint64_t row) {
  ordered_json out = ordered_json::object();
  if (static_cast<int64_t>(row) >= array.length) {
    return out.dump();
  }
  for (size_t i = 0; i < stream.columns.size() && static_cast<int64_t>(i) < array.n_children; ++i) {
    out[stream.columns[i].name] =
        cell(stream.columns[i], *array.children[i], array.offset + static_cast<int64_t>(row));
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ArrayHandle share(const std::shared_ptr<const ArrayHandle>& array) {
  return ArrayHandle(share_tree(array->get(), array));
}

}  // namespace sluice::host
