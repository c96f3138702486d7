// SPDX-License-Identifier: Apache-2.0
#include "host/http/active.hpp"

#include <algorithm>
#include <utility>

#include "host/http/curl_library.hpp"
#include "host/http/decoder.hpp"
#include "host/http/private_address.hpp"

namespace sluice::host {
namespace {

constexpr long kReadBytes = 64L << 10;  // one read from a socket
constexpr long kKeepAliveIdleS = 60;
constexpr long kKeepAliveEveryS = 30;
constexpr size_t kSmallBody = 64U << 10;  // goes to libcurl in one piece
constexpr int kQueuePatience =
    10;  // times the first byte's time limit, for a connection to get free

static_assert(CURL_ERROR_SIZE <= 256);

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
  sent_ = 0;
  denied_ = false;
  // Through a proxy that the operator named, addresses are the proxy's own affair; only what the
  // URL says outright can be judged here.
  deny_private_ = settings.deny_private && settings.proxy.empty();
  limit_to_queue();
  if (settings.deny_private && is_private_host(transfer_->request().host)) {
    return make_failure(Failure::kPrivateAddress, transfer_->request().place);
  }
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
  if (request.decode && !offered_codings().empty()) {
    well = append(("Accept-Encoding: " + offered_codings()).c_str()) && well;
  }
  for (const std::string& header : request.headers) {
    well = append(header.c_str()) && well;
  }
  return well;
}

template <class Option, class Value>
bool Active::set(Option option, Value value) {
  return curl().easy_setopt(easy_, option, value) == CURLE_OK;
}

bool Active::set_options(const WireSettings& settings) {
  const WireRequest& request = transfer_->request();
  bool well = set(CURLOPT_URL, request.url.c_str());
  well = set(CURLOPT_PRIVATE, static_cast<void*>(this)) && well;
  well = set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(headers_)) && well;
  well = set(CURLOPT_USERAGENT, settings.user_agent.c_str()) && well;
  well = set(CURLOPT_ERRORBUFFER, error_text_.data()) && well;
  well = set(CURLOPT_NOSIGNAL, 1L) && well;
  // HttpClient follows redirects, so that no secret header goes to another host.
  well = set(CURLOPT_FOLLOWLOCATION, 0L) && well;
  well = set(CURLOPT_PROTOCOLS_STR, "http,https") && well;
  well = set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) && well;
  well = set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS)) && well;
  well = set(CURLOPT_PIPEWAIT, request.https ? 1L : 0L) && well;
  // On a connection that was kept, libcurl sends again by itself what the server closed upon.
  well = set(CURLOPT_FRESH_CONNECT, request.repeatable ? 0L : 1L) && well;
  well = set(CURLOPT_TCP_KEEPALIVE, 1L) && well;
  well = set(CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS) && well;
  well = set(CURLOPT_TCP_KEEPINTVL, kKeepAliveEveryS) && well;
  // A handle that was stopped while it waited for a connection keeps its buffer, and libcurl then
  // refuses to be told a size.
  set(CURLOPT_BUFFERSIZE, kReadBytes);
  well = set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) && well;
  // A request that ends while a name is being looked up must not hold the loop until DNS answers.
  well = set(CURLOPT_QUICK_EXIT, 1L) && well;
  well = set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count())) && well;
  if (!settings.proxy.empty()) {
    well = set(CURLOPT_PROXY, settings.proxy.c_str()) && well;
    if (settings.deny_private) {  // or no_proxy would lead around the proxy, and past the check
      well = set(CURLOPT_NOPROXY, "") && well;
    }
  }
  return set_trust(settings) && set_callbacks() && set_body() && well;
}

bool Active::set_trust(const WireSettings& settings) {
  bool well = set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  well = set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) && well;
  if (settings.share != nullptr) {
    well = set(CURLOPT_SHARE, static_cast<CURLSH*>(settings.share)) && well;
  }
  if (!settings.ca_file.empty()) {
    well = set(CURLOPT_CAINFO, settings.ca_file.c_str()) && well;
    well = set(CURLOPT_PROXY_CAINFO, settings.ca_file.c_str()) && well;
  }
  if (!settings.ca_dir.empty()) {
    well = set(CURLOPT_CAPATH, settings.ca_dir.c_str()) && well;
    well = set(CURLOPT_PROXY_CAPATH, settings.ca_dir.c_str()) && well;
  }
  if (!settings.client_cert.empty() && transfer_->request().client_certificate) {
    well = set(CURLOPT_SSLCERT, settings.client_cert.c_str()) && well;
    if (!settings.client_key.empty()) {
      well = set(CURLOPT_SSLKEY, settings.client_key.c_str()) && well;
    }
  }
  return well;
}

bool Active::set_callbacks() {
  void* const self = this;
  bool well = set(CURLOPT_HEADERFUNCTION, &Active::on_head) && set(CURLOPT_HEADERDATA, self);
  well = set(CURLOPT_WRITEFUNCTION, &Active::on_body) && set(CURLOPT_WRITEDATA, self) && well;
  well =
      set(CURLOPT_PREREQFUNCTION, &Active::on_connected) && set(CURLOPT_PREREQDATA, self) && well;
  well = set(CURLOPT_RESOLVER_START_FUNCTION, &Active::on_resolve) &&
         set(CURLOPT_RESOLVER_START_DATA, self) && well;
  const auto open = [](void* active, curlsocktype, curl_sockaddr* address) -> curl_socket_t {
    return static_cast<Active*>(active)->open_socket(address);
  };
  well = set(CURLOPT_OPENSOCKETFUNCTION, static_cast<curl_opensocket_callback>(open)) &&
         set(CURLOPT_OPENSOCKETDATA, self) && well;
  return set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket) &&
         // outlives the connections
         set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&sockets_)) && well;
}

bool Active::set_body() {
  const WireRequest& request = transfer_->request();
  if (request.method == "HEAD") {
    return set(CURLOPT_NOBODY, 1L);
  }
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (!has_body) {
    return request.method == "GET" || set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  bool well = set(CURLOPT_POST, 1L) && set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  well = set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())) && well;
  if (request.body.size() <= kSmallBody) {
    return set(CURLOPT_POSTFIELDS, request.body.c_str()) && well;  // not copied: the transfer's
  }
  // In pieces, as the socket takes them: so that time limits see that it goes on.
  void* const self = this;
  well = set(CURLOPT_READFUNCTION, &Active::on_send) && set(CURLOPT_READDATA, self) && well;
  const auto seek = [](void* active, curl_off_t offset, int origin) {
    return on_rewind(active, offset, origin);
  };
  set(CURLOPT_UPLOAD_BUFFERSIZE, kReadBytes);
  return set(CURLOPT_SEEKFUNCTION, static_cast<curl_seek_callback>(seek)) &&
         set(CURLOPT_SEEKDATA, self) && well;
}

void Active::limit(std::chrono::milliseconds time, Failure failure) {
  deadline_ = state_.now + time;
  deadline_failure_ = failure;
  state_.next_deadline = std::min(state_.next_deadline, deadline_);
}

void Active::limit_to_queue() {
  limit(transfer_->request().first_byte_timeout * kQueuePatience, Failure::kQueueTimeout);
}

int Active::on_resolve(void*, void*, void* self) {
  auto& active = *static_cast<Active*>(self);
  active.limit(active.transfer_->request().dns_timeout, Failure::kDnsTimeout);
  return 0;
}

// Addresses are judged here, where each connection begins: after DNS, for redirects too, and
// whatever a name meant a moment ago.
int Active::open_socket(const void* address) {
  const auto& to = *static_cast<const curl_sockaddr*>(address);
  if (deadline_failure_ == Failure::kDnsTimeout) {
    limit_to_queue();
  }
  if (deny_private_ && is_private_address(to.addr)) {
    denied_ = true;
    return CURL_SOCKET_BAD;
  }
  return sockets_.open(to.family, to.socktype, to.protocol);
}

size_t Active::on_send(char* data, size_t size, size_t count, void* self) {
  auto& active = *static_cast<Active*>(self);
  const std::string& body = active.transfer_->request().body;
  const size_t bytes = std::min(size * count, body.size() - active.sent_);
  std::copy_n(body.data() + active.sent_, bytes, data);
  active.sent_ += bytes;
  if (!active.head_done_) {
    active.limit(active.transfer_->request().first_byte_timeout, Failure::kFirstByteTimeout);
  }
  return bytes;
}

int Active::on_rewind(void* self, int64_t offset, int origin) {
  auto& active = *static_cast<Active*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<uint64_t>(offset) > active.transfer_->request().body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  active.sent_ = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void Active::begin_window() {
  window_begin_ = state_.now;
  window_bytes_ = wire_bytes();
}

// Asked when something has come; that nothing comes at all is the stall's affair.
bool Active::is_too_slow() {
  const WireRequest& request = transfer_->request();
  if (request.low_speed == 0 || state_.now - window_begin_ < request.low_speed_window) {
    return false;
  }
  const double seconds = std::chrono::duration<double>(state_.now - window_begin_).count();
  const auto came = static_cast<double>(wire_bytes() - window_bytes_);
  begin_window();
  return came < static_cast<double>(request.low_speed) * seconds;
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
        active.begin_window();
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
        if (active.is_too_slow()) {
          active.refusal_ = Failure::kTooSlow;
          return 0;
        }
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
  begin_window();  // it was the reader who was slow
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
  if (denied_ && curl_code == CURLE_COULDNT_CONNECT) {
    return make_failure(Failure::kPrivateAddress, place);
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
