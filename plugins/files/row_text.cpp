// SPDX-License-Identifier: Apache-2.0
#include "row_text.hpp"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "sluice/cpp/value_text.hpp"

namespace sluice::files {

namespace {

// Appends what `put` writes at the pointer it is given and returns the end of.
template <class F>
void append_with(std::string& out, F&& put) {
  char text[kValueTextSize];
  out.append(text, static_cast<std::size_t>(put(text) - text));
}

void append_integer(std::string& out, int64_t value) {
  append_with(out, [&](char* at) { return std::to_chars(at, at + kValueTextSize, value).ptr; });
}

// Most numbers people keep have few decimals: those are written as integers with a point. A decimal
// of at most 15 digits that reads back as the value is the shortest that does.
void append_double(std::string& out, double value) {
  append_with(out, [&](char* at) { return put_double(at, value); });
}

// Whether a string can stand between quotes as it is.
bool is_plain(std::string_view text) noexcept {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\') {
      return false;
    }
  }
  return true;
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
}

bool append_string(std::string_view text, std::string& out) {
  out += '"';
  if (is_plain(text)) {
    out += text;
  } else if (simdjson::validate_utf8(text.data(), text.size())) {
    append_escaped(text, out);
  } else {
    return false;
  }
  out += '"';
  return true;
}

void append_base64(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = [&](std::size_t i) -> uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t three = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    out += kDigits[three >> 18U];
    out += kDigits[three >> 12U & 63U];
    out += i + 1 < bytes.size() ? kDigits[three >> 6U & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[three & 63U] : '=';
  }
}

void append_csv_text(std::string_view text, std::string& out) {
  // An empty text is quoted, to stay apart from no value.
  const bool quote = text.empty() || text.find_first_of("\",\r\n") != std::string_view::npos ||
                     text.front() == ' ' || text.back() == ' ';
  if (!quote) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    out += c;
    if (c == '"') {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

RowText::RowText(const Stream& stream, bool csv, bool lineage)
    : csv_(csv), lineage_(lineage), judge_(std::make_unique<simdjson::dom::parser>()) {
  for (const ColumnDecl& column : stream.columns()) {
    names_.push_back(column.name);
  }
  if (lineage) {
    names_.emplace_back("_sluice_commit");
  }
  for (const std::string& name : names_) {
    std::string prefix = prefixes_.empty() ? "{" : ",";
    if (!append_string(name, prefix)) {
      throw Error(Code::kInvalidConfig, "The name of a column of stream '" + stream.name() +
                                            "' is not well-formed UTF-8; choose another.");
    }
    prefixes_.push_back(prefix + ":");
  }
}

RowText::~RowText() = default;

std::string RowText::header() const {
  std::string out;
  for (const std::string& name : names_) {
    out += out.empty() ? "" : ",";
    append_csv_text(name, out);
  }
  return csv_ ? out + "\n" : std::string{};
}

bool RowText::append_raw_json(std::string_view value, std::string& out) {
  simdjson::dom::element ignored;
  if (judge_->parse(value.data(), value.size()).get(ignored) != simdjson::SUCCESS) {
    why_ = "The value is no well-formed JSON.";
    return false;
  }
  const std::size_t start = out.size();
  out += value;
  for (std::size_t i = start; i < out.size(); ++i) {
    out[i] = out[i] == '\n' || out[i] == '\r' ? ' ' : out[i];  // only ever between tokens
  }
  return true;
}

bool RowText::append_json(const ColumnView& column, int64_t row, std::string& out) {
  switch (column.type()) {
    case Type::kBool:
      out += column.boolean(row) ? "true" : "false";
      return true;
    case Type::kInt32:
      append_integer(out, column.int32(row));
      return true;
    case Type::kInt64:
      append_integer(out, column.int64(row));
      return true;
    case Type::kFloat64:
      if (!std::isfinite(column.float64(row))) {
        out += "null";  // JSON has no other word for it
      } else {
        append_double(out, column.float64(row));
      }
      return true;
    case Type::kDecimal128:
      append_with(out, [&](char* at) {
        return put_decimal(at, column.decimal(row).unscaled, column.decl().options.scale);
      });
      return true;
    case Type::kDate32:
      out += '"';
      append_with(out, [&](char* at) { return put_date(at, column.int32(row)); });
      out += '"';
      return true;
    case Type::kTimestamp:
      out += '"';
      append_with(out, [&](char* at) { return put_time(at, column.int64(row)); });
      out += '"';
      return true;
    case Type::kBinary:
      out += '"';
      append_base64(column.text(row), out);
      out += '"';
      return true;
    case Type::kJson:
      return append_raw_json(column.text(row), out);
    case Type::kUtf8:
    case Type::kLargeUtf8:
      break;
  }
  why_ = "The text is not well-formed UTF-8.";
  return append_string(column.text(row), out);
}

bool RowText::append_csv(const ColumnView& column, int64_t row, std::string& out) {
  switch (column.type()) {
    case Type::kFloat64:
      if (const double value = column.float64(row); !std::isfinite(value)) {
        out += std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
        return true;
      }
      break;
    case Type::kDate32:
      append_with(out, [&](char* at) { return put_date(at, column.int32(row)); });
      return true;
    case Type::kTimestamp:
      append_with(out, [&](char* at) { return put_time(at, column.int64(row)); });
      return true;
    case Type::kBinary:
      append_base64(column.text(row), out);
      return true;
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kJson: {
      const std::string_view text = column.text(row);
      if (!simdjson::validate_utf8(text.data(), text.size())) {
        why_ = "The text is not well-formed UTF-8.";
        return false;
      }
      append_csv_text(text, out);
      return true;
    }
    default:
      break;
  }
  return append_json(column, row, out);
}

void RowText::append(const BatchView& batch, int64_t row, int64_t commit_id, std::string& out,
                     Rejects& rejects) {
  const std::size_t start = out.size();
  const auto& columns = batch.columns();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnView& column = columns[i];
    if (csv_) {
      out.append(i == 0 ? 0 : 1, ',');
    } else {
      out += prefixes_[i];
    }
    const bool null = column.is_null(row);
    if (null) {
      out += csv_ ? "" : "null";
    } else if (!(csv_ ? append_csv(column, row, out) : append_json(column, row, out))) {
      out.resize(start);
      rejects.reject(static_cast<uint64_t>(row), why_, column.name(), "22021");
      return;
    }
  }
  if (lineage_) {
    out += csv_ ? "," : prefixes_.back();
    append_integer(out, commit_id);
  }
  out += csv_ ? "\n" : "}\n";
}

}  // namespace sluice::files
