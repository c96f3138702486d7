// SPDX-License-Identifier: Apache-2.0
//
// A stretch of a channel's messages, page by page from the oldest on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "directory.hpp"
#include "pages.hpp"
#include "rows.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/request.hpp"

namespace discord {

// What all readers share. Lives as long as the instance.
struct Shared {
  const Config& config;
  const Selection& selection;
  const Client& client;
  const Directory& directory;
  KeptPages& pages;
};

class HistoryReader {
 public:
  HistoryReader(const sluice::Host& host, const Shared& shared, Part part,
                const sluice::ReadRequest& request);

  bool next(sluice::Batch& batch, sluice::json& state);

 private:
  void begin(const sluice::json& state);
  bool nothing_new() const;
  Messages page();
  Messages fetch();
  Messages parse(sluice::JsonStream items);
  void judge_texts(const Messages& page);
  void judge_silence();
  [[noreturn]] void give_up(const std::string& why);
  void write(sluice::Batch& batch, const Messages& page);
  std::string path(const std::string& query) const {
    return "/channels/" + std::to_string(channel_) + "/messages?limit=" + query;
  }

  const sluice::Host& host_;
  const Shared& shared_;
  const Part part_;
  const sluice::ReadRequest& request_;
  const int64_t from_id_, to_id_;  // ids of the interval, half-open
  int64_t channel_ = 0;
  std::optional<int64_t> last_message_;  // nothing was posted behind it until the interval's end
  std::optional<int64_t> last_told_;     // as the channel told it
  Place place_;
  MessageScanner scanner_;
  RowWriter rows_;
  int64_t after_ = 0;
  bool begun_ = false;
  bool done_ = false;
};

}  // namespace discord
