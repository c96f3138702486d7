// SPDX-License-Identifier: Apache-2.0
//
// Connected realms and their realms: the index, which has links only, then a document for each.
#include <set>

#include "index_reader.hpp"

namespace blizzard {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using sluice::Code;
using sluice::Error;

constexpr auto kCached = std::chrono::minutes(5);  // the service says half a minute, and wins

class RealmReader final : public IndexReader {
 public:
  RealmReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request, bool realms)
      : IndexReader(sources, stream, request,
                    {"connected realm", "connected realms", "realms", "connected_realm_not_found"}),
        realms_(realms) {
    for (const char* part : {"/_links", "/realms", "/mythic_leaderboards", "/auctions",
                             "/connected_realm", "/region/key"}) {
      rows_.decoder().ignore(part);
    }
  }

 private:
  std::vector<int64_t> list() override { return connected_realm_ids(sources_.client, *world_); }

  Found find(int64_t id) override {
    const std::string path = "connected-realm/" + std::to_string(id);
    return IndexReader::find(id, sources_.client.localised_url(*world_, "dynamic", path), 1,
                             kCached);
  }

  void append(sluice::Batch& batch, int64_t id, const Found& found) override {
    if (!realms_) {
      const auto count = static_cast<int64_t>(found.entries.size());
      rows_.append(batch, *world_, found.document->root(), {{"realm_count", count}});
      return;
    }
    for (const element realm : found.entries) {
      rows_.append(batch, *world_, realm, {{"connected_realm_id", id}},
                   std::to_string(id));  // not every realm says where it is
    }
  }

  const bool realms_;
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
