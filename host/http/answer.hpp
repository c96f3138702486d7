// SPDX-License-Identifier: Apache-2.0
//
// What an answer's head means: the sentence for each status that is no answer, and how a page of
// somebody else is told from the service's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "host/base/result.hpp"
#include "host/http/head.hpp"
#include "host/http/http.hpp"

namespace sluice::host {

inline constexpr uint32_t kBannedStatus = 418;  // as Binance and some others tell a ban

bool is_success(uint32_t status);

// `place` is "GET https://host/path", `wait` the service's Retry-After, 0 = none.
Error status_error(const std::string& place, uint32_t status, std::chrono::milliseconds wait);
// A success of another media type than the request's `expect`.
Error wrong_type(const std::string& place, uint32_t status, const std::string& expect,
                 const std::string& type);

// Did something in the service's way answer with a page of its own?
bool is_firewall(const HttpRequest& request, const Head& head);
Error firewall_error(const std::string& place, uint32_t status);

}  // namespace sluice::host
