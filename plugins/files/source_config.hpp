// SPDX-License-Identifier: Apache-2.0
//
// The configuration of the source.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"

namespace sluice::files {

struct ColumnConfig {
  std::string name;
  std::string type = "text";
  std::string field;
  std::string time_format = "iso";
  std::string unit;
  bool nullable = true;
  int precision = 38;
  int scale = 9;

  static constexpr auto fields() {
    return std::tuple{
        required("name", &ColumnConfig::name, R"("minLength":1)").doc("Name of the column."),
        optional("type", &ColumnConfig::type,
                 R"("enum":["bool","int32","int64","float64","decimal","text","date","timestamp",)"
                 R"("json"])")
            .doc("Type of the column."),
        optional("field", &ColumnConfig::field)
            .doc("What the file calls it; the column's name if empty."),
        optional("time_format", &ColumnConfig::time_format,
                 R"("enum":["iso","unix_s","unix_ms","unix_us"])")
            .doc("How a timestamp is written: ISO 8601, or a number since 1970-01-01."),
        optional("unit", &ColumnConfig::unit).doc("Unit of the values."),
        optional("nullable", &ColumnConfig::nullable).doc("Whether rows may have no value."),
        optional("precision", &ColumnConfig::precision, R"("minimum":1,"maximum":38)")
            .doc("Decimals: digits."),
        optional("scale", &ColumnConfig::scale, R"("minimum":0,"maximum":38)")
            .doc("Decimals: digits after the point."),
    };
  }
};

struct SourceConfig {
  std::vector<std::string> paths;
  std::string stream = "files";
  std::string format = "auto";
  std::vector<ColumnConfig> columns;
  std::vector<std::string> key;
  std::string seq;
  std::string time;
  std::string bad_values = "reject";
  std::string delimiter;
  bool header = true;
  std::vector<std::string> nulls{""};
  Bytes max_record{uint64_t{16} << 20U};
  int sample = 1000;

  static constexpr auto fields() {
    return std::tuple{
        required("paths", &SourceConfig::paths, R"("minItems":1)")
            .doc("Files to read, as glob patterns: plain, or in gz, zst or zip.")
            .example(R"(["data/*.ndjson.gz"])"),
        optional("stream", &SourceConfig::stream, R"("minLength":1)").doc("Name of the stream."),
        optional("format", &SourceConfig::format, R"("enum":["auto","ndjson","json","csv"])")
            .doc("What the files hold; auto goes by the name: .ndjson, .jsonl, .json, .csv, .tsv."),
        optional("columns", &SourceConfig::columns)
            .doc("The columns. Empty: they are found from a sample of the first file, once."),
        optional("key", &SourceConfig::key).doc("Columns of the primary key."),
        optional("seq", &SourceConfig::seq)
            .doc("Column by which the newer of two rows with one key is known."),
        optional("time", &SourceConfig::time).doc("Column with the row's time."),
        optional("bad_values", &SourceConfig::bad_values, R"("enum":["reject","null"])")
            .doc("A value that does not fit its column rejects the record, or becomes null."),
        optional("delimiter", &SourceConfig::delimiter, R"("maxLength":1)")
            .doc("CSV: between fields; empty: a tab in .tsv files, else a comma."),
        optional("header", &SourceConfig::header)
            .doc("CSV: the first record names the fields; else they come in the columns' order."),
        optional("nulls", &SourceConfig::nulls).doc("CSV: unquoted fields that mean no value."),
        optional("max_record", &SourceConfig::max_record)
            .doc("Longest record; a longer one is rejected, and reading goes on after it."),
        optional("sample", &SourceConfig::sample, R"("minimum":1,"maximum":100000)")
            .doc("Records from which columns are found."),
    };
  }
};

}  // namespace sluice::files
