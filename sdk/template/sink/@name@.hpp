// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <sluice/cpp/plugin.hpp>

// Writes every row as a line of JSON to one file. Without transactions: rows that were written before
// a crash, and whose commit the host did not see, are written again.
struct @Name@ {
  static constexpr auto id = "@name@", name = "@Name@", version = "0.1.0";

  struct Config {
    std::string path;
    static constexpr auto fields() {
      return std::tuple{
          sluice::required("path", &Config::path).doc("The file that rows are added to.")};
    }
  };

  static sluice::json cell(const sluice::ColumnView& column, int64_t row) {
    using sluice::Type;
    if (column.is_null(row)) {
      return nullptr;
    }
    switch (column.type()) {
      case Type::kBool:
        return column.boolean(row);
      case Type::kInt32:
      case Type::kDate32:
        return column.int32(row);
      case Type::kInt64:
      case Type::kTimestamp:
        return column.int64(row);
      case Type::kFloat64:
        return column.float64(row);
      case Type::kDecimal128:
        return sluice::to_text(column.decimal(row), column.decl().options.scale);
      case Type::kJson:
        return sluice::json::parse(column.text(row));
      case Type::kUtf8:
      case Type::kLargeUtf8:
      case Type::kBinary:
        break;
    }
    return std::string(column.text(row));
  }

  struct Writer {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file;
    std::string pending;  // rows of the transaction
    uint32_t streams = 0;
    int64_t last_commit = 0;  // enough for a sink without a commit log

    Writer(sluice::Host&, const Config& config)
        : file(std::fopen(config.path.c_str(), "ab"), &std::fclose) {
      if (file == nullptr) {
        throw sluice::Error(sluice::Code::kInvalidConfig,
                            "The file '" + config.path + "' cannot be opened for writing.");
      }
    }

    uint32_t bind(const sluice::Binding&) { return ++streams; }
    void begin() { pending.clear(); }
    int64_t reserve() { return ++last_commit; }
    void write(uint32_t, int64_t, const sluice::BatchView& batch, sluice::Rejects& rejects) {
      for (int64_t row = 0; row < batch.rows(); ++row) {
        auto line = sluice::json::object();
        try {
          for (const auto& column : batch.columns()) {
            line[column.name()] = cell(column, row);
          }
          pending += line.dump() + "\n";
        } catch (const sluice::json::exception& e) {
          rejects.reject(static_cast<uint64_t>(row), e.what());  // this row alone; others land
        }
      }
    }
    void record(const sluice::CommitRecord&) {}
    void commit() {
      const bool written =
          std::fwrite(pending.data(), 1, pending.size(), file.get()) == pending.size();
      if (!written || std::fflush(file.get()) != 0) {
        throw sluice::Error(sluice::Code::kUnavailable, "The file cannot be written.").retryable();
      }
    }
    void rollback() { pending.clear(); }
  };
};
