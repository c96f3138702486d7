// SPDX-License-Identifier: Apache-2.0
#include "host/http/active.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "host/http/curl_library.hpp"

namespace sluice::host {
namespace {

constexpr long kReadBytes = 64L << 10;  // one read from a socket
constexpr long kKeepAliveIdleS = 60;
constexpr long kKeepAliveEveryS = 30;
constexpr int kQueuePatience =
    10;  // times the first byte's time limit, for a connection to get free

static_assert(CURL_ERROR_SIZE <= 256);

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::string() : std::string(value);
}

curl_socket_t open_socket(void* sockets, curlsocktype, curl_sockaddr* address) {
  return static_cast<SocketSet*>(sockets)->open(address->family, address->socktype,
                                                address->protocol);
}

int close_socket(void* sockets, curl_socket_t socket) {
  static_cast<SocketSet*>(sockets)->close(socket);
  return 0;
}

}  // namespace

void LoopState::mark(const std::shared_ptr<Transfer>& transfer) {
  if (!std::exchange(transfer->marked, true)) {
    news.push_back(transfer);
  }
}

WireSettings WireSettings::from_environment(std::string user_agent) {
  WireSettings settings;
  settings.user_agent = std::move(user_agent);
  settings.ca_file = environment("CURL_CA_BUNDLE");
  if (settings.ca_file.empty()) {  // the order of the curl tool
    settings.ca_file = environment("SSL_CERT_FILE");
    settings.ca_dir = environment("SSL_CERT_DIR");
  }
  return settings;
}

Active::Active(LoopState& state, SocketSet& sockets)
    : state_(state), sockets_(sockets), easy_(curl().easy_init()) {}

Active::~Active() {
  release();
  if (easy_ != nullptr) {
    curl().easy_cleanup(easy_);
  }
}

std::optional<Error> Active::prepare(std::shared_ptr<Transfer> transfer,
                                     const WireSettings& settings) {
  transfer_ = std::move(transfer);
  head_.reset();
  head_done_ = false;
  refusal_.reset();
  error_text_[0] = '\0';
  limit(transfer_->request().first_byte_timeout * kQueuePatience, Failure::kQueueTimeout);
  if (easy_ == nullptr || !set_headers() || !set_options(settings)) {
    return make_failure(Failure::kLocal, transfer_->request().place);
  }
  transfer_->active = this;
  return std::nullopt;
}

void Active::release() {
  if (easy_ != nullptr) {
    curl().easy_reset(easy_);
  }
  curl().slist_free_all(static_cast<curl_slist*>(std::exchange(headers_, nullptr)));
  if (transfer_) {
    transfer_->active = nullptr;
    transfer_.reset();
  }
}

bool Active::set_headers() {
  const WireRequest& request = transfer_->request();
  const auto append = [this](const char* line) {
    curl_slist* longer = curl().slist_append(static_cast<curl_slist*>(headers_), line);
    if (longer != nullptr) {
      headers_ = longer;
    }
    return longer != nullptr;
  };
  // No "Expect: 100-continue": it costs a round trip, or a second with servers that do not know it.
  bool well = append("Expect:");
  for (const std::string& header : request.headers) {
    well = append(header.c_str()) && well;
  }
  return well;
}

bool Active::set_options(const WireSettings& settings) {
  const WireRequest& request = transfer_->request();
  bool well = true;
  const auto set = [&](CURLoption option, auto value) {
    well = curl().easy_setopt(easy_, option, value) == CURLE_OK && well;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(headers_));
  set(CURLOPT_USERAGENT, settings.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION,
      0L);  // HttpClient follows, so that no secret header goes to another host
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, request.https ? 1L : 0L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveEveryS);
  set(CURLOPT_BUFFERSIZE, kReadBytes);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(CURLOPT_HEADERFUNCTION, &Active::on_head);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Active::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &Active::on_connected);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&sockets_));
  set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&sockets_));  // outlives the connections
  if (settings.share != nullptr) {
    set(CURLOPT_SHARE, static_cast<CURLSH*>(settings.share));
  }
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
  }
  if (!settings.ca_dir.empty()) {
    set(CURLOPT_CAPATH, settings.ca_dir.c_str());
  }
  if (request.decode) {
    set(CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl was built with
  }
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());  // not copied: the transfer keeps it
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  return well;
}

void Active::limit(std::chrono::milliseconds time, Failure failure) {
  deadline_ = state_.now + time;
  deadline_failure_ = failure;
  state_.next_deadline = std::min(state_.next_deadline, deadline_);
}

int Active::on_connected(void* self, char*, char*, int, int) {
  auto& active = *static_cast<Active*>(self);
  active.limit(active.transfer_->request().first_byte_timeout, Failure::kFirstByteTimeout);
  return CURL_PREREQFUNC_OK;
}

size_t Active::on_head(char* data, size_t size, size_t count, void* self) {
  auto& active = *static_cast<Active*>(self);
  const size_t bytes = size * count;
  if (active.head_done_) {
    return bytes;  // trailers
  }
  try {
    switch (active.head_.line(std::string_view(data, bytes))) {
      case HeadParser::Step::kMore:
        break;
      case HeadParser::Step::kTooLong:
        active.refusal_ = Failure::kHeadTooLong;
        return 0;
      case HeadParser::Step::kComplete: {
        Head head = active.head_.take();
        const WireRequest& request = active.transfer_->request();
        const bool plain = head.field("Content-Encoding").empty() || !request.decode;
        const bool announced_too_long =
            plain && request.method != "HEAD" && head.content_length > 0 &&
            static_cast<uint64_t>(head.content_length) > request.max_body_bytes;
        if (announced_too_long) {
          active.refusal_ = Failure::kTooLong;
          return 0;
        }
        active.head_done_ = true;
        active.transfer_->publish_head(std::move(head));
        active.state_.mark(active.transfer_);
        active.limit(request.stall_timeout, Failure::kStalled);
      }
    }
  } catch (...) {  // out of memory; curl's frames must not see it
    active.refusal_ = Failure::kLocal;
    return 0;
  }
  return bytes;
}

size_t Active::on_body(char* data, size_t size, size_t count, void* self) {
  auto& active = *static_cast<Active*>(self);
  const size_t bytes = size * count;
  try {
    switch (active.transfer_->accept(std::string_view(data, bytes), active.wire_bytes())) {
      case Transfer::Accept::kTaken:
        active.limit(active.transfer_->request().stall_timeout, Failure::kStalled);
        break;
      case Transfer::Accept::kFull:
        active.deadline_ = LoopTime::max();  // it is the reader who stalls
        return CURL_WRITEFUNC_PAUSE;
      case Transfer::Accept::kTooLong:
        active.refusal_ = Failure::kTooLong;
        return 0;
    }
    active.state_.mark(active.transfer_);
  } catch (...) {
    active.refusal_ = Failure::kLocal;
    return 0;
  }
  return bytes;
}

int Active::resume() {
  limit(transfer_->request().stall_timeout, Failure::kStalled);
  return curl().easy_pause(easy_, CURLPAUSE_CONT);
}

std::optional<Error> Active::outcome(int curl_code) const {
  const std::string& place = transfer_->request().place;
  if (refusal_) {
    return make_failure(*refusal_, place);
  }
  if (curl_code == CURLE_OK) {
    return std::nullopt;
  }
  long os_errno = 0;
  curl().easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_errno);
  const std::string text(error_text_.data());
  const Failure failure = classify(curl_code, os_errno, text, !head_done_);
  // Only TLS texts name what matters (which check failed); others may quote what the server or the
  // URL said.
  std::string detail;
  if (failure == Failure::kTls) {
    detail = text;
  } else if (failure == Failure::kLocal) {
    detail = curl().easy_strerror(static_cast<CURLcode>(curl_code));
  }
  return make_failure(failure, place, detail);
}

std::optional<Error> Active::overdue() const {
  if (deadline_ > state_.now) {
    return std::nullopt;
  }
  return make_failure(deadline_failure_, transfer_->request().place);
}

uint64_t Active::wire_bytes() const {
  curl_off_t bytes = 0;
  curl().easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  return bytes < 0 ? 0 : static_cast<uint64_t>(bytes);
}

}  // namespace sluice::host
