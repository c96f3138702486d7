// SPDX-License-Identifier: Apache-2.0
//
// Recorded answers of the service, read in place, against values that Python's standard library
// worked out (expected.py).
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "canonical.hpp"
#include "client.hpp"
#include "plugins/blizzard/tests/support.hpp"

using namespace blizzard::test;  // NOLINT
using blizzard::content_hash;
using blizzard::Document;
using blizzard::write_canonical;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;
namespace fs = std::filesystem;

namespace {

using Fields = std::vector<std::string>;

// Lines of expected.csv of a kind, without the kind.
std::vector<Fields> expected(const std::string& kind) {
  std::vector<Fields> out;
  std::ifstream in("plugins/blizzard/tests/cases/expected.csv");
  REQUIRE(in);
  for (std::string line; std::getline(in, line);) {
    Fields fields;
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part, ';');) {
      fields.push_back(part);
    }
    if (fields.at(0) == kind) {
      out.emplace_back(fields.begin() + 1, fields.end());
    }
  }
  return out;
}

std::string hash_of(const std::string& text, const std::string& locale) {
  const Document document(text, "fixture");
  std::string canonical = "1 ";
  write_canonical(document.root(), locale, canonical);
  return content_hash(canonical);
}

std::string shown(const json& value) {
  return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

// Reads with one language and every document answered by `body`.
SourceRun read_body(const std::string& body, const std::string& locale,
                    const sluice::testing::ReadSpec& spec) {
  FakeHost host;
  host.http.on_prefix(kBase, json_answer(body));
  return read(host, {{"locales", {locale}}}, spec);
}

int64_t sum(const std::vector<json>& rows, const std::string& column) {
  int64_t out = 0;
  for (const json& row : rows) {
    out += row.at(column).is_number() ? row.at(column).get<int64_t>() : 0;
  }
  return out;
}

int64_t modifiers(const std::vector<json>& rows) {
  std::size_t out = 0;
  for (const json& row : rows) {
    const json& list = row.at("modifiers");
    out += list.is_string() ? json::parse(list.get<std::string>()).size() : list.size();
  }
  return static_cast<int64_t>(out);
}

}  // namespace

TEST_CASE("blizzard fixtures: every recorded document has the canonical form of python",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("canonical")) {
    CAPTURE(line[0]);
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(*root / line[0])) {
      if (entry.path().extension() == ".json" && entry.path().filename() != "index.json") {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    CHECK(std::to_string(files.size()) == line[1]);
    std::string hashes;
    for (const auto& file : files) {
      hashes += hash_of(read_file(file), "de_DE");
    }
    CHECK(content_hash(hashes) == line[2]);
  }
}

TEST_CASE("blizzard fixtures: recorded items land as python reads them", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  const auto lines = expected("item");
  CHECK(lines.size() == 50);
  for (const Fields& line : lines) {
    CAPTURE(line[0]);
    const auto run = read_body(read_file(*root / line[0]), "ru_RU",
                               {.stream = "items", .keys = {"eu/retail/" + line[1]}});
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    CHECK(run.notes.empty());
    REQUIRE(run.rows.size() == 1);
    const json& row = run.rows[0];
    const char* columns[] = {"id",
                             "level",
                             "required_level",
                             "item_class_id",
                             "item_subclass_id",
                             "purchase_price",
                             "sell_price",
                             "purchase_quantity",
                             "quality",
                             "inventory_type",
                             "binding"};
    for (std::size_t i = 0; i < std::size(columns); ++i) {
      CAPTURE(columns[i]);
      CHECK(shown(row.at(columns[i])) == line[i + 1]);
    }
    CHECK(content_hash(row.at("name").get<std::string>()) == line[12]);
    CHECK(hash_of(read_file(*root / line[0]), "ru_RU") == line[13]);
  }
}

TEST_CASE("blizzard fixtures: another build of a recorded item is the same row",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("item")) {
    std::string body = read_file(*root / line[0]);
    std::size_t links = 0;
    for (const char* build : {"12.0.7_67808", "10.0.5_47621", "8.2.5_31884", "1.13.2_31446"}) {
      for (std::size_t at = 0; (at = body.find(build, at)) != std::string::npos; ++links) {
        body.replace(at, std::string(build).size(), "13.1.0_70001");
      }
    }
    CHECK(links > 0);
    CHECK(hash_of(body, "ru_RU") == line[13]);
  }
}

TEST_CASE("blizzard fixtures: all languages of recorded items are rows", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  FakeHost host;
  host.http.on_prefix(kBase,
                      json_answer(read_file(*root / "wae-12.0.7/item/186758-response.json")));
  const auto run =
      read(host, {{"locales", {"all"}}}, {.stream = "items", .keys = {"eu/retail/186758"}});
  REQUIRE(run.rows.size() == 12);
  std::set<std::string> names;
  std::set<std::string> hashes;
  for (const json& row : run.rows) {
    names.insert(row.at("name").get<std::string>());
    hashes.insert(row.at("content_hash").get<std::string>());
    CHECK(row.at("sell_price") == 570'413);
  }
  CHECK(names.size() == 11);  // en_US and en_GB are the same
  CHECK(hashes.size() == 11);
}

TEST_CASE("blizzard fixtures: recorded classes give their subclasses", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("class")) {
    CAPTURE(line[0]);
    FakeHost host;
    host.http
        .on(url("item-class/index", "static-eu", "&locale=ko_KR"),
            json_answer(R"({"item_classes":[{"id":)" + line[1] + "}]}"))
        .on(url("item-class/" + line[1], "static-eu", "&locale=ko_KR"),
            json_answer(read_file(*root / line[0])));
    const json korean = {{"locales", {"ko_KR"}}};
    const auto classes = read(host, korean, {.stream = "item_classes", .partition = "eu/retail"});
    REQUIRE(classes.rows.size() == 1);
    CHECK(shown(classes.rows[0].at("subclass_count")) == line[2]);
    const auto run = read(host, korean, {.stream = "item_subclasses", .partition = "eu/retail"});
    CHECK(run.notes.empty());
    CHECK(std::to_string(run.rows.size()) == line[2]);
    CHECK(std::to_string(sum(run.rows, "subclass_id")) == line[3]);
    std::string names;
    for (const json& row : run.rows) {
      names += row.at("name").get<std::string>();
    }
    CHECK(content_hash(names) == line[4]);
  }
}

TEST_CASE("blizzard fixtures: the recorded index of classes is walked with its holes",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  FakeHost host;
  host.http.on(url("item-class/index", "static-eu", "&locale=en_US"),
               json_answer(read_file(*root / "rbattlenet-decoded/wow_item_class_all.0.body.json")));
  host.http.on_prefix(kBase, not_found());
  const auto run = read(host, json::object(), {.stream = "item_classes", .partition = "eu/retail"});
  // 0 to 9, 11 to 13 and 15 to 18: what stands in the index, and nothing between.
  CHECK(noted(run, "item_class_not_found") == host.http.requests().size() - 1);
  CHECK(host.http.requests().size() == 18);
}

TEST_CASE("blizzard fixtures: recorded connected realms and their realms land",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("connected_realm")) {
    CAPTURE(line[0]);
    FakeHost host;
    host.http
        .on(url("connected-realm/index", "dynamic-eu"),
            json_answer(R"({"connected_realms":[{"href":"https://x/connected-realm/)" + line[1] +
                        "?namespace=dynamic-eu\"}]}"))
        .on(url("connected-realm/" + line[1], "dynamic-eu", "&locale=en_US"),
            json_answer(read_file(*root / line[0])));
    const auto one =
        read(host, json::object(), {.stream = "connected_realms", .partition = "eu/retail"});
    REQUIRE(one.rows.size() == 1);
    CHECK(one.notes.empty());
    CHECK(shown(one.rows[0].at("id")) == line[1]);
    CHECK(one.rows[0].at("population") == line[3]);
    const auto realms = read(host, json::object(), {.stream = "realms", .partition = "eu/retail"});
    CHECK(realms.notes.empty());
    CHECK(std::to_string(realms.rows.size()) == line[2]);
    CHECK(std::to_string(sum(realms.rows, "id")) == line[4]);
    std::string slugs;
    for (const json& row : realms.rows) {
      slugs += row.at("slug").get<std::string>();
    }
    CHECK(content_hash(slugs) == line[5]);
  }
}

TEST_CASE("blizzard fixtures: ids are cut from the links of recorded indexes",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("index")) {
    FakeHost host;
    host.http.on_prefix(kBase, json_answer(read_file(*root / line[0])));
    SourceSession session(plugin(), host, config());
    int64_t ids = 0;
    const auto partitions = session.partitions("auctions");
    for (const auto& partition : partitions) {
      ids += std::stoll(partition.key.substr(std::string("eu/retail/").size()));
    }
    CHECK(std::to_string(partitions.size()) == line[1]);
    CHECK(std::to_string(ids) == line[2]);
  }
}

TEST_CASE("blizzard fixtures: recorded auctions add up and a link among them is quarantined",
          "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  for (const Fields& line : expected("auctions")) {
    CAPTURE(line[0]);
    const bool commodities = line[0].find("Commodities") != std::string::npos;
    const auto run = read_body(read_file(*root / line[0]), "en_US",
                               {.stream = commodities ? "commodities" : "auctions",
                                .partition = commodities ? "eu/retail" : "eu/retail/4"});
    CHECK(run.end == SLUICE_END);
    CHECK(std::to_string(run.rows.size()) == line[1]);
    CHECK(std::to_string(run.rejects.size()) == line[2]);
    CHECK(std::to_string(sum(run.rows, "id")) == line[3]);
    CHECK(std::to_string(sum(run.rows, "unit_price")) == line[6]);
    CHECK(std::to_string(sum(run.rows, "quantity")) == line[7]);
    CHECK(std::to_string(sum(run.rows, "item_id")) == line[8]);
    if (!commodities) {
      CHECK(std::to_string(sum(run.rows, "bid")) == line[4]);
      CHECK(std::to_string(sum(run.rows, "buyout")) == line[5]);
      CHECK(std::to_string(modifiers(run.rows)) == line[9]);
      CHECK(std::to_string(sum(run.rows, "pet_species_id")) == line[10]);
    }
    CHECK(noted(run, "unknown_field") == (run.rejects.empty() ? 0 : 1));
  }
}

TEST_CASE("blizzard fixtures: the recorded token price lands", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  const auto run =
      read_body(read_file(*root / "argentpony-resx/WowTokenIndexResponse.json"), "en_US",
                {.stream = "token_price", .partition = "eu/retail", .from_us = 0, .to_us = 1});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0].at("price") == 1'203'380'000);
  CHECK(run.rows[0].at("time") == "2020-07-15T22:55:30Z");
}

TEST_CASE("blizzard fixtures: recorded refusals are what they say", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  const sluice::testing::ReadSpec spec = {.stream = "items", .keys = {"eu/retail/5"}};
  for (const char* file : {"argentpony-resx/Item404ErrorResponse.json",
                           "rbattlenet-decoded/wow_character_empty.0.body.json",
                           "rbattlenet-decoded/wow_guild_empty.0.body.json"}) {
    FakeHost host;
    host.http.on_prefix(kBase, json_answer(read_file(*root / file), 404));
    CHECK(outcome(read(host, json::object(), spec), "eu/retail/5") == sluice::Outcome::kEmpty);
  }
  FakeHost host;
  host.http.on_prefix(
      kBase,
      json_answer(read_file(*root / "argentpony-resx/AccountInactive403ForbiddenResponse.json"),
                  403));
  CHECK(read(host, json::object(), spec).error.value().code() == sluice::Code::kAuth);
}

TEST_CASE("blizzard fixtures: recorded answers cut anywhere are refused", "[pipeline][blizzard]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  const std::string item = read_file(*root / "rbattlenet-decoded/wow_item.0.body.json");
  for (std::size_t size = 0; size < item.size(); size += 7) {
    CHECK_THROWS_AS(Document(item.substr(0, size), "cut"), sluice::Error);
  }
  const std::string list = read_file(*root / "argentpony-resx/AuctionsResponse.json");
  for (std::size_t size = 0; size + 1 < list.size(); size += 97) {
    const auto run = read_body(list.substr(0, size), "en_US",
                               {.stream = "auctions", .partition = "eu/retail/4"});
    REQUIRE(run.error);
    CHECK(run.error->code() == sluice::Code::kBadData);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  }
}
