// SPDX-License-Identifier: Apache-2.0
//
// Files of DiscordChatExporter: {guild, channel, dateRange, messages: […], messageCount}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config.hpp"
#include "rows.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/request.hpp"

namespace discord {

// Tells every file that matches, each a slice. Throws INVALID_CONFIG for a pattern without any.
void list_exports(const sluice::Host& host, const Config& config, const sluice::Lister& out);

// Reads a file twice: first to its end, for what stands around the messages and to refuse one that
// is cut before any row lands, then message by message.
class ExportReader {
 public:
  ExportReader(const sluice::Host& host, Part part, const sluice::ReadRequest& request);

  bool next(sluice::Batch& batch, sluice::json& state);

 private:
  void begin(const sluice::json& state);
  void read_around();
  void channel_row(sluice::Batch& batch);
  void fill(sluice::Batch& batch);
  sluice::JsonStream messages() const;

  const sluice::Host& host_;
  const Part part_;
  const sluice::ReadRequest& request_;
  std::string path_;
  std::string version_;  // of the file as it is read
  sluice::json around_;  // the document without its messages
  Place place_;
  std::optional<sluice::JsonStream> items_;
  MessageScanner scanner_;
  std::optional<RowWriter> rows_;
  uint64_t to_skip_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

// Number of the kind of channel that an export writes as a name.
std::optional<int32_t> channel_type_of_name(std::string_view name);

}  // namespace discord
