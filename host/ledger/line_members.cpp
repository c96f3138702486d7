// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/line_members.hpp"

#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

std::string from_hex(const std::string& hex) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') {
      return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
      return static_cast<unsigned>(c - 'a') + 10;
    }
    throw BadLine("\"hex\" holds something else than 0-9 and a-f");
  };
  if (hex.size() % 2 != 0) {
    throw BadLine("\"hex\" has an odd number of digits");
  }
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return out;
}

}  // namespace

Members::Members(const LineJson& object, const char* name) : object_(object), name_(name) {
  if (!object.is_object()) {
    throw BadLine("\"" + std::string(name) + "\" is not an object");
  }
}

std::string Members::text(const char* key, bool required) {
  const LineJson* value = find(key, required);
  if (value == nullptr) {
    return {};
  }
  if (value->is_string()) {
    return value->get<std::string>();
  }
  if (value->is_object() && value->size() == 1 && value->contains("hex") &&
      (*value)["hex"].is_string()) {
    return from_hex((*value)["hex"].get<std::string>());
  }
  throw wrong(key, "a string or {\"hex\": ...}");
}

int64_t Members::integer(const char* key, int64_t missing) {
  const LineJson* value = find(key, false);
  if (value == nullptr) {
    return missing;
  }
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX)) {
    throw wrong(key, "an integer");
  }
  return value->get<int64_t>();
}

uint64_t Members::natural(const char* key, uint64_t most) {
  const LineJson* value = find(key, false);
  if (value == nullptr) {
    return 0;
  }
  if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
    throw wrong(key, "a whole number that is not negative");
  }
  return value->get<uint64_t>();
}

bool Members::flag(const char* key) {
  const LineJson* value = find(key, false);
  if (value != nullptr && !value->is_boolean()) {
    throw wrong(key, "true or false");
  }
  return value != nullptr && value->get<bool>();
}

const LineJson* Members::find(const char* key, bool required) {
  const auto at = object_.find(key);
  if (at != object_.end()) {
    ++taken_;
    return &*at;
  }
  if (required) {
    throw BadLine("\"" + std::string(name_) + "\" has no \"" + key + "\"");
  }
  return nullptr;
}

void Members::end() const {
  if (taken_ != object_.size()) {
    throw BadLine("\"" + std::string(name_) + "\" has members that are not known");
  }
}

BadLine Members::wrong(const char* key, const char* what) const {
  return BadLine("\"" + std::string(key) + "\" of \"" + name_ + "\" is not " + what);
}

}  // namespace sluice::host
