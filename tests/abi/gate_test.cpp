// SPDX-License-Identifier: Apache-2.0
//
// Which libraries a host lets in, and what it says of the others.
#include <cstdlib>
#include <fstream>

#include "abi/host_fixture.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;

namespace {
Error refusal(const std::string& name, uint16_t host_minor = SLUICE_ABI_MINOR) {
  const auto loaded = load_library(library(name), host_minor);
  INFO(name);
  REQUIRE_FALSE(loaded);
  return loaded.error();
}
}  // namespace

TEST_CASE("gate: a plugin that needs no newer host is let in", "[abi][gate]") {
  CHECK(load_library(library("gate_zero")));
  CHECK(load_library(library("gate_newest"), 3));
  CHECK(load_library(library("gate_built_newer_needs_zero")));
}

TEST_CASE("gate: a plugin that needs a newer host is refused with both numbers", "[abi][gate]") {
  const Error next = refusal("gate_next", 3);
  CHECK(next.code == Code::kUnsupported);
  CHECK_THAT(next.message, Contains("1.4") && Contains("1.3"));
  const Error minus_one = refusal("gate_minus_one");
  CHECK(minus_one.code == Code::kUnsupported);
  CHECK_THAT(minus_one.message, Contains("1.65535"));
}

TEST_CASE("gate: another major is refused with both numbers", "[abi][gate]") {
  const Error error = refusal("gate_other_major");
  CHECK(error.code == Code::kUnsupported);
  CHECK_THAT(error.message, Contains("2.0") && Contains("1.0"));
}

TEST_CASE("gate: what the note refuses is never mapped", "[abi][gate]") {
  CHECK(std::getenv("SLUICE_TEST_GATE_RAN") == nullptr);
  refusal("gate_constructor_newer");
  CHECK(std::getenv("SLUICE_TEST_GATE_RAN") == nullptr);
  CHECK(inspect_library(library("gate_constructor")));
  CHECK(std::getenv("SLUICE_TEST_GATE_RAN") == nullptr);
  CHECK(load_library(library("gate_constructor")));
  CHECK(std::getenv("SLUICE_TEST_GATE_RAN") != nullptr);
}

TEST_CASE("gate: notes that are missing or malformed are named as such", "[abi][gate]") {
  CHECK_THAT(refusal("gate_no_note").message, Contains("not a sluice plugin (no .note.sluice)"));
  CHECK_THAT(refusal("gate_foreign_note").message, Contains("another owner"));
  CHECK_THAT(refusal("gate_bad_json").message, Contains("malformed"));
  CHECK_THAT(refusal("gate_no_components").message, Contains("components"));
}

TEST_CASE("gate: a note that the code contradicts is refused again and again", "[abi][gate]") {
  for (int i = 0; i < 2; ++i) {
    CHECK_THAT(refusal("gate_note_other_numbers").message, Contains("different ABI numbers"));
    CHECK_THAT(refusal("gate_note_other_id").message, Contains("does not name"));
    CHECK_THAT(refusal("gate_empty_slot").message, Contains("empty slots"));
  }
}

TEST_CASE("loading: what the loader could not find is named", "[abi][gate]") {
  CHECK_THAT(refusal("gate_no_entry").message, Contains("sluice_entry_v1"));
  CHECK_THAT(refusal("gate_missing_symbol").message,
             Contains("sluice_test_symbol_that_nobody_has"));
  const auto needed = library("libsluice_test_dependency");
  const auto hidden = library("libsluice_test_dependency_hidden");
  std::filesystem::rename(needed, hidden);
  const auto loaded = load_library(library("gate_missing_library"));
  std::filesystem::rename(hidden, needed);
  REQUIRE_FALSE(loaded);
  CHECK_THAT(loaded.error().message,
             Contains("libsluice_test_dependency.so") && Contains("not installed"));
}

TEST_CASE("loading: one file through two paths is loaded once", "[abi][gate]") {
  const auto link = library("gate_zero_link");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(library("gate_zero"), link);
  const auto first = load_library(library("gate_zero"));
  const auto second = load_library(link);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first == *second);
}

TEST_CASE("loading: a library stays mapped although nobody holds it", "[abi][gate]") {
  {
    HostFixture host;
    host.source("plain_c", "plain-c", R"({"rows":1})");
  }
  std::ifstream maps("/proc/self/maps");
  const std::string all((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
  CHECK_THAT(all, Contains("plain_c.so"));
}

TEST_CASE("inspection: exports, dependencies, floors and warnings are told", "[abi][gate]") {
  const auto good = inspect_library(library("plain_c"));
  REQUIRE(good);
  CHECK(good->exported == std::vector<std::string>{"sluice_entry_v1"});
  CHECK(good->sha256.size() == 64);
  CHECK(good->size_bytes == std::filesystem::file_size(library("plain_c")));
  CHECK_FALSE(good->glibc_floor.empty());
  REQUIRE(good->components.size() == 1);
  CHECK(good->components[0].id == "plain-c");
  const auto bad = inspect_library(library("gate_warnings"));
  REQUIRE(bad);
  CHECK(bad->exported.size() == 2);
  std::string warnings;
  for (const auto& warning : bad->warnings) {
    warnings += warning;
  }
  CHECK_THAT(warnings,
             Contains("exports more than") && Contains("executable stack") && Contains("RUNPATH"));
}
