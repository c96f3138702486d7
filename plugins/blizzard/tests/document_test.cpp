// SPDX-License-Identifier: Apache-2.0
//
// The README and the sample say what the plugin does.
#include <catch2/catch.hpp>

#include "plugins/blizzard/tests/support.hpp"
#include "streams.hpp"

using namespace blizzard::test;  // NOLINT
using sluice::json;

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " +
         (o.source_name.empty() ? "" : "`" + o.source_name + "`") + " | " + o.doc + " |\n";
}

std::string standard_text(const json& value) {
  std::string out = value.dump();
  for (std::size_t at = 0; (at = out.find(',', at)) != std::string::npos; at += 2) {
    out.insert(at + 1, " ");
  }
  return out;
}

}  // namespace

TEST_CASE("blizzard: the README shows the sample and every field", "[unit][blizzard]") {
  const std::string readme = read_file("plugins/blizzard/README.md");
  const std::string sample = read_file("plugins/blizzard/sample.toml");
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  const blizzard::Selection selection(sluice::parse_config<blizzard::Config>("{}"));
  for (const auto& stream : blizzard::streams(selection)) {
    const auto at = readme.find("### `" + stream.name() + "`\n");
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    INFO("### `" << stream.name() << "`\n" << lines);
    REQUIRE(at != std::string::npos);
    const auto end = readme.find("\n### ", at);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("blizzard: the sample names every key with its default", "[unit][blizzard]") {
  const std::string sample = read_file("plugins/blizzard/sample.toml");
  const auto built = plugin();
  const auto& descriptor = built.find(SLUICE_KIND_SOURCE, "blizzard");
  const auto schema = json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "regions") {  // shown with another value
      CHECK(sample.find("# " + key + " = " + standard_text(property.at("default")) + "\n") !=
            std::string::npos);
    }
  }
}
