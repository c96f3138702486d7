// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>

#include "plugins/coingecko/lists.hpp"
#include "plugins/coingecko/tests/support.hpp"
#include "sluice/cpp/config_struct.hpp"

using coingecko::test::read_file;
using sluice::json;

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " + o.doc + " |\n";
}

}  // namespace

TEST_CASE("coingecko: the README shows the sample and every field", "[unit][coingecko]") {
  const std::string readme = read_file("plugins/coingecko/README.md");
  const std::string sample = read_file("plugins/coingecko/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  const coingecko::Selection selection(
      sluice::parse_config<coingecko::Config>(R"({"coins":["bitcoin"]})"));
  for (const auto& stream :
       {coingecko::chart_stream(selection), coingecko::candle_stream(selection),
        coingecko::market_stream(), coingecko::coin_stream()}) {
    CAPTURE(stream.name());
    const auto at = readme.find("### `" + stream.name() + "`\n");
    REQUIRE(at != std::string::npos);
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    CAPTURE(lines);
    const auto end = readme.find("\n### ", at);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("coingecko: the sample names every key with its default", "[unit][coingecko]") {
  const std::string sample = read_file("plugins/coingecko/sample.toml");
  const auto schema = sluice::config_schema<coingecko::Config>();
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "coins") {  // shown with another value
      CHECK(sample.find("# " + key + " = " + property.at("default").dump() + "\n") !=
            std::string::npos);
    }
  }
}
