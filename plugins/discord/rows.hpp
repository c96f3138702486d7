// SPDX-License-Identifier: Apache-2.0
//
// Rows of a stream from messages.
#pragma once

#include <cstdint>
#include <optional>

#include "config.hpp"
#include "message.hpp"
#include "sluice/cpp/records.hpp"
#include "streams.hpp"

namespace discord {

// Where messages were read.
struct Place {
  int64_t channel_id = 0;
  std::optional<int64_t> guild_id;
};

// The decoder for a stream's records, which knows what of them is left out on purpose.
sluice::RecordDecoder make_decoder(Part part, Form form, const sluice::ReadRequest& request);

// Threads: those of the reader that owns it. Lives no longer than the request.
class RowWriter {
 public:
  // Requires: part is not kChannels.
  RowWriter(Part part, Form form, const sluice::ReadRequest& request, bool blank_is_hidden)
      : part_(part),
        form_(form),
        blank_is_hidden_(blank_is_hidden),
        request_(request),
        decoder_(make_decoder(part, form, request)) {}

  // Appends what a page has for the stream. Requires: `begin` and `end` are places in it.
  void write(sluice::Batch& batch, const Messages& page, std::size_t begin, std::size_t end,
             const Place& place);

 private:
  void message(sluice::Batch& batch, const Message& message, const Place& place);
  void authors(sluice::Batch& batch, const Messages& page, std::size_t begin, std::size_t end);
  void reactions(sluice::Batch& batch, const Message& message, const Place& place);
  void attachments(sluice::Batch& batch, const Message& message, const Place& place);

  const Part part_;
  const Form form_;
  const bool blank_is_hidden_;  // a message without anything has a text that was not shown
  const sluice::ReadRequest& request_;
  sluice::RecordDecoder decoder_;
  MessageScanner scanner_;
};

}  // namespace discord
