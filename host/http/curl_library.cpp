// SPDX-License-Identifier: Apache-2.0
#include "host/http/curl_library.hpp"

#include <dlfcn.h>

namespace sluice::host {
namespace {

CurlLibrary load() {
  CurlLibrary library;
  void* handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();  // NOLINT(concurrency-mt-unsafe): per thread in glibc
    library.problem = "libcurl.so.4 could not be loaded; install libcurl4 (" +
                      std::string(reason == nullptr ? "no reason given" : reason) + ")";
    return library;
  }
  const auto find = [&](const char* name) {
    void* address = dlsym(handle, name);
    if (address == nullptr) {
      library.problem =
          std::string("libcurl.so.4 has no ") + name + "; install libcurl4 7.88 or newer";
    }
    return address;
  };
#define SLUICE_CURL_LOAD(name) \
  library.name = reinterpret_cast<decltype(library.name)>(find("curl_" #name));
  SLUICE_CURL_FUNCTIONS(SLUICE_CURL_LOAD)
#undef SLUICE_CURL_LOAD
  if (library.problem.empty() && library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    library.problem =
        "libcurl could not initialise itself; look for a damaged OpenSSL configuration";
  }
  return library;
}

}  // namespace

const CurlLibrary& curl() {
  static const CurlLibrary library = load();
  return library;
}

}  // namespace sluice::host
