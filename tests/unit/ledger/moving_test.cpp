// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)
using Kind = Outcome::Kind;

std::vector<std::string> export_all(Ledger& ledger) {
  std::vector<std::string> lines;
  must(ledger.export_lines([&lines](std::string_view line) {
    lines.emplace_back(line);
    return Result<void>();
  }));
  return lines;
}

void fill(LedgerFixture& f) {
  const std::string binary("\0\xff\n\"", 4);
  f.list({{.key = "a",
           .title = "Ä \"title\"",
           .validator = "1",
           .token = binary,
           .from_us = -1,
           .to_us = 2},
          {.key = "b", .validator = "1"},
          {.key = binary, .validator = "1"},
          {.key = "d", .validator = "1"},
          {.key = "s1", .partition = "P", .from_us = 0, .to_us = 10, .series = true},
          {.key = "s2", .partition = "P", .from_us = 20, .to_us = 30, .series = true}});
  f.settle("a", Kind::kLanded, 5);
  f.settle("b", Kind::kEmpty);
  f.settle("s1", Kind::kLanded, 7);
  Outcome part;
  part.kind = Kind::kPart;
  part.resumable = true;
  part.resume = binary;
  f.settle("d", part);
  f.list({{.key = "a", .validator = "2"}}, false);
  must(f.ledger->set_head("pipe", binary));
  must(f.ledger->put_run({.id = "r", .pipeline = "pipe", .started_us = 5, .report = "{\"x\":1}"}));
  std::vector<QuarantinedRow> rows(1);
  rows[0].payload = binary;
  must(f.ledger->quarantine("pipe", rows));
  must(f.ledger->put_blob("s", "n", binary));
}

TEST_CASE("moving: an import of an export is the same ledger", "[unit][ledger]") {
  LedgerFixture from;
  fill(from);
  const auto lines = export_all(*from.ledger);
  CHECK(lines.size() >= 11);
  LedgerFixture to;
  for (const std::string& line : lines) {
    must(to.ledger->import_line(line));
  }
  must(to.ledger->sync());
  CHECK(export_all(*to.ledger) == lines);
  const auto before = must(from.ledger->counts(from.stream));
  const auto after = must(to.ledger->counts(to.stream));
  for (size_t i = 0; i < kSliceStates; ++i) {
    CHECK(before.slices[i] == after.slices[i]);
  }
  CHECK(before.rows == after.rows);
  CHECK(must(to.ledger->coverage(to.stream, "P")).total() == 10);
  CHECK(must(to.ledger->outstanding(to.stream, "P")).total() == 10);
  CHECK(to.get("d").resume == from.get("d").resume);
  CHECK(must(to.ledger->claim(to.stream, 10)).size() == 4);
}

TEST_CASE("moving: an import says which line is wrong", "[unit][ledger]") {
  LedgerFixture f;
  const std::string head = R"({"ledger":{"version":1}})";
  const auto try_lines = [&f](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (auto imported = f.ledger->import_line(line); !imported) {
        return imported.error();
      }
    }
    auto synced = f.ledger->sync();
    return synced ? Error{Code::kInternal, "imported"} : synced.error();
  };
  SECTION("no header") {
    CHECK(try_lines({R"({"slice":{}})"}).message.find("line 1") != std::string::npos);
  }
  SECTION("another version") {
    CHECK(try_lines({R"({"ledger":{"version":2}})"}).code == Code::kBadData);
  }
  SECTION("bad lines") {
    for (
        const char* bad :
        {"",
         "{",
         "[]",
         "{}",
         R"({"a":1,"b":2})",
         R"({"what":{}})",
         R"({"slice":5})",
         R"({"slice":{}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"fine"}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"","state":"landed"}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"landed","rows":-1}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"landed","rows":"1"}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"landed","surprise":1}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":{"hex":"0"},"state":"landed"}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":{"hex":"zz"},"state":"landed"}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"landed","attempts":4294967296}})",
         R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"pending","series":true,"from_us":2,"to_us":1}})",
         R"({"coverage":{"pipeline":"p","stream":"s","intervals":[[2,1]]}})",
         R"({"coverage":{"pipeline":"p","stream":"s","intervals":[1,2]}})",
         R"({"head":{"pipeline":"","head":"h"}})"}) {
      LedgerFixture one;
      must(one.ledger->import_line(head));
      auto result = one.ledger->import_line(bad);
      if (result) {
        result = one.ledger->sync();
      }
      INFO(bad);
      REQUIRE_FALSE(result);
      CHECK(result.error().code == Code::kBadData);
      CHECK(result.error().message.find("line 2") != std::string::npos);
    }
  }
  SECTION("a slice twice") {
    const std::string slice =
        R"({"slice":{"pipeline":"p","stream":"s","key":"k","state":"landed"}})";
    CHECK(try_lines({head, slice, slice}).message.find("line 3") != std::string::npos);
  }
  SECTION("a ledger that is not empty") {
    f.list({{.key = "a"}});
    CHECK(try_lines({head}).code == Code::kInvalidConfig);
  }
}

}  // namespace
