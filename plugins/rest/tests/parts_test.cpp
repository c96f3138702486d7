// SPDX-License-Identifier: Apache-2.0
//
// Templates, addresses, keys and inference by themselves.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "address.hpp"
#include "infer.hpp"
#include "listing.hpp"
#include "template.hpp"

using rest::Template;

namespace {

const Template::Names kNames{.texts = {"a", "parent.my-id"}, .times = {"from", "to"}};

std::string expand(const std::string& text, Template::Encode encode = nullptr) {
  const rest::Scope scope{.texts = {{"a", "x Y/é"}, {"parent.my-id", "7"}},
                          .times = {{"from", 1'706'702'400'123'456}}};
  return Template(text, kNames).expand(scope, encode);
}

std::string wrong(const std::string& text) {
  try {
    (void)Template(text, kNames);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("rest template: values stand in their format", "[unit][rest]") {
  CHECK(expand("plain {{not}} a place") == "plain {not} a place");
  CHECK(expand("/p/{a}/q", &rest::encode_segment) == "/p/x%20Y%2F%C3%A9/q");
  CHECK(expand("/p/{a:raw}", &rest::encode_segment) == "/p/x Y/é");
  CHECK(expand("{a:lower}{a:upper}") == "x y/éX Y/é");
  CHECK(expand("{parent.my-id}") == "7");
  CHECK(expand("{from}") == "2024-01-31T12:00:00.123456Z");
  CHECK(expand("{from:iso_ms}") == "2024-01-31T12:00:00.123Z");
  CHECK(expand("{from:date}") == "2024-01-31");
  CHECK(expand("{from:s} {from:ms} {from:us}") == "1706702400 1706702400123 1706702400123456");
  CHECK(expand("{from:%d-%m-%Y %H:%M:%S %%}") == "31-01-2024 12:00:00 %");
  CHECK(expand("{from-12h1s:iso_ms}") == "2024-01-30T23:59:59.123Z");
  CHECK(expand("{from+1d:date}") == "2024-02-01");
  CHECK(expand("[{to}]") == "[]");
}

TEST_CASE("rest template: times before the epoch are rounded down", "[unit][rest]") {
  const rest::Scope scope{.texts = {}, .times = {{"from", -1}}};
  CHECK(Template("{from:s} {from:ms} {from:iso_ms}", kNames).expand(scope) ==
        "-1 -1 1969-12-31T23:59:59.999Z");
}

TEST_CASE("rest template: what is wrong is told", "[unit][rest]") {
  CHECK(wrong("{a").find("single brace") != std::string::npos);
  CHECK(wrong("a}").find("single brace") != std::string::npos);
  CHECK(wrong("{b}").find("{b}") != std::string::npos);
  CHECK(wrong("{b}").find("a, from, parent.my-id, to") != std::string::npos);
  CHECK(wrong("{from:soon}").find("iso_ms") != std::string::npos);
  CHECK(wrong("{a:iso}").find("raw") != std::string::npos);
  CHECK(wrong("{from-1}").find("duration") != std::string::npos);
  CHECK(wrong("{a-1ms}").find("no time") != std::string::npos);
  CHECK(wrong("{}") != "");
}

TEST_CASE("rest address: links are followed within the origin only", "[unit][rest]") {
  const std::string base = "https://api.test:8443/v1/items?page=1";
  using rest::resolve;
  CHECK(resolve(base, "/v1/items?page=2") == "https://api.test:8443/v1/items?page=2");
  CHECK(resolve(base, "?page=2") == "https://api.test:8443/v1/items?page=2");
  CHECK(resolve(base, "more?x=1#top") == "https://api.test:8443/v1/more?x=1");
  CHECK(resolve(base, "https://API.test:8443/x") == "https://api.test:8443/x");
  CHECK(resolve(base, "//api.test:8443/x") == "https://api.test:8443/x");
  CHECK(resolve(base, "http://api.test:8443/x") == "https://api.test:8443/x");
  CHECK(resolve("http://api.test", "x") == "http://api.test/x");
  CHECK(resolve("http://api.test/a?u=http://b", "?u=http://c") == "http://api.test/a?u=http://c");
  for (const char* elsewhere :
       {"https://evil.test/x", "https://api.test/x", "//evil.test/x",
        "https://api.test:8443@evil.test/", "https://api.test:8443.evil.test/",
        "ftp://api.test:8443/x", "http://evil.test:8443/"}) {
    CAPTURE(elsewhere);
    CHECK(resolve(base, elsewhere).empty());
  }
  CHECK(resolve("http://api.test/x", "https://api.test/x").empty());
}

TEST_CASE("rest address: the next page of a Link header is found", "[unit][rest]") {
  using rest::next_link;
  CHECK(next_link("<https://a/?p=2>; rel=\"next\"") == "https://a/?p=2");
  CHECK(next_link("<a,b>; rel=prev, <c>; title=\"x, y\"; rel=\"last next\"") == "c");
  CHECK(next_link("<a>; REL=Next, <b>; rel=last") == "a");
  CHECK(next_link("<a>; rel=\"prev\", <b>; rel=\"nextish\"").empty());
  CHECK(next_link("").empty());
  CHECK(next_link("<a; rel=next").empty());
  CHECK(next_link("<a>").empty());
}

TEST_CASE("rest keys: several parts make one key and come back", "[unit][rest]") {
  for (const std::vector<std::string>& parts :
       {std::vector<std::string>{"a/b%"}, {"a/b", "50%2F"}, {"", "x", ""}}) {
    CHECK(rest::split_key(rest::join_key(parts), parts.size()) == parts);
  }
  CHECK(rest::join_key({"S/1"}) == "S/1");
  CHECK(rest::join_key({"S/1", "2"}) == "S%2F1/2");
}

TEST_CASE("rest inference: columns follow what records hold", "[unit][rest]") {
  rest::Inference inference;
  inference.add(R"({"id":1,"createdAt":"2024-01-31T12:00:00Z","day":"2024-01-31","ok":true,"n":1,
      "f":1,"mixed":1,"o":{"a":1},"HTTPCode":1,"big":18446744073709551615,"none":null,"2x":1,
      "created_at":"x"})");
  inference.add(R"({"f":1.5,"mixed":"a","o":null,"day":null})");
  inference.add("[1]");
  CHECK(inference.records() == 2);
  rest::Inference unclean;
  unclean.add(R"({"t":"cut \ud83d","n":1e400})");
  CHECK(unclean.records() == 1);
  std::string all;
  for (const rest::Field& field : inference.columns({{.name = "n", .pointer = "/n"}})) {
    all +=
        field.name + ":" + std::string(sluice::type_name(field.type)) + ":" + field.pointer + " ";
  }
  CHECK(all ==
        "id:int64:/id created_at:timestamp[us, UTC]:/createdAt day:date32:/day ok:bool:/ok "
        "f:float64:/f mixed:utf8:/mixed o:json:/o httpcode:int64:/HTTPCode big:decimal128:/big "
        "none:utf8:/none _2x:int64:/2x created_at_2:utf8:/created_at ");
  const auto fields = inference.columns({});
  const auto thawed = rest::thaw(rest::freeze(fields));
  REQUIRE(thawed.size() == fields.size());
  CHECK(thawed[1].type == sluice::Type::kTimestamp);
  CHECK(thawed[1].pointer == "/createdAt");
}

TEST_CASE("rest template: the end of an interval is rounded up", "[unit][rest]") {
  const auto at = [](int64_t us, const std::string& text) {
    return Template(text, kNames).expand({.texts = {}, .times = {{"to", us}}});
  };
  constexpr int64_t kNoon = 1'706'702'400'000'000;  // 2024-01-31T12:00:00Z
  CHECK(at(kNoon, "{to:s} {to:ms} {to:us}") == "1706702400 1706702400000 1706702400000000");
  CHECK(at(kNoon + 1, "{to:s} {to:ms} {to:us}") == "1706702401 1706702400001 1706702400000001");
  CHECK(at(kNoon + 1, "{to}") == "2024-01-31T12:00:00.000001Z");
  CHECK(at(kNoon + 1, "{to:iso_ms}") == "2024-01-31T12:00:00.001Z");
  CHECK(at(kNoon + 1, "{to-1ms:iso_ms}") == "2024-01-31T12:00:00.000Z");
  CHECK(at(kNoon, "{to-1ms:iso_ms}") == "2024-01-31T11:59:59.999Z");
  CHECK(at(kNoon, "{to:date} {to-1us:date}") == "2024-02-01 2024-01-31");
  CHECK(at(kNoon + 1, "{to:%H:%M:%S} {to:%H:%M} {to:%H}") == "12:00:01 12:01 13");
  CHECK(at(kNoon, "{to:%d-%m-%Y} {to:%Y/%m} {to:%Y}") == "01-02-2024 2024/02 2025");
  CHECK(at(kNoon, "{to-1us:%Y/%m} {to-1us:%Y}") == "2024/01 2024");
  CHECK(at(1'704'067'200'000'000, "{to:date} {to:%Y/%m} {to:%Y}") == "2024-01-01 2024/01 2024");
  CHECK(at(-1, "{to:s} {to:iso_ms} {to:%Y}") == "0 1970-01-01T00:00:00.000Z 1970");
}
