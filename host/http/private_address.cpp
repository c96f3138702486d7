// SPDX-License-Identifier: Apache-2.0
#include "host/http/private_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace sluice::host {
namespace {

struct Range4 {
  uint32_t address;
  unsigned bits;
};

constexpr uint32_t quad(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array<Range4, 12> kPrivate4 = {{
    {quad(0, 0, 0, 0), 8},
    {quad(10, 0, 0, 0), 8},
    {quad(100, 64, 0, 0), 10},
    {quad(127, 0, 0, 0), 8},
    {quad(169, 254, 0, 0), 16},
    {quad(172, 16, 0, 0), 12},
    {quad(192, 0, 0, 0), 24},
    {quad(192, 88, 99, 0), 24},
    {quad(192, 168, 0, 0), 16},
    {quad(198, 18, 0, 0), 15},
    {quad(224, 0, 0, 0), 4},
    {quad(240, 0, 0, 0), 4},
}};

bool is_private4(uint32_t address) {
  return std::any_of(kPrivate4.begin(), kPrivate4.end(), [&](const Range4& range) {
    return (address ^ range.address) >> (32 - range.bits) == 0;
  });
}

using Bytes6 = std::array<uint8_t, 16>;

bool begins_with(const Bytes6& address, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

uint32_t ipv4_at(const Bytes6& address, size_t at) {
  return quad(address.at(at), address.at(at + 1), address.at(at + 2), address.at(at + 3));
}

bool is_private6(const Bytes6& a) {
  const bool unspecified_to_compatible =
      std::all_of(a.begin(), a.begin() + 12, [](uint8_t byte) { return byte == 0; });
  const bool mapped =
      std::all_of(a.begin(), a.begin() + 10, [](uint8_t byte) { return byte == 0; }) &&
      a[10] == 0xff && a[11] == 0xff;
  if (unspecified_to_compatible || mapped ||
      begins_with(a, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_private4(ipv4_at(a, 12));  // :: and ::1 are 0.0.0.0 and 0.0.0.1 here
  }
  if (begins_with(a, {0x20, 0x02})) {
    return is_private4(ipv4_at(a, 2));  // 6to4
  }
  return (a[0] & 0xfe) == 0xfc ||                           // fc00::/7, unique local
         (a[0] == 0xfe && (a[1] & 0x80) != 0) ||            // fe80::/10, fec0::/10
         a[0] == 0xff ||                                    // multicast
         begins_with(a, {0x00, 0x64, 0xff, 0x9b, 0, 1}) ||  // NAT64 of a local network
         begins_with(a, {0x20, 0x01, 0, 0}) ||              // Teredo
         begins_with(a, {0x01, 0, 0, 0, 0, 0, 0, 0});       // discarded
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

bool is_private_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return is_private4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    Bytes6 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return is_private6(bytes);
  }
  return true;
}

bool is_private_host(std::string_view host) {
  if (host.starts_with('[')) {
    host.remove_prefix(1);
    const std::string literal(host.substr(0, host.find_first_of("%]")));
    Bytes6 bytes{};
    return inet_pton(AF_INET6, literal.c_str(), bytes.data()) != 1 || is_private6(bytes);
  }
  if (ends_with(host, ".")) {
    host.remove_suffix(1);
  }
  in_addr four{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &four) == 1) {
    return is_private4(ntohl(four.s_addr));
  }
  return host == "localhost" || ends_with(host, ".localhost");
}

}  // namespace sluice::host
