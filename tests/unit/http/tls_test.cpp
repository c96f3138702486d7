// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "harness.hpp"

using namespace sluice;
using host::Code;

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freer<SSL_free>>;

Certificate sign_itself(EVP_PKEY* key, const std::string& address) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  const auto* name = reinterpret_cast<const unsigned char*>("test");
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_EXTENSION* alternative =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("IP:" + address).c_str());
  X509_add_ext(x, alternative, -1);
  X509_EXTENSION_free(alternative);
  X509_sign(x, key, EVP_sha256());
  return certificate;
}

// Answers each request on a TLS connection with "secure". Its certificate is its own, for
// `address`.
class TlsServer {
 public:
  TlsServer(const std::string& address, int newest_version)
      : context_(SSL_CTX_new(TLS_server_method())) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = sign_itself(key.get(), address);
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    SSL_CTX_set_security_level(context_.get(), 0);  // or it would not speak the old versions at all
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), newest_version);
    ca_file_ = std::filesystem::temp_directory_path() /
               ("sluice-tls-" + std::to_string(getpid()) + ".pem");
    FILE* file = std::fopen(ca_file_.c_str(), "w");
    REQUIRE(file != nullptr);
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&any), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size) == 0);
    REQUIRE(listen(fd_, 16) == 0);
    port_ = ntohs(any.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
    std::filesystem::remove(ca_file_);
  }
  [[nodiscard]] std::string url() const {
    return "https://127.0.0.1:" + std::to_string(port_) + "/";
  }
  [[nodiscard]] std::string ca_file() const { return ca_file_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve() {
    // OpenSSL writes without MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (int client = accept(fd_, nullptr, nullptr); client >= 0;
         client = accept(fd_, nullptr, nullptr)) {
      ++connections_;
      {
        const Session session(SSL_new(context_.get()));
        SSL_set_fd(session.get(), client);
        std::array<char, 4096> bytes{};
        if (SSL_accept(session.get()) == 1 &&
            SSL_read(session.get(), bytes.data(), bytes.size()) > 0) {
          const std::string answer = test::raw_answer(200, "secure", "Connection: close\r\n");
          SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
          SSL_shutdown(session.get());
        }
      }
      close(client);
    }
  }

  Context context_;
  std::filesystem::path ca_file_;
  int fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::jthread thread_;
};

}  // namespace

TEST_CASE("http tls: a certificate of a private CA is trusted through the environment",
          "[unit][http]") {
  const TlsServer server("127.0.0.1", TLS1_3_VERSION);
  const bool by_curl = GENERATE(true, false);
  const test::Environment curls("CURL_CA_BUNDLE", by_curl ? server.ca_file() : "");
  const test::Environment openssls("SSL_CERT_FILE", by_curl ? "/nonexistent" : server.ca_file());
  test::Caller caller;
  for (int i = 0; i < 3; ++i) {
    auto answer = caller.get(server.url());
    REQUIRE(answer);
    CHECK(*test::read_all(**answer) == "secure");
  }
}

TEST_CASE("http tls: what is not trusted is not spoken to", "[unit][http]") {
  const bool right_name = GENERATE(true, false);
  const TlsServer server(right_name ? "127.0.0.1" : "127.0.0.9", TLS1_3_VERSION);
  const test::Environment curls("CURL_CA_BUNDLE", "");
  const test::Environment openssls(
      "SSL_CERT_FILE", right_name ? "/etc/ssl/certs/ca-certificates.crt" : server.ca_file());
  if (right_name && !std::filesystem::exists("/etc/ssl/certs/ca-certificates.crt")) {
    WARN("no system certificates on this machine");
    return;
  }
  test::Caller caller;
  const auto answer = caller.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().vendor_code == EPROTO);
  CHECK(server.connections() == 1);  // no retry
}

TEST_CASE("http tls: versions before 1.2 are not spoken", "[unit][http]") {
  const TlsServer server("127.0.0.1", TLS1_1_VERSION);
  const test::Environment curls("CURL_CA_BUNDLE", server.ca_file());
  test::Caller caller;
  const auto answer = caller.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().vendor_code == EPROTO);
}

TEST_CASE("http tls: a CA file that is not there is a matter of configuration", "[unit][http]") {
  const TlsServer server("127.0.0.1", TLS1_3_VERSION);
  const test::Environment curls("CURL_CA_BUNDLE", "/nonexistent/ca.pem");
  test::Caller caller;
  const auto answer = caller.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kInvalidConfig);
}
