// SPDX-License-Identifier: Apache-2.0
#include "canonical.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace blizzard {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr std::string_view kNamespace = "namespace=";

bool is_locale(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return name.size() == 5 && lower(name[0]) && lower(name[1]) && name[2] == '_' && upper(name[3]) &&
         upper(name[4]);
}

// Whether a text in all languages: {"en_US": "Axe", "de_DE": "Axt"}.
bool is_localised(object value) {
  bool any = false;
  for (const auto [name, text] : value) {
    if (is_locale(name)) {
      if (!(text.is_string() || text.is_null())) {
        return false;
      }
      any = true;
    }
  }
  return any;  // members that are no locale may come one day
}

void write_text(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 0xFU];
    } else {
      out += c;
    }
  }
  out += '"';
}

template <class T>
void write_number(T value, std::string& out) {
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

void write_object(object value, std::string_view locale, std::string& out) {
  if (is_localised(value)) {
    element text;
    if (locale.empty() || value[locale].get(text) != simdjson::SUCCESS || text.is_null()) {
      out += "null";
    } else {
      write_text(text.get_string().value_unsafe(), out);
    }
    return;
  }
  std::vector<std::pair<std::string_view, element>> members;
  for (const auto [name, member] : value) {
    members.emplace_back(name, member);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  out += '{';
  for (const auto& [name, member] : members) {
    if (out.back() != '{') {
      out += ',';
    }
    write_text(name, out);
    out += ':';
    write_canonical(member, locale, out);
  }
  out += '}';
}

void find_locales(element value, std::vector<std::string>& out) {
  if (value.is_array()) {
    const simdjson::dom::array items = value.get_array().value_unsafe();
    for (const element item : items) {
      find_locales(item, out);
    }
  } else if (value.is_object()) {
    const object members = value.get_object().value_unsafe();
    const bool localised = is_localised(members);
    for (const auto [name, member] : members) {
      if (localised) {
        if (is_locale(name) && std::find(out.begin(), out.end(), name) == out.end()) {
          out.emplace_back(name);
        }
      } else {
        find_locales(member, out);
      }
    }
  }
}

// A part of a namespace such as "12.0.7_67808".
bool is_build(std::string_view part) {
  return !part.empty() && part.front() >= '0' && part.front() <= '9' &&
         part.find_first_not_of("0123456789._") == std::string_view::npos;
}

}  // namespace

std::vector<std::string> locales_in(element document) {
  std::vector<std::string> out;
  find_locales(document, out);
  return out;
}

std::string without_build(std::string_view link) {
  const auto at = link.find(kNamespace);
  if (at == std::string_view::npos) {
    return std::string(link);
  }
  const auto begin = at + kNamespace.size();
  const auto end = std::min(link.find('&', begin), link.size());
  std::string out(link.substr(0, begin));
  for (std::string_view rest = link.substr(begin, end - begin); !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('-'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (!is_build(part)) {
      out += out.size() == begin ? "" : "-";
      out += part;
    }
  }
  return out.append(link.substr(end));
}

void write_canonical(element value, std::string_view locale, std::string& out) {
  switch (value.type()) {
    case element_type::OBJECT:
      return write_object(value.get_object().value_unsafe(), locale, out);
    case element_type::ARRAY: {
      const simdjson::dom::array items = value.get_array().value_unsafe();
      out += '[';
      for (const element item : items) {
        out += out.back() == '[' ? "" : ",";
        write_canonical(item, locale, out);
      }
      out += ']';
      return;
    }
    case element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      return write_text(text.starts_with("http") ? without_build(text) : text, out);
    }
    case element_type::INT64:
      return write_number(value.get_int64().value_unsafe(), out);
    case element_type::UINT64:
      return write_number(value.get_uint64().value_unsafe(), out);
    case element_type::DOUBLE:
      return write_number(value.get_double().value_unsafe(), out);
    case element_type::BOOL:
      out += value.get_bool().value_unsafe() ? "true" : "false";
      return;
    default:
      out += "null";
  }
}

std::string content_hash(std::initializer_list<std::string_view> parts) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide kPrime = (Wide{1} << 88U) + 0x13B;
  Wide state = (Wide{0x6C62272E07BB0142ULL} << 64U) + 0x62B821756295C58DULL;
  for (const std::string_view part : parts) {
    for (const char c : part) {
      state = (state ^ static_cast<unsigned char>(c)) * kPrime;
    }
  }
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(32, '0');
  for (std::size_t i = out.size(); i-- > 0; state >>= 4U) {
    out[i] = kHex[static_cast<std::size_t>(state & 0xFU)];
  }
  return out;
}

}  // namespace blizzard
