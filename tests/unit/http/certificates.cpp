// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace sluice::test {
namespace {

struct Closer {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, Closer>;

File create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  File file(fd < 0 ? nullptr : fdopen(fd, "w"));
  if (!file) {
    throw std::runtime_error("cannot write " + path);
  }
  return file;
}

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  if (extension == nullptr) {
    throw std::runtime_error("not a certificate extension: " + value);
  }
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make(EVP_PKEY* key, const std::string& common_name, long serial, long from_s,
                 long to_s) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
  X509_gmtime_adj(X509_getm_notBefore(x), from_s);
  X509_gmtime_adj(X509_getm_notAfter(x), to_s);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return certificate;
}

}  // namespace

CertificateAuthority::CertificateAuthority(const std::string& name)
    : key_(EVP_EC_gen("P-256")), root_(make(key_.get(), name, 1, -86'400, 86'400)) {
  X509_set_issuer_name(root_.get(), X509_get_subject_name(root_.get()));
  extend(root_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(root_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(root_.get(), key_.get(), EVP_sha256());
}

void CertificateAuthority::issue(const std::string& stem, const Wish& wish) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  const Certificate certificate =
      make(key.get(), wish.common_name, ++serial_, wish.valid_from_s, wish.valid_to_s);
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(wish.self_signed ? certificate.get() : root_.get()));
  if (!wish.names.empty()) {
    extend(certificate.get(), NID_subject_alt_name, wish.names);
  }
  X509_sign(certificate.get(), wish.self_signed ? key.get() : key_.get(), EVP_sha256());
  PEM_write_X509(create(stem + ".pem").get(), certificate.get());
  PEM_write_PrivateKey(create(stem + ".key").get(), key.get(), nullptr, nullptr, 0, nullptr,
                       nullptr);
}

void CertificateAuthority::write_root(const std::string& path) const {
  PEM_write_X509(create(path).get(), root_.get());
}

}  // namespace sluice::test
