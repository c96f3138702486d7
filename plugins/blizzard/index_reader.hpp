// SPDX-License-Identifier: Apache-2.0
//
// Streams of an index and the documents that it leads to.
//
// The service denies existing documents for weeks. Rows of what the index still lists must not be
// taken for removed meanwhile: what the service told last stands in, and where that is not known
// the reading ends incomplete, behind the rows of all others.
#pragma once

#include <string>
#include <vector>

#include "localised.hpp"

namespace blizzard {

class IndexReader : public SliceReader {
 public:
  struct Words {
    const char* one;  // what the index lists: "connected realm"
    const char* many;
    const char* list;  // the list in its document: "realms"
    const char* code;  // of the note that it is not there
  };

  IndexReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request, const Words& words);
  sluice::Next next(sluice::Batch& batch, sluice::json& state) final;

 protected:
  // The document of one that the index lists, and the entries of its list; what was told last if it
  // is not there. `document` is null if that is not known.
  struct Found {
    DocumentPtr document;
    simdjson::dom::array entries;
  };

  // The ids that the index lists, in rising order.
  virtual std::vector<int64_t> list() = 0;
  virtual Found find(int64_t id) = 0;
  virtual void append(sluice::Batch& batch, int64_t id, const Found& found) = 0;
  // Appends what the index itself says of one. False if that makes no row.
  virtual bool append_listed(sluice::Batch& batch, int64_t id);

  // A document whose list has fewer than `least` entries is not there.
  Found find(int64_t id, const std::string& url, std::size_t least,
             std::chrono::seconds cache) const;

  const Sources sources_;
  const sluice::ReadRequest& request_;
  const World* world_ = nullptr;
  LocalisedRows rows_;

 private:
  void read(sluice::Batch& batch, int64_t id);
  sluice::Next rows(sluice::json& state) const;

  const Words words_;
  bool listed_ = false;
  std::vector<int64_t> ids_;
  std::size_t at_ = 0;
  int64_t after_ = -1;
  uint64_t absent_ = 0;  // of which nothing is known
};

}  // namespace blizzard
