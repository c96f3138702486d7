// SPDX-License-Identifier: Apache-2.0
//
// What HTTP says about keeping an answer (RFC 9111), as far as a cache without revalidation needs
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/http/http.hpp"

namespace sluice::host {

// May the request be answered from the cache, and its answer be kept? A plain GET that asks for it:
// no body, no condition, no range, no Cache-Control of its own that forbids it.
bool is_cacheable(const HttpRequest& request);

// How long an answer may stand for equal requests: what the service says (max-age or Expires, less
// Age) before what the request asks for. 0 = it must not be kept: another status than 200,
// no-store, no-cache, private, "Vary: *", expired already. `now_us` is wall time.
std::chrono::seconds freshness(const HttpRequest& request, const HttpExchange& answer,
                               int64_t now_us);

// Equal for requests that have the same answer: URL, all headers (so that whatever Vary names is
// among them), what is expected of the body, credential and endpoint of the caller. Holds secrets
// that are in the URL or headers: for comparison only.
std::string cache_key(const HttpRequest& request, const HttpCaller& caller);

}  // namespace sluice::host
