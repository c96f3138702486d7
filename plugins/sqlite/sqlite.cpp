// SPDX-License-Identifier: Apache-2.0
//
// The sink "sqlite" as the host sees it.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/cpp/plugin.hpp"
#include "writer.hpp"

namespace sluice::sqlite {

namespace {

// Waits through the host, so that a cancelled run does not sit out the lock of another process.
Sleep sleep_of(Host& host) {
  return [&host](uint64_t ms) {
    try {
      host.sleep(std::chrono::milliseconds(ms));
      return false;
    } catch (const Error&) {
      return true;
    }
  };
}

// A connection to the database if there is one. It is opened per call: the control thread asks
// rarely, and an idle connection would keep the log of the database from being cut back.
std::optional<Database> existing(Host& host, const Config& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(config.path, ignored)) {
    return std::nullopt;
  }
  return std::optional<Database>(std::in_place, config, Database::Mode::kExisting, sleep_of(host));
}

// Throws INVALID_CONFIG with what SQLite says of the query.
void list_first_column(Database& db, std::string_view query, const KeyVisitor& visit) {
  const auto refused = [&](const std::string& why) {
    return Error(Code::kInvalidConfig, "The query for keys cannot be run: " + why + ".");
  };
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int rc =
      sqlite3_prepare_v2(db.get(), query.data(), static_cast<int>(query.size()), &raw, &rest);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw, sqlite3_finalize);
  if (rc != SQLITE_OK || raw == nullptr) {
    throw refused(rc == SQLITE_OK ? "it is empty" : sqlite3_errmsg(db.get()));
  }
  const std::string_view behind(rest, static_cast<std::size_t>(query.data() + query.size() - rest));
  if (behind.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    throw refused("it holds more than one statement");
  }
  if (sqlite3_stmt_readonly(raw) == 0 || sqlite3_column_count(raw) == 0) {
    throw refused("it reads nothing");
  }
  int step = 0;
  while ((step = sqlite3_step(raw)) == SQLITE_ROW) {
    if (sqlite3_column_type(raw, 0) != SQLITE_NULL) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
      visit({text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(raw, 0))});
    }
  }
  if (step != SQLITE_DONE) {
    throw failure(db.get(), step, "read keys");
  }
}

struct SqliteWriter : Writer {
  SqliteWriter(Host& host, const Config& config) : Writer(config, sleep_of(host)) {}
};

}  // namespace

struct SqliteSink {
  static constexpr std::string_view id = "sqlite";
  static constexpr std::string_view name = "SQLite";
  static constexpr std::string_view version = "0.1.0";
  static constexpr std::string_view vendor = "sluice";
  static constexpr std::string_view license = "Apache-2.0";
  static constexpr bool transactional = true;
  static constexpr bool upsert = true;

  using Config = sqlite::Config;
  using Writer = SqliteWriter;

  // Whether the database can be opened, or could be made. Touches nothing.
  void check(Host& host, const Config& config) const {
    if (auto db = existing(host, config)) {
      (void)CommitLog(*db).exists();
      return;
    }
    std::error_code ignored;
    auto folder = std::filesystem::absolute(config.path, ignored).parent_path();
    while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path()) {
      folder = folder.parent_path();
    }
    if (!std::filesystem::is_directory(folder, ignored) || ::access(folder.c_str(), W_OK) != 0) {
      throw Error(Code::kInvalidConfig, "The database '" + config.path + "' cannot be made: '" +
                                            folder.string() +
                                            "' is no folder that this user may write to.");
    }
  }

  std::optional<std::string> head(Host& host, const Config& config) const {
    auto db = existing(host, config);
    if (!db || !CommitLog(*db).exists()) {
      return std::nullopt;
    }
    return CommitLog(*db).head();
  }

  void list(Host& host, const Config& config, const CommitFilter& filter,
            const CommitVisitor& visit) const {
    auto db = existing(host, config);
    if (db && CommitLog(*db).exists()) {
      CommitLog(*db).list(filter, visit);
    }
  }

  void forget(Host& host, const Config& config, const CommitFilter& filter) const {
    auto db = existing(host, config);
    if (!db || !CommitLog(*db).exists()) {
      return;
    }
    Transaction transaction(*db);
    CommitLog(*db).remove(filter);
    CommitLog(*db).touch(0);
    transaction.commit();
  }

  // The first column of a query that reads only.
  void keys(Host& host, const Config& config, std::string_view query,
            const KeyVisitor& visit) const {
    auto db = existing(host, config);
    if (!db) {
      return;
    }
    db->exec("PRAGMA query_only = ON", "forbid changes");
    list_first_column(*db, query, visit);
  }

  std::vector<std::string> diff(Host& host, const Config& config, const Binding& binding) const {
    auto db = existing(host, config);
    const Table table = make_table(binding.stream(), binding.table(), binding.lineage(), config);
    BindPlan plan = plan_bind(db ? &*db : nullptr, binding, table);
    if (plan.records_are_void) {
      plan.changes.statements.push_back(
          "The commit log's records of stream '" + binding.stream().name() +
          "' are removed, as their rows are not in this table; its slices are read again.");
    }
    return std::move(plan.changes.statements);
  }
};

}  // namespace sluice::sqlite

SLUICE_PLUGIN(sluice::sqlite::SqliteSink)
