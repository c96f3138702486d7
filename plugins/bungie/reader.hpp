// SPDX-License-Identifier: Apache-2.0
//
// Reads one slice: the entries of a table, in one language or in all.
#pragma once

#include <memory>
#include <vector>

#include "client.hpp"
#include "databases.hpp"
#include "entries.hpp"
#include "rows.hpp"
#include "slices.hpp"
#include "texts.hpp"

namespace bungie {

// What all readers of an instance share.
struct Shared {
  sluice::Host& host;
  const Selection& selection;
  Client& client;
  Databases& databases;
  MissingTables& missing;
};

// Threads: one.
class SliceReader {
 public:
  SliceReader(const Shared& shared, const Table& table, const sluice::ReadRequest& request);
  bool next(sluice::Batch& batch, sluice::json& state);

 private:
  std::unique_ptr<Entries> open(const SliceFile& file, uint64_t skipped) const;
  void start(const sluice::json& state);
  void gather_translations();
  void finish() const;

  const Shared shared_;
  const Table& table_;
  const sluice::ReadRequest& request_;
  std::vector<SliceFile> files_;
  std::unique_ptr<Texts> texts_;  // of further languages
  std::unique_ptr<RowMaker> rows_;
  std::unique_ptr<Entries> entries_;  // made by the first next(): it may take long
  uint64_t read_ = 0;
};

}  // namespace bungie
