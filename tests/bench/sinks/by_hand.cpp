// SPDX-License-Identifier: Apache-2.0
#include "by_hand.hpp"

#include <simdjson.h>
#include <sqlite3.h>

#include <stdexcept>

namespace bench {

namespace {

struct Candle {
  std::string_view symbol, time;
  double open, high, low, close, volume;
  int64_t trades;
};

template <class F>
void each_candle(const std::string& path, F&& f) {
  const auto text = simdjson::padded_string::load(path).take_value();
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document_stream stream =
      parser.iterate_many(text, std::size_t{1} << 20U).value();
  for (auto document : stream) {
    Candle c{};
    c.symbol = document["symbol"].get_string().value();
    c.time = document["time"].get_string().value();
    c.open = document["open"].get_double().value();
    c.high = document["high"].get_double().value();
    c.low = document["low"].get_double().value();
    c.close = document["close"].get_double().value();
    c.volume = document["volume"].get_double().value();
    c.trades = document["trades"].get_int64().value();
    f(c);
  }
}

void must(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db));
  }
}

}  // namespace

int64_t ndjson_only(const std::string& in) {
  int64_t rows = 0;
  double sum = 0;
  each_candle(in, [&](const Candle& c) {
    ++rows;
    sum += c.open + c.high + c.low + c.close + c.volume + static_cast<double>(c.trades) +
           static_cast<double>(c.symbol.size() + c.time.size());
  });
  return sum > 0 ? rows : 0;
}

void ndjson_to_sqlite(const std::string& in, const std::string& out, int64_t rows_per_commit) {
  sqlite3* db = nullptr;
  if (sqlite3_open(out.c_str(), &db) != SQLITE_OK) {
    throw std::runtime_error("no database");
  }
  must(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
  must(db,
       "CREATE TABLE candles (symbol TEXT NOT NULL, time TEXT NOT NULL, open REAL, high REAL, low "
       "REAL, close REAL, volume REAL, trades INTEGER, PRIMARY KEY (symbol, time)) WITHOUT ROWID");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO candles VALUES (?,?,?,?,?,?,?,?)", -1, &insert, nullptr);
  must(db, "BEGIN");
  int64_t rows = 0;
  each_candle(in, [&](const Candle& c) {
    sqlite3_bind_text(insert, 1, c.symbol.data(), static_cast<int>(c.symbol.size()), SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, c.time.data(), static_cast<int>(c.time.size()), SQLITE_STATIC);
    sqlite3_bind_double(insert, 3, c.open);
    sqlite3_bind_double(insert, 4, c.high);
    sqlite3_bind_double(insert, 5, c.low);
    sqlite3_bind_double(insert, 6, c.close);
    sqlite3_bind_double(insert, 7, c.volume);
    sqlite3_bind_int64(insert, 8, c.trades);
    if (sqlite3_step(insert) != SQLITE_DONE) {
      throw std::runtime_error(sqlite3_errmsg(db));
    }
    sqlite3_reset(insert);
    if (++rows % rows_per_commit == 0) {
      must(db, "COMMIT; BEGIN");
    }
  });
  must(db, "COMMIT");
  sqlite3_finalize(insert);
  sqlite3_close(db);
}

}  // namespace bench
