// SPDX-License-Identifier: Apache-2.0
//
// The README says what the plugin does.
#include <catch2/catch.hpp>

#include "plugins/discord/tests/support.hpp"
#include "streams.hpp"

using discord::Form;
using discord::Part;
using sluice::json;

namespace {

// Rows of the README's table of fields.
std::string field_lines(Part part) {
  const sluice::Stream api = discord::columns_of(part, Form::kApi);
  const sluice::Stream exported = discord::columns_of(part, Form::kExport);
  std::string out;
  for (std::size_t i = 0; i < api.columns().size(); ++i) {
    const auto& column = api.columns()[i];
    const auto& o = column.options;
    const auto code = [](const std::string& path) { return path.empty() ? "" : "`" + path + "`"; };
    out += "| `" + column.name + "` | " + std::string(sluice::type_name(column.type)) + " | " +
           o.unit + " | " + (api.nullable(column) ? "yes" : "no") + " | " + code(o.source_name) +
           " | " + code(exported.columns()[i].options.source_name) + " | " + o.doc + " |\n";
  }
  return out;
}

}  // namespace

TEST_CASE("discord: the README shows the sample and every field", "[unit][discord]") {
  const std::string readme = discord::test::read_file("plugins/discord/README.md");
  const std::string sample = discord::test::read_file("plugins/discord/sample.toml");
  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```toml\n" + sample + "```\n") != std::string::npos);
  for (const Part part :
       {Part::kChannels, Part::kMessages, Part::kAuthors, Part::kReactions, Part::kAttachments}) {
    const std::string name(discord::kPartNames[static_cast<std::size_t>(part)]);
    CAPTURE(name);
    const auto at = readme.find("### `" + name + "`\n");
    REQUIRE(at != std::string::npos);
    const auto end = readme.find("\n##", at + 5);
    const std::string lines = field_lines(part);
    INFO(lines);
    CHECK(readme.substr(at, end - at).find(lines) != std::string::npos);
  }
}

TEST_CASE("discord: the sample names every key with its default", "[unit][discord]") {
  const std::string sample = discord::test::read_file("plugins/discord/sample.toml");
  const auto plugin = sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE);
  const auto& descriptor = plugin.find(SLUICE_KIND_SOURCE, "discord");
  const auto schema = json::parse(sluice::view(descriptor.config_schema));
  for (const auto& [key, property] : schema.at("properties").items()) {
    CAPTURE(key);
    CHECK_FALSE(property.value("description", std::string{}).empty());
    if (key != "guilds" && key != "credential") {  // shown with another value
      CHECK(sample.find("# " + key + " = " + property.at("default").dump() + "\n") !=
            std::string::npos);
    }
  }
}
