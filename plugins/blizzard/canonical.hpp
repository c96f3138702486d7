// SPDX-License-Identifier: Apache-2.0
//
// Documents in one form, so that equal content is equal text: members by name, texts in one
// language, links without the game's build, which changes with every patch while the thing does
// not.
#pragma once

#include <simdjson.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace blizzard {

// Languages that any of a document's texts comes in, in the document's order; empty if they are
// plain.
std::vector<std::string> locales_in(simdjson::dom::element document);

// Appends the canonical form. A text that comes as an object of languages becomes the one of
// `locale`, or null without it; plain texts stay.
void write_canonical(simdjson::dom::element value, std::string_view locale, std::string& out);

// "…?namespace=static-12.0.7_67808-eu" without the build: "…?namespace=static-eu".
std::string without_build(std::string_view link);

// 128 bits (FNV-1a) of the parts, one behind the other, as 32 hexadecimal digits.
std::string content_hash(std::initializer_list<std::string_view> parts);
inline std::string content_hash(std::string_view text) {
  return content_hash({text});
}

}  // namespace blizzard
