// SPDX-License-Identifier: Apache-2.0
//
// Components that the SDK's tests drive.
#pragma once

#include <sluice/testing/testing.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace sdk_test {

using namespace std::chrono_literals;
using sluice::Batch;
using sluice::Host;
using sluice::json;
using sluice::Kind;
using sluice::ReadRequest;
using sluice::Stream;
using sluice::Type;

// All types, nullable but for the key.
inline Stream every_type() {
  return Stream("every", Kind::kSnapshot)
      .key("id")
      .doc("All types.")
      .col("id", Type::kInt64)
      .col("flag", Type::kBool)
      .col("small", Type::kInt32)
      .col("real", Type::kFloat64, {.unit = "K"})
      .col("money", Type::kDecimal128, {.precision = 20, .scale = 4})
      .col("text", Type::kUtf8)
      .col("long_text", Type::kLargeUtf8)
      .col("raw", Type::kBinary)
      .col("day", Type::kDate32)
      .col("ts", Type::kTimestamp)
      .col("doc", Type::kJson);
}

// Counts from the state's `next` to `until`, three rows a batch, with resume points.
struct Counter {
  static constexpr auto id = "counter", name = "Counter", version = "1.0.0", vendor = "us";
  static constexpr uint32_t state_version = 2;
  struct Config {
    int64_t until = 7;
    static constexpr auto fields() { return std::tuple{sluice::optional("until", &Config::until)}; }
  };
  static std::vector<Stream> streams() {
    return {Stream("numbers", Kind::kSnapshot).key("n").col("n", Type::kInt64)};
  }
  struct Reader {
    Host& host;
    const Config& config;
    Reader(Host& h, const Config& c, const ReadRequest&) : host(h), config(c) {}
    bool next(Batch& out, json& state) {
      host.check_cancel();
      int64_t n = state.value("next", int64_t{0});
      for (; n < config.until && out.rows() < 3; ++n) {
        out.row(n);
      }
      state["next"] = n;
      return !out.empty();
    }
  };
};

// Keeps rows in memory, as a transactional sink does in a database.
struct Memory {
  static constexpr auto id = "memory", name = "Memory", version = "1.0.0";
  static constexpr bool transactional = true, upsert = true;
  struct Instance {
    std::vector<json> rows;
    std::vector<std::string> slices;
    int64_t last_id = 0;
  };
  struct Writer {
    Instance& target;
    std::vector<json> rows;
    std::vector<std::string> slices;
    Writer(Host&, const sluice::NoConfig&, Instance& instance) : target(instance) {}
    uint32_t bind(const sluice::Binding& b) {
      if (b.stream().find("n") < 0) {
        throw sluice::Error(sluice::Code::kSchemaChanged, "The stream has no column 'n'.");
      }
      return 7;
    }
    void begin() {}
    sluice::Result<int64_t> reserve() { return ++target.last_id; }
    void write(uint32_t, int64_t, const sluice::BatchView& view, sluice::Rejects& rejects) {
      for (int64_t i = 0; i < view.rows(); ++i) {
        if (view.column("n").int64(i) < 0) {
          rejects.reject(static_cast<uint64_t>(i), "It is negative.", "n", "23514");
        } else {
          rows.push_back(view.column("n").int64(i));
        }
      }
    }
    sluice::Result<void> record(const sluice::CommitRecord& r) {
      slices.emplace_back(r.slice);
      return {};
    }
    void commit() {
      target.rows.insert(target.rows.end(), rows.begin(), rows.end());
      target.slices.insert(target.slices.end(), slices.begin(), slices.end());
      rollback();
    }
    void rollback() {
      rows.clear();
      slices.clear();
    }
  };
  static std::optional<std::string> head(Host&, const sluice::NoConfig&, Instance& i) {
    return std::to_string(i.slices.size());
  }
  static void list(Host&, const sluice::NoConfig&, Instance& i, const sluice::CommitFilter& filter,
                   sluice::CommitVisitor& visit) {
    for (const auto& slice : i.slices) {
      if (filter.slice.empty() || filter.slice == slice) {
        visit({.final = true, .pipeline = filter.pipeline, .stream = "numbers", .slice = slice});
      }
    }
  }
  static void forget(Host&, const sluice::NoConfig&, Instance& i, const sluice::CommitFilter& f) {
    std::erase(i.slices, std::string(f.slice));
  }
};

}  // namespace sdk_test
