// SPDX-License-Identifier: Apache-2.0
//
// From what a caller asks for to what goes on the wire.
#pragma once

#include <string>

#include "host/base/result.hpp"
#include "host/http/http_client.hpp"
#include "host/http/transfer.hpp"
#include "host/http/url.hpp"

namespace sluice::host {

// kInvalidConfig if method or headers are malformed, or set what belongs to the host
// (Content-Length, …).
Result<void> check_request(const HttpRequest& request);

// Requires: check_request() agreed. `away` is true for a redirect to another origin: then only
// headers that cannot be secrets go along.
WireRequest make_wire_request(const HttpRequest& request, const Url& url, bool away,
                              const HttpOptions& options);

// May the request be sent twice?
bool is_repeatable(const HttpRequest& request);

// Does it make a 304 an answer? Not with a range (If-Range), nor with a validator that is none.
bool is_conditional(const HttpRequest& request);

// What a followed redirect of `status` makes of the request (RFC 9110, 15.4).
void redirect_method(HttpRequest& request, uint32_t status);

// Percent-encoded but for letters, digits and "-._~".
std::string percent_encoded(std::string_view text);

// The limit scope of a request that `account` pays for: "host@account/route". Rules are looked up
// without the account.
std::string scope_of_account(const std::string& scope, const std::string& account);

// Would following a redirect to `url` carry what proves the request elsewhere?
bool tells_secret(const HttpProof& proof, std::string_view url);

}  // namespace sluice::host
