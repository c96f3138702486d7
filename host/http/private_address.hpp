// SPDX-License-Identifier: Apache-2.0
//
// Which addresses are not part of the public internet: what `deny_private` keeps requests from.
#pragma once

#include <sys/socket.h>

#include <string_view>

namespace sluice::host {

// Private, loopback, link-local (with it 169.254.169.254, where clouds keep their metadata), shared
// (100.64.0.0/10), benchmark, multicast and reserved addresses, IPv4 and IPv6. IPv6 addresses that
// carry an IPv4 address (mapped, compatible, NAT64, 6to4) are judged by it. True for other
// families.
bool is_private_address(const sockaddr& address);

// Does a URL's host say so itself: a literal address (IPv6 in brackets), or a name of loopback?
bool is_private_host(std::string_view host);

}  // namespace sluice::host
