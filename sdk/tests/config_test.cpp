// SPDX-License-Identifier: Apache-2.0
//
// One declaration of fields: schema, defaults, parsing.
#include <catch2/catch.hpp>
#include <sluice/cpp/config_struct.hpp>

#include "sdk/tests/quantity_cases.hpp"

using namespace sluice;  // NOLINT: a test of this namespace

namespace {

struct Retry {
  uint8_t times = 3;
  Seconds wait{30};
  static constexpr auto fields() {
    return std::tuple{optional("times", &Retry::times), optional("wait", &Retry::wait)};
  }
};

struct Step {
  std::map<std::string, Retry> rules;
  json body;
  static constexpr auto fields() {
    return std::tuple{optional("rules", &Step::rules),
                      optional("body", &Step::body).doc("Anything.")};
  }
};

struct Nested {
  std::vector<Step> steps;
  static constexpr auto fields() { return std::tuple{optional("steps", &Nested::steps)}; }
};

struct Everything {
  std::string url;
  std::string mode = "fast";
  bool strict = true;
  int64_t offset = -1;
  double factor = 0.5;
  Seconds every{Seconds{5400}};
  Duration wait{250'000};
  Bytes most{uint64_t{256} << 20U};
  std::optional<Date> since;
  DateTime at{};
  Secret token;
  Retry retry;
  std::vector<std::string> names = {"a"};
  std::map<std::string, std::string> symbols;
  std::vector<Retry> steps;
  std::optional<int> limit;
  static constexpr auto fields() {
    return std::tuple{
        required("url", &Everything::url, R"("format":"uri")").doc("Where it is."),
        optional("mode", &Everything::mode, R"("enum":["fast","slow"])").example(R"("slow")"),
        optional("strict", &Everything::strict),
        optional("offset", &Everything::offset),
        optional("factor", &Everything::factor).unit("m/s"),
        optional("every", &Everything::every),
        optional("wait", &Everything::wait),
        optional("most", &Everything::most),
        optional("since", &Everything::since),
        optional("at", &Everything::at),
        optional("token", &Everything::token),
        optional("retry", &Everything::retry),
        optional("names", &Everything::names, R"("minItems":1)"),
        optional("symbols", &Everything::symbols),
        optional("steps", &Everything::steps),
        optional("limit", &Everything::limit)};
  }
};

std::string refusal(const json& config) {
  try {
    (void)parse_config<Everything>(config.dump());
  } catch (const Error& e) {
    REQUIRE(e.code() == Code::kInvalidConfig);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("the schema says what the fields say") {
  const json schema = config_schema<Everything>();
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == json({"url"}));
  const json& p = schema["properties"];
  CHECK(p.size() == 16);
  CHECK(p["url"] == json({{"type", "string"}, {"format", "uri"}, {"description", "Where it is."}}));
  CHECK(p["mode"] == json({{"type", "string"},
                           {"enum", {"fast", "slow"}},
                           {"default", "fast"},
                           {"x-sluice-example", "slow"}}));
  CHECK(p["factor"]["x-sluice-unit"] == "m/s");
  CHECK(p["every"] == json({{"type", "string"}, {"format", "duration"}, {"default", "90m"}}));
  CHECK(p["most"] == json({{"type", "string"}, {"format", "size"}, {"default", "256MiB"}}));
  CHECK(p["since"] == json({{"type", "string"}, {"format", "date"}}));
  CHECK(p["at"]["format"] == "date-time");
  CHECK(p["token"]["x-sluice-secret"] == true);
  CHECK(!p["token"].contains("default"));
  CHECK(p["retry"]["additionalProperties"] == false);
  CHECK(p["retry"]["properties"]["times"]["maximum"] == 255);
  CHECK(p["retry"]["default"] == json({{"times", 3}, {"wait", "30s"}}));
  CHECK(p["names"]["items"]["type"] == "string");
  CHECK(p["names"]["minItems"] == 1);
  CHECK(p["symbols"]["additionalProperties"]["type"] == "string");
  CHECK(p["steps"]["items"]["properties"].contains("wait"));
  CHECK(!p["limit"].contains("default"));
}

TEST_CASE("what the configuration leaves out keeps its default") {
  const auto config = parse_config<Everything>(R"({"url":"u"})");
  CHECK(config.mode == "fast");
  CHECK(config.every.count == 5400);
  CHECK(config.names == std::vector<std::string>{"a"});
  CHECK(!config.since);
  CHECK(!config.token);
}

TEST_CASE("every type parses from canonical JSON") {
  const auto config = parse_config<Everything>(R"({
    "url": "u", "mode": "slow", "strict": false, "offset": -9007199254740993, "factor": 2,
    "every": "7d", "most": "64KiB", "since": "2024-02-29", "at": "2024-01-31T12:00:00.5+01:00",
    "token": {"$secret": "name"}, "retry": {"times": 255, "wait": "5s"}, "names": ["x", "y"],
    "symbols": {"BTC": "BTC-USD"}, "steps": [{"wait": "2h"}], "limit": 4})");
  CHECK(!config.strict);
  CHECK(config.offset == -9007199254740993);
  CHECK(config.factor == 2.0);
  CHECK(config.every.count == 604800);
  CHECK(config.most.count == 65536);
  CHECK(to_text(*config.since) == "2024-02-29");
  CHECK(to_text(config.at) == "2024-01-31T11:00:00.500000Z");
  CHECK(config.token.name == "name");
  CHECK(config.retry.times == 255);
  CHECK(config.retry.wait.count == 5);
  CHECK(config.symbols.at("BTC") == "BTC-USD");
  CHECK(config.steps.at(0).wait.count == 7200);
  CHECK(config.limit == 4);
}

TEST_CASE("tables in tables and values of any form parse with the path of what is wrong") {
  const auto config = parse_config<Nested>(
      R"({"steps": [{"rules": {"a": {"times": 1}}, "body": {"x": [1, null, "{y}"]}}, {"body": 7}]})");
  REQUIRE(config.steps.size() == 2);
  CHECK(config.steps[0].rules.at("a").times == 1);
  CHECK(config.steps[0].body == json({{"x", {1, nullptr, "{y}"}}}));
  CHECK(config.steps[1].body == 7);
  const json schema = config_schema<Nested>();
  const json& step = schema["properties"]["steps"]["items"];
  CHECK(step["properties"]["body"] == json({{"description", "Anything."}}));
  CHECK(step["properties"]["rules"]["additionalProperties"]["properties"].contains("times"));
  CHECK_THROWS_WITH(parse_config<Nested>(R"({"steps": [{"rules": {"a": {"times": "x"}}}]})"),
                    Catch::Contains("'steps[0].rules.a.times'"));
}

TEST_CASE("a wrong value is refused by the path of its key") {
  const auto with = [](const char* key, json value) {
    return refusal({{"url", "u"}, {key, std::move(value)}});
  };
  CHECK_THAT(refusal(json::object()), Catch::Contains("'url' is required"));
  CHECK_THAT(with("ulr", 1), Catch::Contains("'ulr' is unknown"));
  CHECK_THAT(with("retry", {{"times", 256}}), Catch::Contains("'retry.times'"));
  CHECK_THAT(with("retry", {{"tims", 1}}), Catch::Contains("'retry.tims' is unknown"));
  CHECK_THAT(with("steps", {{{"wait", "1y"}}}), Catch::Contains("'steps[0].wait'"));
  CHECK_THAT(with("symbols", {{"BTC", 1}}), Catch::Contains("'symbols.BTC' must be text"));
  CHECK_THAT(with("strict", 1), Catch::Contains("true or false"));
  CHECK_THAT(with("offset", 1.5), Catch::Contains("whole number"));
  CHECK_THAT(with("offset", UINT64_MAX), Catch::Contains("whole number"));
  CHECK_THAT(with("names", "a"), Catch::Contains("an array"));
  for (const json& bad : {json("1500ms"), json("0.5s"), json(5), json(true)}) {
    CHECK_THAT(with("every", bad), Catch::Contains("must be a duration"));
  }
  CHECK_THAT(with("most", 4096), Catch::Contains("must be a size"));
  for (const char* bad : {"2024-02-30", "2024-1-1", "24-01-01", "2024-01-01T00:00:00Z", ""}) {
    CHECK_THAT(with("since", bad), Catch::Contains("must be a date"));
  }
  for (const char* bad : {"2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00+1:00",
                          "2024\r01\r01T00:00:00Z", "2024-01-01T00:00:00.Z"}) {
    CHECK_THAT(with("at", bad), Catch::Contains("must be a time"));
  }
}

TEST_CASE("durations and sizes are those of the host's configuration") {
  for (const auto& [text, wanted] : test::kDurationCases) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed.has_value() == wanted.has_value());
    CHECK((!wanted || parsed->count() == static_cast<int64_t>(*wanted)));
    const std::string message = refusal({{"url", "u"}, {"wait", text}});
    CHECK(message.empty() == wanted.has_value());
  }
  for (const auto& [text, wanted] : test::kSizeCases) {
    CAPTURE(text);
    CHECK(parse_size(text) == wanted);
    CHECK(refusal({{"url", "u"}, {"most", text}}).empty() == wanted.has_value());
  }
}

TEST_CASE("a default is written in the largest unit and reads back") {
  CHECK(config_schema<Everything>()["properties"]["wait"]["default"] == "250ms");
  const detail::ConfigValue<Seconds> seconds;
  for (const int64_t count : {0, 1, 90, 3600, 86'400, 604'800, 604'801}) {
    Seconds back;
    seconds.parse(seconds.write({count}), back, "x");
    CHECK(back.count == count);
  }
  CHECK(seconds.write({604'800}) == "7d");
  const detail::ConfigValue<Bytes> sizes;
  for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{10'000'000},
                               uint64_t{1} << 40U, UINT64_MAX}) {
    Bytes back;
    sizes.parse(sizes.write({count}), back, "x");
    CHECK(back.count == count);
  }
}

TEST_CASE("a secret is a reference, and a literal one is never repeated") {
  const std::string message = refusal({{"url", "u"}, {"token", "hunter2"}});
  CHECK_THAT(message, Catch::Contains("must name a secret"));
  CHECK_THAT(message, !Catch::Contains("hunter2"));
  CHECK(!refusal({{"url", "u"}, {"token", {{"$secret", ""}}}}).empty());
  CHECK(!refusal({{"url", "u"}, {"token", {{"$secret", "a"}, {"b", 1}}}}).empty());
}

TEST_CASE("text that is no JSON is refused") {
  CHECK_THROWS_AS(parse_config<Everything>("{"), Error);
  CHECK_THROWS_AS(parse_config<Everything>("[]"), Error);
}

namespace {
struct Named {
  Names symbols;
  static constexpr auto fields() { return std::tuple{optional("symbols", &Named::symbols)}; }
};
}  // namespace

TEST_CASE("config: names stand in a list or in a table") {
  const auto list = parse_config<Named>(R"({"symbols":["AAPL","^GSPC"]})").symbols;
  REQUIRE(list.things.size() == 2);
  CHECK(list.things[1].name == "^GSPC");
  CHECK(list.things[1].at == "^GSPC");
  CHECK(list.things[1].pointer == "/1");
  const auto table = parse_config<Named>(R"({"symbols":{"BTC/USDT":"BTC-USD"}})").symbols;
  REQUIRE(table.things.size() == 1);
  CHECK(table.things[0].name == "BTC/USDT");
  CHECK(table.things[0].at == "BTC-USD");
  CHECK(table.things[0].pointer == "/BTC~1USDT");
  CHECK(parse_config<Named>("{}").symbols.empty());
  for (const char* bad : {R"({"symbols":"AAPL"})", R"({"symbols":[1]})", R"({"symbols":[""]})",
                          R"({"symbols":{"A":2}})"}) {
    CHECK_THROWS_AS(parse_config<Named>(bad), Error);
  }
  CHECK(config_schema<Named>()["properties"]["symbols"]["oneOf"].size() == 2);
  CHECK(config_schema<Named>()["properties"]["symbols"]["default"] == json::array());
}
