// SPDX-License-Identifier: Apache-2.0
//
// libcurl, loaded with the first request. Linking it would load some thirty libraries (LDAP,
// Kerberos, SSH, …) at process start: 6 MiB of an idle process's memory for a run that may never
// send a request. Included by .cpp files of host/http only: the one door to <curl/curl.h>.
#pragma once

#include <curl/curl.h>

#include <string>

// clang-format off
#define SLUICE_CURL_FUNCTIONS(X)                                                            \
  X(global_init) X(getdate) X(slist_append) X(slist_free_all)                               \
  X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_getinfo) X(easy_pause)   \
  X(easy_strerror)                                                                          \
  X(multi_init) X(multi_cleanup) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) \
  X(multi_socket_action) X(multi_info_read)                                                 \
  X(share_init) X(share_setopt) X(share_cleanup)                                            \
  X(url) X(url_cleanup) X(url_set) X(url_get)
// clang-format on

namespace sluice::host {

struct CurlLibrary {
#define SLUICE_CURL_MEMBER(name) decltype(&::curl_##name) name = nullptr;
  SLUICE_CURL_FUNCTIONS(SLUICE_CURL_MEMBER)
#undef SLUICE_CURL_MEMBER
  std::string problem;  // why it could not be loaded; empty = it is
};

// Loads and initialises libcurl at the first call; it stays until the process ends. Thread-safe.
// Requires: nothing but `problem` is used if that is not empty.
const CurlLibrary& curl();

}  // namespace sluice::host
