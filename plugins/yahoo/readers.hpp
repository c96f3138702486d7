// SPDX-License-Identifier: Apache-2.0
//
// The streams and their readers.
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

namespace yahoo {

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

sluice::Stream candle_stream(const Selection& selection);
sluice::Stream dividend_stream();
sluice::Stream split_stream();
sluice::Stream instrument_stream();

// From when to when the service tells candles, seconds since the epoch. `end_s`: what lies behind
// it has not ended everywhere.
struct Reach {
  int64_t first_s = 0, end_s = 0;
};
Reach reach_of(const Interval& interval, int64_t now_s);
// `told` remembers that the user has been told of a clipped begin.
void list_securities(const Shared& shared, const sluice::ListRequest& wanted,
                     std::atomic<bool>& told, const sluice::Lister& out);

std::unique_ptr<SliceReader> read_candles(const Shared& shared, const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_events(const Shared& shared, const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_instrument(const Shared& shared,
                                             const sluice::ReadRequest& request);

}  // namespace yahoo
