// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

#include <algorithm>
#include <utility>

namespace sluice::files {

namespace {

TimeFormat time_format(const SourceConfig& config, std::string_view column) {
  for (const ColumnConfig& c : config.columns) {
    if (c.name == column) {
      return c.time_format == "unix_s"    ? TimeFormat::kUnixSeconds
             : c.time_format == "unix_ms" ? TimeFormat::kUnixMillis
             : c.time_format == "unix_us" ? TimeFormat::kUnixMicros
                                          : TimeFormat::kIso;
    }
  }
  return TimeFormat::kIso;
}

}  // namespace

Rows::Rows(Batch& batch, const SourceConfig& config) : batch_(batch), config_(config) {
  const auto& columns = batch.stream().columns();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& source = columns[i].options.source_name;
    cells_.emplace_back(batch, i, source.empty() ? columns[i].name : source,
                        time_format(config, columns[i].name));
  }
}

bool Rows::append(std::string_view record, std::string& why) {
  const int64_t before = batch_.rows();
  try {
    if (decode(record, why)) {
      return true;
    }
  } catch (...) {
    batch_.truncate(before);
    throw;
  }
  batch_.truncate(before);
  return false;
}

int Rows::find(std::string_view field) const noexcept {
  const auto found = std::find_if(cells_.begin(), cells_.end(),
                                  [&](const Cell& cell) { return cell.field() == field; });
  return found == cells_.end() ? -1 : static_cast<int>(found - cells_.begin());
}

void Rows::unknown(std::string_view field) {
  if (tally_.unknown_fields++ == 0) {
    tally_.unknown_example = field.substr(0, 200);
  }
}

bool Rows::bad(Cell& cell, std::string_view text, std::string& why) {
  const std::string what = "The value '" + std::string(text.substr(0, 100)) + "' of field '" +
                           cell.field() + "' is no " + std::string(type_name(cell.type())) + ".";
  if (config_.bad_values == "null" && cell.nullable()) {
    if (tally_.nulled++ == 0) {
      tally_.nulled_example = what;
    }
    cell.put_null();
    return true;
  }
  why = what;
  return false;
}

bool Rows::put(Cell& cell, std::string_view text, std::string& why) {
  return cell.put(text) || bad(cell, text, why);
}

bool Rows::put_null(Cell& cell, std::string& why) {
  if (!cell.nullable()) {
    why = "The field '" + cell.field() + "' must have a value.";
    return false;
  }
  cell.put_null();
  return true;
}

bool Rows::fill_missing(std::string& why) {
  const int64_t rows =
      std::max_element(cells_.begin(), cells_.end(), [](const Cell& a, const Cell& b) {
        return a.size() < b.size();
      })->size();
  for (Cell& cell : cells_) {
    if (cell.size() < rows && !put_null(cell, why)) {
      return false;
    }
  }
  return true;
}

}  // namespace sluice::files
