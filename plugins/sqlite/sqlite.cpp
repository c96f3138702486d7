// SPDX-License-Identifier: Apache-2.0
//
// The sink "sqlite" as the host sees it.
#include <unistd.h>

#include <filesystem>
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
