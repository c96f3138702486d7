// SPDX-License-Identifier: Apache-2.0
//
// What readers and listings share: requests to the server, and what was read of its stations.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "history.hpp"
#include "sluice/cpp/host.hpp"

namespace dwd {

using Places = std::map<int32_t, Place>;

// The metadata of one archive, as one version of it has them.
struct StationMetadata {
  std::string validator;  // the server's; may be empty
  MemberSet members;
};

// Threads: any.
class Server {
 public:
  Server(sluice::Host& host, const Selection& selection) : host_(host), selection_(selection) {}

  sluice::HttpOptions options() const;
  std::string url(std::string_view path) const { return selection_.base_url + std::string(path); }
  // A text file or listing, whole.
  std::string get(std::string_view path, std::string_view media_type = {}) const;
  // Places of all stations of a data set, read once. `folder` is where its list is looked for.
  std::shared_ptr<const Places> places(std::string_view folder);

  // The metadata in the archive at `path`; null if it still is what `last_validator` (empty: read
  // in any case) says.
  std::shared_ptr<const StationMetadata> metadata(const std::string& path,
                                                  std::string_view last_validator) const;

  // The same for the streams that each read another table of one archive: `version` is what the
  // listing says of it, and while that is the same the archive is fetched once. What is kept
  // meanwhile is bounded; what is not kept is fetched again.
  std::shared_ptr<const StationMetadata> shared_metadata(const std::string& path,
                                                         std::string_view version,
                                                         std::string_view last_validator);

  // From the archive that a data set of minutes has for the station in its folder `meta_data/`;
  // null if it has none. `folder` is the data set's, ending in "/".
  std::shared_ptr<const StationHistory> history(const std::string& folder, int32_t station,
                                                const RejectLine& reject);

 private:
  struct Kept {
    std::shared_ptr<const StationMetadata> metadata;
    std::size_t readers = 0;  // that are yet to come
  };
  // One station's, read once: who comes while it is being read waits.
  struct History {
    std::mutex mutex;  // guards `value`
    std::shared_ptr<const StationHistory> value;
  };
  using Files = std::map<int32_t, std::string>;  // by station: file name
  std::shared_ptr<const Files> metadata_files(const std::string& folder);

  sluice::Host& host_;
  const Selection& selection_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, std::shared_ptr<const Places>, std::less<>> places_;
  std::map<std::string, std::shared_ptr<const Files>> files_;
  std::map<std::string, std::shared_ptr<History>> histories_;
  std::map<std::string, Kept> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace dwd
