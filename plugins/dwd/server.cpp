// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <utility>

#include "download.hpp"
#include "listing.hpp"
#include "names.hpp"
#include "sluice/cpp/error.hpp"
#include "stations.hpp"

namespace dwd {

namespace {

constexpr uint64_t kLargestText = uint64_t{64} << 20U;    // bytes of a listing or station list
constexpr std::size_t kMostKept = std::size_t{8} << 20U;  // bytes of metadata: about 800 stations

}  // namespace

sluice::HttpOptions Server::options() const {
  sluice::HttpOptions out;
  if (!selection_.contact.empty()) {
    out.headers.emplace_back("From", selection_.contact);
  }
  return out;
}

std::string Server::get(std::string_view path, std::string_view media_type) const {
  sluice::HttpOptions request = options();
  request.expect = media_type;
  request.max_bytes = kLargestText;
  return host_.get(url(path), request).text();
}

std::shared_ptr<const Places> Server::places(std::string_view folder) {
  const std::lock_guard lock(mutex_);  // others wait: they want the same list
  const auto known = places_.find(folder);
  if (known != places_.end()) {
    return known->second;
  }
  auto places = std::make_shared<Places>();
  const std::string page = get(folder);
  const auto list = find_station_list(page, url(folder));
  if (!list.empty()) {
    const std::string path = std::string(folder) + std::string(list);
    parse_station_list(
        get(path), url(path),
        [&](const Station& s) {
          (*places)[s.id] = {s.name, s.state, s.height, s.latitude, s.longitude};
        },
        [](std::string_view) {});
  }
  places_.emplace(folder, places);
  return places;
}

std::shared_ptr<const StationMetadata> Server::metadata(const std::string& path,
                                                        std::string_view last_validator) const {
  sluice::HttpOptions request = options();
  request.validator = last_validator;
  Download download(host_, url(path), request, path);
  if (download.not_modified()) {
    return nullptr;
  }
  auto out = std::make_shared<StationMetadata>();
  out->validator = download.validator();
  try {
    while (const auto name = download.archive().next()) {
      out->members.take(*name, download.archive());
    }
    download.archive().finish();
  } catch (const ArchiveError& error) {
    download.fail(error);
  }
  return out;
}

std::shared_ptr<const StationMetadata> Server::shared_metadata(const std::string& path,
                                                               std::string_view version,
                                                               std::string_view last_validator) {
  const std::string key = path + "\n" + std::string(version);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key); found != kept_.end()) {
      const auto out = found->second.metadata;
      if (--found->second.readers == 0) {
        kept_bytes_ -= out->members.bytes();
        kept_.erase(found);
      }
      return !last_validator.empty() && out->validator == last_validator ? nullptr : out;
    }
  }
  auto out = metadata(path, last_validator);
  const std::lock_guard lock(mutex_);
  if (out != nullptr && selection_.metadata.size() > 1 &&
      kept_bytes_ + out->members.bytes() <= kMostKept &&
      kept_.emplace(key, Kept{out, selection_.metadata.size() - 1}).second) {
    kept_bytes_ += out->members.bytes();
  }
  return out;
}

std::shared_ptr<const Server::Files> Server::metadata_files(const std::string& folder) {
  const std::lock_guard lock(mutex_);  // others wait: they want the same page
  if (const auto known = files_.find(folder); known != files_.end()) {
    return known->second;
  }
  auto files = std::make_shared<Files>();
  try {
    parse_listing(get(folder), url(folder), [&](const Entry& entry) {
      const auto station = entry.folder ? std::nullopt : parse_metadata_name(entry.name);
      if (station) {
        files->insert_or_assign(*station, std::string(entry.name));
      }
    });
  } catch (const sluice::Error& error) {
    if (error.code() != sluice::Code::kNotFound) {
      throw;
    }
    host_.warn("The folder " + url(folder) +
               " is not there; rows get the positions of the station list.");
  }
  files_.emplace(folder, files);
  return files;
}

std::shared_ptr<const StationHistory> Server::history(const std::string& folder, int32_t station,
                                                      const RejectLine& reject) {
  const std::string meta = folder + "meta_data/";
  const auto files = metadata_files(meta);
  const auto file = files->find(station);
  if (file == files->end()) {
    return nullptr;
  }
  const std::string path = meta + file->second;
  std::shared_ptr<History> history;
  {
    const std::lock_guard lock(mutex_);
    auto& known = histories_[path];
    known = known != nullptr ? known : std::make_shared<History>();
    history = known;
  }
  const std::lock_guard lock(history->mutex);
  if (history->value == nullptr) {
    const auto archive = metadata(path, {});
    history->value =
        std::make_shared<StationHistory>(read_history(archive->members, station, reject));
  }
  return history->value;
}

}  // namespace dwd
