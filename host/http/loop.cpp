// SPDX-License-Identifier: Apache-2.0
#include "host/http/loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "host/http/curl_library.hpp"

namespace sluice::host {
namespace {

constexpr size_t kSpareHandles = 64;
constexpr long kIdleConnections = 64;
constexpr int kEventsPerRound = 128;

Error system_error(const char* what) {
  return Error{Code::kIo,
               std::string("HTTP cannot start: ") + what + "; raise the limit of open files", 0,
               errno};
}

// Signals are for the main thread; and OpenSSL writes without MSG_NOSIGNAL, so that a peer who is
// gone would end the process by SIGPIPE.
void block_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
    sigdelset(&set, fault);
  }
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::start(WireSettings settings,
                                          uint32_t max_connections_per_host) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<Loop> loop(new Loop(std::move(settings), epoll_fd, wake_fd));  // closes both
  if (epoll_fd < 0 || wake_fd < 0 || !loop->set_up(max_connections_per_host)) {
    return system_error("the system gives no epoll or event descriptor, or libcurl no handle");
  }
  loop->thread_ = std::jthread([raw = loop.get()](const std::stop_token& stop) { raw->run(stop); });
  return loop;
}

Loop::Loop(WireSettings settings, int epoll_fd, int wake_fd)
    : settings_(std::move(settings)),
      epoll_fd_(epoll_fd),
      wake_fd_(wake_fd),
      cancels_(epoll_fd),
      sockets_(epoll_fd) {}

Loop::~Loop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    ring();
    thread_.join();
  }
  for (const auto& active : active_) {
    curl().multi_remove_handle(multi_, active->easy());
  }
  active_.clear();
  spare_.clear();
  if (multi_ != nullptr) {
    curl().multi_cleanup(multi_);
  }
  if (settings_.share != nullptr) {
    curl().share_cleanup(static_cast<CURLSH*>(settings_.share));
  }
  for (const int fd : {epoll_fd_, wake_fd_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

bool Loop::set_up(uint32_t max_connections_per_host) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // by edges, so that it need not be read
  event.data.u64 = static_cast<uint64_t>(wake_fd_);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) {
    return false;
  }
  CURLSH* share = curl().share_init();
  settings_.share = share;
  multi_ = curl().multi_init();
  if (share == nullptr || multi_ == nullptr) {
    return false;
  }
  // No locks: all handles that share are used by the loop's thread.
  curl().share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
  curl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  curl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
  curl().multi_setopt(multi_, CURLMOPT_TIMERDATA, static_cast<void*>(this));
  curl().multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  curl().multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(max_connections_per_host));
  curl().multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      std::max<long>(kIdleConnections, max_connections_per_host));
  return true;
}

void Loop::submit(std::shared_ptr<Transfer> transfer) {
  post(What::kSubmit, std::move(transfer));
}
void Loop::resume(std::shared_ptr<Transfer> transfer) {
  post(What::kResume, std::move(transfer));
}
void Loop::close(std::shared_ptr<Transfer> transfer) {
  post(What::kClose, std::move(transfer));
}

void Loop::post(What what, std::shared_ptr<Transfer> transfer) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = commands_.empty();
    commands_.push_back({what, std::move(transfer)});
  }
  if (first) {
    ring();
  }
}

void Loop::ring() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void Loop::run(const std::stop_token& stop) {
  block_signals();
  while (!stop.stop_requested()) {
    round();
  }
}

int Loop::timeout_ms() const {
  const LoopTime next = std::min(timer_, state_.next_deadline);
  if (next == LoopTime::max()) {
    return -1;
  }
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(wait.count(), 0, 60'000));
}

void Loop::round() {
  std::array<epoll_event, kEventsPerRound> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsPerRound, timeout_ms());
  state_.now = std::chrono::steady_clock::now();
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<size_t>(i));
    if ((event.data.u64 & CancelWatch::kMark) != 0) {
      if (const Cancel* cancel = cancels_.fired(event.data.u64)) {
        end_cancelled(*cancel);
      }
    } else if (event.data.u64 != static_cast<uint64_t>(wake_fd_) &&
               sockets_.is_wanted(event.data.u64)) {
      const int mask = ((event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((event.events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
      curl().multi_socket_action(multi_, static_cast<curl_socket_t>(event.data.u64), mask,
                                 &running);
    }
  }
  obey();
  if (timer_ <= state_.now) {
    timer_ = LoopTime::max();
    curl().multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  collect();
  end_overdue();
  tell();
}

void Loop::obey() {
  {
    const std::lock_guard lock(mutex_);
    obeyed_.swap(commands_);
  }
  for (Command& command : obeyed_) {
    auto* active = static_cast<Active*>(command.transfer->active);
    if (command.what == What::kSubmit) {
      begin(std::move(command.transfer));
    } else if (active != nullptr && command.what == What::kResume) {
      const int code = active->resume();
      if (code != CURLE_OK) {  // what had been held back was refused by a callback
        end(*active, active->outcome(code));
      }
    } else if (active != nullptr) {
      end(*active, std::nullopt);
    }
  }
  obeyed_.clear();
}

void Loop::begin(std::shared_ptr<Transfer> transfer) {
  if (transfer->cancelled()) {
    transfer->finish(Error{Code::kCancelled, transfer->request().place + ": cancelled", 0, 0}, 0);
    state_.mark(transfer);
    return;
  }
  std::unique_ptr<Active> active;
  if (spare_.empty()) {
    active = std::make_unique<Active>(state_, sockets_);
  } else {
    active = std::move(spare_.back());
    spare_.pop_back();
  }
  std::optional<Error> problem = active->prepare(transfer, settings_);
  if (!problem && curl().multi_add_handle(multi_, active->easy()) != CURLM_OK) {
    problem = make_failure(Failure::kLocal, transfer->request().place);
  }
  if (problem) {
    active->release();
    transfer->finish(std::move(problem), 0);
    state_.mark(transfer);
    return;
  }
  active->slot = active_.size();
  active_.push_back(std::move(active));
}

void Loop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl().multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    const CURLcode code = message->data.result;
    void* found = nullptr;
    curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found);
    auto& active = *static_cast<Active*>(found);
    end(active, active.outcome(code));
  }
}

void Loop::end(Active& active, std::optional<Error> error) {
  active.transfer()->finish(std::move(error), active.wire_bytes());
  state_.mark(active.transfer());
  curl().multi_remove_handle(multi_, active.easy());
  active.release();
  const size_t slot = active.slot;
  std::swap(active_[slot], active_.back());
  active_[slot]->slot = slot;
  if (spare_.size() < kSpareHandles) {
    spare_.push_back(std::move(active_.back()));
  }
  active_.pop_back();
}

void Loop::end_cancelled(const Cancel& cancel) {
  for (size_t i = active_.size(); i-- > 0;) {  // backwards: end() moves the last into the gap
    Active& active = *active_[i];
    if (active.transfer()->waits_on(cancel)) {
      end(active,
          Error{Code::kCancelled, active.transfer()->request().place + ": cancelled", 0, 0});
    }
  }
}

void Loop::end_overdue() {
  if (state_.next_deadline > state_.now) {
    return;
  }
  // Deadlines are only ever put off between two looks, so one look at the earliest known is enough.
  LoopTime next = LoopTime::max();
  for (size_t i = active_.size(); i-- > 0;) {
    if (auto failure = active_[i]->overdue()) {
      end(*active_[i], std::move(failure));
    } else {
      next = std::min(next, active_[i]->deadline());
    }
  }
  state_.next_deadline = next;
}

void Loop::tell() {
  for (const auto& transfer : state_.news) {
    transfer->marked = false;
    transfer->wake();
  }
  state_.news.clear();
}

int Loop::on_socket(void*, int socket, int what, void* self, void*) {
  auto& loop = *static_cast<Loop*>(self);
  if (what == CURL_POLL_REMOVE) {
    loop.sockets_.forget(socket);
  } else {
    loop.sockets_.watch(socket,
                        ((what & CURL_POLL_IN) != 0 ? static_cast<uint32_t>(EPOLLIN) : 0U) |
                            ((what & CURL_POLL_OUT) != 0 ? static_cast<uint32_t>(EPOLLOUT) : 0U));
  }
  return 0;
}

int Loop::on_timer(void*, long timeout_ms, void* self) {
  auto& loop = *static_cast<Loop*>(self);
  loop.timer_ =
      timeout_ms < 0 ? LoopTime::max() : loop.state_.now + std::chrono::milliseconds(timeout_ms);
  return 0;
}

}  // namespace sluice::host
