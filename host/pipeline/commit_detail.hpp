// SPDX-License-Identifier: Apache-2.0
//
// The `detail` of a commit record: what the ledger needs to be rebuilt from the target alone, as
// JSON that a person can read there with SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "host/ledger/ledger.hpp"
#include "host/plugin/component.hpp"

namespace sluice::host {

struct CommitDetail {
  std::string source;  // "dwd 0.1.0"
  std::string title, partition, validator, read_validator;
  bool series = false;
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  bool resumable = false;
  std::string resume;  // any bytes
  uint32_t state_version = 0;
  struct Key {
    std::string key;
    uint32_t outcome = SLUICE_OUTCOME_LANDED;  // SLUICE_OUTCOME_*
  };
  std::vector<Key> keys;  // `keys` streams: the ids read together
  // `series`: parts of the interval that could not be found out, and that the source confirmed to
  // be empty.
  std::vector<Interval> holes, confirmed_empty;
};

std::string encode_detail(const CommitDetail& detail);
// kCorrupt for anything that encode_detail() does not write.
Result<CommitDetail> decode_detail(std::string_view json);

// Gives a record of the target to the ledger's reconciliation; one of a batch of keys counts as one
// per key.
Result<void> reconcile_record(const CommitRecord& record, Reconciliation& reconciliation);

}  // namespace sluice::host
