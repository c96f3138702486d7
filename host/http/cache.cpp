// SPDX-License-Identifier: Apache-2.0
#include "host/http/cache.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/http/cache_policy.hpp"
#include "host/http/cache_store.hpp"
#include "host/http/head.hpp"

namespace sluice::host {
namespace {

constexpr size_t kPiece = 64U << 10;
constexpr uint64_t kShareOfOne = 4;  // one answer takes at most this part of the cache

// An equal request on its way. Waiters sleep on a descriptor, as they do on their Cancel's.
class Flight {
 public:
  enum class Outcome : uint8_t { kUnderway, kKept, kFailed, kNotShared };

  Flight() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  void land(Outcome outcome, AnswerPtr answer) {
    {
      const std::lock_guard lock(mutex_);
      if (outcome_ != Outcome::kUnderway) {
        return;
      }
      outcome_ = outcome;
      answer_ = std::move(answer);
    }
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
  }

  // Until it has landed or `cancel` is requested; then kUnderway comes back.
  std::pair<Outcome, AnswerPtr> wait(const Cancel& cancel) {
    // Without descriptors (the system has none left) it has to be looked at now and then.
    const int timeout_ms = fd_ < 0 || cancel.fd() < 0 ? 50 : -1;
    while (!cancel.requested()) {
      {
        const std::lock_guard lock(mutex_);
        if (outcome_ != Outcome::kUnderway) {
          return {outcome_, answer_};
        }
      }
      std::array<pollfd, 2> both = {{{fd_, POLLIN, 0}, {cancel.fd(), POLLIN, 0}}};
      poll(both.data(), both.size(), timeout_ms);
    }
    return {Outcome::kUnderway, nullptr};
  }

 private:
  const int fd_;
  std::mutex mutex_;
  Outcome outcome_ = Outcome::kUnderway;  // under mutex_
  AnswerPtr answer_;                      // under mutex_
};

std::string field_of(const std::vector<std::pair<std::string, std::string>>& fields,
                     std::string_view name) {
  Head head;
  head.fields = fields;
  return head.field(name);
}

Error cancelled(const std::string& shown) {
  return Error{Code::kCancelled, "GET " + shown + ": cancelled", 0, 0};
}

// An answer out of memory.
class KeptExchange final : public HttpExchange {
 public:
  KeptExchange(AnswerPtr answer, const Cancel& cancel)
      : answer_(std::move(answer)), cancel_(cancel) {}
  [[nodiscard]] uint32_t status() const override { return answer_->status; }
  [[nodiscard]] int64_t content_length() const override { return answer_->content_length; }
  [[nodiscard]] std::string header(std::string_view name) const override {
    if (name == ":url") {
      return answer_->url;
    }
    return name == ":validator" ? answer_->validator : field_of(answer_->fields, name);
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const override {
    return answer_->fields;
  }
  Result<size_t> read(std::span<char> buffer) override {
    if (cancel_.requested()) {
      return cancelled(answer_->url);
    }
    if (buffer.empty()) {
      return Error{Code::kInternal, "GET " + answer_->url + ": read into a buffer of 0 bytes", 0,
                   0};
    }
    const size_t size = std::min(buffer.size(), answer_->body.size() - used_);
    std::copy_n(answer_->body.data() + used_, size, buffer.data());
    used_ += size;
    return size;
  }

 private:
  const AnswerPtr answer_;
  const Cancel& cancel_;
  size_t used_ = 0;
};

// An answer of which a part was read already: that first, then the rest, or the error that ended
// it.
class ResumedExchange final : public HttpExchange {
 public:
  ResumedExchange(std::unique_ptr<HttpExchange> rest, std::string front, std::optional<Error> error)
      : rest_(std::move(rest)), front_(std::move(front)), error_(std::move(error)) {}
  [[nodiscard]] uint32_t status() const override { return rest_->status(); }
  [[nodiscard]] int64_t content_length() const override { return rest_->content_length(); }
  [[nodiscard]] std::string header(std::string_view name) const override {
    return rest_->header(name);
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const override {
    return rest_->fields();
  }
  Result<size_t> read(std::span<char> buffer) override {
    if (used_ == front_.size()) {
      if (error_) {
        return *error_;
      }
      return rest_->read(buffer);
    }
    const size_t size = std::min(buffer.size(), front_.size() - used_);
    std::copy_n(front_.data() + used_, size, buffer.data());
    used_ += size;
    if (used_ == front_.size()) {
      front_ = std::string();  // its memory is not the cache's any more
      used_ = 0;
    }
    return size;
  }

 private:
  const std::unique_ptr<HttpExchange> rest_;
  std::string front_;
  size_t used_ = 0;
  const std::optional<Error> error_;
};

}  // namespace

class CachingHttp::Impl {
 public:
  Impl(Http& next, const CacheOptions& options, const Clock& clock)
      : next_(next), options_(options), clock_(clock), store_(options) {}

  using Opened = Result<std::unique_ptr<HttpExchange>>;
  Opened open(const HttpRequest& request, const Cancel& cancel, HttpCaller& caller);
  CacheFill fill() {
    const std::lock_guard lock(mutex_);
    return store_.fill();
  }
  Http& next() { return next_; }
  [[nodiscard]] bool enabled() const {
    return options_.entries > 0 && options_.bytes > 0 && options_.ttl.count() > 0;
  }

 private:
  using FlightPtr = std::shared_ptr<Flight>;
  class Leader;
  struct Place {  // of a request: the answer is there, somebody fetches it, or it leads itself
    AnswerPtr answer;
    FlightPtr flight;
    bool leads = false;
  };
  Place look(const std::string& key);
  void land(const std::string& key, const FlightPtr& flight, Flight::Outcome outcome,
            AnswerPtr answer);
  bool reserve(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    return store_.reserve(bytes);
  }
  Opened lead(const HttpRequest& request, const Cancel& cancel, HttpCaller& caller, Leader& leader);
  // Reads the whole answer, if there is room, and keeps it for `life`.
  Opened fetch(std::unique_ptr<HttpExchange> exchange, std::chrono::seconds life,
               const Cancel& cancel, Leader& leader);

  Http& next_;
  const CacheOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  CacheStore store_;                                    // under mutex_
  std::unordered_map<std::string, FlightPtr> flights_;  // under mutex_
};

// The request that is sent for all its equals. Whatever happens to it, those who wait go on, and
// what it reserved is given back.
class CachingHttp::Impl::Leader {
 public:
  Leader(Impl& cache, const std::string& key, FlightPtr flight)
      : cache_(cache), key_(key), flight_(std::move(flight)) {}
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;
  ~Leader() {
    give_back();
    cache_.land(key_, flight_, Flight::Outcome::kFailed, nullptr);
  }
  [[nodiscard]] const std::string& key() const { return key_; }

  bool reserve(uint64_t bytes) {
    const uint64_t most = cache_.options_.bytes / kShareOfOne;
    if (bytes > most || reserved_ > most - bytes || !cache_.reserve(bytes)) {
      return false;
    }
    reserved_ += bytes;
    return true;
  }
  void share_nothing() {
    give_back();
    cache_.land(key_, flight_, Flight::Outcome::kNotShared, nullptr);
  }
  void keep(const AnswerPtr& answer, int64_t expires_us) {
    {
      const std::lock_guard lock(cache_.mutex_);
      cache_.store_.keep(key_, answer, std::exchange(reserved_, 0), expires_us);
    }
    cache_.land(key_, flight_, Flight::Outcome::kKept, answer);
  }

 private:
  void give_back() {
    const std::lock_guard lock(cache_.mutex_);
    cache_.store_.release(std::exchange(reserved_, 0));
  }
  Impl& cache_;
  const std::string& key_;
  const FlightPtr flight_;
  uint64_t reserved_ = 0;
};

CachingHttp::Impl::Place CachingHttp::Impl::look(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (AnswerPtr answer = store_.find(key, clock_.monotonic_us())) {
    return {std::move(answer), nullptr, false};
  }
  const auto [it, fresh] = flights_.try_emplace(key);
  if (fresh) {
    it->second = std::make_shared<Flight>();
  }
  return {nullptr, it->second, fresh};
}

void CachingHttp::Impl::land(const std::string& key, const FlightPtr& flight,
                             Flight::Outcome outcome, AnswerPtr answer) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = flights_.find(key);
    if (found != flights_.end() && found->second == flight) {
      flights_.erase(found);
    }
  }
  flight->land(outcome, std::move(answer));
}

CachingHttp::Impl::Opened CachingHttp::Impl::open(const HttpRequest& request, const Cancel& cancel,
                                                  HttpCaller& caller) {
  const std::string key = cache_key(request, caller);
  while (true) {
    Place place = look(key);
    if (place.leads) {
      Leader leader(*this, key, std::move(place.flight));
      return lead(request, cancel, caller, leader);
    }
    if (!place.answer) {
      auto [outcome, answer] = place.flight->wait(cancel);
      if (outcome == Flight::Outcome::kUnderway) {
        return Error{Code::kCancelled, "a request that waited for an equal one: cancelled", 0, 0};
      }
      if (outcome == Flight::Outcome::kNotShared) {
        return next_.open(request, cancel, caller);
      }
      if (outcome == Flight::Outcome::kFailed) {
        continue;  // the first to come leads
      }
      place.answer = std::move(answer);
    }
    ++caller.stats.cached;
    return std::unique_ptr<HttpExchange>(
        std::make_unique<KeptExchange>(std::move(place.answer), cancel));
  }
}

CachingHttp::Impl::Opened CachingHttp::Impl::lead(const HttpRequest& request, const Cancel& cancel,
                                                  HttpCaller& caller, Leader& leader) {
  auto exchange = next_.open(request, cancel, caller);
  if (!exchange) {
    return exchange;
  }
  const auto life = std::min(freshness(request, **exchange, clock_.now_us()), options_.ttl);
  if (life.count() > 0) {
    return fetch(std::move(*exchange), life, cancel, leader);
  }
  if ((*exchange)->status() < 400) {
    leader.share_nothing();  // the service will say the same to the others
  }
  return exchange;
}

CachingHttp::Impl::Opened CachingHttp::Impl::fetch(std::unique_ptr<HttpExchange> exchange,
                                                   std::chrono::seconds life, const Cancel& cancel,
                                                   Leader& leader) {
  const int64_t begin_us = clock_.monotonic_us();
  auto answer = std::make_shared<CachedAnswer>();
  answer->status = exchange->status();
  answer->content_length = exchange->content_length();
  answer->url = exchange->header(":url");
  answer->validator = exchange->header(":validator");
  answer->fields = exchange->fields();
  const uint64_t announced =
      answer->content_length > 0 ? static_cast<uint64_t>(answer->content_length) : 0;
  // Compressed, a body is hardly ever longer than unpacked: what is announced too long is not
  // tried.
  if (announced > options_.bytes / kShareOfOne ||
      !leader.reserve(answer->head_bytes() + 2 * leader.key().size())) {
    leader.share_nothing();
    return exchange;
  }
  std::string& body = answer->body;
  std::vector<char> piece(kPiece);
  std::optional<Error> error;
  while (true) {
    auto size = exchange->read(piece);
    if (size && *size == 0) {
      break;
    }
    if (size) {
      body.append(piece.data(), *size);
    } else {
      error = std::move(size).error();
    }
    if (error || !leader.reserve(*size)) {
      if (!error) {
        leader.share_nothing();
      }
      return std::unique_ptr<HttpExchange>(std::make_unique<ResumedExchange>(
          std::move(exchange), std::move(body), std::move(error)));
    }
  }
  body.shrink_to_fit();
  const int64_t life_us = std::chrono::duration_cast<std::chrono::microseconds>(life).count();
  leader.keep(answer, begin_us + life_us);
  return std::unique_ptr<HttpExchange>(std::make_unique<KeptExchange>(std::move(answer), cancel));
}

CachingHttp::CachingHttp(Http& next, CacheOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(next, options, clock)) {}

CachingHttp::~CachingHttp() = default;

Result<std::unique_ptr<HttpExchange>> CachingHttp::open(const HttpRequest& request,
                                                        const Cancel& cancel, HttpCaller& caller) {
  return impl_->enabled() && is_cacheable(request) ? impl_->open(request, cancel, caller)
                                                   : impl_->next().open(request, cancel, caller);
}

void CachingHttp::declare(const HttpCaller& caller) {
  impl_->next().declare(caller);
}

void CachingHttp::throttle(const std::string& scope, std::chrono::milliseconds wait) {
  impl_->next().throttle(scope, wait);
}

CacheFill CachingHttp::fill() const {
  return impl_->fill();
}

}  // namespace sluice::host
