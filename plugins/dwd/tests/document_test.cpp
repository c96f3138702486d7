// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>
#include <sluice/testing/testing.hpp>

#include "plugins/dwd/tests/support.hpp"
#include "readers.hpp"

namespace {

// A row of the README's table of fields.
std::string field_line(const sluice::Stream& stream, const sluice::ColumnDecl& column) {
  const auto& o = column.options;
  return "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
         o.unit + " | " + (stream.nullable(column) ? "yes" : "no") + " | " + o.source_name + " | " +
         o.doc + " |\n";
}

}  // namespace

TEST_CASE("dwd: the README shows the sample and every field", "[unit][dwd]") {
  const std::string readme = dwd::test::read_file("plugins/dwd/README.md");
  const std::string sample = dwd::test::read_file("plugins/dwd/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  std::vector<sluice::Stream> streams{dwd::station_stream(), dwd::parameter_stream()};
  for (const auto& dataset : dwd::datasets()) {
    streams.push_back(dwd::observation_stream(dataset, {}));
  }
  for (const auto kind : {dwd::MemberKind::kPositions, dwd::MemberKind::kNames,
                          dwd::MemberKind::kParameters, dwd::MemberKind::kInstruments}) {
    streams.push_back(dwd::metadata_stream(kind));
  }
  for (const auto& stream : streams) {
    CAPTURE(stream.name());
    const auto at = readme.find("### `" + stream.name() + "`\n");
    REQUIRE(at != std::string::npos);
    std::string lines;
    for (const auto& column : stream.columns()) {
      lines += field_line(stream, column);
    }
    const auto end = readme.find("\n### ", at);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("dwd: the sample names every key with its default", "[unit][dwd]") {
  const std::string sample = dwd::test::read_file("plugins/dwd/sample.toml");
  const auto plugin = sluice::testing::Plugin::load(DWD_PLUGIN_FILE);
  const auto& descriptor = plugin.find(SLUICE_KIND_SOURCE, "dwd");
  const auto schema = sluice::json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "datasets") {  // shown with another value
      std::string standard = property.at("default").dump();
      for (std::size_t i = 0; (i = standard.find("\",\"", i)) != std::string::npos; i += 3) {
        standard.replace(i, 3, "\", \"");
      }
      CHECK(sample.find("# " + key + " = " + standard + "\n") != std::string::npos);
    }
  }
}
