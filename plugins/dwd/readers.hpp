// SPDX-License-Identifier: Apache-2.0
//
// What reads a slice of each kind of stream.
#pragma once

#include <memory>

#include "config.hpp"
#include "crawl.hpp"
#include "metadata_streams.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/request.hpp"

namespace dwd {

// Threads: one at a time. What it is made from outlives it.
class SliceReader {
 public:
  SliceReader() = default;
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;
  virtual ~SliceReader() = default;
  virtual sluice::Next next(sluice::Batch& batch, sluice::json& state) = 0;
};

struct Sources {
  sluice::Host& host;
  const Selection& selection;
  Server& server;
};

std::unique_ptr<SliceReader> read_observations(const Sources& sources, const Dataset& dataset,
                                               const sluice::ReadRequest& request);

sluice::Stream station_stream();
std::unique_ptr<SliceReader> read_stations(const Sources& sources,
                                           const sluice::ReadRequest& request);

sluice::Stream parameter_stream();
std::unique_ptr<SliceReader> read_parameters(const Sources& sources);

std::unique_ptr<SliceReader> read_metadata(const Sources& sources, MemberKind kind,
                                           const sluice::ReadRequest& request);

}  // namespace dwd
