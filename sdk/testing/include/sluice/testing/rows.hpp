// SPDX-License-Identifier: Apache-2.0
//
// Batches as JSON and back, so that a test states rows as a person reads them.
#pragma once

#include <string>
#include <vector>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/time_text.hpp"

namespace sluice::testing {

// Decimals as exact text, dates and times as RFC 3339 text, binary as its bytes.
inline json cell(const ColumnView& column, int64_t row) {
  if (column.is_null(row)) {
    return nullptr;
  }
  switch (column.type()) {
    case Type::kBool:
      return column.boolean(row);
    case Type::kInt32:
      return column.int32(row);
    case Type::kInt64:
      return column.int64(row);
    case Type::kFloat64:
      return column.float64(row);
    case Type::kDecimal128:
      return to_text(column.decimal(row), column.decl().options.scale);
    case Type::kDate32:
      return to_text(Date{Days(std::chrono::days(column.int32(row)))});
    case Type::kTimestamp:
      return to_text(DateTime{Micros(std::chrono::microseconds(column.int64(row)))});
    case Type::kJson:
      return json::parse(column.text(row));
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kBinary:
      break;
  }
  return std::string(column.text(row));
}

// One object per row. Throws BAD_DATA if the array is not what the stream declares, or holds text
// that is not UTF-8.
inline std::vector<json> to_rows(const Stream& stream, const ArrowArray* array) {
  const BatchView batch(stream, array);
  std::vector<json> rows;
  for (int64_t i = 0; i < batch.rows(); ++i) {
    json row = json::object();
    for (const ColumnView& column : batch.columns()) {
      const bool text = is_text(column.type()) && column.type() != Type::kBinary;
      if (text && !column.is_null(i) && !is_utf8(column.text(i))) {
        throw Error(Code::kBadData, "The column '" + column.name() + "' holds text in row " +
                                        std::to_string(i) + " that is not UTF-8.");
      }
      row[column.name()] = cell(column, i);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// A batch from objects, as to_rows() gives them; missing members are null.
inline Array from_rows(const Stream& stream, const std::vector<json>& rows) {
  Batch batch(stream);
  for (const json& row : rows) {
    for (std::size_t i = 0; i < stream.columns().size(); ++i) {
      const ColumnDecl& decl = stream.columns()[i];
      const json value = row.value(decl.name, json());
      if (decl.type == Type::kTimestamp && value.is_string()) {
        append_value(batch.column(i), decl, parse_time(value.get<std::string>()).value().time);
      } else if (decl.type == Type::kDate32 && value.is_string()) {
        append_value(batch.column(i), decl, parse_date(value.get<std::string>()).value().day);
      } else {
        append_value(batch.column(i), decl, value);
      }
    }
  }
  return batch.finish();
}

}  // namespace sluice::testing
