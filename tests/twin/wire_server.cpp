// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/wire_server.hpp"

#include <httplib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace sluice::twin {
namespace {

constexpr int kIdleTimeoutMs =
    300'000;  // a client may keep a connection that long between requests
constexpr int kWriteTimeoutMs = 60'000;

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 416:
      return "Range Not Satisfiable";
    case 418:
      return "I'm a teapot";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd poll_fd{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_fd, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

// One accepted connection as the HTTP library sees it. Reads are buffered (the library reads header
// lines byte by byte); what the library writes itself is dropped once our own answer has been
// written.
class Connection : public httplib::Stream {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  using httplib::Stream::write;
  bool is_readable() const override {
    return next_ < filled_ || wait_for(fd_, POLLIN, kIdleTimeoutMs);
  }
  bool is_writable() const override { return true; }
  ssize_t read(char* target, std::size_t size) override {
    if (next_ == filled_) {
      const ssize_t got = wait_for(fd_, POLLIN, kIdleTimeoutMs)
                              ? ::recv(fd_, buffer_.data(), buffer_.size(), 0)
                              : 0;
      if (got <= 0) {
        return got;
      }
      next_ = 0;
      filled_ = static_cast<std::size_t>(got);
    }
    const std::size_t count = std::min(size, filled_ - next_);
    std::copy_n(buffer_.data() + next_, count, target);
    next_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* source, std::size_t size) override {
    return answered || send(std::string_view(source, size)) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = "127.0.0.1";
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip = "127.0.0.1";
    port = 0;
  }
  socket_t socket() const override { return fd_; }

  // Writes head and body with one system call where the kernel takes it; false when the client is
  // gone.
  bool send(std::string_view head, std::string_view body = {}) {
    while (!head.empty() || !body.empty()) {
      std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                                  {const_cast<char*>(body.data()), body.size()}}};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EINTR || (errno == EAGAIN && wait_for(fd_, POLLOUT, kWriteTimeoutMs))) {
          continue;
        }
        return false;
      }
      const auto count = static_cast<std::size_t>(sent);
      const std::size_t of_head = std::min(count, head.size());
      head.remove_prefix(of_head);
      body.remove_prefix(count - of_head);
      body_bytes += count - of_head;
    }
    return true;
  }

  // True if another request begins, false on end of stream or a long silence.
  bool has_request() const { return is_readable() && (next_ < filled_ || !peer_gone()); }
  // True if the client has closed; does not consume data.
  bool peer_gone() const {
    char byte = 0;
    const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  }
  // The next close sends RST and drops what was not yet delivered.
  void arm_reset() {
    const linger now{1, 0};
    (void)::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  bool answered = false;  // our answer to the current request is out
  bool keep = true;       // the connection may serve another request
  bool reset = false;     // close with RST
  std::uint64_t body_bytes = 0;
  std::uint64_t ticket = 0;  // of the current request

 private:
  const int fd_;
  std::array<char, 16384> buffer_{};
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
};

// The connection whose request the library is handing to us on this thread.
thread_local Connection* current = nullptr;

// One thread per connection, started when needed: a hanging answer or an idle client must never
// hold up others.
class ThreadPerConnection : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> job) override {
    const std::lock_guard lock(mutex_);
    for (auto it = threads_.begin(); it != threads_.end();) {
      if (it->done) {
        it->thread.join();
        it = threads_.erase(it);
      } else {
        ++it;
      }
    }
    Worker& worker = threads_.emplace_back();
    worker.thread = std::thread([&worker, job = std::move(job)] {
      job();
      worker.done = true;
    });
  }
  void shutdown() override {
    for (Worker& worker : threads_) {
      worker.thread.join();
    }
    threads_.clear();
  }

 private:
  struct Worker {
    std::atomic<bool> done = false;
    std::thread thread;
  };
  std::mutex mutex_;  // guards threads_
  std::list<Worker> threads_;
};

Request convert(const httplib::Request& source) {
  Request request;
  request.method = source.method;
  request.target = source.target;
  request.path = source.path;
  request.body = source.body;
  for (const auto& [name, value] : source.params) {
    request.query.insert_or_assign(name, value);
  }
  for (const auto& [name, value] : source.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.insert_or_assign(std::move(lower), value);
  }
  return request;
}

std::string render_head(const Response& response, bool keep, const std::string& framing) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason(response.status);
  head += "\r\nServer: sluice-twin\r\n";
  for (const auto& [name, value] : response.headers) {
    head += name + ": " + value + "\r\n";
  }
  head += framing;
  head += keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace

class WireServer::Impl : private httplib::Server {
 public:
  Impl(std::uint16_t port, Callbacks callbacks) : callbacks_(std::move(callbacks)) {
    new_task_queue = [] { return new ThreadPerConnection; };
    // The library's default shares a busy port with its owner (SO_REUSEPORT) instead of failing.
    set_socket_options([](socket_t fd) {
      const int on = 1;
      (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_tcp_nodelay(true);
    set_payload_max_length(64U << 20U);
    // GET and HEAD are answered before the library's regular expressions; other methods after it
    // has read the body.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      if (request.method != "GET" && request.method != "HEAD") {
        return HandlerResponse::Unhandled;
      }
      handle(request);
      return HandlerResponse::Handled;
    });
    const auto with_body = [this](const httplib::Request& request, httplib::Response&) {
      handle(request);
    };
    Post(".*", with_body);
    Put(".*", with_body);
    Patch(".*", with_body);
    Delete(".*", with_body);
    Options(".*", with_body);
    if (port == 0) {
      port_ = bind_to_any_port("127.0.0.1");
    } else {
      port_ = bind_to_port("127.0.0.1", port) ? port : -1;
    }
    if (port_ <= 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1 port " + std::to_string(port) +
                               "; is it in use? Use port 0 for any free one.");
    }
    // The library accepts through a backlog of 5; a burst of 64 clients needs more.
    (void)::listen(svr_sock_.load(), 512);
    thread_ = std::thread([this] { listen_after_bind(); });
    while (!is_running()) {
      std::this_thread::yield();
    }
  }

  ~Impl() override { shut_down(); }

  int port() const { return port_; }

  void shut_down() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const int fd : open_) {
        (void)::shutdown(fd, SHUT_RDWR);
      }
    }
    wake_.notify_all();
    if (thread_.joinable()) {
      Server::stop();
      thread_.join();
    }
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    bool running = true;
    {
      const std::lock_guard lock(mutex_);
      running = !stopping_;
      if (running) {
        open_.insert(fd);
      }
    }
    if (running) {
      callbacks_.opened();
      serve(fd);
      callbacks_.closed();
      const std::lock_guard lock(mutex_);
      open_.erase(fd);
    }
    ::close(fd);
    return true;
  }

  void serve(int fd) {
    const int on = 1;
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection connection(fd);
    while (connection.keep && connection.has_request()) {
      connection.answered = false;
      bool closed = false;
      current = &connection;
      const bool done = process_request(connection, false, closed, nullptr);
      current = nullptr;
      connection.keep = connection.keep && done && !closed;
    }
    if (connection.reset) {
      connection.arm_reset();
    } else {
      // Without this, data that the client sent meanwhile would turn the close into an RST and lose
      // the answer's end.
      (void)::shutdown(fd, SHUT_WR);
    }
  }

  void handle(const httplib::Request& source) {
    Connection& connection = *current;
    const Request request = convert(source);
    const Answer answer = callbacks_.answer(request);
    if (request.header("connection") == "close" || source.version == "HTTP/1.0") {
      connection.keep = false;
    }
    std::string_view body;
    const Response& response = answer.response;
    if (response.body && request.method != "HEAD" && response.status != 304) {
      body = std::string_view(*response.body).substr(response.offset, response.length);
    }
    if (const std::uint32_t delay_ms = answer.fault.delay_ms + response.delay_ms; delay_ms != 0) {
      (void)pause(std::chrono::milliseconds(delay_ms));
    }
    connection.body_bytes = 0;
    connection.ticket = callbacks_.answering(request, answer, body.size());
    write_answer(connection, answer, body);
    connection.answered = true;
    if (connection.body_bytes != body.size()) {
      callbacks_.cut_short(connection.ticket, body.size(), connection.body_bytes);
    }
  }

  void write_answer(Connection& connection, const Answer& answer, std::string_view body) {
    const Fault& fault = answer.fault;
    const Response& response = answer.response;
    if (fault.kind == FaultKind::kHang) {
      hang(connection);
      return callbacks_.finishing(connection.ticket);
    }
    if (fault.kind == FaultKind::kSlow) {
      return slow(connection, response, body, fault.bytes_per_second);
    }
    callbacks_.finishing(connection.ticket);
    switch (fault.kind) {
      case FaultKind::kReset:
        return reset(connection, response, body, fault.after_bytes);
      case FaultKind::kTruncate:
        return truncate(connection, response, body, fault.after_bytes);
      case FaultKind::kWrongLength:
        return wrong_length(connection, response, body, fault.delta);
      case FaultKind::kBadChunked:
        return bad_chunked(connection, response, body);
      default:
        break;
    }
    const std::string head = render_head(response, connection.keep, length_header(response));
    connection.keep = connection.send(head, body) && connection.keep;
  }

  static std::string length_header(const Response& response) {
    return response.status == 304 ? std::string()
                                  : "Content-Length: " + std::to_string(response.length) + "\r\n";
  }

  static std::string_view cut(std::string_view body, std::int64_t count) {
    return body.substr(0, count < 0 ? 0 : std::min(body.size(), static_cast<std::size_t>(count)));
  }

  void hang(Connection& connection) {
    connection.keep = false;
    while (!connection.peer_gone() && !pause(std::chrono::milliseconds(20))) {
    }
  }

  static void reset(Connection& connection, const Response& response, std::string_view body,
                    std::int64_t after) {
    connection.keep = false;
    connection.reset = true;
    if (after < 0) {
      return;
    }
    (void)connection.send(render_head(response, true, length_header(response)), cut(body, after));
    wait_until_delivered(connection.socket());
  }

  // An RST makes the receiver drop nothing it has acknowledged, but the sender drops its queue: let
  // the queue drain.
  static void wait_until_delivered(int fd) {
    for (int i = 0; i < 2000; ++i) {
      tcp_info info{};
      socklen_t size = sizeof info;
      if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_unacked == 0) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  static void truncate(Connection& connection, const Response& response, std::string_view body,
                       std::int64_t after) {
    connection.keep = false;
    // An end at or past the length would be no fault at all.
    const auto limit = body.empty() ? 0 : static_cast<std::int64_t>(body.size()) - 1;
    (void)connection.send(render_head(response, true, length_header(response)),
                          cut(body, std::min(after, limit)));
  }

  static void wrong_length(Connection& connection, const Response& response, std::string_view body,
                           std::int64_t delta) {
    connection.keep = false;
    const std::int64_t told =
        std::max<std::int64_t>(0, static_cast<std::int64_t>(response.length) + delta);
    (void)connection.send(
        render_head(response, true, "Content-Length: " + std::to_string(told) + "\r\n"), body);
  }

  static void bad_chunked(Connection& connection, const Response& response, std::string_view body) {
    connection.keep = false;
    const std::string_view part = body.substr(0, std::min<std::size_t>(body.size() / 2 + 1, 1024));
    std::array<char, 20> size{};
    (void)std::snprintf(size.data(), size.size(), "%zx\r\n", part.size());
    std::string text = part.empty() ? std::string() : size.data() + std::string(part) + "\r\n";
    text += "zz-not-a-size\r\nbroken";
    (void)connection.send(render_head(response, true, "Transfer-Encoding: chunked\r\n"), text);
  }

  // Ten pieces a second, so that a client's low-speed limit sees a steady trickle.
  void slow(Connection& connection, const Response& response, std::string_view body,
            std::uint64_t bytes_per_second) {
    bool alive = connection.send(render_head(response, connection.keep, length_header(response)));
    const auto piece = static_cast<std::size_t>(std::max<std::uint64_t>(1, bytes_per_second / 10));
    const auto rest = std::chrono::microseconds(1'000'000ULL * piece / bytes_per_second);
    while (alive && body.size() > piece) {
      alive = connection.send({}, body.substr(0, piece)) && !pause(rest);
      body.remove_prefix(piece);
    }
    callbacks_.finishing(connection.ticket);
    alive = alive && connection.send({}, body);
    connection.keep = connection.keep && alive;
  }

  // Waits; true if the server is stopping.
  template <typename Duration>
  bool pause(Duration duration) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, duration, [this] { return stopping_; });
  }

  Callbacks callbacks_;
  int port_ = -1;
  std::mutex mutex_;  // guards open_ and stopping_
  std::condition_variable wake_;
  std::set<int> open_;
  bool stopping_ = false;
  std::thread thread_;
};

WireServer::WireServer(std::uint16_t port, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(port, std::move(callbacks))) {}
WireServer::~WireServer() = default;
std::uint16_t WireServer::port() const {
  return static_cast<std::uint16_t>(impl_->port());
}
void WireServer::stop() {
  impl_->shut_down();
}

}  // namespace sluice::twin
