// SPDX-License-Identifier: Apache-2.0
//
// The schema for editors, held against an independent implementation, and the subset that plugins
// may use.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "host/config/host_keys.hpp"
#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

using nlohmann::json;

// An old draft's parser looks for definitions under another name; the meaning of all else here is
// the same.
json for_valijson(const json& schema) {
  std::string text = schema.dump();
  for (size_t at = 0; (at = text.find("$defs", at)) != std::string::npos;) {
    text.replace(at, 5, "definitions");
  }
  return json::parse(text);
}

bool admits(const json& schema, const json& document) {
  valijson::Schema parsed;
  valijson::SchemaParser parser;
  const json legacy = for_valijson(schema);
  const valijson::adapters::NlohmannJsonAdapter adapter(legacy);
  parser.populateSchema(adapter, parsed);
  valijson::Validator validator;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  return validator.validate(parsed, target, nullptr);
}

json good_document() {
  return {
      {"pipeline", {{"name", "x"}, {"workers", 4}}},
      {"source", {{{"plugin", "binance"}, {"symbols", {"BTC"}}, {"api_key", {{"secret", "k"}}}}}},
      {"secret", {{"k", {{"env", "KEY"}}}}},
      {"sink", {{"plugin", "sqlite"}, {"path", "x.db"}}}};
}

TEST_CASE("the whole schema admits what read_config admits and refuses what it refuses") {
  const Installed schemas;
  const json schema = json::parse(whole_schema(schemas));
  CHECK(admits(schema, good_document()));
  const std::pair<const char*, json> changes[] = {{"/pipeline/workers", 0},
                                                  {"/pipeline/workers", "4"},
                                                  {"/pipeline/wrkers", 4},
                                                  {"/pipeline/order", "odd"},
                                                  {"/source/0/plugin", "nothing"},
                                                  {"/source/0/symbol", 1},
                                                  {"/source/0/depth", 99999},
                                                  {"/sink/path", 3},
                                                  {"/source/0/api_key", "plain"},
                                                  {"/sink/plugin", "binance"},
                                                  {"/wnat", json::object()},
                                                  {"/secret/k/file", "both"},
                                                  {"/source/0/filter", {{"odd", 1}}},
                                                  {"/source", json::array()},
                                                  {"/stream", {{"a", 3}}}};
  for (const auto& [where, value] : changes) {
    INFO(where << " " << value);
    json document = good_document();
    document[json::json_pointer(where)] = value;
    CHECK_FALSE(admits(schema, document));
  }
  json missing = good_document();
  missing["sink"].erase("path");
  CHECK_FALSE(admits(schema, missing));
}

TEST_CASE("a reference to the environment is admitted wherever a value is") {
  const Installed schemas;
  const json schema = json::parse(whole_schema(schemas));
  for (const char* where :
       {"/pipeline/workers", "/pipeline/name", "/source/0/depth", "/source/0/symbols/0",
        "/source/0/api_key", "/sink/path", "/sink/synchronous"}) {
    INFO(where);
    json document = good_document();
    document[json::json_pointer(where)] = {{"env", "NAME"}};
    CHECK(admits(schema, document));
  }
}

TEST_CASE("the whole schema says what each key is and what it defaults to") {
  const json schema = json::parse(whole_schema(Installed()));
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  for (const auto& key : host_keys()) {
    const HostTable* table = find_table(key.table);
    if (table->component) {
      continue;
    }
    INFO(key.table << "." << key.key);
    const json& of_table =
        table->shape == Shape::kMap     ? schema["properties"][key.table]["additionalProperties"]
        : table->shape == Shape::kArray ? schema["properties"][key.table]["items"]
                                        : schema["properties"][key.table];
    const json& property = of_table["properties"][key.key];
    CHECK(property["description"].get<std::string>().size() > 10);
    CHECK(property.value("default", json()) == json::parse(key.schema).value("default", json()));
  }
  // References inside a plugin's schema lead to its own definitions.
  CHECK(schema["$defs"].contains("source.binance.filter"));
}

TEST_CASE("without plugins the whole schema still helps with the host's keys") {
  const json schema = json::parse(whole_schema(FakeSchemas()));
  CHECK(admits(schema, good_document()));
  json document = good_document();
  document["pipeline"]["wrkers"] = 3;
  CHECK_FALSE(admits(schema, document));
}

TEST_CASE("the page on the configuration has every table and key with its default") {
  std::ifstream page("docs/configuration.md");
  REQUIRE(page);
  std::stringstream text;
  text << page.rdbuf();
  const std::string all = text.str();
  for (const auto& table : host_tables()) {
    INFO(table.name);
    CHECK(all.find("## `[" + std::string(table.shape == Shape::kArray ? "[" : "") + table.name) !=
          std::string::npos);
  }
  for (const auto& key : host_keys()) {
    INFO(key.table << "." << key.key);
    const auto section =
        all.find(std::string("## `[") + (find_table(key.table)->shape == Shape::kArray ? "[" : "") +
                 key.table);
    REQUIRE(section != std::string::npos);
    const std::string part = all.substr(section, all.find("\n## ", section + 3) - section);
    const auto row = part.find("| `" + std::string(key.key) + "` |");
    REQUIRE(row != std::string::npos);
    const json schema = json::parse(key.schema);
    if (schema.contains("default") && !schema["default"].empty()) {
      CHECK(
          part.substr(row, part.find('\n', row) - row).find("`" + schema["default"].dump() + "`") !=
          std::string::npos);
    }
  }
}

TEST_CASE("schemas within the subset are sound, others are told where they are not") {
  CHECK(schema_problems(kBinance).empty());
  CHECK(schema_problems(kSqlite).empty());
  CHECK(schema_problems("{}").empty());
  const std::pair<const char*, const char*> bad[] = {
      {"{", "the schema is not JSON"},
      {"[]", "the schema must be a JSON object"},
      {R"({"type":"text"})",
       "#/type: must be object, array, string, integer, number or boolean (TOML has no null)"},
      {R"({"properties":{"a":{"not":{}}}})",
       "#/properties/a/not: this keyword is not part of the subset that is checked "
       "(docs/schema-subset.md)"},
      {R"({"properties":{"a":{"pattern":"["}}})",
       "#/properties/a/pattern: must be a regular expression"},
      {R"({"properties":{"a":{"format":"email"}}})",
       "#/properties/a/format: must be duration, size, date, date-time, instant or uri"},
      {R"({"properties":{"a":{"$ref":"#/$defs/b"}}})",
       "#/properties/a/$ref: must be the place of a schema under #/$defs/"},
      {R"({"required":"a"})", "#/required: must be an array of key names"},
      {R"({"items":3})", "#/items: a schema is an object or a boolean"},
      {R"({"minLength":"3"})", "#/minLength: must be a number"}};
  for (const auto& [schema, problem] : bad) {
    INFO(schema);
    CHECK(schema_problems(schema) == std::vector<std::string>{problem});
  }
}

TEST_CASE("the checker and an independent one agree on plain values") {
  const json schema =
      json::parse(R"({"type":"object","additionalProperties":false,"properties":{"v":{"anyOf":[
      {"type":"integer","minimum":3,"maximum":9,"multipleOf":3},{"type":"string","minLength":2,"maxLength":4,"pattern":"^a+b?$"},
      {"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":2,"uniqueItems":true},
      {"type":"object","required":["x"],"properties":{"x":{"enum":[1,"one"]}},"additionalProperties":false}]}}})");
  FakeSchemas schemas;
  schemas.add("source", "s", schema.dump());
  schemas.add("sink", "k", "{}");
  size_t good = 0;
  for (const char* value : {"1",
                            "3",
                            "4",
                            "6",
                            "12",
                            "3.0",
                            "\"a\"",
                            "\"aa\"",
                            "\"ab\"",
                            "\"aaaab\"",
                            "\"ba\"",
                            "\"\"",
                            "[]",
                            "[true]",
                            "[true, false]",
                            "[true, true]",
                            "[1]",
                            "true",
                            "{}",
                            "{ x = 1 }",
                            "{ x = \"one\" }",
                            "{ x = 2 }",
                            "{ x = 1, y = 1 }"}) {
    INFO(value);
    const TemporaryFile file(
        std::string("[pipeline]\nname = \"x\"\n[[source]]\nplugin = \"s\"\nv = ") + value +
        "\n[sink]\nplugin = \"k\"\n");
    const auto result = read_config(file.path(), schemas);
    std::string as_json = value;
    for (auto& c : as_json) {
      c = c == '=' ? ':' : c;
    }
    for (const char* key : {"x", "y"}) {
      const auto at = as_json.find(std::string(" ") + key + " :");
      if (at != std::string::npos) {
        as_json.replace(at, 2, std::string(" \"") + key + "\"");
      }
    }
    // TOML keeps 3.0 apart from 3, JSON Schema does not: the one place where they differ on
    // purpose.
    const bool differs = std::string(value) == "3.0";
    const bool admitted = admits(schema, {{"v", json::parse(as_json)}});
    CHECK(result.problems.empty() == (admitted && !differs));
    good += admitted ? 1 : 0;
  }
  CHECK(good > 6);
}

}  // namespace
}  // namespace sluice::host::test
