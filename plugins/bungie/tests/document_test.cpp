// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>

#include "config.hpp"
#include "plugins/bungie/tests/support.hpp"
#include "tables.hpp"

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         (stream.nullable(column) ? "yes" : "no") + " | " +
         (o.source_name.empty() ? "" : "`" + o.source_name + "`") + " | " + o.doc + " |\n";
}

}  // namespace

TEST_CASE("bungie: the README shows the sample and every field", "[unit][bungie]") {
  const std::string readme = bungie::test::read_file("plugins/bungie/README.md");
  const std::string sample = bungie::test::read_file("plugins/bungie/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  bungie::Config config;
  config.tables = {"DestinyTalentGridDefinition", "DestinyHistoricalStatsDefinition"};
  const bungie::Selection selection(config);
  for (const auto& table : selection.tables) {
    const auto stream = make_stream(table, selection);
    CAPTURE(stream.name());
    const auto at = readme.find("### `" + stream.name() + "`\n");
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    CAPTURE(lines);
    REQUIRE(at != std::string::npos);
    const auto end = readme.find("\n### ", at);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("bungie: the sample names every key with its default", "[unit][bungie]") {
  const std::string sample = bungie::test::read_file("plugins/bungie/sample.toml");
  const auto plugin = sluice::testing::Plugin::load(BUNGIE_PLUGIN_FILE);
  const auto& descriptor = plugin.find(SLUICE_KIND_SOURCE, "bungie");
  const auto schema = sluice::json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    std::string standard = property.at("default").dump();
    for (std::size_t i = 0; (i = standard.find("\",\"", i)) != std::string::npos; i += 3) {
      standard.replace(i, 3, "\", \"");
    }
    CHECK(sample.find("# " + key + " = " + standard + "\n") != std::string::npos);
  }
}
