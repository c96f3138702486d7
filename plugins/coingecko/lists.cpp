// SPDX-License-Identifier: Apache-2.0
#include "lists.hpp"

#include <algorithm>
#include <optional>
#include <sluice/cpp/json_stream.hpp>
#include <sluice/cpp/records.hpp>

namespace coingecko {
namespace {

using sluice::Type;

constexpr std::size_t kIdsPerPage = 100;  // so that the address stays short
constexpr uint64_t kMostPages = 10'000;   // of a list that does not end

class Coins final : public SliceReader {
 public:
  Coins(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared), decoder_(coin_stream(), request) {}

  sluice::Next next(sluice::Batch& batch, sluice::json&) override {
    if (!coins_) {
      coins_.emplace(shared_.client.open("/coins/list?include_platform=true"), "");
    }
    while (coins_->next()) {
      decoder_.row(batch, coins_->text());
      if (batch.full()) {
        return sluice::Next::kRows;
      }
    }
    if (coins_->target() != sluice::JsonTarget::kArray) {
      throw sluice::Error(sluice::Code::kBadData, "CoinGecko's list of coins is no list.")
          .retryable();
    }
    return sluice::Next::kEnd;
  }

 private:
  Shared shared_;
  sluice::RecordDecoder decoder_;
  std::optional<sluice::JsonStream> coins_;
};

// A page is a batch. Pages of all coins end with an empty one; of chosen coins there are as many as
// their ids need.
class Markets final : public SliceReader {
 public:
  Markets(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared), request_(request), decoder_(market_stream(), request) {}

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    const uint64_t page = state.value("page", uint64_t{0}) + 1;
    const Selection& selection = shared_.selection;
    const std::size_t each =
        std::min<std::size_t>(kIdsPerPage, static_cast<std::size_t>(selection.page_size));
    const std::size_t begin = (page - 1) * each;
    if (page > kMostPages || (!selection.all_markets && begin >= selection.ids.size())) {
      return sluice::Next::kEnd;
    }
    const uint64_t count = read(batch, selection.all_markets ? all(page) : chosen(begin, each));
    const bool more = selection.all_markets ? count > 0 : begin + each < selection.ids.size();
    if (!more) {
      return sluice::Next::kEnd;
    }
    state["page"] = page;
    return sluice::Next::kRows;
  }

 private:
  std::string start() const {
    return "/coins/markets?vs_currency=" + escaped(request_.partition()) + "&order=id_asc";
  }
  std::string all(uint64_t page) const {
    return start() + "&per_page=" + std::to_string(shared_.selection.page_size) +
           "&page=" + std::to_string(page);
  }
  std::string chosen(std::size_t begin, std::size_t count) const {
    const auto& ids = shared_.selection.ids;
    std::string list;
    for (std::size_t i = begin; i < std::min(begin + count, ids.size()); ++i) {
      list += (list.empty() ? "" : ",") + ids[i];
    }
    return start() + "&per_page=250&page=1&ids=" + escaped(list);
  }

  uint64_t read(sluice::Batch& batch, const std::string& path) {
    sluice::JsonStream markets(shared_.client.open(path), "");
    while (markets.next()) {
      decoder_.row(batch, markets.text(), {{"vs_currency", request_.partition()}});
    }
    if (markets.target() != sluice::JsonTarget::kArray) {
      throw sluice::Error(sluice::Code::kBadData, "CoinGecko's page of markets is no list.")
          .retryable();
    }
    return markets.count();
  }

  Shared shared_;
  const sluice::ReadRequest& request_;
  sluice::RecordDecoder decoder_;
};

}  // namespace

sluice::Stream coin_stream() {
  return sluice::Stream("coins", sluice::Kind::kSnapshot)
      .key("id")
      .refresh(std::chrono::hours(24))
      .index("symbol")
      .doc("Every coin that CoinGecko lists.")
      .col("id", Type::kUtf8, {.doc = "Id, by which coins are asked for.", .source_name = "id"})
      .col("symbol", Type::kUtf8, {.doc = "Symbol; not unique.", .source_name = "symbol"})
      .col("name", Type::kUtf8, {.doc = "Name.", .source_name = "name"})
      .col("platforms", Type::kJson,
           {.doc = "Address of its contract by the id of the chain.", .source_name = "platforms"});
}

sluice::Stream market_stream() {
  sluice::Stream stream("markets", sluice::Kind::kSnapshot);
  stream.partitioned();
  const auto text = [&](const char* name, const char* doc) {
    stream.col(name, Type::kUtf8, {.doc = doc, .source_name = name});
  };
  const auto number = [&](const char* name, const char* unit, const char* doc) {
    stream.col(name, Type::kFloat64, {.unit = unit, .doc = doc, .source_name = name});
  };
  const auto time = [&](const char* name, const char* doc) {
    stream.col(name, Type::kTimestamp, {.doc = doc, .source_name = name});
  };
  stream.key("id", "vs_currency")
      .refresh(std::chrono::hours(1))
      .index("symbol")
      .doc("Price, market capitalisation and volume of each coin as they are now.");
  text("id", "Id of the coin.");
  stream.col("vs_currency", Type::kUtf8, {.doc = "Currency of the amounts."});
  text("symbol", "Symbol; not unique.");
  text("name", "Name.");
  text("image", "Address of its picture.");
  number("current_price", "vs_currency", "Price of one coin.");
  number("market_cap", "vs_currency", "Market capitalisation.");
  stream.col("market_cap_rank", Type::kInt64,
             {.doc = "Rank by market capitalisation.", .source_name = "market_cap_rank"});
  number("fully_diluted_valuation", "vs_currency", "Capitalisation if all coins were out.");
  number("total_volume", "vs_currency", "What was traded within 24 hours.");
  number("high_24h", "vs_currency", "Highest price within 24 hours.");
  number("low_24h", "vs_currency", "Lowest price within 24 hours.");
  number("price_change_24h", "vs_currency", "Change of the price within 24 hours.");
  number("price_change_percentage_24h", "%", "The same in per cent.");
  number("market_cap_change_24h", "vs_currency", "Change of the capitalisation within 24 hours.");
  number("market_cap_change_percentage_24h", "%", "The same in per cent.");
  number("circulating_supply", "coins", "Coins that are out.");
  number("total_supply", "coins", "Coins that exist.");
  number("max_supply", "coins", "Coins that there can ever be.");
  number("ath", "vs_currency", "Highest price ever.");
  number("ath_change_percentage", "%", "Change since then.");
  time("ath_date", "When that was, UTC.");
  number("atl", "vs_currency", "Lowest price ever.");
  number("atl_change_percentage", "%", "Change since then.");
  time("atl_date", "When that was, UTC.");
  stream.col(
      "roi", Type::kJson,
      {.doc = "Return since the first sale: times, currency, percentage.", .source_name = "roi"});
  time("last_updated", "When CoinGecko computed the row, UTC.");
  return stream;
}

std::unique_ptr<SliceReader> read_coins(const Shared& shared, const sluice::ReadRequest& request) {
  return std::make_unique<Coins>(shared, request);
}
std::unique_ptr<SliceReader> read_markets(const Shared& shared,
                                          const sluice::ReadRequest& request) {
  return std::make_unique<Markets>(shared, request);
}

}  // namespace coingecko
