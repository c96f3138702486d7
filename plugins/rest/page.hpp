// SPDX-License-Identifier: Apache-2.0
//
// The records of one answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model.hpp"
#include "sluice/cpp/http.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace rest {

// Memory: the largest record and what stands around the records, 16 MiB each.
class Page {
 public:
  Page(sluice::HttpBody body, const StreamConfig& stream);

  bool next();
  std::string_view text() const { return single_whole_ ? whole_ : items_->text(); }
  std::string_view name() const { return single_whole_ ? std::string_view{} : items_->key(); }
  // To be called after the last record: the answer without its records.
  sluice::json envelope();
  // Whether records stood where the configuration says; null counts.
  bool found();

 private:
  std::optional<sluice::JsonStream> items_;
  std::string single_;  // name of the one record in items_
  bool is_single_ = false;
  bool single_whole_ = false;
  bool given_ = false;
  std::string whole_;
};

}  // namespace rest
