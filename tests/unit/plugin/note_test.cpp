// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>

#include "host/plugin/library.hpp"
#include "unit/plugin/elf_maker.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;

namespace {
std::string refusal(const std::string& content) {
  const TempFolder folder;
  const auto info = read_library(folder.write("x.so", content));
  REQUIRE_FALSE(info);
  return info.error().message;
}
std::string edited(std::string elf, size_t at, unsigned char byte) {
  elf[at] = static_cast<char>(byte);
  return elf;
}
}  // namespace

TEST_CASE("note: is read without section headers", "[unit][plugin]") {
  const TempFolder folder;
  const auto info = read_library(folder.write("x.so", elf_with_note(note_bytes(note_json()))));
  INFO((info ? "" : info.error().message));
  REQUIRE(info);
  CHECK(info->abi_major == 1);
  REQUIRE(info->components.size() == 1);
  CHECK(info->components[0].id == "demo");
  CHECK(info->components[0].version == "1.2.3");
  CHECK(info->components[0].config_schema == R"({"type":"object"})");
  const auto other = note_bytes("x", "GNU", 3) + note_bytes(note_json("second"));
  CHECK(read_library(folder.write("y.so", elf_with_note(other)))->components[0].id == "second");
}

TEST_CASE("note: a file of another kind is named as what it is", "[unit][plugin]") {
  const std::string good = elf_with_note(note_bytes(note_json()));
  CHECK_THAT(refusal(""), Contains("empty"));
  CHECK_THAT(refusal("#!/bin/sh\necho hello\n"), Contains("not a shared library"));
  CHECK_THAT(refusal(good.substr(0, 40)), Contains("truncated"));
  CHECK_THAT(refusal(good.substr(0, 70)), Contains("truncated"));
  CHECK_THAT(refusal(edited(good, EI_CLASS, ELFCLASS32)), Contains("32-bit"));
  CHECK_THAT(refusal(edited(good, EI_DATA, ELFDATA2MSB)), Contains("big-endian"));
  CHECK_THAT(refusal(edited(good, 18, EM_RISCV)), Contains("riscv"));
  CHECK_THAT(refusal(edited(good, 16, ET_EXEC)), Contains("another type"));
  CHECK_THAT(refusal(elf_with_note(note_bytes("x", "GNU", 3))), Contains("not a sluice plugin"));
  CHECK_THAT(refusal(elf_with_note("")), Contains("not a sluice plugin"));
  const TempFolder folder;
  CHECK(read_library(folder.path()).error().code == Code::kInvalidConfig);
  CHECK(read_library(folder.path() / "none.so").error().code == Code::kNotFound);
}

TEST_CASE("note: content that cannot be is malformed", "[unit][plugin]") {
  const std::string deep(100'000, '[');
  for (const std::string& json :
       {std::string("{"), std::string("[]"), std::string("{}"), deep, std::string("{\"a\":") + deep,
        note_json("Big Letters"), note_json(""), note_json("demo", "[1]"),
        note_json("demo", "[1,99999]"), note_json("demo", "[1,-1]"),
        note_json("demo", "[1,0]", "\"0\""), note_json("demo", "[1.5,0]"),
        std::string(R"({"abi":[1,0],"min_host_minor":0,"components":[{"kind":"tap","id":"a"}]})"),
        std::string(
            R"({"abi":[1,0],"min_host_minor":0,"components":[{"kind":"sink","id":"a"}]})")}) {
    CHECK_THAT(refusal(elf_with_note(note_bytes(json))), Contains("malformed"));
  }
}

TEST_CASE("note: another major and a newer minor are told apart", "[unit][plugin]") {
  CHECK_THAT(refusal(elf_with_note(note_bytes(note_json("demo", "[2,0]")))), Contains("ABI 2.0"));
  CHECK_THAT(refusal(elf_with_note(note_bytes(note_json("demo", "[1,7]", "7")))),
             Contains("1.7") && Contains("1.0"));
}

TEST_CASE("note: any damage of a file gives an answer", "[unit][plugin]") {
  const std::string good = elf_with_note(note_bytes(note_json()));
  const TempFolder folder;
  for (size_t size = 0; size < good.size(); ++size) {
    const auto file = folder.write("cut.so", good.substr(0, size));
    CHECK_FALSE(read_library(file));
    CHECK_FALSE(inspect_library(file));
  }
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int byte : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      const auto file = folder.write("flip.so", edited(good, at, static_cast<unsigned char>(byte)));
      const auto info = read_library(file);  // right or wrong, but an answer
      CHECK((info || !info.error().message.empty()));
      const auto details = inspect_library(file);
      CHECK((details || !details.error().message.empty()));
    }
  }
}
