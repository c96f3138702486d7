// SPDX-License-Identifier: Apache-2.0
//
// The service tables behind FakeHost; included by it.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "sluice/cpp/guard.hpp"
#include "sluice/ext/alloc.h"
#include "sluice/testing/fake_host.hpp"
#include "sluice/testing/fake_http.hpp"

namespace sluice::testing {

// Buffers outlive hosts, so their counts belong to the process.
struct AllocCounters {
  std::atomic<uint64_t> count{0}, live{0}, live_bytes{0};
  static AllocCounters& get() {
    static AllocCounters counters;
    return counters;
  }
};

struct FakeServices {
  static FakeHost& host(const sluice_host_t* h) { return *static_cast<FakeHost*>(h->ctx); }

  static const void* get_service(const sluice_host_t* h, const char* id) noexcept {
    static constexpr sluice_log_t log = {&log_enabled, &log_write};
    static constexpr sluice_cancel_t cancel = {&cancel_requested, &cancel_sleep, &cancel_fd};
    static constexpr sluice_clock_t clock = {&clock_now, &clock_monotonic};
    static constexpr sluice_secret_t secret = {&secret_get};
    static constexpr sluice_state_t state = {&state_get, &state_set};
    static constexpr sluice_metrics_t metrics = {&metric_define, &metric_update};
    static constexpr sluice_alloc_t alloc = {&allocate, &release};
    const std::string_view name = id;
    if (host(h).locked()->removed.contains(std::string(name))) {
      return nullptr;
    }
    return name == SLUICE_LOG_ID       ? static_cast<const void*>(&log)
           : name == SLUICE_CANCEL_ID  ? &cancel
           : name == SLUICE_CLOCK_ID   ? &clock
           : name == SLUICE_SECRET_ID  ? &secret
           : name == SLUICE_STATE_ID   ? &state
           : name == SLUICE_METRICS_ID ? &metrics
           : name == SLUICE_ALLOC_ID   ? &alloc
           : name == SLUICE_HTTP_ID    ? FakeHttp::table()
                                       : nullptr;
  }

 private:
  static uint32_t log_enabled(const sluice_host_t* h, uint32_t level) noexcept {
    return level >= host(h).level_.load() ? 1 : 0;
  }
  static void log_write(const sluice_host_t* h, uint32_t level, sluice_str_t message,
                        sluice_str_t fields) noexcept {
    guard_void([&] {
      host(h).locked()->log.push_back(
          {static_cast<Level>(level), std::string(view(message)), std::string(view(fields))});
    });
  }

  static uint32_t cancel_requested(const sluice_host_t* h) noexcept {
    return host(h).step_cancelled() ? 1 : 0;
  }
  static uint32_t cancel_sleep(const sluice_host_t* h, uint64_t ms) noexcept {
    if (host(h).step_cancelled()) {
      return 1;
    }
    const auto us = static_cast<int64_t>(ms) * 1000;
    host(h).advance(std::chrono::microseconds(us));
    host(h).locked()->slept_us += us;
    return 0;
  }
  static int32_t cancel_fd(const sluice_host_t* /*h*/) noexcept { return -1; }

  static int64_t clock_now(const sluice_host_t* h) noexcept { return host(h).locked()->now_us; }
  static int64_t clock_monotonic(const sluice_host_t* h) noexcept {
    return host(h).locked()->monotonic_us;
  }

  static sluice_status_t secret_get(const sluice_host_t* h, sluice_str_t name,
                                    const sluice_put_t* out, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto data = host(h).locked();
      const auto found = data->secrets.find(std::string(view(name)));
      if (found == data->secrets.end()) {
        throw Error(Code::kAuth, "The secret '" + std::string(view(name)) + "' is not set.");
      }
      out->put(out->ctx, found->second.data(), found->second.size());
      return SLUICE_OK;
    });
  }

  static sluice_status_t state_get(const sluice_host_t* h, sluice_str_t name,
                                   const sluice_put_t* out, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto data = host(h).locked();
      const auto found = data->states.find(std::string(view(name)));
      if (found == data->states.end()) {
        return SLUICE_END;
      }
      out->put(out->ctx, found->second.data(), found->second.size());
      return SLUICE_OK;
    });
  }
  static sluice_status_t state_set(const sluice_host_t* h, sluice_str_t name, sluice_bytes_t value,
                                   sluice_error_t* error) noexcept {
    return guard(error, [&] {
      if (name.size > 200 || value.size > (uint64_t{1} << 20U)) {
        throw Error(Code::kInternal, "A state has a name over 200 bytes or a value over 1 MiB.");
      }
      auto data = host(h).locked();
      if (value.data == nullptr) {
        data->states.erase(std::string(view(name)));
      } else {
        data->states[std::string(view(name))] = std::string(view(value));
      }
      return SLUICE_OK;
    });
  }

  static sluice_status_t metric_define(const sluice_host_t* h, uint32_t type, sluice_str_t name,
                                       sluice_str_t help, uint64_t* out,
                                       sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto data = host(h).locked();
      const std::string key(view(name));
      auto& names = data->metric_names;
      const auto known = std::find(names.begin(), names.end(), key);
      *out = static_cast<uint64_t>(known - names.begin()) + 1;
      if (known == names.end()) {
        if (names.size() == 64) {
          throw Error(Code::kUnsupported, "A component has at most 64 metrics.");
        }
        data->metrics[key] = {static_cast<Metric>(type), std::string(view(help)), 0, {}};
        names.push_back(key);
      }
      return SLUICE_OK;
    });
  }
  static void metric_update(const sluice_host_t* h, uint64_t handle, double value) noexcept {
    guard_void([&] {
      auto data = host(h).locked();
      if (handle == 0 || handle > data->metric_names.size()) {
        return;
      }
      auto& metric = data->metrics[data->metric_names[handle - 1]];
      metric.value = metric.type == Metric::kGauge ? value : metric.value + value;
      metric.values.push_back(value);
    });
  }

  static void* allocate(const sluice_host_t* /*h*/, uint64_t size, uint64_t alignment) noexcept {
    void* buffer = nullptr;
    if (::posix_memalign(&buffer, std::max<uint64_t>(alignment, sizeof(void*)), size) != 0) {
      return nullptr;
    }
    auto& counters = AllocCounters::get();
    ++counters.count;
    ++counters.live;
    counters.live_bytes += size;
    return buffer;
  }
  static void release(void* buffer, uint64_t size, uint64_t /*alignment*/) noexcept {
    std::free(buffer);
    auto& counters = AllocCounters::get();
    --counters.live;
    counters.live_bytes -= size;
  }
};

inline FakeHost::FakeHost() {
  host_.struct_size = sizeof(host_);
  host_.abi_major = SLUICE_ABI_MAJOR;
  host_.abi_minor = SLUICE_ABI_MINOR;
  host_.ctx = this;
  host_.get_service = &FakeServices::get_service;
}

inline Allocations FakeHost::allocations() const {
  const auto& counters = AllocCounters::get();
  return {counters.count.load(), counters.live.load(), counters.live_bytes.load()};
}

}  // namespace sluice::testing
