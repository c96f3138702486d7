// SPDX-License-Identifier: Apache-2.0
#include "host/http/url.hpp"

#include <algorithm>
#include <memory>

#include "host/http/curl_library.hpp"

namespace sluice::host {
namespace {

struct HandleDeleter {
  void operator()(CURLU* handle) const { curl().url_cleanup(handle); }
};
using Handle = std::unique_ptr<CURLU, HandleDeleter>;

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(handle, which, &text, flags) != CURLUE_OK || text == nullptr) {
    return {};
  }
  std::string copy(text);
  // Allocated by libcurl with malloc: no memory functions of our own are installed.
  free(text);  // NOLINT(cppcoreguidelines-no-malloc)
  return copy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

Url describe(CURLU* handle) {
  Url url;
  url.text = part(handle, CURLUPART_URL);
  url.host = lower(part(handle, CURLUPART_HOST));
  url.path = part(handle, CURLUPART_PATH);
  const std::string scheme = lower(part(handle, CURLUPART_SCHEME));
  url.https = scheme == "https";
  url.origin = scheme + "://" + url.host + ":" + part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const std::string port = part(handle, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  url.shown = scheme + "://" + url.host + (port.empty() ? "" : ":" + port) + url.path;
  return url;
}

bool is_http(CURLU* handle) {
  const std::string scheme = lower(part(handle, CURLUPART_SCHEME));
  return scheme == "http" || scheme == "https";
}

}  // namespace

Result<Url> parse_url(const std::string& text) {
  const Handle handle(curl().url());
  if (!handle || text.find('\0') != std::string::npos || text.find("://") == std::string::npos ||
      curl().url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK) {
    return Error{Code::kInvalidConfig,
                 "the URL of a request is not well formed; give an absolute URL such as "
                 "https://host/path, with spaces "
                 "and control characters percent-encoded",
                 0, 0};
  }
  if (!is_http(handle.get()) || part(handle.get(), CURLUPART_HOST).empty()) {
    return Error{Code::kInvalidConfig,
                 "a request's URL must begin with http:// or https:// and name a host", 0, 0};
  }
  return describe(handle.get());
}

Result<Url> redirect_target(const Url& base, const std::string& location) {
  const Handle handle(curl().url());
  const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE;
  if (!handle ||
      curl().url_set(handle.get(), CURLUPART_URL, base.text.c_str(), flags) != CURLUE_OK ||
      curl().url_set(handle.get(), CURLUPART_URL, location.c_str(), flags) != CURLUE_OK) {
    return Error{Code::kUnavailable, "the server redirects to something that is not a URL", 0, 0};
  }
  if (!is_http(handle.get()) || part(handle.get(), CURLUPART_HOST).empty()) {
    return Error{
        Code::kUnavailable,
        "the server redirects to a scheme other than http and https, which is not followed", 0, 0};
  }
  Url target = describe(handle.get());
  if (base.https && !target.https) {
    return Error{Code::kUnavailable,
                 "the server redirects from https to http, which is not followed", 0, 0};
  }
  return target;
}

}  // namespace sluice::host
