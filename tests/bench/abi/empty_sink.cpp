// SPDX-License-Identifier: Apache-2.0
//
// A sink that keeps nothing. It reads every value, as any real sink must, unless told not to.
#include <atomic>
#include <sluice/cpp/plugin.hpp>

struct EmptySink {
  static constexpr auto id = "bench-null", name = "Rows read and dropped", version = "0.1.0";

  struct Config {
    bool read = true;
    static constexpr auto fields() {
      return std::tuple{sluice::optional("read", &Config::read).doc("Whether values are read.")};
    }
  };

  // One loop for each type, as a sink in a hurry would have it.
  template <class F>
  static uint64_t sum_rows(const sluice::ColumnView& column, F&& value) {
    uint64_t sum = 0;
    for (int64_t row = 0; row < column.size(); ++row) {
      sum += column.is_null(row) ? 0 : value(row);
    }
    return sum;
  }

  static uint64_t sum_of(const sluice::ColumnView& column) {
    using sluice::Type;
    const auto text = [&](int64_t row) {
      const std::string_view value = column.text(row);
      return value.size() + (value.empty() ? 0U : static_cast<unsigned char>(value.back()));
    };
    switch (column.type()) {
      case Type::kInt64:
      case Type::kTimestamp:
        return sum_rows(column,
                        [&](int64_t row) { return static_cast<uint64_t>(column.int64(row)); });
      case Type::kFloat64:
        return sum_rows(column, [&](int64_t row) {
          return static_cast<uint64_t>(static_cast<int64_t>(column.float64(row) * 2));
        });
      case Type::kInt32:
      case Type::kDate32:
        return sum_rows(column,
                        [&](int64_t row) { return static_cast<uint64_t>(column.int32(row)); });
      case Type::kBool:
        return sum_rows(column, [&](int64_t row) { return column.boolean(row) ? 1U : 0U; });
      case Type::kDecimal128:
        return sum_rows(column, [&](int64_t row) {
          return static_cast<uint64_t>(column.decimal(row).unscaled);
        });
      default:
        return sum_rows(column, text);
    }
  }

  struct Writer {
    sluice::Host& host;
    const Config& config;
    uint32_t streams = 0;
    int64_t last_commit = 0;
    uint64_t rows = 0, sum = 0;

    Writer(sluice::Host& h, const Config& c) : host(h), config(c) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    // Told at the end, so that a measurement can show that the values were read.
    ~Writer() { host.debug("rows " + std::to_string(rows) + " sum " + std::to_string(sum)); }

    uint32_t bind(const sluice::Binding&) { return ++streams; }
    void begin() {}
    int64_t reserve() { return ++last_commit; }
    void write(uint32_t, int64_t, const sluice::BatchView& batch, sluice::Rejects&) {
      rows += static_cast<uint64_t>(batch.rows());
      if (config.read) {
        for (const sluice::ColumnView& column : batch.columns()) {
          sum += sum_of(column);
        }
      }
    }
    void record(const sluice::CommitRecord&) {}
    void commit() {}
    void rollback() {}
  };
};

SLUICE_PLUGIN(EmptySink)
