// SPDX-License-Identifier: Apache-2.0
//
// The series: charts and candles of a coin.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "client.hpp"
#include "config.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"
#include "sluice/cpp/stream.hpp"

namespace coingecko {

// What readers share.
struct Shared {
  const sluice::Host& host;
  const Selection& selection;
  const Client& client;

  int64_t now_s() const {
    return std::chrono::floor<std::chrono::seconds>(host.now()).time_since_epoch().count();
  }
};

class SliceReader {
 public:
  SliceReader() = default;
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;
  virtual ~SliceReader() = default;
  virtual sluice::Next next(sluice::Batch& batch, sluice::json& state) = 0;
};

sluice::Stream chart_stream(const Selection& selection);
sluice::Stream candle_stream(const Selection& selection);

// What to ask for so that the answer has the granularity; inclusive, seconds since the epoch.
struct Query {
  int64_t from_s = 0, to_s = 0;
  bool reaches_now = false;  // its last row is then the present price
};
Query chart_query(const Selection& selection, int64_t from_s, int64_t to_s, int64_t now_s);
// The path and query of candles that open in [from_s, to_s).
std::string candle_path(const Selection& selection, const Pair& pair, int64_t from_s, int64_t to_s,
                        int64_t now_s);

// The first time that the plan tells rows of.
int64_t first_chart_s(const Selection& selection, int64_t now_s);
int64_t first_candle_s(const Selection& selection, int64_t now_s);
// `told` remembers that the user has been told of a clipped begin.
void list_pairs(const Shared& shared, const sluice::ListRequest& wanted, std::atomic<bool>& told,
                const sluice::Lister& out);

std::unique_ptr<SliceReader> read_chart(const Shared& shared, const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_candles(const Shared& shared, const sluice::ReadRequest& request);

// Tells of steps of an interval for which the answer had no row: those that have settled have none,
// the others, and those before what was asked for, are asked for again. `have`: begins of those
// that came, rising, seconds.
void tell_gaps(const sluice::ReadRequest& request, int64_t asked_from_s,
               const std::vector<int64_t>& have, int64_t step_s, int64_t settled_s);

}  // namespace coingecko
