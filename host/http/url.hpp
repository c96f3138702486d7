// SPDX-License-Identifier: Apache-2.0
//
// URLs as far as HTTP needs them: checked, compared, joined with a redirect's target, and shown
// without secrets.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.hpp"

namespace sluice::host {

struct Url {
  std::string text;    // as it is sent
  std::string shown;   // scheme://host[:port]/path: no user, no query, no fragment
  std::string origin;  // scheme://host:port
  std::string host;    // lower case
  std::string path;
  bool https = false;
};

// kInvalidConfig unless `text` is an absolute http or https URL.
Result<Url> parse_url(const std::string& text);

// The URL that `location` means in an answer from `base`. kUnavailable if it is none, of another
// scheme than http and https, or leads from https back to http.
Result<Url> redirect_target(const Url& base, const std::string& location);

}  // namespace sluice::host
