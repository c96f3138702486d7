// SPDX-License-Identifier: Apache-2.0
//
// Recorded tables, read in place, against numbers that Python's standard library worked out
// (expected.py).
#include <archive.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>

#include "manifest.hpp"
#include "plugins/bungie/tests/support.hpp"
#include "sluice/cpp/error.hpp"

namespace fs = std::filesystem;
using namespace bungie::test;  // NOLINT: what the tests of bungie share
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceRun;

namespace {

std::optional<fs::path> here() {
  const auto root = fixtures();
  if (!root) {
    WARN("The recorded files of Bungie.net are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

// Lines of expected.csv of one kind.
std::vector<std::vector<std::string>> expected(const std::string& kind) {
  std::vector<std::vector<std::string>> out;
  std::ifstream in("plugins/bungie/tests/cases/expected.csv");
  REQUIRE(in);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(kind + ";")) {
      out.push_back(split(line, ';'));
    }
  }
  return out;
}

// How a table is called by its file's name, and the stream that reads it.
Served serve(const std::string& file) {
  Served out{.table = file.substr(0, file.find('.'))};
  if (out.table == "DestinyPlaceDefinition") {
    return out;
  }
  out.config = {{"tables", {out.table}}};
  out.stream.clear();
  for (const char c : out.table.substr(7, out.table.size() - 17)) {
    const bool upper = c >= 'A' && c <= 'Z';
    out.stream += (upper && !out.stream.empty() ? "_" : "");
    out.stream += static_cast<char>(upper ? c + 32 : c);
  }
  return out;
}

SourceRun read_recorded(const fs::path& root, const std::string& file) {
  return read_table(read_file(root / "flat-destiny" / file), serve(file));
}

std::string summary(const SourceRun& run) {
  uint64_t hashes = 0;
  int64_t signed_hashes = 0;
  int64_t index = 0;
  std::size_t redacted = 0;
  std::size_t names = 0;
  std::size_t name_bytes = 0;
  std::size_t description_bytes = 0;
  const auto bytes = [](const json& cell) {
    return cell.is_string() ? cell.get_ref<const std::string&>().size() : 0;
  };
  for (const json& row : run.rows) {
    hashes += row["hash"].get<uint64_t>();
    signed_hashes += row["hash_signed"].get<int64_t>();
    index += row["index"].is_null() ? 0 : row["index"].get<int64_t>();
    redacted += row["redacted"] == true ? 1 : 0;
    names += row["name"].is_null() ? 0 : 1;
    name_bytes += bytes(row["name"]);
    description_bytes += bytes(row["description"]);
  }
  std::string out;
  for (const auto& number :
       {std::to_string(run.rows.size()), std::to_string(hashes), std::to_string(signed_hashes),
        std::to_string(index), std::to_string(redacted), std::to_string(names),
        std::to_string(name_bytes), std::to_string(description_bytes)}) {
    out += number + ";";
  }
  return out;
}

std::string joined(const std::vector<std::string>& fields, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < fields.size(); ++i) {
    out += fields[i] + ";";
  }
  return out;
}

// Rows of a hand-made dump of the SQLite form, which has commas too many.
std::vector<std::pair<std::string, std::string>> read_dump(const fs::path& path) {
  std::string text = read_file(path);
  std::string mended;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto next = text.find_first_not_of(" \t\r\n", i + 1);
    const bool extra =
        text[i] == ',' && next != std::string::npos && (text[next] == ']' || text[next] == '}');
    mended += extra ? "" : std::string(1, text[i]);
  }
  const auto document = json::parse(mended.substr(mended.find('{')));
  std::vector<std::pair<std::string, std::string>> rows;
  for (const json& row : document.begin().value()) {
    rows.emplace_back(std::to_string(row.at("id").get<int64_t>()), row.at("json").dump());
  }
  return rows;
}

}  // namespace

TEST_CASE("bungie: recorded tables hold what python finds in them", "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto tables = expected("table");
  CHECK(tables.size() == 27);
  for (const auto& fields : tables) {
    CAPTURE(fields[1]);
    const SourceRun run = read_recorded(*root, fields[1]);
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    CHECK(run.notes.empty());
    CHECK(summary(run) == joined(fields, 2));
  }
}

TEST_CASE("bungie: recorded versions differ by as many entries as python finds",
          "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto pairs = expected("pair");
  CHECK(pairs.size() == 15);
  for (const auto& fields : pairs) {
    CAPTURE(fields[1], fields[2]);
    std::map<uint32_t, std::pair<std::string, bool>> old;
    for (const json& row : read_recorded(*root, fields[1]).rows) {
      old[row["hash"].get<uint32_t>()] = {row["content_hash"].get<std::string>(),
                                          row["redacted"] == true};
    }
    std::size_t changed = 0;
    std::size_t added = 0;
    std::size_t shown = 0;
    const auto now = read_recorded(*root, fields[2]).rows;
    for (const json& row : now) {
      const auto found = old.find(row["hash"].get<uint32_t>());
      added += found == old.end() ? 1 : 0;
      changed += found != old.end() && found->second.first != row["content_hash"] ? 1 : 0;
      shown += found != old.end() && found->second.second && row["redacted"] == false ? 1 : 0;
    }
    CHECK(std::to_string(changed) == fields[3]);
    CHECK(std::to_string(added) == fields[4]);
    CHECK(std::to_string(old.size() + added - now.size()) == fields[5]);
    CHECK(std::to_string(shown) == fields[6]);
  }
}

TEST_CASE("bungie: recorded pages are refused as tables", "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto pages = expected("page");
  CHECK(pages.size() == 2);
  for (const auto& fields : pages) {
    const SourceRun run = read_recorded(*root, fields[1]);  // as JSON by its headers
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadData);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(run.rows.empty());
  }
}

TEST_CASE("bungie: recorded rows of databases hold what python finds in them",
          "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::map<std::string, DumpTable> tables;
  const auto dumps = expected("dump");
  CHECK(dumps.size() == 20);
  json names = json::array();
  for (const auto& fields : dumps) {
    const std::string table = fields[1].substr(0, fields[1].find('.'));
    tables[table].rows = read_dump(*root / "sqlite-dump-2017" / fields[1]);
    if (table != "DestinyActivityDefinition" && table != "DestinyDestinationDefinition") {
      names.push_back(table);
    }
  }
  FakeHost host;
  host.http.on(kBase + database_path("en"),
               Answer{.body = zip({{"world.content", database(tables)}})});
  auto session = open(host, {{"form", "sqlite"}, {"tables", names}});
  for (const auto& fields : dumps) {
    CAPTURE(fields[1]);
    std::string stream = serve(fields[1]).stream;
    stream = stream == "activity"      ? "activities"
             : stream == "destination" ? "destinations"
                                       : stream;
    const SourceRun run =
        session.read({.stream = stream,
                      .slice = "en",
                      .token = json::array({json::array({"en", database_path("en")})}).dump()});
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    CHECK(run.notes.empty());
    CHECK(summary(run) == joined(fields, 2));
  }
  CHECK(host.http.requests().size() == 1);
}

TEST_CASE("bungie: recorded activities lead to their destinations and places",
          "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto body = [&](const std::string& table) {
    std::string out;
    for (const auto& [id, text] : read_dump(*root / "sqlite-dump-2017" / (table + ".json"))) {
      const auto key = static_cast<uint32_t>(std::stoll(id));
      out += (out.empty() ? "{\"" : ",\"") + std::to_string(key) + "\":" + text;
    }
    return out + "}";
  };
  std::set<uint32_t> destinations;
  std::map<uint32_t, uint32_t> places;
  for (const json& row :
       read_table(body("DestinyDestinationDefinition"),
                  {.stream = "destinations", .table = "DestinyDestinationDefinition"})
           .rows) {
    destinations.insert(row["hash"].get<uint32_t>());
    if (!row["place_hash"].is_null()) {
      places[row["hash"].get<uint32_t>()] = row["place_hash"].get<uint32_t>();
    }
  }
  const auto activities =
      read_table(body("DestinyActivityDefinition"),
                 {.stream = "activities", .table = "DestinyActivityDefinition"});
  std::size_t referring = 0;
  for (const json& row : activities.rows) {
    if (!row["destination_hash"].is_null()) {
      ++referring;
      CHECK(row["destination_hash"] != 0);
      CHECK(destinations.contains(row["destination_hash"].get<uint32_t>()));
    }
  }
  CHECK(activities.rows.size() == 348);
  CHECK(referring > 300);
  CHECK(places.size() > 10);
}

TEST_CASE("bungie: recorded manifests name their files", "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto manifests = expected("manifest");
  CHECK(manifests.size() == 4);
  const auto bytes = [](const std::string& text) {
    uint64_t sum = 0;
    for (const unsigned char c : text) {
      sum += c;
    }
    return std::to_string(sum);
  };
  for (const auto& fields : manifests) {
    const std::string body = read_file(*root / "flat-destiny" / fields[1]);
    const bungie::Manifest manifest(json::parse(body).at("Response"));
    CHECK(bytes(manifest.version()) == fields[4]);
    CHECK(bytes(manifest.table_path("zh-chs", "DestinyPlaceDefinition").value_or("")) == fields[5]);
    CHECK(bytes(manifest.database_path("pt-br").value_or("")) == fields[6]);
    FakeHost host;
    host.http.on(manifest_url(), Answer{.body = body});
    auto session =
        open(host, {{"languages", {"all"}}, {"tables", {"DestinyTalentGridDefinition"}}});
    CHECK(session.slices("items").size() == 13);
    CHECK(session.slices("vendor_items").size() == 1);
    // It vanished in October 2024.
    const bool there = fields[1] == "manifest.2023-04-12.json";
    CHECK(session.slices("talent_grid").size() == (there ? 13 : 0));
  }
}

TEST_CASE("bungie: a recorded answer about something else is no manifest", "[pipeline][bungie]") {
  const auto root = here();
  if (!root) {
    return;
  }
  FakeHost host;
  host.http.on(manifest_url(), Answer{.body = read_file(*root / "dim/vendors-2026-06-29.json")});
  auto session = open(host);
  CHECK(sluice::testing::code_of([&] { (void)session.slices("items"); }) == Code::kBadData);
}
