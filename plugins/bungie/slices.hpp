// SPDX-License-Identifier: Apache-2.0
//
// Which files a table has, as slices: one for each language, or one for all where languages are
// columns. The path of a file is its version.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "config.hpp"
#include "sluice/cpp/request.hpp"

namespace bungie {

// A file of a slice.
struct SliceFile {
  std::string language;
  std::string path;
};

// What a slice is read by, as its token.
std::string to_token(const std::vector<SliceFile>& files);
// Throws INTERNAL for anything else.
std::vector<SliceFile> from_token(std::string_view token);

// Tables that a database was found not to have, kept in the host's state so that it is not fetched
// again to look. Threads: any.
class MissingTables {
 public:
  explicit MissingTables(const sluice::Host& host) : host_(host) {}
  bool lacks(const SliceFile& file, std::string_view table) const;
  void add(const SliceFile& file, std::string_view table);

 private:
  const sluice::Host& host_;
  mutable std::mutex mutex_;  // guards the state
};

void list_table(const sluice::Host& host, const Selection& selection, Client& client,
                const MissingTables& missing, const Table& table, const sluice::Lister& out);

}  // namespace bungie
