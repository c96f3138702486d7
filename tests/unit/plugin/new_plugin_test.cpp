// SPDX-License-Identifier: Apache-2.0
#include "host/cli/new_plugin.hpp"

#include <catch2/catch.hpp>
#include <iterator>

#include "unit/plugin/elf_maker.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
namespace fs = std::filesystem;

namespace {
std::string content(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
}  // namespace

TEST_CASE("new plugin: names and contents are filled in", "[unit][plugin]") {
  const TempFolder templates;
  fs::create_directories(templates.path() / "source" / "tests");
  templates.write("source/@name@.cpp", "struct @Name@ {}; // @name@ @name@ @other@");
  templates.write("source/tests/@name@_test.cpp", "@Name@");
  const TempFolder into;
  const auto made = new_plugin(templates.path(), "source", "hello_world2", into.path() / "deep");
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  CHECK(*made == into.path() / "deep" / "hello_world2");
  CHECK(content(*made / "hello_world2.cpp") ==
        "struct HelloWorld2 {}; // hello_world2 hello_world2 @other@");
  CHECK(content(*made / "tests" / "hello_world2_test.cpp") == "HelloWorld2");
}

TEST_CASE("new plugin: bad names kinds and existing folders are refused", "[unit][plugin]") {
  const TempFolder templates;
  fs::create_directories(templates.path() / "source");
  const TempFolder into;
  for (const std::string name : {"", "../x", "Upper", "1st", "a-b", "a b", "a/b",
                                 "a_name_that_is_longer_than_forty_characters"}) {
    CHECK(new_plugin(templates.path(), "source", name, into.path()).error().code ==
          Code::kInvalidConfig);
  }
  CHECK(new_plugin(templates.path(), "transform", "x", into.path()).error().code ==
        Code::kInvalidConfig);
  CHECK(new_plugin(templates.path(), "sink", "x", into.path()).error().code == Code::kNotFound);
  CHECK(fs::is_empty(into.path()));
  fs::create_directory(into.path() / "taken");
  const auto file = into.write("taken/mine", "precious");
  CHECK_FALSE(new_plugin(templates.path(), "source", "taken", into.path()));
  CHECK(content(file) == "precious");
}
