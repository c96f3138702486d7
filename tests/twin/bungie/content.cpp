// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/bungie/content.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "tests/twin/dwd/zip_writer.hpp"
#include "tests/twin/hash.hpp"

namespace sluice::twin::bungie {
namespace {

constexpr std::string_view kJsonFolder = "/common/destiny2_content/json/";
constexpr std::string_view kDatabaseFolder = "/common/destiny2_content/sqlite/";
constexpr std::string_view kDatabaseName = "/world_sql_content_";

std::string digest_of(const Build& build, std::size_t language) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash_of(hash_text(build.guid), language, 1)),
                static_cast<unsigned long long>(hash_of(hash_text(build.guid), language, 2)));
  return text.data();
}

std::optional<std::size_t> language_of(std::string_view code) {
  const auto& all = languages();
  const auto found = std::find(all.begin(), all.end(), code);
  return found == all.end() ? std::nullopt
                            : std::optional(static_cast<std::size_t>(found - all.begin()));
}

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string("the database cannot be built: ") + sqlite3_errmsg(db));
  }
}

void fill_table(sqlite3* db, const World& world, const Build& build, std::size_t table,
                std::size_t language) {
  const std::string& name = world.tables()[table];
  const bool text_keys = World::has_text_keys(name);
  run(db,
      "CREATE TABLE " + name + (text_keys ? " (key TEXT, json BLOB)" : " (id INTEGER, json BLOB)"));
  sqlite3_stmt* insert = nullptr;
  if (sqlite3_prepare_v2(db, ("INSERT INTO " + name + " VALUES (?1, ?2)").c_str(), -1, &insert,
                         nullptr) != SQLITE_OK) {
    throw std::runtime_error("a table of the database cannot be filled");
  }
  for (const std::uint32_t i : world.entries(build, table)) {
    const std::string key = world.key(table, i);
    const std::string json = world.json(build, table, i, language);
    if (text_keys) {
      sqlite3_bind_text(insert, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    } else {
      sqlite3_bind_int(insert, 1, static_cast<std::int32_t>(world.hash(table, i)));
    }
    sqlite3_bind_text(insert, 2, json.data(), static_cast<int>(json.size()), SQLITE_STATIC);
    sqlite3_step(insert);
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
}

}  // namespace

std::string table_path(const Build& build, const std::string& table, std::size_t language) {
  return std::string(kJsonFolder) + languages().at(language) + "/" + table + "-" + build.guid +
         ".json";
}

std::string database_path(const Build& build, std::size_t language) {
  return std::string(kDatabaseFolder) + languages().at(language) + std::string(kDatabaseName) +
         digest_of(build, language) + ".content";
}

std::optional<ContentFile> find_file(const World& world, std::string_view path) {
  const bool json = path.substr(0, kJsonFolder.size()) == kJsonFolder;
  const std::string_view folder = json ? kJsonFolder : kDatabaseFolder;
  if (path.substr(0, folder.size()) != folder) {
    return std::nullopt;
  }
  std::string_view rest = path.substr(folder.size());
  const auto language = language_of(rest.substr(0, rest.find('/')));
  if (!language) {
    return std::nullopt;
  }
  for (std::size_t b = world.builds(); b-- > 0;) {
    const Build& build = world.build(b);
    if (!json) {
      if (path == database_path(build, *language)) {
        return ContentFile{b, *language, std::nullopt};
      }
      continue;
    }
    rest = path.substr(path.rfind('/') + 1);
    const std::string_view table = rest.substr(0, rest.find('-'));
    if (world.has_table(table) && build.tables[world.table(table)].present &&
        path == table_path(build, std::string(table), *language)) {
      return ContentFile{b, *language, world.table(table)};
    }
  }
  return std::nullopt;
}

std::string table_json(const World& world, const Build& build, std::size_t table,
                       std::size_t language) {
  std::string out = "{";
  for (const std::uint32_t i : world.entries(build, table)) {
    out += out.size() == 1 ? "\"" : ",\"";
    out += world.key(table, i);
    out += "\":";
    out += world.json(build, table, i, language);
  }
  return out + "}";
}

std::string packed_database(const World& world, const Build& build, std::size_t language) {
  sqlite3* db = nullptr;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) {
    throw std::runtime_error("no database in memory");
  }
  run(db, "BEGIN");
  for (std::size_t t = 0; t < world.tables().size(); ++t) {
    if (build.tables[t].present) {
      fill_table(db, world, build, t, language);
    }
  }
  run(db, "COMMIT");
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(db, "main", &size, 0);
  const std::string database(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(db);
  dwd::ZipWriter zip(1'780'000'000);
  zip.add("world_sql_content_" + digest_of(build, language) + ".content", database, false);
  return zip.finish();
}

std::string Content::make(const ContentFile& file) const {
  const Build& build = world_.build(file.build);
  return file.table ? table_json(world_, build, *file.table, file.language)
                    : packed_database(world_, build, file.language);
}

std::shared_ptr<const std::string> Content::get(const ContentFile& file) {
  const std::string key = std::to_string(file.build) + "/" + std::to_string(file.language) + "/" +
                          (file.table ? std::to_string(*file.table) : "db");
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key); found != kept_.end()) {
      return found->second;
    }
  }
  auto made = std::make_shared<const std::string>(make(file));
  const std::lock_guard lock(mutex_);
  if (kept_.emplace(key, made).second) {
    order_.push_back(key);
    bytes_ += made->size();
  }
  while (bytes_ > most_ && order_.size() > 1) {
    bytes_ -= kept_.at(order_.front())->size();
    kept_.erase(order_.front());
    order_.pop_front();
  }
  return made;
}

}  // namespace sluice::twin::bungie
