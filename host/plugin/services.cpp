// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/services.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/plugin/status.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMaxMetrics = 64;
constexpr size_t kMaxMessageBytes = 8U << 10;
constexpr size_t kMaxFieldsBytes = 32U << 10;
constexpr size_t kShortestSecret = 3;  // shorter values would tear ordinary text apart

// --- sluice.log/1 ---
uint32_t log_enabled(const sluice_host_t* host, uint32_t level) noexcept {
  return level >= ServiceContext::of(host).services().log_level ? 1 : 0;
}

// `fields` as a JSON object; what is none becomes the value of one field.
std::string checked_fields(std::string_view fields) {
  if (fields.empty()) {
    return {};
  }
  if (fields.size() <= kMaxFieldsBytes && nlohmann::json::accept(fields) &&
      fields[fields.find_first_not_of(" \t\r\n")] == '{') {
    return std::string(fields);
  }
  return nlohmann::json{{"fields", clean_text(fields, 1000)}}.dump();
}

void log_write(const sluice_host_t* host, uint32_t level, sluice_str_t message,
               sluice_str_t fields) noexcept {
  quiet_barrier([&] {
    const ServiceContext& context = ServiceContext::of(host);
    level = std::min(level, SLUICE_LOG_ERROR);
    if (level >= context.services().log_level && context.services().log) {
      context.services().log(level, context.redacted(clean_text(view(message), kMaxMessageBytes)),
                             context.redacted(checked_fields(view(fields))));
    }
  });
}

// --- sluice.cancel/1 ---
uint32_t cancel_requested(const sluice_host_t* host) noexcept {
  return ServiceContext::of(host).services().cancel->requested() ? 1 : 0;
}
uint32_t cancel_sleep_ms(const sluice_host_t* host, uint64_t ms) noexcept {
  constexpr uint64_t kDay = 86'400'000;  // what the clocks below cannot overflow on
  const Cancel& cancel = *ServiceContext::of(host).services().cancel;
  try {
    for (; ms > kDay; ms -= kDay) {
      if (cancel.sleep_ms(kDay)) {
        return 1;
      }
    }
    return cancel.sleep_ms(ms) ? 1 : 0;
  } catch (...) {
    return cancel.requested() ? 1 : 0;
  }
}
int32_t cancel_fd(const sluice_host_t* host) noexcept {
  return ServiceContext::of(host).services().cancel->fd();
}

// --- sluice.clock/1 ---
int64_t clock_now_us(const sluice_host_t* host) noexcept {
  return ServiceContext::of(host).services().clock->now_us();
}
int64_t clock_monotonic_us(const sluice_host_t* host) noexcept {
  return ServiceContext::of(host).services().clock->monotonic_us();
}

// --- sluice.secret/1 ---
sluice_status_t secret_get(const sluice_host_t* host, sluice_str_t name, const sluice_put_t* out,
                           sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    if (out == nullptr || out->put == nullptr) {
      return Error{Code::kInternal, "sluice.secret/1: get() needs a put callback"};
    }
    auto value = ServiceContext::of(host).secret(view(name));
    if (!value) {
      return std::move(value).error();
    }
    out->put(out->ctx, value->data(), value->size());
    return SLUICE_OK;
  });
}

constexpr sluice_log_t kLog = {log_enabled, log_write};
constexpr sluice_cancel_t kCancel = {cancel_requested, cancel_sleep_ms, cancel_fd};
constexpr sluice_clock_t kClock = {clock_now_us, clock_monotonic_us};
constexpr sluice_secret_t kSecret = {secret_get};

const void* get_service(const sluice_host_t* host, const char* id) noexcept {
  return id == nullptr ? nullptr : service_table(ServiceContext::of(host), id);
}

void replace_all(std::string& text, const std::string& what) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += 3) {
    text.replace(at, what.size(), "***");
  }
}

}  // namespace

const void* service_table(const ServiceContext& context, std::string_view id) {
  const Services& services = context.services();
  if (id == SLUICE_LOG_ID) {
    return &kLog;
  }
  if (id == SLUICE_CANCEL_ID) {
    return &kCancel;
  }
  if (id == SLUICE_CLOCK_ID) {
    return &kClock;
  }
  if (id == SLUICE_SECRET_ID) {
    return services.secret ? &kSecret : nullptr;
  }
  if (id == SLUICE_HTTP_ID) {
    return services.http != nullptr ? http_table() : nullptr;
  }
  if (id == SLUICE_STATE_ID) {
    return services.ledger != nullptr || services.scratch != nullptr ? state_table() : nullptr;
  }
  if (id == SLUICE_METRICS_ID) {
    return metrics_table();
  }
  return id == SLUICE_ALLOC_ID ? alloc_table() : nullptr;
}

ServiceContext::ServiceContext(Services services, std::set<std::string, std::less<>> secrets)
    : services_(std::move(services)), secrets_(std::move(secrets)) {
  host_ = {sizeof host_, SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR, this, get_service};
}

ServiceContext::~ServiceContext() = default;

HttpCaller& ServiceContext::http_caller() {
  return services_.http_caller != nullptr ? *services_.http_caller : own_caller_;
}

std::string ServiceContext::redacted(std::string text) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& value : secret_values_) {
    replace_all(text, value);
  }
  return text;
}

Error ServiceContext::redacted(Error error) const {
  error.message = redacted(std::move(error.message));
  return error;
}

Result<std::string> ServiceContext::secret(std::string_view name) {
  if (secrets_.find(name) == secrets_.end()) {
    return Error{Code::kUnsupported,
                 "the configuration of this component refers to no secret of that name"};
  }
  auto value = services_.secret(name);
  if (value && value->size() >= kShortestSecret) {
    const std::lock_guard lock(mutex_);
    if (std::find(secret_values_.begin(), secret_values_.end(), *value) == secret_values_.end()) {
      secret_values_.push_back(*value);
      // Longest first: one secret may be part of another.
      std::sort(secret_values_.begin(), secret_values_.end(),
                [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
    }
  }
  return value;
}

uint64_t ServiceContext::define_metric(uint32_t type, std::string name, std::string help) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < metrics_.size(); ++i) {
    if (metrics_[i].name == name) {
      return i + 1;
    }
  }
  if (metrics_.size() >= kMaxMetrics) {
    return 0;
  }
  Metric metric;
  metric.type = type;
  metric.name = std::move(name);
  metric.help = std::move(help);
  metrics_.push_back(std::move(metric));
  return metrics_.size();
}

void ServiceContext::update_metric(uint64_t handle, double value) {
  const std::lock_guard lock(mutex_);
  if (handle == 0 || handle > metrics_.size()) {
    return;
  }
  Metric& metric = metrics_[handle - 1];
  if (metric.type == SLUICE_METRIC_COUNTER && value < 0) {
    return;  // counters only grow
  }
  metric.value = metric.type == SLUICE_METRIC_GAUGE ? value : metric.value + value;
  metric.min = metric.count == 0 ? value : std::min(metric.min, value);
  metric.max = metric.count == 0 ? value : std::max(metric.max, value);
  ++metric.count;
}

std::vector<Metric> ServiceContext::metrics() const {
  const std::lock_guard lock(mutex_);
  return metrics_;
}

HttpBody* ServiceContext::add_body(std::unique_ptr<HttpExchange> exchange) {
  auto body = std::make_unique<HttpBody>();
  body->exchange = std::move(exchange);
  const std::lock_guard lock(mutex_);
  HttpBody* handle = body.get();
  bodies_.emplace(handle, std::move(body));
  return handle;
}

HttpBody* ServiceContext::body(void* handle) const {
  const std::lock_guard lock(mutex_);
  const auto found = bodies_.find(handle);
  return found == bodies_.end() ? nullptr : found->second.get();
}

void ServiceContext::close_body(void* handle) {
  std::unique_ptr<HttpBody> body;  // declared first: ends outside of the lock, as that may wait
  const std::lock_guard lock(mutex_);
  if (const auto found = bodies_.find(handle); found != bodies_.end()) {
    body = std::move(found->second);
    bodies_.erase(found);
  }
}

}  // namespace sluice::host
