// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::HttpOptions;
using namespace std::chrono_literals;

constexpr auto kManifestAge = 1min;
constexpr uint64_t kMostManifest = uint64_t{16} << 20U;
constexpr int kMostThrottles = 5;        // in a row
constexpr int64_t kSilentThrottle = 10;  // seconds, where the service says 0
constexpr int64_t kLongestThrottle = 300;

bool is_page(const sluice::HttpBody& body) {
  std::string type = body.header("Content-Type");
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type.starts_with("text/html") || type.starts_with("application/xhtml");
}

}  // namespace

Client::Client(const sluice::Host& host, const Selection& selection)
    : host_(host), selection_(selection), scope_(selection.host + "/Platform") {
  // 25 requests a second and address, averaged over ten seconds.
  host_.declare({.limits = {{.scope = scope_, .name = "address", .amount = 250, .per = 10s}}});
}

std::shared_ptr<const Manifest> Client::manifest() {
  const std::lock_guard lock(mutex_);
  const auto now = host_.monotonic();
  if (!manifest_ || now - fetched_ > kManifestAge) {
    manifest_ = fetch();
    fetched_ = host_.monotonic();
  }
  return manifest_;
}

// ErrorCode decides, not the status: throttles came with 200, maintenance with 400 and 503.
std::shared_ptr<const Manifest> Client::fetch() const {
  const std::string url = selection_.base_url + "/Platform/Destiny2/Manifest/";
  const HttpOptions options{.scope = scope_,
                            .max_bytes = kMostManifest,
                            .credential = selection_.credential,
                            .no_retry = true,  // else the body of a 503 is not to be had
                            .accept_errors = true};
  for (int throttles = 0;; ++throttles) {
    const auto answer = host_.get(url, options);
    const auto document = sluice::json::parse(answer.text(), nullptr, false);
    const Envelope envelope = read_envelope(document);
    if (envelope.code == 1) {
      return std::make_shared<const Manifest>(document.value("Response", sluice::json()));
    }
    if (!is_throttle(envelope.code) || throttles == kMostThrottles) {
      throw platform_error(envelope, answer.status(), url);
    }
    const int64_t told =
        envelope.throttle_seconds > 0 ? envelope.throttle_seconds : kSilentThrottle;
    host_.throttle(scope_, std::chrono::seconds(std::min(told, kLongestThrottle)));
  }
}

std::optional<sluice::HttpBody> Client::try_file(const std::string& url) const {
  try {
    sluice::HttpBody body = host_.open(url);
    return is_page(body) ? std::nullopt : std::optional(std::move(body));
  } catch (const Error& error) {
    if (error.code() == Code::kNotFound) {
      return std::nullopt;
    }
    if (error.code() == Code::kAuth) {  // of a file that needs no key: no reason to end the run
      throw Error(Code::kUnavailable, error.message()).retryable();
    }
    throw;
  }
}

// A 404 from the time before the file was there is kept in caches for a day. Another query is
// another address to them, and nothing to the service.
sluice::HttpBody Client::open_file(const std::string& path) const {
  const std::string url = selection_.base_url + path;
  if (auto body = try_file(url)) {
    return std::move(*body);
  }
  const int64_t now = host_.now().time_since_epoch().count();
  if (auto body = try_file(url + "?again=" + std::to_string(now))) {
    return std::move(*body);
  }
  throw Error(Code::kUnavailable,
              url +
                  " is not there, although the manifest names it: the answer is 404 or a web "
                  "page. After a deploy this may last for hours; it is asked for again.");
}

}  // namespace bungie
