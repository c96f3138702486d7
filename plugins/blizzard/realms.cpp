// SPDX-License-Identifier: Apache-2.0
//
// Connected realms and their realms: the index, which has links only, then a document for each.
#include <algorithm>
#include <set>

#include "localised.hpp"

namespace blizzard {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using sluice::Code;
using sluice::Error;

constexpr auto kCached = std::chrono::minutes(5);  // the service says half a minute, and wins

class RealmReader final : public SliceReader {
 public:
  RealmReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request, bool realms)
      : sources_(sources), request_(request), realms_(realms), rows_(sources, stream, request) {
    std::string_view rest;
    world_ = &sources.world_of(request.partition(), rest);
    for (const char* part : {"/_links", "/realms", "/mythic_leaderboards", "/auctions",
                             "/connected_realm", "/region/key"}) {
      rows_.decoder().ignore(part);
    }
    after_ = request.state().value("after", int64_t{-1});
  }

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (!listed_) {
      ids_ = connected_realm_ids(sources_.client, *world_);
      ids_.erase(ids_.begin(), std::upper_bound(ids_.begin(), ids_.end(), after_));
      listed_ = true;
    }
    while (at_ < ids_.size()) {
      const int64_t id = ids_[at_++];
      read(batch, id);
      if (batch.full()) {
        state["after"] = id;
        return sluice::Next::kRows;
      }
    }
    return sluice::Next::kEnd;
  }

 private:
  void read(sluice::Batch& batch, int64_t id) {
    const auto document = sources_.client.find(
        sources_.client.localised_url(*world_, "dynamic", "connected-realm/" + std::to_string(id)),
        kCached);
    if (!document) {
      request_.note("connected_realm_not_found", "Connected realm " + std::to_string(id) +
                                                     " is in the index, but is not there.");
      return;
    }
    array realms;
    const bool listed = document->root()["realms"].get(realms) == simdjson::SUCCESS;
    if (!realms_) {
      const auto count = listed ? static_cast<int64_t>(realms.size()) : 0;
      return rows_.append(batch, *world_, document->root(), {{"realm_count", count}});
    }
    for (std::size_t i = 0; listed && i < realms.size(); ++i) {
      rows_.append(batch, *world_, realms.at(i).value_unsafe(), {{"connected_realm_id", id}},
                   std::to_string(id));  // not every realm says where it is
    }
  }

  const Sources sources_;
  const sluice::ReadRequest& request_;
  const bool realms_;
  LocalisedRows rows_;
  const World* world_ = nullptr;
  bool listed_ = false;
  std::vector<int64_t> ids_;
  std::size_t at_ = 0;
  int64_t after_ = -1;
};

}  // namespace

std::vector<int64_t> connected_realm_ids(const Client& client, const World& world) {
  const auto index = client.remembered(client.url(world, "dynamic", "connected-realm/index"));
  array entries;
  if (index->root()["connected_realms"].get(entries) != simdjson::SUCCESS) {
    throw Error(Code::kBadData, "The index of connected realms has no list of them.").retryable();
  }
  std::set<int64_t> ids;
  for (const element entry : entries) {
    std::string_view link;
    const auto id = entry["href"].get(link) == simdjson::SUCCESS ? id_in_link(link) : std::nullopt;
    if (!id) {
      throw Error(Code::kBadData,
                  "The index of connected realms holds a link without an id: " + std::string(link))
          .retryable();
    }
    ids.insert(*id);
  }
  return {ids.begin(), ids.end()};
}

ReaderPtr read_realms(const Sources& sources, const sluice::Stream& stream,
                      const sluice::ReadRequest& request, bool realms) {
  return std::make_unique<RealmReader>(sources, stream, request, realms);
}

}  // namespace blizzard
