// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/note.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr size_t kMaxComponents = 256;
constexpr size_t kMaxTextBytes = 1000;

Error malformed(const std::string& what) {
  return Error{Code::kInvalidConfig, "its note is malformed: " + what};
}

// Parses with a limit on depth: destroying a deeply nested value recurses.
std::optional<json> parse_limited(std::string_view text) {
  bool too_deep = false;
  json value = json::parse(
      text.begin(), text.end(),
      [&too_deep](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > kMaxDepth;
        return !too_deep;
      },
      false);
  if (too_deep || value.is_discarded() || !value.is_object()) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint16_t> small_number(const json& value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > UINT16_MAX) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(value.get<uint64_t>());
}

// A text for people: sanitised, since it ends up on terminals. Missing is empty.
std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return {};
  }
  return clean_text(found->get_ref<const std::string&>(), kMaxTextBytes);
}

Result<ComponentInfo> read_component(const json& value) {
  if (!value.is_object()) {
    return malformed("an entry of `components` is no object");
  }
  ComponentInfo out;
  out.kind = text_of(value, "kind");
  if (out.kind != "source" && out.kind != "sink" && out.kind != "transform") {
    return malformed("a component's kind is neither source, sink nor transform");
  }
  out.id = text_of(value, "id");
  if (!is_component_id(out.id)) {
    return malformed("the id of a " + out.kind + " is not of the form [a-z0-9._-]+");
  }
  out.name = text_of(value, "name");
  out.version = text_of(value, "version");
  out.vendor = text_of(value, "vendor");
  out.license = text_of(value, "license");
  out.doc_url = text_of(value, "doc_url");
  const auto schema = value.find("config_schema");
  if (schema == value.end() || !schema->is_object()) {
    return malformed("the " + out.kind + " \"" + out.id + "\" has no object `config_schema`");
  }
  out.config_schema = schema->dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

}  // namespace

bool is_component_id(std::string_view id) {
  return !id.empty() && id.size() <= 100 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

Result<LibraryInfo> parse_note(std::string_view text) {
  while (!text.empty() && text.back() == '\0') {
    text.remove_suffix(1);
  }
  const auto value = parse_limited(text);
  if (!value) {
    return malformed("its content is not one JSON object");
  }
  LibraryInfo out;
  const auto abi = value->find("abi");
  if (abi == value->end() || !abi->is_array() || abi->size() != 2) {
    return malformed("`abi` is not [major, minor]");
  }
  const auto major = small_number((*abi)[0]);
  const auto minor = small_number((*abi)[1]);
  const auto least = value->find("min_host_minor");
  const auto needs = least == value->end() ? std::nullopt : small_number(*least);
  if (!major || !minor || !needs) {
    return malformed("`abi` and `min_host_minor` must be numbers from 0 to 65535");
  }
  out.abi_major = *major;
  out.abi_minor = *minor;
  out.min_host_minor = *needs;
  out.sdk_version = text_of(*value, "sdk");
  const auto components = value->find("components");
  if (components == value->end() || !components->is_array() || components->empty() ||
      components->size() > kMaxComponents) {
    return malformed("`components` is not a list of 1 to 256 objects");
  }
  for (const json& entry : *components) {
    auto component = read_component(entry);
    if (!component) {
      return std::move(component).error();
    }
    const bool twice =
        std::any_of(out.components.begin(), out.components.end(), [&](const ComponentInfo& other) {
          return other.kind == component->kind && other.id == component->id;
        });
    if (twice) {
      return malformed("it names the " + component->kind + " \"" + component->id + "\" twice");
    }
    out.components.push_back(std::move(*component));
  }
  return out;
}

Result<void> check_gate(uint16_t abi_major, uint16_t abi_minor, uint16_t min_host_minor,
                        uint16_t host_minor) {
  const std::string host = std::to_string(SLUICE_ABI_MAJOR) + "." + std::to_string(host_minor);
  const std::string built = std::to_string(abi_major) + "." + std::to_string(abi_minor);
  if (abi_major != SLUICE_ABI_MAJOR) {
    return Error{Code::kUnsupported, "built for plugin ABI " + built + ", this host speaks " +
                                         host + "; rebuild it with an SDK of ABI " +
                                         std::to_string(SLUICE_ABI_MAJOR)};
  }
  if (min_host_minor > host_minor) {
    return Error{Code::kUnsupported, "needs a host with plugin ABI " + std::to_string(abi_major) +
                                         "." + std::to_string(min_host_minor) +
                                         " or newer, this host has " + host + "; update sluice"};
  }
  return {};
}

}  // namespace sluice::host
