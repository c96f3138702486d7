// SPDX-License-Identifier: Apache-2.0
//
// A source in about fifty lines: trades of a market, page by page, in slices of time.
#include <sluice/cpp/plugin.hpp>

struct Trades {
  static constexpr auto id = "example-trades", name = "Example trades", version = "0.1.0";

  struct Config {
    std::string base_url;
    std::string market = "BTC-USD";
    int page_size = 500;
    static constexpr auto fields() {
      using sluice::optional, sluice::required;
      return std::tuple{
          required("base_url", &Config::base_url, R"("format":"uri")").doc("Where it answers."),
          optional("market", &Config::market).doc("The pair to read."),
          optional("page_size", &Config::page_size, R"("minimum":1,"maximum":5000)")};
    }
  };

  static std::vector<sluice::Stream> streams() {
    using sluice::Type;
    return {sluice::Stream("trades", sluice::Kind::kSeries)
                .key("id")
                .time("ts")
                .max_span(std::chrono::hours(24))
                .doc("Trades of one market.")
                .col("id", Type::kInt64)
                .col("ts", Type::kTimestamp)
                .col("price", Type::kDecimal128, {.unit = "USD", .precision = 18, .scale = 8})
                .col("side", Type::kUtf8, {.source_name = "s"})};
  }

  struct Reader {
    sluice::Host& host;
    const Config& config;
    const sluice::ReadRequest& request;
    Reader(sluice::Host& h, const Config& c, const sluice::ReadRequest& r)
        : host(h), config(c), request(r) {}

    bool next(sluice::Batch& out, sluice::json& state) {  // one page = one batch
      const auto page =
          host.get(config.base_url + "/trades?market=" + config.market + "&from=" +
                   std::to_string(request.from_us()) + "&to=" + std::to_string(request.to_us()) +
                   "&after=" + std::to_string(state.value("last_id", std::int64_t{0})) +
                   "&limit=" + std::to_string(config.page_size))
              .parsed();
      for (const auto& trade : page) {
        out.row(trade.at("id"), trade.at("ts"), trade.at("price"), trade.at("s"));
      }
      if (!page.empty()) {
        state["last_id"] = page.back().at("id");  // the resume point after this batch
      }
      return !page.empty();
    }
  };
};

SLUICE_PLUGIN(Trades)
