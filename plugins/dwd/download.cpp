// SPDX-License-Identifier: Apache-2.0
#include "download.hpp"

#include <array>
#include <utility>

#include "sluice/cpp/error.hpp"

namespace dwd {

Download::Download(sluice::Host& host, const std::string& url, const sluice::HttpOptions& options,
                   std::string path)
    : path_(std::move(path)),
      body_(host.open(url, options)),
      archive_(
          [this](char* buffer, std::size_t capacity) { return body_.read(buffer, capacity); }) {}

void Download::fail(const ArchiveError& error) {
  const std::string what = std::string(error.what()) + " (" + path_ + ")";
  if (error.kind() == ArchiveError::Kind::kMarkup ||
      error.kind() == ArchiveError::Kind::kTruncated) {
    throw sluice::Error(sluice::Code::kUnavailable, what).retryable();
  }
  std::array<char, 16384> rest{};
  while (body_.read(rest.data(), rest.size()) != 0) {
  }
  throw sluice::Error(sluice::Code::kBadData, what);
}

}  // namespace dwd
