// SPDX-License-Identifier: Apache-2.0
//
// The service's JSON documents, in its own order of fields.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/twin/blizzard/model.hpp"
#include "tests/twin/blizzard/words.hpp"

namespace sluice::twin::blizzard {

using Document = nlohmann::ordered_json;

// How a request wants its answer: links carry the namespace, static ones with the game's build;
// texts are plain in one locale, objects of all locales without.
struct View {
  Namespace ns;
  std::string full_namespace;         // "static-12.0.7_67808-eu", "dynamic-eu"
  std::optional<std::size_t> locale;  // of kLocales
};

std::string full_namespace(const Namespace& ns, const std::string& build);
std::string href(const View& view, const std::string& path);

Document item_document(const View& view, const Item& item);
Document item_media_document(const View& view, const Item& item);
// As the search tells it: always with all locales.
Document item_hit(const View& view, const Item& item);
Document item_class_index(const View& view, const std::vector<ItemClass>& classes);
Document item_class_document(const View& view, const ItemClass& one);
Document connected_realm_index(const View& view, const std::vector<ConnectedRealm>& realms);
Document connected_realm_document(const View& view, const ConnectedRealm& one);
Document realm_index(const View& view, const std::vector<ConnectedRealm>& realms);
Document realm_document(const View& view, const ConnectedRealm& of, const Realm& realm);
Document token_document(const View& view, std::int64_t price, std::int64_t time);
// `path` is the list's own; connected realm 0: the commodities of the region. Written straight into
// text: some have hundreds of thousands of entries.
std::string auctions_text(const View& view, const std::string& path, std::int64_t connected_realm,
                          const std::vector<Auction>& auctions);

}  // namespace sluice::twin::blizzard
