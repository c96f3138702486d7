// SPDX-License-Identifier: Apache-2.0
//
// What lists and reads each of the streams.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "config.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/request.hpp"
#include "sluice/cpp/stream.hpp"

namespace blizzard {

class SliceReader {
 public:
  SliceReader() = default;
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;
  virtual ~SliceReader() = default;
  virtual sluice::Next next(sluice::Batch& batch, sluice::json& state) = 0;
};
using ReaderPtr = std::unique_ptr<SliceReader>;

// What readers stand on; it outlives them.
struct Sources {
  const Selection& selection;
  const Client& client;

  // The world of a partition. Throws INVALID_CONFIG if the configuration no longer names it.
  const World& world_of(std::string_view partition, std::string_view& rest) const;
};

// The languages that a document gives rows in: those wanted, or all that it has.
std::vector<std::string> row_locales(const Selection& selection, simdjson::dom::element document);

// Goes before what the content hash of a row is of: which columns the row has and where in the
// document they stand. Sinks leave rows alone whose hash is the same, so that a new column would
// stay empty in all that did not change.
std::string hash_seed(const sluice::Stream& stream);

// Ids of the connected realms of a world, each once, in rising order.
std::vector<int64_t> connected_realm_ids(const Client& client, const World& world);

void list_items(const Sources& sources, const sluice::Lister& out);
void list_worlds(const Selection& selection, bool retail_only, const sluice::Lister& out);
void list_auctions(const Sources& sources, const sluice::Lister& out);
void list_tokens(const Sources& sources, const sluice::Lister& out);

ReaderPtr read_items(const Sources& sources, const sluice::Stream& stream,
                     const sluice::ReadRequest& request);
// `item_classes`, or with `subclasses` `item_subclasses`.
ReaderPtr read_classes(const Sources& sources, const sluice::Stream& stream,
                       const sluice::ReadRequest& request, bool subclasses);
// `connected_realms`, or with `realms` `realms`.
ReaderPtr read_realms(const Sources& sources, const sluice::Stream& stream,
                      const sluice::ReadRequest& request, bool realms);
// `auctions` and `commodities`.
ReaderPtr read_auctions(const Sources& sources, const sluice::Stream& stream,
                        const sluice::ReadRequest& request);
ReaderPtr read_token(const Sources& sources, const sluice::Stream& stream,
                     const sluice::ReadRequest& request);

}  // namespace blizzard
