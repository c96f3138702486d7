// SPDX-License-Identifier: Apache-2.0
//
// What all requests of the process have in common on the wire, from options and environment.
#pragma once

#include <string>

#include "host/base/result.hpp"

namespace sluice::host {

struct HttpOptions;

struct WireSettings {
  std::string user_agent;
  std::string proxy;    // empty = what the environment says
  std::string ca_file;  // empty = libcurl's own
  std::string ca_dir;
  std::string client_cert;
  std::string client_key;
  bool deny_private = false;
  void* share = nullptr;  // CURLSH: TLS sessions
};

// kInvalidConfig if a file that is named cannot be read, or others may read the key.
Result<WireSettings> wire_settings(const HttpOptions& options);

}  // namespace sluice::host
