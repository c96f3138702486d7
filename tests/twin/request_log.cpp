// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/request_log.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::twin {

RequestLog::RequestLog() : start_(std::chrono::steady_clock::now()) {}

void RequestLog::connection_opened() {
  const std::lock_guard lock(mutex_);
  ++connections_;
  max_open_ = std::max(max_open_, ++open_);
}

void RequestLog::connection_closed() {
  const std::lock_guard lock(mutex_);
  --open_;
}

void RequestLog::begin() {
  const std::lock_guard lock(mutex_);
  max_in_flight_ = std::max(max_in_flight_, ++in_flight_);
}

void RequestLog::leave() {
  const std::lock_guard lock(mutex_);
  --in_flight_;
}

std::uint64_t RequestLog::count(const Request& request, const Response& response,
                                const std::string& fault, std::uint64_t bytes) {
  const bool conditional =
      !request.header("if-none-match").empty() || !request.header("if-modified-since").empty();
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const std::lock_guard lock(mutex_);
  ++serial_;
  ++requests_;
  bytes_ += bytes;
  conditional_ += conditional ? 1 : 0;
  conditional_hits_ += conditional && response.status == 304 ? 1 : 0;
  ranges_ += response.status == 206 ? 1 : 0;
  ++by_kind_[response.kind];
  ++by_status_[std::to_string(response.status)];
  ++by_method_[request.method];
  if (!fault.empty()) {
    ++by_fault_[fault];
  }
  entries_.push_back(
      {serial_, std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count(),
       request.method, request.target, response.status, bytes, conditional, response.kind, fault});
  if (entries_.size() > kKept) {
    entries_.pop_front();
  }
  return serial_;
}

void RequestLog::correct(std::uint64_t ticket, std::uint64_t announced, std::uint64_t sent) {
  const std::lock_guard lock(mutex_);
  if (ticket < first_) {
    return;  // forgotten by a reset meanwhile, or a control request
  }
  bytes_ = bytes_ - announced + sent;
  if (!entries_.empty() && ticket >= entries_.front().number) {
    entries_[ticket - entries_.front().number].bytes = sent;
  }
}

void RequestLog::reset() {
  const std::lock_guard lock(mutex_);
  first_ = serial_ + 1;
  requests_ = bytes_ = conditional_ = conditional_hits_ = ranges_ = connections_ = 0;
  max_in_flight_ = in_flight_;
  max_open_ = open_;
  by_kind_.clear();
  by_status_.clear();
  by_method_.clear();
  by_fault_.clear();
  entries_.clear();
}

std::string RequestLog::stats() const {
  const std::lock_guard lock(mutex_);
  const nlohmann::json document = {{"requests", requests_},
                                   {"bytes", bytes_},
                                   {"in_flight", in_flight_},
                                   {"max_in_flight", max_in_flight_},
                                   {"connections", connections_},
                                   {"open_connections", open_},
                                   {"max_open_connections", max_open_},
                                   {"conditional", conditional_},
                                   {"conditional_hits", conditional_hits_},
                                   {"partial", ranges_},
                                   {"by_kind", by_kind_},
                                   {"by_status", by_status_},
                                   {"by_method", by_method_},
                                   {"by_fault", by_fault_}};
  return document.dump();
}

std::string RequestLog::tail(std::size_t count) const {
  using nlohmann::json;
  json list = json::array();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = entries_.size() - std::min(count, entries_.size()); i < entries_.size();
       ++i) {
    const Entry& entry = entries_[i];
    list.push_back({{"n", entry.number},
                    {"at_ms", entry.at_ms},
                    {"method", entry.method},
                    {"target", entry.target},
                    {"status", entry.status},
                    {"bytes", entry.bytes},
                    {"conditional", entry.conditional},
                    {"kind", entry.kind},
                    {"fault", entry.fault}});
  }
  // A target may hold any byte; what is not UTF-8 is replaced instead of failing the answer.
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sluice::twin
