// SPDX-License-Identifier: Apache-2.0
//
// What a record decoder has to say besides rows, summed up until the host can be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/record_value.hpp"
#include "sluice/cpp/request.hpp"

namespace sluice::inline sdk_v0::detail {

// Why a value cannot be used for a column: `holds a text, "abc", where int64 is wanted.`
inline std::string mistyped(const ColumnDecl& decl, const RecordValue& value) {
  constexpr std::size_t kMost = 40;
  const bool cut = value.raw.size() > kMost;
  std::string wanted(type_name(decl.type));
  if (decl.type == Type::kDecimal128) {
    wanted += "(" + std::to_string(decl.options.precision) + ", " +
              std::to_string(decl.options.scale) + ")";
  }
  return "holds " + std::string(shape_name(value.shape)) + ", " +
         to_utf8(value.raw.substr(0, kMost)) + (cut ? "…" : "") + ", where " + wanted +
         " is wanted.";
}

struct RecordNotes {
  struct OfColumn {
    std::string field{}, column{};
    uint64_t missing = 0, mistyped = 0;
    std::string example{};  // of a mistyped value
  };
  struct Unknown {
    std::string path;
    uint64_t count = 0;
  };
  static constexpr std::size_t kMostNames = 64;  // of unknown fields, each kept by name

  std::vector<OfColumn> columns;
  std::vector<Unknown> unknown{};
  uint64_t further_unknown = 0;
  uint64_t invalid_utf8 = 0;

  explicit RecordNotes(const std::vector<ColumnDecl>& decls) {
    for (const ColumnDecl& decl : decls) {
      const std::string& source = decl.options.source_name;
      columns.push_back({.field = source.empty() ? decl.name : source, .column = decl.name});
    }
  }

  // Counts a field of a new name and gives the number of its count; -1 if there are too many names.
  std::size_t add_unknown(const std::string& path) {
    if (unknown.size() == kMostNames) {
      ++further_unknown;
      return static_cast<std::size_t>(-1);
    }
    unknown.push_back({path, 1});
    return unknown.size() - 1;
  }
  void add_mistyped(std::size_t column, const ColumnDecl& decl, const RecordValue& value) {
    if (columns[column].mistyped++ == 0) {
      columns[column].example = mistyped(decl, value);
    }
  }

  void flush(const ReadRequest& request) {
    const auto tell = [&](const char* code, uint64_t& count, const std::string& text) {
      if (count > 0) {
        request.note(code, text, std::exchange(count, 0));
      }
    };
    for (OfColumn& column : columns) {
      const std::string end = " Column `" + column.column + "` is null.";
      tell("missing_field", column.missing, "The field `" + column.field + "` is missing." + end);
      tell("mistyped_field", column.mistyped,
           "The field `" + column.field + "` " + column.example + end);
    }
    for (Unknown& field : unknown) {
      tell("unknown_field", field.count, "The field `" + field.path + "` is not stored.");
    }
    tell("unknown_field", further_unknown, "Fields of more than 64 further names are not stored.");
    tell("invalid_utf8", invalid_utf8, "Bytes that are no UTF-8 were replaced by U+FFFD.");
  }
};

}  // namespace sluice::inline sdk_v0::detail
