// SPDX-License-Identifier: Apache-2.0
//
// nginx as a counterpart for tests: an ordinary process with a configuration and files of its own
// in a temporary folder, on a free port of loopback, gone with the object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

class Nginx {
 public:
  // `server` gives what stands in `http {}` beside the basics, most often server blocks, for the
  // port it is handed. Throws if nginx does not start.
  explicit Nginx(const std::function<std::string(uint16_t port)>& server);
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  // A file in its document root, "root" in the folder.
  void put(const std::string& name, const std::string& content) const;
  [[nodiscard]] const TempDir& folder() const { return folder_; }
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path, const std::string& scheme = "http") const;

 private:
  TempDir folder_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace sluice::test
