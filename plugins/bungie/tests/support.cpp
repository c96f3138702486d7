// SPDX-License-Identifier: Apache-2.0
#include "plugins/bungie/tests/support.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace bungie::test {

using sluice::json;

std::string table_path(const std::string& table, const std::string& language,
                       const std::string& build) {
  return "/common/destiny2_content/json/" + language + "/" + table + "-" + build + ".json";
}

std::string database_path(const std::string& language, const std::string& build) {
  return "/common/destiny2_content/sqlite/" + language + "/world_sql_content_" + build + ".content";
}

std::string manifest(const Paths& paths) {
  json tables = json::object();
  json databases = json::object();
  for (const auto& language : paths.languages) {
    databases[language] = database_path(language, paths.build);
    tables[language] = json::object();
    for (const auto& table : paths.tables) {
      tables[language][table] = table_path(table, language, paths.build);
    }
  }
  return json{{"Response",
               {{"version", "v"},
                {"mobileWorldContentPaths", databases},
                {"jsonWorldComponentContentPaths", tables}}},
              {"ErrorCode", 1},
              {"ThrottleSeconds", 0},
              {"ErrorStatus", "Success"},
              {"Message", "Ok"},
              {"MessageData", json::object()}}
      .dump();
}

std::string manifest_url() {
  return std::string(kBase) + "/Platform/Destiny2/Manifest/";
}

std::string failure(int code, int throttle_seconds) {
  return json{{"ErrorCode", code},
              {"ThrottleSeconds", throttle_seconds},
              {"ErrorStatus", "Status" + std::to_string(code)},
              {"Message", "It is so."},
              {"MessageData", json::object()}}
      .dump();
}

sluice::testing::SourceSession open(sluice::testing::FakeHost& host, json config) {
  if (!config.is_object()) {
    config = json::object();
  }
  config["base_url"] = kBase;
  return {sluice::testing::Plugin::load(BUNGIE_PLUGIN_FILE), host, config};
}

sluice::testing::SourceRun read_table(const std::string& body, const Served& served) {
  sluice::testing::FakeHost host;
  const std::string path = table_path(served.table, "en");
  host.http.on(kBase + path, {.body = body, .headers = {{"Content-Type", "application/json"}}});
  auto spec = served.spec;
  spec.stream = served.stream;
  spec.slice = "en";
  spec.token = json::array({json::array({"en", path})}).dump();
  return open(host, served.config).read(spec);
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out(1 << 16, '\0');
  for (const auto& [name, content] : members) {
    out.resize(out.size() + 2 * content.size());
  }
  archive* a = archive_write_new();
  archive_write_set_format_zip(a);
  std::size_t used = 0;
  archive_write_open_memory(a, out.data(), out.size(), &used);
  for (const auto& [name, content] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  out.resize(used);
  return out;
}

std::string database(const std::map<std::string, DumpTable>& tables) {
  sqlite3* db = nullptr;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) {
    throw std::runtime_error("no database");
  }
  for (const auto& [name, table] : tables) {
    const std::string column = table.text_keys ? "key TEXT" : "id INTEGER";
    sqlite3_exec(db, ("CREATE TABLE " + name + " (" + column + ", json BLOB)").c_str(), nullptr,
                 nullptr, nullptr);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(db, ("INSERT INTO " + name + " VALUES (?1, ?2)").c_str(), -1, &insert,
                       nullptr);
    for (const auto& [id, text] : table.rows) {
      sqlite3_bind_text(insert, 1, id.c_str(), -1, SQLITE_STATIC);  // affinity makes it a number
      sqlite3_bind_text(insert, 2, text.c_str(), -1, SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
  }
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(db, "main", &size, 0);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(db);
  return out;
}

std::optional<std::filesystem::path> fixtures() {
  const char* told = std::getenv("SLUICE_FIXTURES");
  const std::filesystem::path root =
      std::filesystem::path(told == nullptr ? "../shared/fixtures" : told) / "bungie";
  return std::filesystem::exists(root) ? std::optional(root) : std::nullopt;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    out.push_back(part);
  }
  return out;
}

}  // namespace bungie::test
