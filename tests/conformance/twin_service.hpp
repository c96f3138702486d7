// SPDX-License-Identifier: Apache-2.0
//
// A test twin as a service of the checks, in process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "conformance/check/subject.hpp"
#include "twin/twin.hpp"

namespace sluice::conformance {

using TwinPtr = std::shared_ptr<twin::Twin>;

// Headers (names in lower case) that a request with a credential of this name carries; asked for
// with every request, so that it can fetch a token.
using Authorize =
    std::function<std::map<std::string, std::string>(twin::Twin&, const std::string& credential)>;

// Headers of their own for credentials, all the same at all times.
Authorize with_headers(std::map<std::string, std::map<std::string, std::string>> by_credential);

// Answers for every host: only path and query count, so that URLs of the real service work, too.
// `prefixes` stand before the path for some hosts ("api.example.org" → "/example").
check::Service service_of(TwinPtr twin, Authorize authorize = {},
                          std::map<std::string, std::string> prefixes = {});

}  // namespace sluice::conformance
