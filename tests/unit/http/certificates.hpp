// SPDX-License-Identifier: Apache-2.0
//
// A private certificate authority, as a company has one.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace sluice::test {

template <auto Free>
struct OpenSslFreer {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, OpenSslFreer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpenSslFreer<X509_free>>;

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name);

  struct Wish {
    std::string names = {};  // subjectAltName, such as "IP:127.0.0.1,DNS:example.test"
    std::string common_name = "test";
    long valid_from_s = -3600;  // from now
    long valid_to_s = 3600;
    bool self_signed = false;
  };
  // Writes STEM.pem and STEM.key, both mode 0600.
  void issue(const std::string& stem, const Wish& wish);
  void write_root(const std::string& path) const;

 private:
  PrivateKey key_;
  Certificate root_;
  long serial_ = 1;
};

}  // namespace sluice::test
