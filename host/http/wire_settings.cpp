// SPDX-License-Identifier: Apache-2.0
#include "host/http/wire_settings.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "host/http/http_client.hpp"

namespace sluice::host {
namespace {

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::string() : std::string(value);
}

Error refuse(const std::string& key, const std::string& path, const std::string& why) {
  return Error{Code::kInvalidConfig, "http." + key + ": " + path + " " + why, 0, ENOKEY};
}

Result<void> check_readable(const char* key, const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) {
    return refuse(key, path, "cannot be read; check the path and its permissions");
  }
  return {};
}

// A key that others can read is no secret any more.
Result<void> check_private(const char* key, const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) {
    return refuse(key, path, "cannot be read; check the path and its permissions");
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return refuse(key, path, "holds a private key that others may read; run chmod 600 on it");
  }
  if (found.st_uid != geteuid() && found.st_uid != 0) {
    return refuse(key, path, "holds a private key that belongs to another user; chown it");
  }
  return check_readable(key, path);
}

Result<void> check_files(const HttpOptions& options) {
  if (!options.client_cert.empty()) {
    SLUICE_TRY(options.client_key.empty() ? check_private("client_cert", options.client_cert)
                                          : check_readable("client_cert", options.client_cert));
  }
  if (options.client_key.empty()) {
    return {};
  }
  if (options.client_cert.empty()) {
    return refuse("client_key", options.client_key, "is a key without http.client_cert; name both");
  }
  return check_private("client_key", options.client_key);
}

}  // namespace

Result<WireSettings> wire_settings(const HttpOptions& options) {
  SLUICE_TRY(check_files(options));
  WireSettings settings;
  settings.user_agent = options.user_agent.empty() ? "sluice/" SLUICE_VERSION : options.user_agent;
  if (!options.contact.empty()) {
    settings.user_agent += " (" + options.contact + ")";
  }
  settings.proxy = options.proxy;
  settings.client_cert = options.client_cert;
  settings.client_key = options.client_key;
  settings.deny_private = options.deny_private;
  settings.ca_file = options.ca_file;
  if (settings.ca_file.empty()) {
    settings.ca_file = environment("CURL_CA_BUNDLE");
  }
  if (settings.ca_file.empty()) {  // the order of the curl tool
    settings.ca_file = environment("SSL_CERT_FILE");
    settings.ca_dir = environment("SSL_CERT_DIR");
  }
  return settings;
}

}  // namespace sluice::host
