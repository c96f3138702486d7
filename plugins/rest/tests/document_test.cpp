// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does: the sample, every key, and the examples that are tested.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "plugins/rest/tests/support.hpp"

using sluice::json;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string type_of(const json& schema) {
  if (schema.contains("enum")) {
    std::string out;
    for (const json& one : schema["enum"]) {
      out += (out.empty() ? "" : ", ") + ("`" + one.dump() + "`");
    }
    return out;
  }
  const std::string type = schema.value("type", "");
  const std::string format = schema.value("format", "");
  if (type == "array") {
    const std::string item = type_of(schema["items"]);
    return item == "table" ? "array of tables" : "array of " + item + (item == "any" ? "" : "s");
  }
  if (type == "object") {
    return schema.contains("properties") ? "table" : "table of strings";
  }
  return format == "duration"    ? "duration"
         : format == "size"      ? "size"
         : format == "date-time" ? "time"
         : type.empty()          ? "any"
                                 : type;
}

// The rows of the README's table for a table of the configuration.
std::string rows_of(const json& schema) {
  std::string out;
  const json required = schema.value("required", json::array());
  for (const auto& [key, property] : schema.at("properties").items()) {
    const bool needed = std::find(required.begin(), required.end(), key) != required.end();
    const json standard = property.value("default", json());
    const std::string shown = needed               ? "**required**"
                              : standard.is_null() ? ""
                                                   : "`" + standard.dump() + "`";
    out += "| `" + key + "` | " + type_of(property) + " | " + shown + " | " +
           property.value("description", "") + " |\n";
    CHECK_FALSE(property.value("description", "").empty());
  }
  return out;
}

json schema() {
  static const sluice::testing::Plugin plugin = rest::test::plugin();
  return json::parse(sluice::view(plugin.find(SLUICE_KIND_SOURCE, "rest").config_schema));
}

}  // namespace

TEST_CASE("rest: the README shows the sample and every key", "[unit][rest]") {
  const std::string readme = read_file("plugins/rest/README.md");
  const std::string sample = read_file("plugins/rest/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  const json source = schema();
  const json& stream = source["properties"]["streams"]["items"];
  const std::pair<const char*, json> tables[] = {
      {"[[source]]", source},
      {"[[source.limits]]", source["properties"]["limits"]["items"]},
      {"[[source.streams]]", stream},
      {"fields", stream["properties"]["fields"]["items"]},
      {"over", stream["properties"]["over"]},
      {"pages", stream["properties"]["pages"]},
      {"errors", stream["properties"]["errors"]["items"]}};
  for (const auto& [name, table] : tables) {
    const std::string rows = "### `" + std::string(name) +
                             "`\n\n| key | type | default | meaning |\n"
                             "| --- | --- | --- | --- |\n" +
                             rows_of(table);
    INFO(rows);
    CHECK(readme.find(rows) != std::string::npos);
  }
}

TEST_CASE("rest: the README shows the worked examples as they are tested", "[unit][rest]") {
  const std::string readme = read_file("plugins/rest/README.md");
  for (const char* name :
       {"wise_old_man", "coingecko", "github", "exchange_rates", "hacker_news"}) {
    CAPTURE(name);
    const std::string pipeline =
        read_file("plugins/rest/tests/cases/" + std::string(name) + "/pipeline.toml");
    REQUIRE_FALSE(pipeline.empty());
    CHECK(readme.find("```toml\n" + pipeline + "```\n") != std::string::npos);
  }
}
