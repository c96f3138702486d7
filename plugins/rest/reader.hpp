// SPDX-License-Identifier: Apache-2.0
//
// Rows of one slice.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crawl.hpp"
#include "instance.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/records.hpp"
#include "sluice/cpp/request.hpp"

namespace rest {

// Threads: one.
class SliceReader {
 public:
  SliceReader(sluice::Host& host, Instance& instance, const sluice::ReadRequest& request);

  sluice::Next next(sluice::Batch& batch, sluice::json& state);

 private:
  void start(const sluice::json& state);
  void keep_position(sluice::json& state) const;
  bool one_request() const noexcept;
  void prepare_decoder();
  void prepare_fixed();
  void take(sluice::Batch& batch);
  bool set_aside(std::string_view record);
  bool in_time();
  void note_key();
  void finish();

  sluice::Host& host_;
  Instance& instance_;
  const sluice::ReadRequest& request_;
  const StreamModel& stream_;
  const std::vector<Field>* fields_ = nullptr;
  Scope scope_;
  std::string listed_validator_;
  std::unique_ptr<sluice::RecordDecoder> decoder_;
  std::unique_ptr<Crawl> crawl_;
  std::vector<std::string> texts_;  // that fixed_ borrows
  std::vector<sluice::Fixed> fixed_;
  std::vector<std::size_t> own_names_;   // places in fixed_ of the record's own name
  bool plain_ = false;                   // records are plain values
  std::string wrapped_;                  // such a record in brackets
  const Field* time_ = nullptr;          // what keeps records to the interval
  std::vector<const Field*> keys_;       // columns of the key that are read from the record
  std::set<std::string> wanted_, seen_;  // keys
  uint64_t rows_ = 0;
};

}  // namespace rest
