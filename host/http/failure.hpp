// SPDX-License-Identifier: Apache-2.0
//
// Every way in which an exchange fails without an HTTP status to show for it, as an Error that
// tells what to do. Error::vendor_code carries the errno named here, which no HTTP status can be
// mistaken for (they begin at 200).
#pragma once

#include <cstdint>
#include <string>

#include "host/base/result.hpp"

namespace sluice::host {

enum class Failure : uint8_t {
  kNameNotFound,       // EHOSTUNREACH: DNS knows no address for the host or the proxy
  kRefused,            // ECONNREFUSED
  kNotConnected,       // ENETUNREACH: any other reason why no connection came about
  kConnectTimeout,     // ETIME
  kFirstByteTimeout,   // ETIMEDOUT: connected, but no head in time
  kStalled,            // ETIMEDOUT: a body that brings nothing any more
  kQueueTimeout,       // EBUSY: no connection to the host got free
  kReset,              // ECONNRESET: the connection broke or was closed without an answer
  kTruncated,          // ENODATA: the body is shorter than announced
  kBrokenChunk,        // EBADMSG: the chunked coding is damaged
  kUndecodable,        // EILSEQ: gzip, deflate, br or zstd data is damaged
  kTooLong,            // EFBIG: the body is longer than the request allows
  kHeadTooLong,        // EMSGSIZE
  kNotHttp,            // EPROTO: what came is no HTTP
  kTls,                // EPROTO: certificates or versions do not match; the same again next time
  kHandshake,          // ECONNABORTED: the connection broke within the TLS handshake
  kCaFile,             // ENOENT: the CA file or folder cannot be used
  kLocal,              // EINVAL: libcurl refused its settings or is out of memory
  kDnsTimeout,         // EADDRNOTAVAIL: DNS did not answer in time
  kTooSlow,            // ECOMM: a body that comes, but slower than is allowed
  kPrivateAddress,     // EACCES: deny_private keeps the request from where it leads
  kProxy,              // ENETDOWN: the proxy could not reach the server
  kProxyRefused,       // EPERM: the proxy wants credentials, or others
  kClientCertificate,  // ENOKEY: the client certificate or its key cannot be used
  kUnknownCoding,      // ENOTSUP: the body is compressed in a way that was not offered
};

// `place` is "GET https://host/path", `detail` libcurl's own words, shown where they help and hold
// nothing secret.
Error make_failure(Failure failure, const std::string& place, const std::string& detail = {});

// May a request that failed so before its head be sent again at once?
bool is_retried(const Error& error);

// Does it tell of an endpoint in trouble, rather than of this request or this machine's settings?
bool is_endpoint_failure(const Error& error);

// Of a CURLcode; `os_errno` as curl gives it, `text` from its error buffer, `before_head` if no
// head has come yet.
Failure classify(int curl_code, long os_errno, const std::string& text, bool before_head);

}  // namespace sluice::host
