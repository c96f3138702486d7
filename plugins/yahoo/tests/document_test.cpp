// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>

#include "plugins/yahoo/tests/support.hpp"
#include "readers.hpp"
#include "sluice/cpp/config_struct.hpp"

using sluice::json;
using yahoo::test::read_file;

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " + o.doc + " |\n";
}

// As it stands in a TOML file of ours.
std::string shown(const json& value) {
  std::string text = value.dump();
  for (std::size_t i = 0; (i = text.find("\",\"", i)) != std::string::npos; i += 3) {
    text.replace(i, 3, "\", \"");
  }
  return text;
}

}  // namespace

TEST_CASE("yahoo: the README shows the sample and every field", "[unit][yahoo]") {
  const std::string readme = read_file("plugins/yahoo/README.md");
  const std::string sample = read_file("plugins/yahoo/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  const yahoo::Selection selection(sluice::parse_config<yahoo::Config>(R"({"symbols":["AAPL"]})"));
  for (const auto& stream : {yahoo::candle_stream(selection), yahoo::dividend_stream(),
                             yahoo::split_stream(), yahoo::instrument_stream()}) {
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

TEST_CASE("yahoo: the sample names every key with its default", "[unit][yahoo]") {
  const std::string sample = read_file("plugins/yahoo/sample.toml");
  const auto schema = sluice::config_schema<yahoo::Config>();
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    CHECK(sample.find(key + " = ") != std::string::npos);
    if (property.contains("default")) {
      CHECK(sample.find("# " + key + " = " + shown(property.at("default")) + "\n") !=
            std::string::npos);
    }
  }
}
