// SPDX-License-Identifier: Apache-2.0
//
// Good files with random damage: whatever comes in, the answer is a configuration or problems with
// places.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> texts{kGood,
                                              R"([pipeline]
name = "a"
streams = ["x", 'y', """z"""]
drain = "1m30s"
[want]
from = 2024-01-01T00:00:00.123+02:00
to = "now"
[limits.requests_per_second]
"api.x.org" = 1e1
[stream."a.b"]
table = "t"
[[source]]
plugin = "binance"
symbols = ["A", "B"]
api_key = { secret = "k" }
auth = { kind = "key", key = { env = "SLUICE_T_NONE" } }
filter = { station = "ab", levels = [5, 10] }
pairs = { a = "b" }
depth = { env = "SLUICE_T_NONE", default = 3 }
labels."x.y" = "z"
since = 1979-05-27 07:32:00
[sink]
plugin = "sqlite"
path = "äöü€.db"
[secret.k]
file = '''/run/k'''
)"};
  return texts;
}

const std::vector<std::string>& scraps() {
  static const std::vector<std::string> pieces{"[",
                                               "]",
                                               "[[",
                                               "]]",
                                               "{",
                                               "}",
                                               "=",
                                               ".",
                                               ",",
                                               "\"",
                                               "'",
                                               "\"\"\"",
                                               "'''",
                                               "#",
                                               "\n",
                                               "\\",
                                               "\\u0000",
                                               "\r",
                                               "\t",
                                               "-",
                                               "+",
                                               "_",
                                               "0",
                                               "9",
                                               "nan",
                                               "inf",
                                               "true",
                                               "2024-01-01",
                                               "a.b.c",
                                               "env",
                                               "secret",
                                               "default",
                                               "\xFF",
                                               "\xC3",
                                               "\xF0\x9F\x8E\x89",
                                               " ",
                                               "[pipeline]",
                                               "plugin",
                                               "99999999999999999999",
                                               "{ env = \"HOME\" }"};
  return pieces;
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (size_t n = 1 + pick(4); n > 0; --n) {
      damage(text);
    }
    return text;
  }
  size_t pick(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

 private:
  void damage(std::string& text) {
    const size_t at = pick(text.size() + 1);
    const size_t length = pick(12);
    switch (pick(6)) {
      case 0:
        text.insert(at, scraps()[pick(scraps().size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(pick(text.size() + 1), text.substr(at, length * 4));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.replace(at, length, scraps()[pick(scraps().size())]);
        break;
      default:
        if (at < text.size()) {
          text[at] = static_cast<char>(pick(256));
        }
    }
  }

  std::mt19937 random_;
};

// Places lie in the file, texts are sentences of UTF-8, and a file without problems has JSON that
// parses.
void judge(const std::string& text, const ConfigResult& result) {
  const auto lines = static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n') + 1);
  uint32_t last = 0;
  for (const auto& problem : result.problems) {
    INFO(problem.text());
    REQUIRE(problem.line <= lines);
    REQUIRE((problem.line == 0) == (problem.column == 0));
    REQUIRE(!problem.what.empty());
    if (!problem.file.starts_with("--set") && problem.line != 0) {
      REQUIRE(problem.line >= last);
      last = problem.line;
    }
    REQUIRE_NOTHROW(nlohmann::json(problem.what).dump());
  }
  if (result.problems.empty()) {
    REQUIRE(!result.config.sources.empty());
    for (const auto& source : result.config.sources) {
      REQUIRE(nlohmann::json::accept(source.json));
    }
    REQUIRE(nlohmann::json::accept(result.config.sink.json));
  }
}

TEST_CASE("damaged files end in problems, never in a crash") {
  Mutator mutator(20'240'101);
  for (int round = 0; round < 1'000; ++round) {
    const std::string text = mutator.mutate(seeds()[mutator.pick(seeds().size())]);
    INFO(text);
    judge(text, read_text(text));
  }
}

TEST_CASE("damaged --set options end in problems, never in a crash") {
  Mutator mutator(7);
  const std::vector<std::string> options{"pipeline.workers=8", "source.0.symbols=[\"A\"]",
                                         "limits.requests_per_second.\"a.b\"=1",
                                         "source.0.filter={ station = \"x\" }"};
  for (int round = 0; round < 400; ++round) {
    const std::string option = mutator.mutate(options[mutator.pick(options.size())]);
    INFO(option);
    judge(kGood, read_text(kGood, {.set = {option}}));
  }
}

TEST_CASE("damaged schemas of plugins end in problems, never in a crash") {
  Mutator mutator(99);
  const TemporaryFile file(seeds()[1]);
  for (int round = 0; round < 400; ++round) {
    FakeSchemas schemas;
    std::string text = mutator.mutate(kBinance);
    schemas.add("source", "binance", text);
    schemas.add("sink", "sqlite", kSqlite);
    INFO(text);
    judge(seeds()[1], read_config(file.path(), schemas, {.set = {}, .resolve_env = false}));
    REQUIRE_NOTHROW(schema_problems(text));
    REQUIRE(nlohmann::json::accept(whole_schema(schemas)));
  }
}

}  // namespace
}  // namespace sluice::host::test
