// SPDX-License-Identifier: Apache-2.0
//
// Installed plugins that exist only as schemas, and files that last as long as a test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "host/config/config.hpp"

namespace sluice::host::test {

class FakeSchemas : public Schemas {
 public:
  void add(const std::string& kind, const std::string& id, const std::string& schema) {
    schemas_[kind][id] = schema;
  }
  [[nodiscard]] const std::string* config_schema(std::string_view kind,
                                                 std::string_view id) const override {
    const auto of_kind = schemas_.find(std::string(kind));
    if (of_kind == schemas_.end()) {
      return nullptr;
    }
    const auto found = of_kind->second.find(std::string(id));
    return found == of_kind->second.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::vector<std::string> ids(std::string_view kind) const override {
    std::vector<std::string> out;
    if (const auto of_kind = schemas_.find(std::string(kind)); of_kind != schemas_.end()) {
      for (const auto& [id, schema] : of_kind->second) {
        out.push_back(id);
      }
    }
    return out;
  }

 private:
  std::map<std::string, std::map<std::string, std::string>> schemas_;
};

inline const char* kBinance = R"({
  "type": "object", "required": ["symbols"],
  "properties": {
    "symbols": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z0-9]+$"}, "minItems": 1,
                "uniqueItems": true},
    "interval": {"type": "string", "enum": ["1m", "5m", "1h"], "default": "1m"},
    "depth": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 100},
    "ratio": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "since": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "pause": {"type": ["string", "integer"], "format": "duration", "default": "250ms"},
    "chunk": {"type": "string", "format": "size"},
    "verbose": {"type": "boolean", "default": false},
    "api_key": {"type": "string", "x-sluice-secret": true},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "url": {"type": "string", "format": "uri"},
    "filter": {"$ref": "#/$defs/filter"},
    "auth": {"oneOf": [
      {"type": "object", "required": ["kind", "key"],
       "properties": {"kind": {"const": "key"}, "key": {"type": "string", "x-sluice-secret": true}}},
      {"type": "object", "required": ["kind"],
       "properties": {"kind": {"const": "none"}, "note": {"type": "string"}}}]},
    "pairs": {"anyOf": [
      {"type": "array", "items": {"type": "string"}},
      {"type": "object", "additionalProperties": {"type": "string"}}]}
  },
  "$defs": {"filter": {"type": "object", "properties": {
    "station": {"type": "string", "minLength": 2, "maxLength": 5},
    "levels": {"type": "array", "items": {"type": "integer", "multipleOf": 5}, "maxItems": 3}}}}
})";

inline const char* kSqlite = R"({
  "type": "object", "required": ["path"], "additionalProperties": false,
  "properties": {
    "path": {"type": "string", "minLength": 1, "x-sluice-example": "weather.db"},
    "synchronous": {"type": "string", "enum": ["off", "normal", "full"], "default": "full"}
  }
})";

// What most tests have installed.
class Installed final : public FakeSchemas {
 public:
  Installed() {
    add("source", "binance", kBinance);
    add("source", "files", R"({"type":"object","properties":{"path":{"type":"string"}}})");
    add("sink", "sqlite", kSqlite);
    add("sink", "files", R"({"type":"object","properties":{"path":{"type":"string"}}})");
  }
};

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-config-XXXXXX").string();
    const int fd = mkstemp(name.data());
    close(fd);
    path_ = name;
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline ConfigResult read_text(const std::string& text, const ConfigOptions& options = {}) {
  const TemporaryFile file(text);
  static const Installed schemas;
  return read_config(file.path(), schemas, options);
}

// The problems as "line:column: what", one a line; "--set …" ones with that in front.
inline std::string problems_of(const ConfigResult& result) {
  std::string out;
  for (const auto& problem : result.problems) {
    const std::string place = problem.line == 0 ? ""
                                                : std::to_string(problem.line) + ":" +
                                                      std::to_string(problem.column) + ": ";
    out += (problem.file.starts_with("--set") ? problem.file + ": " : "") + place + problem.what +
           "\n";
  }
  return out;
}

inline const char* kGood = R"([pipeline]
name = "candles"

[[source]]
plugin = "binance"
symbols = ["BTCUSDT", "ETHUSDT"]

[sink]
plugin = "sqlite"
path = "candles.db"
)";

}  // namespace sluice::host::test
