// SPDX-License-Identifier: Apache-2.0
#include "host/http/failure.hpp"

#include <array>
#include <cerrno>

#include "host/http/curl_library.hpp"

namespace sluice::host {
namespace {

struct Row {
  Code code;
  int number;
  const char* sentence;
};

// In the order of Failure.
constexpr std::array<Row, 25> kRows = {{
    {Code::kUnavailable, EHOSTUNREACH,
     "the host's name has no address; check the name, DNS and the proxy settings"},
    {Code::kUnavailable, ECONNREFUSED,
     "the connection was refused; check that the service, or the proxy to "
     "it, runs and that the port is right"},
    {Code::kUnavailable, ENETUNREACH,
     "no connection could be made; check the network and the proxy settings"},
    {Code::kUnavailable, ETIME,
     "no connection came about in time; check the network, firewall and proxy settings"},
    {Code::kUnavailable, ETIMEDOUT,
     "no answer came in time; the service is overloaded or the timeout too short"},
    {Code::kUnavailable, ETIMEDOUT, "the body stalled: nothing came for the time that is allowed"},
    {Code::kUnavailable, EBUSY,
     "no connection to the host got free; allow more per host or end answers sooner"},
    {Code::kUnavailable, ECONNRESET, "the connection broke before the answer was complete"},
    {Code::kUnavailable, ENODATA, "the body is shorter than the server announced"},
    {Code::kUnavailable, EBADMSG, "the body's chunks are damaged"},
    {Code::kUnavailable, EILSEQ, "the body's compression is damaged or ends too early"},
    {Code::kBadData, EFBIG,
     "the body is longer than the request allows; raise max_body_bytes if that is right"},
    {Code::kUnavailable, EMSGSIZE, "the answer's head is senselessly long"},
    {Code::kUnavailable, EPROTO, "what answered does not speak HTTP; check host, port and scheme"},
    {Code::kUnavailable, EPROTO,
     "the TLS connection is not trusted or failed; for a private CA set http.ca_file, "
     "CURL_CA_BUNDLE or SSL_CERT_FILE"},
    {Code::kUnavailable, ECONNABORTED, "the connection broke within the TLS handshake"},
    {Code::kInvalidConfig, ENOENT,
     "the CA certificates cannot be read; correct http.ca_file, CURL_CA_BUNDLE, SSL_CERT_FILE or "
     "SSL_CERT_DIR"},
    {Code::kInternal, EINVAL, "libcurl could not carry out the request"},
    {Code::kUnavailable, EADDRNOTAVAIL,
     "DNS did not answer in time; check the resolver, or raise http.dns_timeout"},
    {Code::kUnavailable, ECOMM,
     "the body comes slower than http.low_speed allows; the service is overloaded or holds the "
     "connection on purpose"},
    {Code::kBadData, EACCES,
     "it leads to a private, loopback or link-local address, which http.deny_private forbids; "
     "check where the URL comes from"},
    {Code::kUnavailable, ENETDOWN, "the proxy could not be used or did not reach the server"},
    {Code::kAuth, EPERM,
     "the proxy refuses to serve without credentials; give them in http.proxy or the proxy's "
     "variable"},
    {Code::kInvalidConfig, ENOKEY,
     "the client certificate or its key cannot be used; check http.client_cert and "
     "http.client_key, which must be PEM files that belong together"},
    {Code::kUnavailable, ENOTSUP, "the body is compressed in a way that was not asked for"},
}};

const Row& row(Failure failure) {
  return kRows.at(static_cast<size_t>(failure));
}

bool contains(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

Failure connect_failure(long os_errno) {
  switch (os_errno) {
    case ECONNREFUSED:
      return Failure::kRefused;
    case ETIMEDOUT:
      return Failure::kConnectTimeout;
    default:
      return Failure::kNotConnected;
  }
}

// A proxy that does not open the tunnel: told apart by the status in curl's words.
Failure tunnel_failure(const std::string& text) {
  return contains(text, "407") ? Failure::kProxyRefused : Failure::kProxy;
}

bool names_tunnel(const std::string& text) {
  return contains(text, "CONNECT tunnel failed") || contains(text, "from proxy after CONNECT");
}

// curl reports a damaged chunk as a failed receive and says so only in words.
Failure receive_failure(const std::string& text) {
  return contains(text, "chunk") || contains(text, "Chunk") ? Failure::kBrokenChunk
                                                            : Failure::kReset;
}

// OpenSSL tells a connection that broke from certificates and versions that do not fit in words
// only.
Failure handshake_failure(const std::string& text) {
  const bool broke = contains(text, "SSL_ERROR_SYSCALL") || contains(text, "unexpected eof") ||
                     contains(text, "reset by peer") || contains(text, "Broken pipe");
  return broke ? Failure::kHandshake : Failure::kTls;
}

}  // namespace

Error make_failure(Failure failure, const std::string& place, const std::string& detail) {
  const Row& known = row(failure);
  std::string message = place + ": " + known.sentence;
  if (!detail.empty()) {
    message += " (" + detail + ")";
  }
  return Error{known.code, std::move(message), 0, known.number};
}

bool is_retried(const Error& error) {
  if (error.code != Code::kUnavailable) {
    return false;
  }
  switch (error.vendor_code) {
    case EHOSTUNREACH:
    case ECONNREFUSED:
    case ENETUNREACH:
    case ETIME:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNABORTED:
    case ENODATA:
    case EADDRNOTAVAIL:
    case ENETDOWN:
      return true;
    default:
      return false;
  }
}

bool is_endpoint_failure(const Error& error) {
  const bool broken = error.vendor_code == EBADMSG || error.vendor_code == EILSEQ ||
                      error.vendor_code == ECOMM || error.vendor_code == EMSGSIZE;
  return is_retried(error) || (error.code == Code::kUnavailable && broken);
}

Failure classify(int curl_code, long os_errno, const std::string& text, bool before_head) {
  if (before_head && names_tunnel(text)) {
    return tunnel_failure(text);
  }
  switch (curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Failure::kNameNotFound;
    case CURLE_COULDNT_CONNECT:
      return connect_failure(os_errno);
    case CURLE_PROXY:
      return Failure::kProxy;
    case CURLE_OPERATION_TIMEDOUT:  // all other time limits are the loop's own
      return Failure::kConnectTimeout;
    case CURLE_SSL_CACERT_BADFILE:
      return Failure::kCaFile;
    case CURLE_SSL_CERTPROBLEM:
      return Failure::kClientCertificate;
    case CURLE_SSL_CONNECT_ERROR:
      return handshake_failure(text);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return Failure::kTls;
    case CURLE_PARTIAL_FILE:
      return Failure::kTruncated;
    case CURLE_BAD_CONTENT_ENCODING:
      return Failure::kUndecodable;
    case CURLE_RECV_ERROR:
      return before_head ? Failure::kReset : receive_failure(text);
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SEND_FAIL_REWIND:
      return Failure::kReset;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Failure::kNotHttp;
    default:
      return Failure::kLocal;
  }
}

}  // namespace sluice::host
