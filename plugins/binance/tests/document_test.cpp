// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>
#include <string>

#include "plugins/binance/tests/support.hpp"
#include "readers.hpp"

using binance::test::read_file;

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " + o.doc + " |\n";
}

}  // namespace

TEST_CASE("binance: the README shows the sample and every field", "[unit][binance]") {
  const std::string readme = read_file("plugins/binance/README.md");
  const std::string sample = read_file("plugins/binance/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  const binance::Selection selection{binance::Config{}};
  for (const auto& stream : {binance::candles_stream(selection, selection.candles[0]),
                             binance::trades_stream(), binance::symbols_stream()}) {
    CAPTURE(stream.name());
    const auto at = readme.find("### `" + stream.name() + "`\n");
    REQUIRE(at != std::string::npos);
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    const auto end = readme.find("\n### ", at);
    INFO(lines);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("binance: the sample names every key with its default", "[unit][binance]") {
  const std::string sample = read_file("plugins/binance/sample.toml");
  const auto plugin = sluice::testing::Plugin::load(BINANCE_PLUGIN_FILE);
  const auto& descriptor = plugin.find(SLUICE_KIND_SOURCE, "binance");
  const auto schema = sluice::json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "symbols") {  // shown with another value
      CHECK(sample.find("# " + key + " = " + property.at("default").dump() + "\n") !=
            std::string::npos);
    }
  }
}
