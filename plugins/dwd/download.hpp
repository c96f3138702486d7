// SPDX-License-Identifier: Apache-2.0
//
// An archive on its way from the server: the answer's body and the archive read from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive.hpp"
#include "sluice/cpp/host.hpp"

namespace dwd {

// Threads: those of its owner.
class Download {
 public:
  // Sends the request. `path` is for messages. Throws what Host::open() does.
  Download(sluice::Host& host, const std::string& url, const sluice::HttpOptions& options,
           std::string path);
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  bool not_modified() const noexcept { return body_.not_modified(); }
  std::string validator() const { return body_.validator(); }

  // Requires: not not_modified(). Its calls may throw ArchiveError, which goes to fail().
  Archive& archive() noexcept { return archive_; }

  // Throws what became of the archive as sluice::Error: UNAVAILABLE, retryable, if it did not come
  // whole, BAD_DATA if it came whole and is none. A body that breaks off is the better explanation,
  // and shows when it is read to its end.
  [[noreturn]] void fail(const ArchiveError& error);

 private:
  std::string path_;
  sluice::HttpBody body_;
  Archive archive_;
};

}  // namespace dwd
