// SPDX-License-Identifier: Apache-2.0
#include "host/http/service_stats.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::host {
namespace {

constexpr size_t kMany = 1024;  // scopes beyond are counted together
constexpr uint64_t kSub = 8;    // buckets to each doubling
constexpr int kSubBits = 3;

size_t bucket_of(uint64_t us) {
  if (us < kSub) {
    return static_cast<size_t>(us);
  }
  const int exponent = static_cast<int>(std::bit_width(us)) - 1 - kSubBits;
  const size_t index =
      kSub + static_cast<size_t>(exponent) * kSub + static_cast<size_t>((us >> exponent) - kSub);
  return std::min(index, LatencyHistogram::kBuckets - 1);
}

// The middle of a bucket's values.
int64_t value_of(size_t bucket) {
  if (bucket < kSub) {
    return static_cast<int64_t>(bucket);
  }
  const auto exponent = (bucket - kSub) / kSub;
  const uint64_t low = (kSub + (bucket - kSub) % kSub) << exponent;
  return static_cast<int64_t>(low + (uint64_t{1} << exponent) / 2);
}

}  // namespace

void LatencyHistogram::add(int64_t us) {
  counts_.at(bucket_of(static_cast<uint64_t>(std::max<int64_t>(us, 0))))
      .fetch_add(1, std::memory_order_relaxed);
}

LatencyHistogram::Counts LatencyHistogram::counts() const {
  Counts out{};
  std::transform(counts_.begin(), counts_.end(), out.begin(),
                 [](const auto& count) { return count.load(std::memory_order_relaxed); });
  return out;
}

int64_t LatencyHistogram::quantile(const Counts& counts, double share) {
  uint64_t total = 0;
  for (const uint64_t count : counts) {
    total += count;
  }
  const auto wanted =
      static_cast<uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(total)));
  uint64_t below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    below += counts.at(i);
    if (below > 0 && below >= wanted) {
      return value_of(i);
    }
  }
  return 0;
}

std::shared_ptr<ServiceCounters> ServiceStats::of(const std::string& scope,
                                                  const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find({scope, endpoint});
  if (found != all_.end()) {
    return found->second;
  }
  const Key key = all_.size() < kMany ? Key{scope, endpoint} : Key{"(others)", "(others)"};
  auto& entry = all_[key];
  if (!entry) {
    entry = std::make_shared<ServiceCounters>();
  }
  return entry;
}

std::vector<ServiceSnapshot> ServiceStats::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<ServiceSnapshot> out;
  out.reserve(all_.size());
  for (const auto& [key, counters] : all_) {
    ServiceSnapshot& s = out.emplace_back();
    s.scope = key.first;
    s.endpoint = key.second;
    s.requests = counters->requests;
    std::copy(counters->by_class.begin(), counters->by_class.end(), s.by_class.begin());
    // In this order, so that a call that ends meanwhile makes no share above one.
    s.first_try = counters->first_try;
    s.succeeded = counters->succeeded;
    s.calls = counters->calls;
    s.retries = counters->retries;
    s.bytes = counters->bytes;
    s.limit_wait_us = counters->limit_wait_us;
    s.breaker_wait_us = counters->breaker_wait_us;
    s.openings = counters->openings;
    s.latency = counters->latency.counts();
    s.median_us = LatencyHistogram::quantile(s.latency, 0.5);
    s.p95_us = LatencyHistogram::quantile(s.latency, 0.95);
  }
  return out;
}

}  // namespace sluice::host
