// SPDX-License-Identifier: Apache-2.0
//
// A source that costs nothing but the columns it fills: six of them, generated. What is measured
// with it is the way of the rows, not where they come from.
#include <array>
#include <sluice/cpp/plugin.hpp>

struct EmptySource {
  static constexpr auto id = "bench-empty", name = "Generated rows", version = "0.1.0";

  struct Config {
    int64_t slices = 1;
    int64_t rows = 1'000'000;
    static constexpr auto fields() {
      using sluice::optional;
      return std::tuple{
          optional("slices", &Config::slices, R"("minimum":1,"maximum":10000000)"),
          optional("rows", &Config::rows, R"("minimum":0)").doc("Rows of each slice.")};
    }
  };

  static std::vector<sluice::Stream> streams() {
    using sluice::Type;
    return {sluice::Stream("rows", sluice::Kind::kFiles)
                .key("id")
                .col("id", Type::kInt64)
                .col("number", Type::kInt64)
                .col("value", Type::kFloat64)
                .col("flag", Type::kBool)
                .col("symbol", Type::kUtf8)
                .col("note", Type::kUtf8)};
  }

  static void slices(sluice::Host&, const Config& config, const sluice::ListRequest&,
                     sluice::Lister& out) {
    for (int64_t i = 0; i < config.slices; ++i) {
      sluice::Slice slice;
      const std::string key = std::to_string(i);
      slice.key = key;
      slice.token = key;
      out.slice(slice);
    }
  }

  struct Reader {
    int64_t next_row, end;
    Reader(sluice::Host&, const Config& config, const sluice::ReadRequest& request)
        : next_row(std::stoll(std::string(request.slice())) * config.rows),
          end(next_row + config.rows) {}

    bool next(sluice::Batch& out) {
      static constexpr std::array<std::string_view, 4> kSymbols{"BTCUSDT", "ETHUSDT", "SOLUSDT",
                                                                "ADAEUR"};
      auto& row_id = out.col<int64_t>(std::size_t{0});
      auto& number = out.col<int64_t>(1);
      auto& value = out.col<double>(2);
      auto& flag = out.col<bool>(3);
      auto& symbol = out.col<std::string_view>(4);
      auto& note = out.col<std::string_view>(5);
      while (next_row < end && !out.full()) {
        const int64_t stop = std::min(end, next_row + 256);
        for (; next_row < stop; ++next_row) {
          row_id.append(next_row);
          number.append(next_row * 3);
          value.append(static_cast<double>(next_row) * 0.5);
          flag.append((next_row & 1) != 0);
          symbol.append(kSymbols[static_cast<std::size_t>(next_row & 3)]);
          note.append("exchange trade");
        }
      }
      return next_row < end || !out.empty();
    }
  };
};

SLUICE_PLUGIN(EmptySource)
