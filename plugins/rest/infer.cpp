// SPDX-License-Identifier: Apache-2.0
#include "infer.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/time_text.hpp"

namespace rest {
namespace {

using sluice::json;
using sluice::Type;

constexpr std::pair<Type, const char*> kNames[] = {
    {Type::kBool, "bool"},          {Type::kInt64, "int64"}, {Type::kFloat64, "float64"},
    {Type::kDecimal128, "decimal"}, {Type::kUtf8, "text"},   {Type::kTimestamp, "timestamp"},
    {Type::kDate32, "date"},        {Type::kJson, "json"}};

bool is_time(const std::string& text) {
  return text.size() > 10 && (text[10] == 'T' || text[10] == 't') &&
         sluice::parse_time(text).has_value();
}

}  // namespace

std::string column_name(std::string_view member) {
  std::string out;
  bool after_small = false;
  for (const char c : member) {
    const auto byte = static_cast<unsigned char>(c);
    out += std::isupper(byte) != 0 && after_small ? "_" : "";
    out += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
    after_small = std::islower(byte) != 0 || std::isdigit(byte) != 0;
  }
  return out.empty() || std::isdigit(static_cast<unsigned char>(out.front())) != 0 ? "_" + out
                                                                                   : out;
}

// The document is parsed in its own order, so that columns stand as the service writes them.
void Inference::add(std::string_view record) {
  const auto parsed = sluice::parse_mended<nlohmann::ordered_json>(record);
  if (!parsed.is_object()) {
    return;
  }
  ++records_;
  for (const auto& [name, value] : parsed.items()) {
    see(name, json(value));
  }
}

void Inference::see(const std::string& name, const json& value) {
  auto member = std::find_if(members_.begin(), members_.end(),
                             [&](const Member& one) { return one.name == name; });
  if (member == members_.end()) {
    member = members_.insert(member, {.name = name});
  }
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (value.is_boolean()) {
    member->is_bool = true;
  } else if (value.is_number_integer()) {
    const bool big = value.is_number_unsigned() && value.get<uint64_t>() > kMost;
    (big ? member->big : member->integer) = true;
  } else if (value.is_number()) {
    member->real = true;
  } else if (value.is_string()) {
    const auto text = value.get<std::string>();
    (is_time(text) ? member->time : sluice::parse_date(text) ? member->day : member->text) = true;
  } else if (value.is_structured()) {
    member->nested = true;
  }
}

Type Inference::type_of(const Member& member) {
  const bool number = member.integer || member.real || member.big;
  const bool text = member.text || ((member.time || member.day) && number) ||
                    (member.time && member.day) ||
                    (member.is_bool && (number || member.time || member.day));
  if (member.nested) {
    return Type::kJson;
  }
  if (text) {
    return Type::kUtf8;
  }
  return member.is_bool   ? Type::kBool
         : member.real    ? Type::kFloat64
         : member.big     ? Type::kDecimal128
         : member.integer ? Type::kInt64
         : member.time    ? Type::kTimestamp
         : member.day     ? Type::kDate32
                          : Type::kUtf8;
}

std::vector<Field> Inference::columns(const std::vector<Field>& declared) const {
  std::set<std::string> pointers, names;
  for (const Field& field : declared) {
    pointers.insert(field.pointer);
    names.insert(field.name);
  }
  std::vector<Field> out;
  for (const Member& member : members_) {
    const std::string pointer = sluice::to_json_pointer(member.name);
    if (pointers.contains(pointer)) {
      continue;
    }
    const std::string plain = column_name(member.name);
    std::string name = plain;
    for (int i = 2; !names.insert(name).second; ++i) {
      name = plain + "_" + std::to_string(i);
    }
    out.push_back({.name = name, .type = type_of(member), .pointer = pointer, .scale = 0});
  }
  return out;
}

json freeze(const std::vector<Field>& fields) {
  auto out = json::array();
  for (const Field& field : fields) {
    for (const auto& [type, name] : kNames) {
      if (type == field.type) {
        out.push_back({{"name", field.name}, {"type", name}, {"from", field.pointer}});
      }
    }
  }
  return out;
}

std::vector<Field> thaw(const json& frozen) {
  std::vector<Field> out;
  for (const json& one : frozen) {
    for (const auto& [type, name] : kNames) {
      if (one.value("type", "") == name) {
        out.push_back({.name = one.value("name", ""),
                       .type = type,
                       .pointer = one.value("from", ""),
                       .scale = 0});
      }
    }
  }
  return out;
}

}  // namespace rest
