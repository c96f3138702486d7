// SPDX-License-Identifier: Apache-2.0
//
// Rows from documents whose texts come in several languages: one for each language that is wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "readers.hpp"
#include "sluice/cpp/records.hpp"

namespace blizzard {

// Threads: those of the reader that owns it.
class LocalisedRows {
 public:
  LocalisedRows(const Sources& sources, const sluice::Stream& stream,
                const sluice::ReadRequest& request)
      : selection_(sources.selection),
        has_document_(stream.find("document") >= 0),
        seed_(hash_seed(stream)),
        decoder_(stream, request) {}

  sluice::RecordDecoder& decoder() { return decoder_; }
  // Appends the rows of `record`, which is a part of a document or all of it. `extra` are columns
  // that do not come from it, and `place` is what of them counts as content.
  // False if one was rejected.
  bool append(sluice::Batch& batch, const World& world, simdjson::dom::element record,
              const std::vector<sluice::Fixed>& extra = {}, std::string_view place = {});

 private:
  const Selection& selection_;
  bool has_document_;
  std::string seed_;
  sluice::RecordDecoder decoder_;
  std::string text_;
};

}  // namespace blizzard
