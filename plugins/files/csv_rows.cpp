// SPDX-License-Identifier: Apache-2.0
//
// CSV after RFC 4180, with any delimiter and line ends of either kind.
#include <algorithm>
#include <utility>

#include "rows.hpp"
#include "sluice/cpp/error.hpp"

namespace sluice::files {

namespace {

// A field in quotes that begins at `at` (after the quote). Gives the place after the closing quote.
std::size_t unquote(std::string_view record, std::size_t at, CsvFields& out,
                    std::string_view& value) {
  const std::size_t start = at;
  bool escapes = false;
  for (; at < record.size(); ++at) {
    if (record[at] != '"') {
      continue;
    }
    if (at + 1 < record.size() && record[at + 1] == '"') {
      escapes = true;
      ++at;
      continue;
    }
    break;
  }
  if (at >= record.size()) {
    return std::string_view::npos;
  }
  value = record.substr(start, at - start);
  if (escapes) {
    const std::size_t from = out.scratch.size();  // has room for the whole record: never moves
    for (std::size_t i = 0; i < value.size(); ++i) {
      out.scratch += value[i];
      i += value[i] == '"' ? 1 : 0;
    }
    value = std::string_view(out.scratch).substr(from);
  }
  return at + 1;
}

class CsvRows final : public Rows {
 public:
  CsvRows(Batch& batch, const SourceConfig& config, char delimiter, std::string_view header)
      : Rows(batch, config), delimiter_(delimiter) {
    if (!config.header) {
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        columns_.push_back(static_cast<int>(i));
      }
      return;
    }
    if (!split_csv(header, delimiter, fields_)) {
      throw Error(Code::kBadData, "The header of the CSV file has a quote that is not closed.");
    }
    bool any = false;
    for (const std::string_view name : fields_.values) {
      const int column = find(name);
      if (column >= 0 && std::find(columns_.begin(), columns_.end(), column) != columns_.end()) {
        throw Error(Code::kBadData, "The header of the CSV file names the field '" +
                                        std::string(name.substr(0, 100)) + "' twice.");
      }
      if (column < 0) {
        unknown(name);
      }
      any |= column >= 0;
      columns_.push_back(column);
    }
    if (!any) {
      throw Error(Code::kBadData,
                  "The header of the CSV file names none of the columns. Check the delimiter, or "
                  "set header = false if there is no header.");
    }
  }

 private:
  bool decode(std::string_view record, std::string& why) override {
    if (!split_csv(record, delimiter_, fields_)) {
      why = "A quoted field is not closed, or is followed by more than the delimiter.";
      return false;
    }
    if (fields_.values.size() != columns_.size()) {
      why = "The record has " + std::to_string(fields_.values.size()) + " fields where " +
            std::to_string(columns_.size()) + " are expected.";
      return false;
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] >= 0 && !put_field(cells_[static_cast<std::size_t>(columns_[i])], i, why)) {
        return false;
      }
    }
    return fill_missing(why);
  }

  bool put_field(Cell& cell, std::size_t i, std::string& why) {
    const std::string_view text = fields_.values[i];
    if (!fields_.quoted[i] &&
        std::find(config_.nulls.begin(), config_.nulls.end(), text) != config_.nulls.end()) {
      return put_null(cell, why);
    }
    if (is_text(cell.type()) && !is_utf8(text)) {
      why = "The field '" + cell.field() + "' is not well-formed UTF-8.";
      return false;
    }
    return put(cell, text, why);
  }

  char delimiter_;
  std::vector<int> columns_;  // per field: the column, or -1
  CsvFields fields_;
};

}  // namespace

bool split_csv(std::string_view record, char delimiter, CsvFields& out) {
  out.values.clear();
  out.quoted.clear();
  out.scratch.clear();
  out.scratch.reserve(record.size());
  std::size_t at = 0;
  for (;;) {
    std::string_view value;
    const bool quoted = at < record.size() && record[at] == '"';
    if (quoted) {
      at = unquote(record, at + 1, out, value);
      if (at == std::string_view::npos || (at < record.size() && record[at] != delimiter)) {
        return false;
      }
    } else {
      const std::size_t end = std::min(record.find(delimiter, at), record.size());
      value = record.substr(at, end - at);
      at = end;
    }
    out.values.push_back(value);
    out.quoted.push_back(quoted);
    if (at >= record.size()) {
      return true;
    }
    ++at;  // the delimiter; a field follows, be it empty
  }
}

std::unique_ptr<Rows> make_csv_rows(Batch& batch, const SourceConfig& config, char delimiter,
                                    std::string_view header) {
  return std::make_unique<CsvRows>(batch, config, delimiter, header);
}

}  // namespace sluice::files
