// SPDX-License-Identifier: Apache-2.0
//
// The definition tables, as streams: which columns an entry becomes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/stream.hpp"

namespace bungie {

struct Selection;

// A field of an entry with a column of its own.
struct Field {
  std::string_view column;
  sluice::Type type;
  std::string_view pointer;  // where it stands in the entry
  std::string_view doc;
  bool translated = false;
  std::string_view refers{};  // stream whose hash it holds; 0 is then none
};

// What becomes a row.
enum class Rows : uint8_t {
  kEntries,     // each entry
  kCurrencies,  // each item that is a currency
  kSales,       // each line of a vendor's list
};

struct Table {
  std::string stream;
  std::string table;  // as the service names it
  Rows rows = Rows::kEntries;
  bool text_keys = false;
  std::vector<Field> fields;  // beside those that all entries have
  std::string doc;
};

// The tables with columns of their own, what others refer to first.
std::vector<Table> known_tables();
// Any other one: DestinyTalentGridDefinition is the stream talent_grid.
Table any_table(const std::string& name, bool text_keys);

// Name, description and icon, which most entries have, then the table's own.
std::vector<Field> fields_of(const Table& table);
// Those that differ from language to language.
std::vector<Field> translated_fields(const Table& table);
// The column of a translated field: name, or name_pt_br where languages are columns.
std::string column_of(const Field& field, std::string_view language, const Selection& selection);

sluice::Stream make_stream(const Table& table, const Selection& selection);

}  // namespace bungie
