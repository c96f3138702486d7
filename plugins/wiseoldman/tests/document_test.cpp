// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>

#include "metrics.hpp"
#include "plugins/wiseoldman/tests/support.hpp"
#include "streams.hpp"

using wiseoldman::test::read_file;

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " + o.source_name + " | " +
         o.doc + " |\n";
}

wiseoldman::Selection selection() {
  wiseoldman::Config config;
  config.contact = "me@example.org";
  config.groups = {139};
  return wiseoldman::Selection(config);
}

}  // namespace

TEST_CASE("wiseoldman: the README shows the sample and every field", "[unit][wiseoldman]") {
  const std::string readme = read_file("plugins/wiseoldman/README.md");
  const std::string sample = read_file("plugins/wiseoldman/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  for (const auto& stream : wiseoldman::streams(selection())) {
    CAPTURE(stream.name());
    const auto at = readme.find("### `" + stream.name() + "`\n");
    REQUIRE(at != std::string::npos);
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    INFO(lines);
    const auto end = readme.find("\n### ", at);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("wiseoldman: the README names every metric that has columns", "[unit][wiseoldman]") {
  const std::string readme = read_file("plugins/wiseoldman/README.md");
  for (const auto& kind : wiseoldman::kSectionKinds) {
    std::string line;
    for (const auto& metric : wiseoldman::known_metrics()) {
      if (metric.section == kind.section) {
        line += (line.empty() ? "" : ", ") + std::string(metric.name);
      }
    }
    INFO(line);
    CHECK(readme.find("| " + line + " |") != std::string::npos);
  }
}

TEST_CASE("wiseoldman: the sample names every key with its default", "[unit][wiseoldman]") {
  const std::string sample = read_file("plugins/wiseoldman/sample.toml");
  const auto plugin = sluice::testing::Plugin::load(WISEOLDMAN_PLUGIN_FILE);
  const auto& descriptor = plugin.find(SLUICE_KIND_SOURCE, "wiseoldman");
  const auto schema = sluice::json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "contact" && key != "groups") {  // shown with other values
      CHECK(sample.find("# " + key + " = " + property.at("default").dump() + "\n") !=
            std::string::npos);
    }
  }
}
