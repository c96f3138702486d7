// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/descriptor.hpp"

#include <algorithm>
#include <cstring>

#include "host/plugin/note.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {
constexpr size_t kMaxIdBytes = 100;
Error misbehaved(const std::string& sentence) {
  return Error{Code::kInternal, "plugin misbehaved: " + sentence};
}
}  // namespace

const char* kind_name(uint32_t kind) {
  switch (kind) {
    case SLUICE_KIND_SOURCE:
      return "source";
    case SLUICE_KIND_SINK:
      return "sink";
    case SLUICE_KIND_TRANSFORM:
      return "transform";
    default:
      return "component";
  }
}

Result<sluice_descriptor_t> read_descriptor(const sluice_descriptor_t* theirs) {
  if (theirs == nullptr) {
    return misbehaved("a component has no descriptor");
  }
  sluice_descriptor_t out{};
  const size_t size = std::min<size_t>(theirs->struct_size, sizeof out);
  if (size < sizeof out) {
    return misbehaved("a descriptor is smaller than that of ABI 1.0");
  }
  std::memcpy(&out, theirs, size);
  if (out.kind < SLUICE_KIND_SOURCE || out.kind > SLUICE_KIND_TRANSFORM) {
    return misbehaved("a descriptor has the unknown kind " + std::to_string(out.kind));
  }
  if (out.id == nullptr || !is_component_id({out.id, strnlen(out.id, kMaxIdBytes + 1)})) {
    return misbehaved("the id of a descriptor is not of the form [a-z0-9._-]+");
  }
  for (const sluice_str_t* text :
       {&out.name, &out.version, &out.vendor, &out.license, &out.doc_url, &out.config_schema}) {
    if (text->data == nullptr && text->size != 0) {
      return misbehaved(std::string("the descriptor of \"") + out.id +
                        "\" has a text without bytes");
    }
  }
  return out;
}

}  // namespace sluice::host
