// SPDX-License-Identifier: Apache-2.0
//
// Services sluice.alloc/1, sluice.state/1 and sluice.metrics/1.
#include <atomic>
#include <cmath>
#include <cstdlib>

#include "host/ledger/ledger.hpp"
#include "host/plugin/services.hpp"
#include "host/plugin/status.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

// --- sluice.alloc/1: process-wide, since buffers outlive their instance ---
std::atomic<uint64_t> allocated{0};
std::atomic<uint64_t> allocation_limit{0};

void* alloc_allocate(const sluice_host_t* /*host*/, uint64_t size, uint64_t alignment) noexcept {
  constexpr uint64_t kMaxSize = 1ULL << 46;
  if (alignment == 0 || alignment > 4096 || (alignment & (alignment - 1)) != 0 || size > kMaxSize) {
    return nullptr;
  }
  const uint64_t limit = allocation_limit.load(std::memory_order_relaxed);
  if (allocated.fetch_add(size) + size > limit && limit != 0) {
    allocated.fetch_sub(size);
    return nullptr;
  }
  // Whole multiples of the alignment, as aligned_alloc asks; never zero bytes.
  const uint64_t rounded = (size + alignment) / alignment * alignment;
  void* buffer = std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(rounded));
  if (buffer == nullptr) {
    allocated.fetch_sub(size);
  }
  return buffer;
}

void alloc_free(void* buffer, uint64_t size, uint64_t /*alignment*/) noexcept {
  if (buffer != nullptr) {
    std::free(buffer);  // NOLINT(cppcoreguidelines-no-malloc): pairs with aligned_alloc
    allocated.fetch_sub(size);
  }
}

// --- sluice.state/1 ---
constexpr size_t kMaxStateNameBytes = 200;
constexpr size_t kMaxStateBytes = 1U << 20;
// In front of every stored value, because the ledger takes an empty one for none.
constexpr char kStateMark = '=';
// Alone: it was removed, although the ledger behind the scratch one may still have it.
constexpr char kRemovedMark = '-';

std::string state_scope(const ServiceContext& context) {
  return context.services().pipeline + "/" + context.services().component;
}

Result<std::string_view> state_name(sluice_str_t name) {
  const std::string_view text = view(name);
  if (text.empty() || text.size() > kMaxStateNameBytes || !is_utf8(text)) {
    return Error{Code::kInternal, "sluice.state/1: a name is 1 to 200 bytes of UTF-8"};
  }
  return text;
}

sluice_status_t state_get(const sluice_host_t* host, sluice_str_t name, const sluice_put_t* out,
                          sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    const ServiceContext& context = ServiceContext::of(host);
    const auto key = state_name(name);
    if (!key) {
      return key.error();
    }
    if (out == nullptr || out->put == nullptr) {
      return Error{Code::kInternal, "sluice.state/1: get() needs a put callback"};
    }
    for (Ledger* ledger : {context.services().scratch, context.services().ledger}) {
      if (ledger == nullptr) {
        continue;
      }
      const auto value = ledger->blob(state_scope(context), *key);
      if (!value && value.error().code == Code::kNotFound) {
        continue;
      }
      if (!value) {
        return value.error();
      }
      if (value->empty() || (*value)[0] != kStateMark) {
        return SLUICE_END;
      }
      out->put(out->ctx, value->data() + 1, value->size() - 1);
      return SLUICE_OK;
    }
    return SLUICE_END;
  });
}

sluice_status_t state_set(const sluice_host_t* host, sluice_str_t name, sluice_bytes_t value,
                          sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    const ServiceContext& context = ServiceContext::of(host);
    const auto key = state_name(name);
    if (!key) {
      return key.error();
    }
    if (value.data != nullptr && value.size > kMaxStateBytes) {
      return Error{Code::kInternal, "sluice.state/1: a value is at most 1 MiB"};
    }
    std::string stored;
    if (value.data != nullptr) {
      stored = kStateMark;
      stored += view(value);
    }
    Ledger* scratch = context.services().scratch;
    if (scratch != nullptr && stored.empty()) {
      stored.assign(1, kRemovedMark);
    }
    Ledger& ledger = scratch != nullptr ? *scratch : *context.services().ledger;
    SLUICE_TRY(ledger.put_blob(state_scope(context), *key, stored));
    return SLUICE_OK;
  });
}

// --- sluice.metrics/1 ---
bool is_metric_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name[0] < 'a' || name[0] > 'z') {
    return false;
  }
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
      return false;
    }
  }
  return true;
}

sluice_status_t metrics_define(const sluice_host_t* host, uint32_t type, sluice_str_t name,
                               sluice_str_t help, uint64_t* out_handle,
                               sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    if (out_handle == nullptr || !is_metric_name(view(name))) {
      return Error{Code::kInternal,
                   "sluice.metrics/1: a name is [a-z][a-z0-9_]* of at most 100 bytes"};
    }
    if (type < SLUICE_METRIC_COUNTER || type > SLUICE_METRIC_HISTOGRAM) {
      return Error{Code::kUnsupported, "sluice.metrics/1: unknown type of metric"};
    }
    *out_handle = ServiceContext::of(host).define_metric(type, std::string(view(name)),
                                                         clean_text(view(help), 400));
    if (*out_handle == 0) {
      return Error{Code::kUnsupported, "sluice.metrics/1: a component has at most 64 metrics"};
    }
    return SLUICE_OK;
  });
}

void metrics_update(const sluice_host_t* host, uint64_t handle, double value) noexcept {
  quiet_barrier([&] {
    if (std::isfinite(value)) {
      ServiceContext::of(host).update_metric(handle, value);
    }
  });
}

constexpr sluice_alloc_t kAlloc = {alloc_allocate, alloc_free};
constexpr sluice_state_t kState = {state_get, state_set};
constexpr sluice_metrics_t kMetrics = {metrics_define, metrics_update};

}  // namespace

const sluice_alloc_t* alloc_table() {
  return &kAlloc;
}
const sluice_state_t* state_table() {
  return &kState;
}
const sluice_metrics_t* metrics_table() {
  return &kMetrics;
}

uint64_t plugin_allocated_bytes() {
  return allocated.load();
}
void set_plugin_allocation_limit(uint64_t bytes) {
  allocation_limit.store(bytes);
}

}  // namespace sluice::host
