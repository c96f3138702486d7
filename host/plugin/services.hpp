// SPDX-License-Identifier: Apache-2.0
//
// The host as one plugin instance sees it: its sluice_host_t, and what the static service tables
// find behind it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/component.hpp"

namespace sluice::host {

// An HTTP answer as a plugin holds it.
struct HttpBody {
  std::unique_ptr<HttpExchange> exchange;
};

// Thread-safe. Lives until after destroy() of its instance; not movable, since plugins hold its
// address.
class ServiceContext {
 public:
  // `secrets`: names that the configuration refers to.
  ServiceContext(Services services, std::set<std::string, std::less<>> secrets);
  ServiceContext(const ServiceContext&) = delete;
  ServiceContext& operator=(const ServiceContext&) = delete;
  ~ServiceContext();

  [[nodiscard]] const sluice_host_t* host() const { return &host_; }
  static ServiceContext& of(const sluice_host_t* host) {
    return *static_cast<ServiceContext*>(host->ctx);
  }
  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] HttpCaller& http_caller();

  // `text` with every secret value that this instance has been given replaced by "***".
  [[nodiscard]] std::string redacted(std::string text) const;
  // Error of a plugin's call, redacted.
  [[nodiscard]] Error redacted(Error error) const;

  [[nodiscard]] Result<std::string> secret(std::string_view name);
  // Handle above 0, or 0 when there are too many.
  uint64_t define_metric(uint32_t type, std::string name, std::string help);
  void update_metric(uint64_t handle, double value);
  [[nodiscard]] std::vector<Metric> metrics() const;

  // Bodies that the plugin forgot to close end with the instance.
  HttpBody* add_body(std::unique_ptr<HttpExchange> exchange);
  [[nodiscard]] HttpBody* body(void* handle) const;  // null: not one of ours
  void close_body(void* handle);

 private:
  Services services_;
  std::set<std::string, std::less<>> secrets_;
  HttpCaller own_caller_;
  sluice_host_t host_{};
  mutable std::mutex mutex_;  // all below
  std::vector<std::string> secret_values_;
  std::vector<Metric> metrics_;
  std::map<void*, std::unique_ptr<HttpBody>> bodies_;
};

// Table for a service id as this instance has it, or null.
const void* service_table(const ServiceContext& context, std::string_view id);
const sluice_http_t* http_table();
const sluice_alloc_t* alloc_table();
const sluice_state_t* state_table();
const sluice_metrics_t* metrics_table();

}  // namespace sluice::host
