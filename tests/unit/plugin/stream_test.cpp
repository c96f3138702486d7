// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/stream.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <vector>

using namespace sluice::host;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;

namespace {

struct ColumnSpec {
  std::string name, format;
  bool nullable = true;
  std::map<std::string, std::string> metadata = {};
};

std::string encode(const std::map<std::string, std::string>& pairs) {
  std::string out;
  const auto number = [&out](size_t value) {
    const auto n = static_cast<int32_t>(value);
    out.append(reinterpret_cast<const char*>(&n), sizeof n);
  };
  number(pairs.size());
  for (const auto& [key, value] : pairs) {
    number(key.size());
    out += key;
    number(value.size());
    out += value;
  }
  return out;
}

int released = 0;

// Lives as long as the test; the schemas count their releases.
struct Declaration {
  std::vector<ColumnSpec> columns = {{"id", "l", false}, {"ts", "tsu:UTC"}, {"v", "g"}};
  std::map<std::string, std::string> metadata = {{"sluice:kind", "series"}};
  std::deque<std::string> texts;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;

  Result<Stream> read(const std::string& name = "s") {
    texts.clear();
    children.clear();
    pointers.clear();
    children.reserve(columns.size());
    for (const ColumnSpec& column : columns) {
      ArrowSchema child{};
      child.name = column.name.c_str();
      child.format = column.format.c_str();
      child.flags = column.nullable ? ARROW_FLAG_NULLABLE : 0;
      child.metadata = texts.emplace_back(encode(column.metadata)).c_str();
      children.push_back(child);
      pointers.push_back(&children.back());
    }
    ArrowSchema schema{};
    schema.format = "+s";
    schema.metadata = texts.emplace_back(encode(metadata)).c_str();
    schema.n_children = static_cast<int64_t>(pointers.size());
    schema.children = pointers.data();
    schema.release = [](ArrowSchema* self) {
      ++released;
      self->release = nullptr;
    };
    auto out = read_stream(name, &schema);
    CHECK(schema.release == nullptr);
    return out;
  }
};

std::string refusal(Declaration declaration, const std::string& name = "s") {
  const auto stream = declaration.read(name);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Code::kInvalidConfig);
  return stream.error().message;
}

Declaration with(const std::string& key, const std::string& value) {
  Declaration out;
  out.metadata[key] = value;
  return out;
}

}  // namespace

TEST_CASE("stream: everything declared is read", "[unit][plugin]") {
  Declaration d;
  d.columns.push_back({"j", "u", true, {{"ARROW:extension:name", "arrow.json"}}});
  d.columns.push_back({"price", "d:18,8", true, {{"sluice:unit", "USD"}, {"sluice:doc", "Paid."}}});
  d.metadata = {
      {"sluice:kind", "keys"},     {"sluice:key", R"(["id"])"},    {"sluice:seq", "id"},
      {"sluice:time", "ts"},       {"sluice:step", "60000000"},    {"sluice:max_span", "5"},
      {"sluice:max_keys", "100"},  {"sluice:refresh", "0"},        {"sluice:lag", "7"},
      {"sluice:doc", "Sentence."}, {"org.example.own", "kept out"}};
  released = 0;
  {
    const auto stream = d.read("ticks");
    INFO((stream ? "" : stream.error().message));
    REQUIRE(stream);
    CHECK(stream->kind == StreamKind::kKeys);
    CHECK(stream->key == std::vector<std::string>{"id"});
    CHECK(stream->seq == "id");
    CHECK(stream->time == "ts");
    CHECK(stream->step_us == 60'000'000);
    CHECK(stream->max_span_us == 5);
    CHECK(stream->max_keys == 100);
    CHECK(stream->refresh_s == 0);
    CHECK(stream->lag_us == 7);
    CHECK(stream->columns[3].json);
    CHECK(stream->columns[4].unit == "USD");
    CHECK_FALSE(stream->columns[0].nullable);
    const Stream copy = *stream;
    CHECK(released == 0);
  }
  CHECK(released == 1);
}

TEST_CASE("stream: a wrong declaration is refused by rule and place", "[unit][plugin]") {
  CHECK_THAT(refusal(with("sluice:kind", "heap")), Contains("sluice:kind"));
  CHECK_THAT(refusal(with("sluice:key", "id")), Contains("sluice:key"));
  CHECK_THAT(refusal(with("sluice:key", R"(["nope"])")), Contains("nope"));
  CHECK_THAT(refusal(with("sluice:key", R"(["id","id"])")), Contains("twice"));
  CHECK_THAT(refusal(with("sluice:key", R"(["v"])")), Contains("nullable"));
  CHECK_THAT(refusal(with("sluice:seq", "v")), Contains("sluice:seq"));
  CHECK_THAT(refusal(with("sluice:time", "id")), Contains("sluice:time"));
  for (const char* bad : {"", "x", "1x", "-1", "1.5", "99999999999999999999", " 1"}) {
    CHECK_THAT(refusal(with("sluice:lag", bad)), Contains("sluice:lag"));
  }
  CHECK_THAT(refusal(with("sluice:step", "0")), Contains("sluice:step"));
  CHECK_THAT(refusal(with("sluice:max_keys", "99999999999")), Contains("max_keys"));
  CHECK_THAT(refusal({}, ""), Contains("name"));
  CHECK_THAT(refusal({}, "bad\nname"), Contains("name"));
  Declaration none;
  none.columns.clear();
  CHECK_THAT(refusal(none), Contains("columns"));
  for (const char* format : {"c", "+l", "tsu:", "tsn:UTC", "d:40,2", "d:5,6", "d:5", ""}) {
    Declaration odd;
    odd.columns.push_back({"odd", format});
    CHECK_THAT(refusal(odd), Contains("odd"));
  }
  Declaration twice;
  twice.columns.push_back({"v", "l"});
  CHECK_THAT(refusal(twice), Contains("declared twice"));
  Declaration json;
  json.columns.push_back({"j", "l", true, {{"ARROW:extension:name", "arrow.json"}}});
  CHECK_THAT(refusal(json), Contains("JSON"));
}

TEST_CASE("stream: metadata with implausible sizes is refused", "[unit][plugin]") {
  const int32_t bad[] = {2'000'000'000, 5};
  ArrowSchema schema{};
  schema.format = "+s";
  schema.metadata = reinterpret_cast<const char*>(bad);
  schema.release = [](ArrowSchema* self) { self->release = nullptr; };
  CHECK_FALSE(read_stream("s", &schema));
  CHECK_FALSE(read_stream("s", nullptr));
  CHECK_FALSE(read_stream("s", &schema));  // released before
}
