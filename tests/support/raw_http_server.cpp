// SPDX-License-Identifier: Apache-2.0
#include "support/raw_http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace sluice::test {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::pair<int, uint16_t> bind_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no loopback port for a test server");
  }
  return {fd, ntohs(address.sin_port)};
}

// Takes one request off the front of `input`; false if it is not complete yet.
bool parse(std::string& input, RawRequest& request) {
  const size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) {
    return false;
  }
  request = RawRequest();
  request.head = input.substr(0, end + 2);
  size_t at = request.head.find("\r\n");
  const std::string first = request.head.substr(0, at);
  const size_t blank = first.find(' ');
  request.method = first.substr(0, blank);
  request.target = first.substr(blank + 1, first.rfind(' ') - blank - 1);
  for (at += 2; at < request.head.size();) {
    const size_t line_end = request.head.find("\r\n", at);
    const std::string_view line = std::string_view(request.head).substr(at, line_end - at);
    const size_t colon = std::min(line.find(':'), line.size());
    const size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    request.headers[lower(line.substr(0, colon))] = std::string(line.substr(value));
    at = line_end + 2;
  }
  const std::string length = request.header("content-length");
  size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  if (input.size() < end + 4 + size) {
    return false;
  }
  request.body = input.substr(end + 4, size);
  input.erase(0, end + 4 + size);
  return true;
}

}  // namespace

std::string RawRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0 && !stopping_) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return bytes.empty();
}

uint64_t RawConnection::send_some(std::string_view bytes) {
  const ssize_t sent =
      fd_ < 0 ? -1 : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<uint64_t>(sent);
}

// The descriptor itself is closed by the server, which also shuts it down from another thread.
void RawConnection::close() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) {
    shutdown(fd, SHUT_RDWR);
  }
}

void RawConnection::reset() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
}

bool RawConnection::wait_for_close() {
  std::array<char, 4096> bytes{};
  while (fd_ >= 0 && !stopping_) {
    if (recv(fd_, bytes.data(), bytes.size(), 0) <= 0) {
      return !stopping_;
    }
  }
  return false;
}

std::string raw_answer(int status, std::string_view body, std::string_view headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " Said\r\n";
  answer.append(headers);
  if (status != 304 && status != 204) {
    answer += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return answer.append("\r\n").append(body);
}

RawHttpServer::RawHttpServer(Handler handler) : handler_(std::move(handler)) {
  std::tie(listen_fd_, port_) = bind_loopback();
  if (listen(listen_fd_, 4096) != 0) {
    throw std::runtime_error("a test server cannot listen");
  }
  acceptor_ = std::jthread([this] { accept_all(); });
}

RawHttpServer::~RawHttpServer() {
  stopping_ = true;
  shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) {
      shutdown(fd, SHUT_RDWR);
    }
  }
  threads_.clear();
  close(listen_fd_);
}

std::string RawHttpServer::url(std::string_view target) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
}

void RawHttpServer::wait_for_requests(uint64_t count) {
  std::unique_lock lock(mutex_);
  ++waiters_;
  changed_.wait(lock, [&] { return requests_ >= count; });
  --waiters_;
}

void RawHttpServer::accept_all() {
  while (!stopping_) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (stopping_ || (errno != EINTR && errno != ECONNABORTED)) {
        return;
      }
      continue;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
    }
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void RawHttpServer::serve(int fd) {
  RawConnection connection(fd, stopping_);
  std::string input;
  std::array<char, 16384> bytes{};
  while (connection.is_open() && !stopping_) {
    RawRequest request;
    if (parse(input, request)) {
      ++requests_;
      if (waiters_ > 0) {  // seldom: no lock on the way of a benchmark
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
      }
      handler_(connection, request);
      continue;
    }
    const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
    if (got <= 0) {
      break;
    }
    input.append(bytes.data(), static_cast<size_t>(got));
  }
  const std::lock_guard lock(mutex_);
  open_.remove(fd);
  ::close(fd);
}

uint16_t unused_port() {
  const auto [fd, port] = bind_loopback();
  ::close(fd);
  return port;
}

}  // namespace sluice::test
