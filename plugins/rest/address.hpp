// SPDX-License-Identifier: Apache-2.0
//
// Addresses: their parts, percent-encoding, and links that answers name.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rest {

// For a value within a path: what is not a letter, a digit or one of -._~,:@ is encoded.
std::string encode_segment(std::string_view text);
// For a name or value of a query: as above, and / stays.
std::string encode_query(std::string_view text);

// "https://host:port", in lower case.
std::string origin_of(std::string_view url);
// "host:port" without scheme; the port only if it is written.
std::string host_of(std::string_view url);

// `url` with query parameters appended.
std::string with_query(std::string url,
                       const std::vector<std::pair<std::string, std::string>>& parameters);

// What `link`, absolute or relative, means in an answer of `base`. Empty if it leads to another
// origin. A link that says http where the base says https, else to the same place, is meant as
// https: such links come from services behind a proxy that does TLS for them.
std::string resolve(std::string_view base, std::string_view link);

// The target of rel="next" in a Link header (RFC 8288); empty if there is none.
std::string next_link(std::string_view header);

}  // namespace rest
