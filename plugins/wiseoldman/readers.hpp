// SPDX-License-Identifier: Apache-2.0
//
// The readers of the streams.
#pragma once

#include <memory>

#include "client.hpp"
#include "config.hpp"
#include "roster.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/request.hpp"

namespace wiseoldman {

// What every reader works with; outlives them.
struct Service {
  const Selection& selection;
  const Client& client;
  Roster& roster;
};

class SliceReader {
 public:
  SliceReader() = default;
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;
  virtual ~SliceReader() = default;
  virtual sluice::Next next(sluice::Batch& batch, sluice::json& state) = 0;
};

// A partition is a group's number, of `players` also "player/NUMBER".
std::unique_ptr<SliceReader> read_group(const Service& service, const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_members(const Service& service,
                                          const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_players(const Service& service,
                                          const sluice::ReadRequest& request);
// A partition is a player's number.
std::unique_ptr<SliceReader> read_snapshots(const Service& service,
                                            const sluice::ReadRequest& request);
// "group/NUMBER/METRIC" or "player/NUMBER".
std::unique_ptr<SliceReader> read_gained(const Service& service,
                                         const sluice::ReadRequest& request);
// A slice is a player's number.
std::unique_ptr<SliceReader> read_achievements(const Service& service,
                                               const sluice::ReadRequest& request);
// "group/NUMBER" or "player/NUMBER".
std::unique_ptr<SliceReader> read_name_changes(const Service& service,
                                               const sluice::ReadRequest& request);

}  // namespace wiseoldman
