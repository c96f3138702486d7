// SPDX-License-Identifier: Apache-2.0
//
// Every mistake in a configuration is told with its key.
#include <catch2/catch.hpp>

#include "plugins/rest/tests/support.hpp"

using namespace rest::test;  // NOLINT: a test of this namespace
using sluice::json;

namespace {

void refuses(const json& config, const std::string& key, const std::string& what = "") {
  const std::string text = refusal(config);
  CAPTURE(config.dump());
  CHECK_THAT(text, Catch::StartsWith("The key '" + key + "' "));
  CHECK_THAT(text, Catch::Contains(what));
}

void refuses(const json& more_stream, const char* key, const std::string& what = "") {
  refuses(source({stream(more_stream)}), std::string(key), what);
}

const json kParent = {
    {"name", "parent"}, {"path", "/p"}, {"key", {"id"}}, {"fields", {{{"name", "id"}}}}};

void refuses_child(const json& over, const char* key, const json& more = json::object()) {
  json child = stream(more);
  child["over"] = over;
  refuses(source({child, kParent}), std::string(key));
}

}  // namespace

TEST_CASE("rest config: a good one is taken", "[unit][rest]") {
  CHECK(refusal(source({stream()})) == "");
  CHECK(refusal(source({stream(), kParent})) == "");
}

TEST_CASE("rest config: mistakes of a source are told", "[unit][rest]") {
  refuses(json{{"streams", {stream()}}}, std::string("base_url"));
  refuses(json{{"base_url", kBase}}, std::string("streams"));
  refuses(source({stream()}, {{"values", {{"from", "x"}}}}), std::string("values.from"));
  refuses(source({stream()}, {{"values", {{"a.b", "x"}}}}), std::string("values.a.b"));
  refuses(source({stream()}, {{"query", {{"q", "{nothing}"}}}}), std::string("query.q"),
          "{nothing}");
  refuses(source({stream()}, {{"headers", {{"H", "{"}}}}), std::string("headers.H"));
  refuses(source({stream()}, {{"limits", {{{"amount", 5}}}}}), std::string("limits[0]"), "per");
  refuses(source({stream()}, {{"limits", {json::object()}}}), std::string("limits[0]"), "nothing");
  refuses(source({stream()}, {{"errors", {{{"action", "retry"}}}}}), std::string("errors[0]"));
  refuses(source({stream(), stream()}), std::string("streams[1].name"), "twice");
  refuses(source({stream({{"unknown", 1}})}), std::string("streams[0].unknown"));
}

TEST_CASE("rest config: mistakes of a stream are told", "[unit][rest]") {
  refuses({{"path", "/{x}"}}, "streams[0].path", "{x}");
  refuses({{"path", "/{from}"}}, "streams[0].path", "now, partition");
  refuses({{"query", {{"a", "{page}"}}}}, "streams[0].query.a");
  refuses({{"headers", {{"a", "{"}}}}, "streams[0].headers.a");
  refuses({{"body", "x"}}, "streams[0].body", "method");
  refuses({{"method", "POST"}, {"body", {{"a", {{"b", "{x}"}}}}}}, "streams[0].body", "{x}");
  refuses({{"records", "data"}}, "streams[0].records", "JSON Pointer");
  refuses({{"key", {"id", "x"}}}, "streams[0].key[1]", "'x'");
  refuses({{"time", "x"}}, "streams[0].time");
  refuses({{"time", "t"}}, "streams[0].time", "timestamp");
  refuses({{"seq", "x"}}, "streams[0].seq");
  refuses({{"ignore", {"/a", "b"}}}, "streams[0].ignore[1]");
  refuses({{"kind", "series"}}, "streams[0].time", "required");
  refuses({{"kind", "keys"}}, "streams[0].over", "required");
  refuses({{"kind", "files"}}, "streams[0].over", "required");
  refuses({{"step", "1m"}}, "streams[0].step", "series");
  refuses({{"max_span", "1m"}}, "streams[0].max_span");
  refuses({{"lag", "1m"}}, "streams[0].lag");
  refuses({{"from", "2024-01-01T00:00:00Z"}}, "streams[0].from");
  refuses({{"max_keys", 5}}, "streams[0].max_keys");
  refuses({{"kind", "series"},
           {"time", "t"},
           {"refresh", "1d"},
           {"fields", {{{"name", "id"}}, {{"name", "t"}, {"type", "timestamp"}}}}},
          "streams[0].refresh");
  refuses({{"retry_empty", "1d"}}, "streams[0].retry_empty");
  refuses({{"removed", "id"}}, "streams[0].removed");
  refuses({{"kind", "keys"}, {"over", {{"list", {"a"}}}}, {"removed", "gone"}},
          "streams[0].removed");
  refuses({{"kind", "keys"}, {"over", {{"list", {"a"}}}}, {"max_keys", 5}, {"path", "/{key}"}},
          "streams[0].max_keys", "{keys}");
  refuses({{"kind", "keys"}, {"over", {{"list", {"a"}}}}, {"key", json::array()}},
          "streams[0].key");
}

TEST_CASE("rest config: mistakes of fields are told", "[unit][rest]") {
  const auto field = [](json more, const char* key, const std::string& what = "") {
    more["name"] = more.value("name", "f");
    refuses({{"fields", {{{"name", "id"}}, more}}}, key, what);
  };
  field({{"from", "a"}, {"value", "b"}}, "streams[0].fields[1].value");
  field({{"value", "{x}"}}, "streams[0].fields[1].value", "{x}");
  field({{"from", ""}}, "streams[0].fields[1].from", "$record");
  field({{"from", "/~9"}}, "streams[0].fields[1].from");
  field({{"from", "$record"}}, "streams[0].fields[1].type", "json");
  field({{"epoch", "s"}}, "streams[0].fields[1].epoch");
  field({{"type", "decimal"}, {"precision", 5}, {"scale", 6}}, "streams[0].fields[1].scale");
  field({{"name", "id"}}, "streams[0].fields[1].name", "twice");
}

TEST_CASE("rest config: mistakes of paging are told", "[unit][rest]") {
  const auto pages = [](const json& given, const char* key, json more = json::object()) {
    more["pages"] = given;
    refuses(more, key);
  };
  pages(json::object(), "streams[0].pages.style");
  pages({{"style", "cursor"}}, "streams[0].pages");
  pages({{"style", "cursor"}, {"cursor", "/a"}, {"cursor_header", "b"}}, "streams[0].pages");
  pages({{"style", "cursor"}, {"cursor", "a"}}, "streams[0].pages.cursor");
  pages({{"style", "next"}}, "streams[0].pages.next");
  pages({{"style", "next"}, {"next", "a"}}, "streams[0].pages.next");
  pages({{"style", "page"}, {"more", "a"}}, "streams[0].pages.more");
  pages({{"style", "page"}, {"last_page", "a"}}, "streams[0].pages.last_page");
  pages({{"style", "page"}, {"total", "a"}}, "streams[0].pages.total");
  pages({{"style", "link"}, {"param", "a"}}, "streams[0].pages.param");
  pages({{"style", "time"}}, "streams[0].pages.style");
}

TEST_CASE("rest config: mistakes of what a stream is read for are told", "[unit][rest]") {
  refuses_child(json::object(), "streams[0].over");
  refuses_child({{"list", {"a"}}, {"range", {1, 2}}}, "streams[0].over");
  refuses_child({{"range", {2, 1}}}, "streams[0].over.range");
  refuses_child({{"range", {2}}}, "streams[0].over.range");
  refuses_child({{"list", {"a"}}, {"by", {"id"}}}, "streams[0].over.by");
  refuses_child({{"stream", "none"}}, "streams[0].over.stream");
  refuses_child({{"stream", "s"}}, "streams[0].over.stream");
  refuses_child({{"stream", "parent"}, {"by", {"id", "x"}}}, "streams[0].over.by[1]");
  refuses_child({{"stream", "parent"}, {"carry", {"id"}}}, "streams[0].over.carry");
  refuses_child({{"stream", "parent"}, {"from", "id"}}, "streams[0].over.from");
  refuses_child({{"list", {"a"}}}, "streams[0].over", {{"kind", "files"}});
  refuses_child({{"stream", "parent"}, {"validator", "x"}}, "streams[0].over.validator",
                {{"kind", "files"}});
  json keyless = kParent;
  keyless.erase("key");
  refuses(source({keyless, stream({{"over", {{"stream", "parent"}}}})}),
          std::string("streams[1].over.by"));
  json series_parent = kParent;
  series_parent["kind"] = "keys";
  series_parent["over"] = {{"list", {"a"}}};
  refuses(source({series_parent, stream({{"over", {{"stream", "parent"}}}})}),
          std::string("streams[1].over.stream"), "snapshot");
  json a = kParent, b = kParent;
  a["name"] = "a";
  a["over"] = {{"stream", "b"}};
  b["name"] = "b";
  b["over"] = {{"stream", "a"}};
  refuses(source({a, b}), std::string("streams[0].over.stream"), "back");
}

TEST_CASE("rest config: mistakes of rules are told", "[unit][rest]") {
  const auto rule = [](json given, const char* key) {
    given["action"] = given.value("action", "retry");
    refuses({{"errors", {given}}}, key);
  };
  rule(json::object(), "streams[0].errors[0]");
  rule({{"at", "x"}}, "streams[0].errors[0].at");
  rule({{"status", {500}}, {"wait_at", "x"}}, "streams[0].errors[0].wait_at");
  rule({{"status", {500}}, {"message", "x"}}, "streams[0].errors[0].message");
  rule({{"status", {500}}, {"in", "record"}, {"at", "/a"}}, "streams[0].errors[0].in");
  rule({{"status", {500}}, {"missing", true}}, "streams[0].errors[0].missing");
  rule({{"status", {500}}, {"action", "skip"}}, "streams[0].errors[0].action");
  rule({{"at", "/a"}, {"in", "record"}, {"action", "empty"}}, "streams[0].errors[0].action");
}
