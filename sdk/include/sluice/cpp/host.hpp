// SPDX-License-Identifier: Apache-2.0
//
// The host's services, typed. A service that this host does not have throws UNSUPPORTED when it is
// first used.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/http.hpp"
#include "sluice/cpp/http_service.hpp"
#include "sluice/cpp/quantity.hpp"
#include "sluice/cpp/type.hpp"
#include "sluice/ext/cancel.h"
#include "sluice/ext/clock.h"
#include "sluice/ext/log.h"
#include "sluice/ext/metrics.h"
#include "sluice/ext/secret.h"
#include "sluice/ext/state.h"
#include "sluice/host.h"

namespace sluice::inline sdk_v0 {

enum class Level : uint32_t {
  kTrace = SLUICE_LOG_TRACE,
  kDebug = SLUICE_LOG_DEBUG,
  kInfo = SLUICE_LOG_INFO,
  kWarn = SLUICE_LOG_WARN,
  kError = SLUICE_LOG_ERROR,
};

enum class Metric : uint32_t {
  kCounter = SLUICE_METRIC_COUNTER,
  kGauge = SLUICE_METRIC_GAUGE,
  kHistogram = SLUICE_METRIC_HISTOGRAM,
};

// Threads: any. Lives as long as the instance.
class Host {
 public:
  explicit Host(const sluice_host_t* host) noexcept : host_(host) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const sluice_host_t* c() const noexcept { return host_; }

  // Whether streams are to be declared from the configuration alone, without network or disk.
  bool offline() const noexcept { return offline_.load(std::memory_order_relaxed); }
  void set_offline(bool offline) noexcept { offline_.store(offline, std::memory_order_relaxed); }

  // ---- log: full sentences without secrets; what varies goes into `fields`, a JSON object ----
  bool enabled(Level level) const {
    return log_.get(host_)->enabled(host_, static_cast<uint32_t>(level)) != 0;
  }
  void log(Level level, std::string_view message, std::string_view fields = {}) const {
    const auto* table = log_.get(host_);
    if (table->enabled(host_, static_cast<uint32_t>(level)) != 0) {
      table->write(host_, static_cast<uint32_t>(level), to_c(message), to_c(fields));
    }
  }
  // `make` returns the message and is only called when somebody will read it.
  template <std::invocable F>
  void log(Level level, F&& make) const {
    if (enabled(level)) {
      log(level, std::string_view(std::string(make())));
    }
  }
  void debug(std::string_view message, std::string_view fields = {}) const {
    log(Level::kDebug, message, fields);
  }
  void info(std::string_view message, std::string_view fields = {}) const {
    log(Level::kInfo, message, fields);
  }
  void warn(std::string_view message, std::string_view fields = {}) const {
    log(Level::kWarn, message, fields);
  }
  void error(std::string_view message, std::string_view fields = {}) const {
    log(Level::kError, message, fields);
  }

  // ---- cancellation ----
  bool cancelled() const { return cancel_.get(host_)->requested(host_) != 0; }
  // Throws CANCELLED once work is to stop: call it in every long loop.
  void check_cancel() const {
    if (cancelled()) {
      throw Error(Code::kCancelled, "The work was cancelled.");
    }
  }
  // Waits, and throws CANCELLED if that is asked for meanwhile.
  void sleep(std::chrono::milliseconds time) const {
    const auto ms = time.count() < 0 ? uint64_t{0} : static_cast<uint64_t>(time.count());
    if (cancel_.get(host_)->sleep_ms(host_, ms) != 0) {
      throw Error(Code::kCancelled, "The work was cancelled while waiting.");
    }
  }
  // Readable once cancelled, for poll(); borrowed. -1 = none.
  int cancel_fd() const { return cancel_.get(host_)->fd(host_); }

  // ---- time ----
  Micros now() const { return Micros(std::chrono::microseconds(clock_.get(host_)->now_us(host_))); }
  std::chrono::microseconds monotonic() const {
    return std::chrono::microseconds(clock_.get(host_)->monotonic_us(host_));
  }

  // ---- secrets: fetch when needed, keep short, never write anywhere. Throws AUTH ----
  std::string secret(const Secret& secret) const {
    PutText out;
    sluice_error_t error = make_error();
    throw_if_failed(secret_.get(host_)->get(host_, to_c(secret.name), out.c(), &error), error);
    return out.take();
  }

  // ---- small named blobs kept between runs ----
  std::optional<std::string> state(std::string_view name) const {
    PutText out;
    sluice_error_t error = make_error();
    const auto status = state_.get(host_)->get(host_, to_c(name), out.c(), &error);
    throw_if_failed(status, error);
    return status == SLUICE_OK ? std::optional(out.take()) : std::nullopt;
  }
  void set_state(std::string_view name, std::string_view value) const {
    put_state(name, to_c_bytes(value));
  }
  void remove_state(std::string_view name) const { put_state(name, {nullptr, 0}); }

  // ---- metrics: define once, update by handle ----
  uint64_t metric(Metric type, std::string_view name, std::string_view help) const {
    uint64_t handle = 0;
    sluice_error_t error = make_error();
    throw_if_failed(metrics_.get(host_)->define(host_, static_cast<uint32_t>(type), to_c(name),
                                                to_c(help), &handle, &error),
                    error);
    return handle;
  }
  void update(uint64_t handle, double value) const {
    metrics_.get(host_)->update(host_, handle, value);
  }

  // ---- HTTP ----
  // Sends a request and gives the answer with its whole body. Throws for every status from 400 on:
  // 404 and 410 NOT_FOUND, 401 and 403 AUTH, 429 RATE_LIMITED, 5xx UNAVAILABLE, other 4xx BAD_DATA.
  HttpResponse get(std::string_view url, const HttpOptions& options = {}) const {
    return open(url, options).read_all();
  }
  // The same with a body that streams.
  HttpBody open(std::string_view url, const HttpOptions& options = {}) const {
    return HttpBody(host_, http_.get(host_), url, options);
  }
  // Tells the host the limits and endpoints of the service; best when the instance is made. Throws
  // INVALID_CONFIG if the host cannot take them.
  void declare(const HttpService& service) const {
    const std::string text = service.to_json();
    sluice_error_t error = make_error();
    throw_if_failed(http_.get(host_)->declare(host_, to_c(text), &error), error);
  }
  // An answer's body said so: nobody sends in `scope` for `wait` from now.
  void throttle(std::string_view scope, std::chrono::milliseconds wait) const {
    http_.get(host_)->throttle(host_, to_c(scope), static_cast<uint64_t>(wait.count()));
  }

 private:
  // A table by id, asked for once.
  template <class Table>
  class Service {
   public:
    explicit Service(const char* id) noexcept : id_(id) {}
    const Table* get(const sluice_host_t* host) const {
      const void* table = table_.load(std::memory_order_acquire);
      if (table == nullptr) {
        table = host->get_service(host, id_);
        if (table == nullptr) {
          throw Error(Code::kUnsupported, std::string("This host has no service ") + id_ +
                                              ", which the plugin needs. Use a host that has it.");
        }
        table_.store(table, std::memory_order_release);
      }
      return static_cast<const Table*>(table);
    }

   private:
    const char* id_;
    mutable std::atomic<const void*> table_{nullptr};
  };

  void put_state(std::string_view name, sluice_bytes_t value) const {
    sluice_error_t error = make_error();
    throw_if_failed(state_.get(host_)->set(host_, to_c(name), value, &error), error);
  }

  const sluice_host_t* host_;
  std::atomic<bool> offline_{false};
  Service<sluice_log_t> log_{SLUICE_LOG_ID};
  Service<sluice_cancel_t> cancel_{SLUICE_CANCEL_ID};
  Service<sluice_clock_t> clock_{SLUICE_CLOCK_ID};
  Service<sluice_secret_t> secret_{SLUICE_SECRET_ID};
  Service<sluice_state_t> state_{SLUICE_STATE_ID};
  Service<sluice_metrics_t> metrics_{SLUICE_METRICS_ID};
  Service<sluice_http_t> http_{SLUICE_HTTP_ID};
};

}  // namespace sluice::inline sdk_v0
