// SPDX-License-Identifier: Apache-2.0
//
// sluice test with the real binary.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/web.hpp"
#include "support/raw_http_server.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::raw_answer;
using sluice::test::RawConnection;
using sluice::test::RawHttpServer;
using sluice::test::RawRequest;
using sluice::test::read_file;
using sluice::test::WebPipeline;
using sluice::test::write_file;

namespace {

// A recorded test of two rows, whose service is gone.
struct Case {
  WebPipeline web;
  Case() {
    std::optional<RawHttpServer> server;
    server.emplace([](RawConnection& connection, const RawRequest& request) {
      connection.send(
          raw_answer(200, "answer to " + request.target, "Content-Type: text/plain\r\n"));
    });
    web.configure("[[source.requests]]\nname = \"one\"\nurl = \"" + server->url("/1") +
                  "\"\n[[source.requests]]\nname = \"two\"\nurl = \"" + server->url("/2") + "\"\n");
    const Finished recorded = web.sluice("x", {"test", folder(), "--record"});
    INFO(recorded.out << recorded.err);
    REQUIRE(recorded.exit_code == 0);
    CHECK(recorded.out.find("expects 2 rows now") != std::string::npos);
  }
  [[nodiscard]] std::string folder() const { return web.folder.path().string(); }
  [[nodiscard]] std::string expected() const { return web.folder / "expected/answers.ndjson"; }
  [[nodiscard]] Finished test(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"test", folder()});
    return web.sluice("x", more);
  }
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("sluice test: passes on its own recording and leaves nothing behind",
          "[pipeline][cassette]") {
  const Case test;
  const Finished passed = test.test();
  INFO(passed.out << passed.err);
  CHECK(passed.exit_code == 0);
  CHECK(passed.out == test.folder() + ": passed, 2 rows\n");
  CHECK_FALSE(std::filesystem::exists(test.web.folder / "web.db"));
  CHECK_FALSE(std::filesystem::exists(test.web.folder / "x"));
  const Finished as_json = test.test({"--format", "json"});
  const json told = json::parse(as_json.out);
  CHECK(told["tests"][0]["outcome"] == "passed");
  CHECK(told["tests"][0]["rows"] == 2);
}

TEST_CASE("sluice test: shows missing extra and changed rows", "[pipeline][cassette]") {
  const Case test;
  std::string rows = read_file(test.expected());
  rows = replaced(rows, R"("name":"one","turn":0,"status":200)",
                  R"("name":"one","turn":0,"status":404)");
  rows = replaced(rows, R"("name":"two")", R"("name":"three")");
  write_file(test.expected(), rows);
  const Finished failed = test.test();
  INFO(failed.out << failed.err);
  CHECK(failed.exit_code == 1);
  CHECK(failed.out.find("answers: 2 rows: 1 missing (-), 1 extra (+), 1 changed (~)") !=
        std::string::npos);
  CHECK(failed.out.find("- {\"name\":\"three\"") != std::string::npos);
  CHECK(failed.out.find("+ {\"name\":\"two\"") != std::string::npos);
  CHECK(failed.out.find("status: 404 → 200") != std::string::npos);
  const json told = json::parse(test.test({"--format", "json"}).out)["tests"][0];
  CHECK(told["outcome"] == "failed");
  CHECK(told["streams"][0]["missing"].size() == 1);
  CHECK(told["streams"][0]["extra"][0]["name"] == "two");
  CHECK(told["streams"][0]["changed"][0]["key"]["name"] == "one");

  CHECK(test.test({"--update"}).exit_code == 0);
  CHECK(test.test().exit_code == 0);
}

TEST_CASE("sluice test: a request that is not recorded fails it", "[pipeline][cassette]") {
  const Case test;
  write_file(test.web.config(), replaced(read_file(test.web.config()), "/2\"", "/3\""));
  const Finished failed = test.test();
  CHECK(failed.exit_code == 1);
  CHECK(failed.out.find("/3 is not in the cassette") != std::string::npos);
  // Half a run is nothing to expect.
  const std::string before = read_file(test.expected());
  CHECK(test.test({"--update"}).exit_code == 1);
  CHECK(read_file(test.expected()) == before);
}

TEST_CASE("sluice test: what is wrong with a test itself ends with 78", "[pipeline][cassette]") {
  const Case test;
  SECTION("expected rows that are none") {
    write_file(test.expected(), read_file(test.expected()) + "nonsense\n");
    const Finished broken = test.test();
    CHECK(broken.exit_code == 78);
    CHECK(broken.err.find("answers.ndjson:3: the line is no JSON object") != std::string::npos);
  }
  SECTION("its configuration") {
    write_file(test.web.config(), read_file(test.web.config()) + "\n[nonsense]\n");
    CHECK(test.test().exit_code == 78);
  }
  SECTION("its cassette") {
    write_file(test.web.cassette() + "/cassette.json", "{");
    CHECK(test.test().exit_code == 78);
  }
  SECTION("no test there") {
    std::filesystem::remove(test.web.config());
    const Finished none = test.test();
    CHECK(none.exit_code == 78);
    CHECK(none.err.find("holds no test") != std::string::npos);
  }
}

TEST_CASE("sluice test: a folder of tests runs them all", "[pipeline][cassette]") {
  const Case good, bad;
  write_file(bad.expected(), "");
  const sluice::test::TempDir all;
  std::filesystem::copy(good.folder(), all / "a", std::filesystem::copy_options::recursive);
  std::filesystem::copy(bad.folder(), all / "b", std::filesystem::copy_options::recursive);
  const Finished both = good.web.sluice("x", {"test", all.path().string()});
  CHECK(both.exit_code == 1);
  CHECK(both.out.find("a: passed, 2 rows") < both.out.find("b: failed"));
  CHECK(both.out.find("b: failed") != std::string::npos);
  CHECK(good.web.sluice("x", {"test", all / "a/pipeline.toml"}).exit_code == 0);
}
