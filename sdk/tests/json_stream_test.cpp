// SPDX-License-Identifier: Apache-2.0
//
// The elements of a document as it comes in: in pieces of every size, cut, garbled, hostile.
#include <catch2/catch.hpp>
#include <random>

#include "sluice/cpp/json_stream.hpp"
#include "sluice/testing/testing.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

using Texts = std::vector<std::string>;

struct Seen {
  Texts elements;  // "key=text" in objects
  JsonTarget target;
  json rest;
};

Seen scan(std::string_view text, std::string_view pointer, JsonStreamOptions options = {}) {
  auto stream = JsonStream::over(text, pointer, std::move(options));
  Seen out;
  while (stream.next()) {
    const bool object = stream.target() == JsonTarget::kObject;
    out.elements.push_back((object ? stream.key() + "=" : "") + std::string(stream.text()));
  }
  out.target = stream.target();
  out.rest = stream.rest();
  CHECK(stream.count() == out.elements.size());
  CHECK(stream.offset() == text.size());
  return out;
}

Error failure(std::string_view text, std::string_view pointer, JsonStreamOptions options = {}) {
  try {
    auto stream = JsonStream::over(text, pointer, std::move(options));
    while (stream.next()) {
    }
  } catch (const Error& error) {
    return error;
  }
  FAIL("no failure for " << text);
  throw 0;
}

bool retryable(const Error& error) {
  return (error.flags() & SLUICE_ERROR_RETRYABLE) != 0;
}

constexpr std::string_view kDocument =
    "\xEF\xBB\xBF {\"a\\/b\" : 1, \"data\":{\"skip\":[[],{},{\"items\":[0]}],\"items\": [ 1 "
    ",\"t]\\\"},"
    "\\u00e9\\ud83d\\ude00\", {\"x\":[1,{\"y\":null}],\"z\":\"\"},[ ],-2.5e+3,true,false,null ] , "
    "\"next\":\"\xC3\xA9\"},\"end\":[]}\r\n\t ";

}  // namespace

TEST_CASE("json stream: gives the elements and then the rest in pieces of any size", "[sdk]") {
  const Texts wanted = {"1",
                        "\"t]\\\"},\\u00e9\\ud83d\\ude00\"",
                        "{\"x\":[1,{\"y\":null}],\"z\":\"\"}",
                        "[ ]",
                        "-2.5e+3",
                        "true",
                        "false",
                        "null"};
  for (std::size_t chunk = 1; chunk <= kDocument.size() + 1; ++chunk) {
    const Seen seen = scan(kDocument, "/data/items", {.chunk = chunk});
    REQUIRE(seen.elements == wanted);
    CHECK(seen.target == JsonTarget::kArray);
    REQUIRE(seen.rest == json::parse(R"({"a/b":1,"data":{"skip":[[],{},{"items":[0]}],"items":[],
                                        "next":"é"},"end":[]})"));
  }
}

TEST_CASE("json stream: goes to targets of every kind", "[sdk]") {
  CHECK(scan("[1,2]", "").elements == Texts{"1", "2"});
  CHECK(scan("[1,2]", "").rest == json::array());
  CHECK(scan(R"({"b":1,"a\u0031\/":{}})", "").elements == Texts{"b=1", "a1/={}"});
  CHECK(scan("{}", "").rest == json::object());
  CHECK(scan(R"({"a/b":{"~":[7]}})", "/a~1b/~0").elements == Texts{"7"});
  CHECK(scan(R"([0,{"a":[[1],[2,3]]}])", "/1/a/1").elements == Texts{"2", "3"});
  CHECK(scan(R"({"":[1]})", "/").elements == Texts{"1"});
  CHECK(scan(R"({"caf\u00e9":[1]})", "/café").elements == Texts{"1"});
  CHECK(scan(R"({"a":[1],"a":[2]})", "/a").elements == Texts{"1"});

  const auto none = [](std::string_view text, std::string_view pointer, JsonTarget target) {
    const Seen seen = scan(text, pointer);
    CHECK(seen.elements.empty());
    CHECK(seen.target == target);
    CHECK(seen.rest == json::parse(text));
    auto stream = JsonStream::over(text, pointer);
    CHECK_FALSE(stream.found());
  };
  none(R"({"a":{"b":1},"c":[2]})", "/a/x", JsonTarget::kMissing);
  none(R"({"a":{"b":1},"c":[2]})", "/c/1", JsonTarget::kMissing);
  none(R"({"a":{"b":1},"c":[2]})", "/a/b/c", JsonTarget::kMissing);
  none("{}", "/a", JsonTarget::kMissing);
  none("[]", "/0", JsonTarget::kMissing);
  none(R"({"a":null,"b":2})", "/a", JsonTarget::kNull);
  none(R"({"a":"text","b":2})", "/a", JsonTarget::kOther);
  none("12", "", JsonTarget::kOther);
  none("12", "/a", JsonTarget::kMissing);
  for (const char* pointer : {"a", "a/b", "/~", "/~2"}) {
    CHECK(code_of([&] { JsonStream::over("[]", pointer); }) == Code::kInvalidConfig);
  }
}

TEST_CASE("json stream: tells a cut document from a garbled one with the place", "[sdk]") {
  const auto end = kDocument.find_last_of('}');
  for (const char* pointer : {"/data/items", "/data", "", "/nothing"}) {
    for (std::size_t size = 0; size <= end; ++size) {
      const Error error = failure(kDocument.substr(0, size), pointer);
      REQUIRE(error.code() == Code::kBadData);
      REQUIRE(retryable(error));
      REQUIRE_THAT(error.message(), Catch::EndsWith(size == 0 ? " is empty."
                                                              : " ends in the middle of its JSON, "
                                                                "at byte " +
                                                                    std::to_string(size) + "."));
    }
  }
  const std::pair<const char*, std::size_t> garbled[] = {
      {"<!DOCTYPE html>", 0},  {"{\"a\":[1,]}", 8},
      {"{\"a\":[1 2]}", 8},    {"{\"a\":[1}", 7},
      {"{\"a\" [1]}", 5},      {"{a:1}", 1},
      {"{\"a\":[01]}", 6},     {"{\"a\":[tru]}", 6},
      {"{\"a\":[1]} x", 10},   {"{\"a\":[1]}]", 9},
      {"{\"a\":[.5]}", 6},     {"{\"a\":[\"\\q\"]}", 8},
      {"{\"a\":[\"\n\"]}", 7}, {"{\"a\":[1],}", 9},
      {"{\"a\":[NaN]}", 6},    {"{\"a\":[\"\\u12g4\"]}", 11},
      {"{\"a\":[+1]}", 6},     {"{\"a\":[--1]}", 6}};
  for (const auto& [text, offset] : garbled) {
    for (std::size_t chunk = 1; chunk < 20; ++chunk) {
      const Error error = failure(text, "/a", {.chunk = chunk});
      CHECK(error.code() == Code::kBadData);
      CHECK(retryable(error));
      CHECK_THAT(error.message(),
                 Catch::Contains("is not JSON: at byte " + std::to_string(offset) + " "));
    }
  }
  CHECK(retryable(failure(std::string_view("[1,\0]", 5), "")));
}

TEST_CASE("json stream: agrees with another parser on random mutations", "[sdk]") {
  std::mt19937 random(7);
  const std::string_view alphabet("{}[]\",:\\ 0159.-+Etrufalsn\x01\xFF", 27);
  const std::string base =
      R"({"k":{"s":["a\u00e9\n",1,-2.5,{"x":[true,null]}],"e":{}},"s":[[],[0.1,"b"]],"z":false})";
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = base;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1 + random() % 4);
      }
    }
    const bool fine = json::accept(to_utf8(text));
    for (const char* pointer : {"/k/s", "", "/s/1"}) {
      bool passed = true;
      try {
        auto stream = JsonStream::over(text, pointer, {.chunk = 1 + random() % 16});
        while (stream.next()) {
          passed = passed && json::accept(to_utf8(stream.text()));
        }
      } catch (const Error& error) {
        REQUIRE(retryable(error));
        passed = false;
      }
      CAPTURE(text, pointer);
      REQUIRE(passed == fine);
    }
    accepted += fine ? 1 : 0;
  }
  CHECK(accepted > 1000);
}

TEST_CASE("json stream: keeps to its limits", "[sdk]") {
  const auto refused = [](const std::string& text, JsonStreamOptions options, const char* why) {
    for (const std::size_t chunk : {1U, 7U, 4096U}) {
      options.chunk = chunk;
      const Error error = failure(text, "/a", options);
      CHECK(error.code() == Code::kBadData);
      CHECK_FALSE(retryable(error));
      CHECK_THAT(error.message(), Catch::Contains(why));
    }
  };
  const std::string hundred(100, 'x');
  refused("{\"a\":[\"" + hundred + "\"]}", {.max_element = 90}, "in one element");
  refused("{\"a\":[" + std::string(100, '1') + "]}", {.max_element = 90}, "bytes");
  refused("{\"a\":[\"" + hundred, {.max_element = 90}, "");
  refused("{\"b\":[\"" + hundred + hundred + "\"],\"a\":[1]}", {.max_rest = 90}, "beside");
  refused("{\"a\":[1],\"b\":[\"" + hundred + hundred + "\"]}", {.max_rest = 90}, "beside");
  refused("{\"a\":" + std::string(100, '['), {.max_depth = 99}, "99 arrays");
  refused("{\"b\":" + std::string(1'000'000, '['), {}, "512 arrays");
  CHECK(scan("{\"a\":[" + std::string(90, '1') + "]}", "/a", {.max_element = 90}).elements.size() ==
        1);
}

TEST_CASE("json stream: holds no more than an element and a piece", "[sdk]") {
  constexpr std::size_t kChunk = 4096, kElements = 200'000;
  std::size_t made = 0, given = 0;
  std::string ahead = "{\"n\":1,\"items\":[";
  JsonStream stream(
      [&](char* buffer, std::size_t capacity) {
        while (ahead.size() < capacity && made < kElements) {
          ahead += (made == 0 ? "" : ",") + std::string("{\"id\":") + std::to_string(made) + "}";
          ahead += ++made == kElements ? "],\"last\":true}" : "";
        }
        const std::size_t size = std::min(ahead.size(), capacity);
        std::memcpy(buffer, ahead.data(), size);
        ahead.erase(0, size);
        given += size;
        return size;
      },
      "/items", {.chunk = kChunk});
  std::size_t ids = 0;
  while (stream.next()) {
    ids += json::parse(stream.text()).at("id").get<std::size_t>() == ids ? 1 : 0;
    REQUIRE(given - stream.offset() <= kChunk);
  }
  CHECK(ids == kElements);
  CHECK(stream.rest() == json({{"n", 1}, {"items", json::array()}, {"last", true}}));
}

TEST_CASE("json stream: mends text that is cut in the middle of a character", "[sdk]") {
  const Seen seen = scan(
      "{\"k\xFF\":1,\"h\":\"\\ud83d\",\"p\":\"\\ud83d\\ude00\",\"e\":\"\\\\ud83d\","
      "\"l\":\"\\ude00x\",\"b\":\"\xC3\",\"a\":{\"\\ud83dk\":1,\"\xFF\":2}}",
      "/a");
  CHECK(seen.elements == Texts{"\uFFFDk=1", "\uFFFD=2"});
  CHECK(seen.rest == json({{"k\uFFFD", 1},
                           {"h", "\uFFFD"},
                           {"p", "\U0001F600"},
                           {"e", "\\ud83d"},
                           {"l", "\uFFFDx"},
                           {"b", "\uFFFD"},
                           {"a", json::object()}}));
  auto huge = JsonStream::over(R"({"n":1e999,"a":[]})", "/a");
  CHECK_FALSE(huge.next());
  CHECK(code_of([&] { huge.rest(); }) == Code::kBadData);
}

TEST_CASE("json stream: elements that are not clean become trees, mended", "[sdk]") {
  CHECK(parse_mended("{\"t\":\"cut \\ud83d\",\"b\":\"\xFF\",\"n\":[1e999,-1e999,1e-999,2.5]}") ==
        json({{"t", "cut \uFFFD"}, {"b", "\uFFFD"}, {"n", {"1e999", "-1e999", "1e-999", 2.5}}}));
  CHECK(parse_mended(R"({"a\"1e999\\":"1e999 \"","n":1e999})") ==
        json({{"a\"1e999\\", "1e999 \""}, {"n", "1e999"}}));
  CHECK(parse_mended("1e999") == "1e999");
  CHECK(parse_mended("{\"n\":1e999").is_discarded());
  CHECK(parse_mended("").is_discarded());
}

namespace {

// Reads the elements of an answer into rows.
struct Elements {
  static constexpr auto id = "elements", name = "Elements", version = "1.0.0";
  static std::vector<Stream> streams() {
    return {Stream("s", Kind::kSnapshot).col("text", Type::kJson)};
  }
  struct Reader {
    std::optional<JsonStream> items;
    explicit Reader(Host& host, const NoConfig&, const ReadRequest&)
        : items(std::in_place, host.open("https://example.org/items"), "/items") {}
    bool next(Batch& out) {
      while (items->next()) {
        out.row(std::string(items->text()));
      }
      return false;
    }
  };
};

}  // namespace

TEST_CASE("json stream: reads the body of an answer and names its URL", "[sdk]") {
  FakeHost host;
  host.http.on("https://example.org/items", R"({"items":[1,2]})");
  CHECK(run_source(Plugin::of<Elements>(), host, json::object()).rows.size() == 2);
  FakeHost other;
  other.http.on("https://example.org/items", R"({"items":[1,2)");
  const auto run = run_source(Plugin::of<Elements>(), other, json::object());
  REQUIRE(run.error);
  CHECK_THAT(run.error->message(),
             Catch::StartsWith("https://example.org/items ends in the middle"));
}
