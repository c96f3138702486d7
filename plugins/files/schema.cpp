// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "cell.hpp"
#include "rows.hpp"
#include "sluice/cpp/config_struct.hpp"
#include "sluice/cpp/json.hpp"

namespace sluice::files {

namespace {

Type type_of(const std::string& name) {
  static const std::map<std::string, Type> kTypes{
      {"bool", Type::kBool},       {"int32", Type::kInt32},         {"int64", Type::kInt64},
      {"float64", Type::kFloat64}, {"decimal", Type::kDecimal128},  {"text", Type::kUtf8},
      {"date", Type::kDate32},     {"timestamp", Type::kTimestamp}, {"json", Type::kJson}};
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) {
    throw Error(Code::kInvalidConfig, "The key 'columns' names the unknown type '" + name + "'.");
  }
  return found->second;
}

Stream declare(const SourceConfig& config, const std::vector<ColumnConfig>& columns) {
  Stream stream(config.stream, Kind::kFiles);
  stream.key_columns(config.key).seq(config.seq).time(config.time);
  stream.doc("Records of " + config.paths.front() +
             (config.paths.size() > 1 ? " and other files." : "."));
  for (const ColumnConfig& column : columns) {
    stream.col(column.name, type_of(column.type),
               {.nullable = column.nullable,
                .unit = column.unit,
                .doc = {},
                .source_name = column.field.empty() ? column.name : column.field,
                .precision = column.precision,
                .scale = column.scale});
  }
  stream.check();
  return stream;
}

// ---- finding columns ----

// What all values of a field so far have in common.
enum class Guess : uint8_t { kNone, kBool, kInt, kFloat, kDate, kTime, kJson, kText };

Guess merge(Guess a, Guess b) noexcept {
  if (a == b || b == Guess::kNone) {
    return a;
  }
  if (a == Guess::kNone) {
    return b;
  }
  const auto is = [&](Guess x, Guess y) { return (a == x && b == y) || (a == y && b == x); };
  if (is(Guess::kInt, Guess::kFloat)) {
    return Guess::kFloat;
  }
  if (is(Guess::kDate, Guess::kTime)) {
    return Guess::kTime;
  }
  return a == Guess::kJson || b == Guess::kJson ? Guess::kJson : Guess::kText;
}

Guess guess_text(std::string_view text) {
  int32_t days = 0;
  int64_t micros = 0;
  return parse_days(text, days)    ? Guess::kDate
         : parse_iso(text, micros) ? Guess::kTime
                                   : Guess::kText;
}

Guess guess_field(std::string_view text) {
  int64_t whole = 0;
  double number = 0;
  const char* const end = text.data() + text.size();
  if (text == "true" || text == "false") {
    return Guess::kBool;
  }
  if (scan_double(text.data(), end, number) == end) {
    const auto [rest, failure] = std::from_chars(text.data(), end, whole);
    return failure == std::errc{} && rest == end ? Guess::kInt : Guess::kFloat;
  }
  return guess_text(text);
}

Guess guess_json(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return Guess::kNone;
    case json::value_t::boolean:
      return Guess::kBool;
    case json::value_t::number_integer:
      return Guess::kInt;
    case json::value_t::number_unsigned:
      return value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX) ? Guess::kFloat : Guess::kInt;
    case json::value_t::number_float:
      return Guess::kFloat;
    case json::value_t::string:
      return guess_text(value.get_ref<const std::string&>());
    default:
      return Guess::kJson;
  }
}

// Fields in the order they were met first.
class Sample {
 public:
  void add(const std::string& field, Guess guess) {
    const auto found = std::find_if(fields_.begin(), fields_.end(),
                                    [&](const auto& known) { return known.first == field; });
    if (found == fields_.end()) {
      fields_.emplace_back(field, guess);
    } else {
      found->second = merge(found->second, guess);
    }
  }
  std::vector<ColumnConfig> columns() const {
    static constexpr const char* kNames[] = {"text", "bool",      "int64", "float64",
                                             "date", "timestamp", "json",  "text"};
    std::vector<ColumnConfig> out;
    for (const auto& [field, guess] : fields_) {
      ColumnConfig column;
      column.name = field;
      column.type = kNames[static_cast<std::size_t>(guess)];
      out.push_back(column);
    }
    return out;
  }

 private:
  std::vector<std::pair<std::string, Guess>> fields_;
};

void sample_csv(const SourceConfig& config, const std::string& name, RecordReader& records,
                Sample& out) {
  const char delimiter = delimiter_of(config, name);
  std::vector<std::string> header;
  CsvFields fields;
  Record record{};
  for (int left = config.sample; left > 0 && records.next(record); --left) {
    if (record.too_long || !split_csv(record.text, delimiter, fields)) {
      continue;
    }
    if (header.empty()) {
      for (std::size_t i = 0; i < fields.values.size(); ++i) {
        header.push_back(config.header ? std::string(fields.values[i])
                                       : "column_" + std::to_string(i + 1));
        out.add(header.back(), Guess::kNone);
      }
      if (config.header) {
        continue;
      }
    }
    for (std::size_t i = 0; i < std::min(header.size(), fields.values.size()); ++i) {
      const bool null = !fields.quoted[i] && std::find(config.nulls.begin(), config.nulls.end(),
                                                       fields.values[i]) != config.nulls.end();
      out.add(header[i], null ? Guess::kNone : guess_field(fields.values[i]));
    }
  }
}

void sample_json(const SourceConfig& config, RecordReader& records, Sample& out) {
  Record record{};
  for (int left = config.sample; left > 0 && records.next(record); --left) {
    const auto object = nlohmann::ordered_json::parse(record.text, nullptr, false);
    if (!object.is_object()) {
      continue;
    }
    for (const auto& [field, value] : object.items()) {
      out.add(field, guess_json(json(value)));
    }
  }
}

std::vector<ColumnConfig> find_columns(const SourceConfig& config) {
  for (const std::string& path : matching_files(config)) {
    const auto input = open_input(path);
    Sample sample;
    for (std::string member; input->next_member(member);) {
      const Format format = format_of(config, member);
      RecordReader records(*input, format, config.max_record.count);
      if (format == Format::kCsv) {
        sample_csv(config, member, records, sample);
      } else {
        sample_json(config, records, sample);
      }
      auto columns = sample.columns();
      if (!columns.empty()) {
        return columns;
      }
    }
  }
  return {};
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string_view without_packing(std::string_view name) {
  return ends_with_any(name, {".gz", ".zst", ".zip"}) ? name.substr(0, name.rfind('.')) : name;
}

}  // namespace

std::vector<std::string> matching_files(const SourceConfig& config) {
  std::set<std::string> out;
  for (const std::string& pattern : config.paths) {
    glob_t found{};
    const struct Free {
      glob_t* g;
      ~Free() { globfree(g); }
    } free_found{&found};
    const int rc = ::glob(pattern.c_str(), GLOB_ERR | GLOB_NOSORT, nullptr, &found);
    if (rc != 0 && rc != GLOB_NOMATCH) {
      throw Error(Code::kUnavailable,
                  "The files of '" + pattern + "' cannot be listed: a folder cannot be read.")
          .retryable();
    }
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      struct stat status {};
      if (::stat(found.gl_pathv[i], &status) == 0 && S_ISREG(status.st_mode)) {
        out.insert(found.gl_pathv[i]);
      }
    }
  }
  return {out.begin(), out.end()};
}

Format format_of(const SourceConfig& config, const std::string& name) {
  const std::string_view bare = without_packing(name);
  if (config.format == "ndjson" ||
      (config.format == "auto" && ends_with_any(bare, {".ndjson", ".jsonl"}))) {
    return Format::kNdjson;
  }
  if (config.format == "csv" ||
      (config.format == "auto" && ends_with_any(bare, {".csv", ".tsv"}))) {
    return Format::kCsv;
  }
  if (config.format == "json" || (config.format == "auto" && bare.ends_with(".json"))) {
    return Format::kJson;
  }
  throw Error(Code::kInvalidConfig, "The name of '" + name + "' does not tell what it holds; set " +
                                        "'format' to ndjson, json or csv.");
}

char delimiter_of(const SourceConfig& config, const std::string& name) {
  return !config.delimiter.empty()                 ? config.delimiter.front()
         : without_packing(name).ends_with(".tsv") ? '\t'
                                                   : ',';
}

std::optional<Stream> stream_of(Host& host, const SourceConfig& config) {
  if (!config.columns.empty()) {
    return declare(config, config.columns);
  }
  // A list of columns that moved with every file would move the table with it.
  const std::string name = "columns." + config.stream.substr(0, 150);
  if (const auto kept = host.state(name)) {
    std::vector<ColumnConfig> columns;
    detail::ConfigValue<std::vector<ColumnConfig>>::parse(json::parse(*kept), columns, "columns");
    return declare(config, columns);
  }
  if (host.offline()) {
    return std::nullopt;
  }
  const auto columns = find_columns(config);
  if (columns.empty()) {
    host.warn("No file matches, so there are no columns yet; list them under 'columns'.");
    return std::nullopt;
  }
  Stream stream = declare(config, columns);
  host.set_state(name, detail::ConfigValue<std::vector<ColumnConfig>>::write(columns).dump());
  return stream;
}

}  // namespace sluice::files
