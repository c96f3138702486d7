// SPDX-License-Identifier: Apache-2.0
//
// A bucket for each route and top-level id (channel, guild, webhook), 50 requests a second over
// all. Headers tell the bucket; with "lie" they tell plenty, and then comes 429 all the same, as
// the service did on lists of messages. "shared" refusals come for what others did. Too many
// refusals ban the address.
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/twin/hash.hpp"
#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr double kTold = 1000;  // the limit that is told where it is a lie
constexpr const char* kLimited = "You are being rate limited.";

std::string fraction(std::int64_t us) {
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), "%.3f",
                      std::ceil(static_cast<double>(us) / 1e3) / 1e3);
  return text.data();
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The path with every id but the top-level one blotted out: GET /channels/7/messages/:id.
std::string bucket_of(const Request& request) {
  static const std::set<std::string_view> kTop = {"channels", "guilds", "webhooks"};
  std::string out = request.method + " ";
  std::string_view rest = request.path, before;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // '/'
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    out += "/";
    out += is_number(part) && kTop.count(before) == 0 ? ":id" : part;
    before = part;
  }
  return out;
}

class Discord final : public Limiter {
 public:
  Discord()
      : Limiter({{"route", Window::Kind::kFirst, 5, 5000},
                 {"global", Window::Kind::kSliding, 50, 1000},
                 {"invalid", Window::Kind::kSliding, 10'000, 600'000}}) {}

 private:
  struct Bucket {
    explicit Bucket(Window window) : requests(std::move(window)) {}
    Window requests;
    std::int64_t refused_us = 0;     // when its present window first refused
    std::int64_t refused_until = 0;  // end of that window
  };

  Verdict judge(const Request& request, std::int64_t now_us) override {
    if (shared_ > 0) {
      --shared_;
      ++counters_.unavoidable;
      return refuse("shared", scaled_us(shared_ms_), false);
    }
    Window& global = window("global");
    if (!global.take(1, now_us)) {
      ++counters_.violations;
      return invalid(refuse("global", global.left_us(now_us), true), now_us);
    }
    const std::string name = bucket_of(request);
    Bucket& bucket = buckets_.try_emplace(name, make_window("route")).first->second;
    const bool fits = bucket.requests.take(1, now_us);
    Verdict verdict;
    if (!fits) {
      count_refusal(bucket, now_us);
      verdict = refuse("user", bucket.requests.left_us(now_us), false);
    }
    tell(verdict, name, bucket, now_us, lie_ && fits);
    return fits ? verdict : invalid(std::move(verdict), now_us);
  }

  // Who was told that plenty remains could not know, until the first refusal has reached it.
  void count_refusal(Bucket& bucket, std::int64_t now_us) {
    if (now_us >= bucket.refused_until) {
      bucket.refused_us = now_us;
      bucket.refused_until = bucket.requests.ends_us(now_us);
    }
    const bool told = !lie_ || now_us > bucket.refused_us + grace_ms_ * 1000;
    ++(told ? counters_.violations : counters_.unavoidable);
  }

  static void tell(Verdict& verdict, const std::string& name, Bucket& bucket, std::int64_t now_us,
                   bool lying) {
    const double limit = lying ? kTold : bucket.requests.amount();
    const double left = limit - bucket.requests.used(now_us);
    std::array<char, 24> id{};
    (void)std::snprintf(id.data(), id.size(), "%016llx",
                        static_cast<unsigned long long>(hash_text(name)));
    const auto add = [&](const char* header, const std::string& value) {
      verdict.headers.emplace_back(header, value);
    };
    add("X-RateLimit-Limit", std::to_string(static_cast<std::int64_t>(limit)));
    add("X-RateLimit-Remaining", std::to_string(static_cast<std::int64_t>(left)));
    add("X-RateLimit-Reset", fraction(bucket.requests.ends_us(now_us)));
    add("X-RateLimit-Reset-After", fraction(bucket.requests.left_us(now_us)));
    add("X-RateLimit-Bucket", id.data());
  }

  static Verdict refuse(const char* scope, std::int64_t wait_us, bool global) {
    Verdict verdict;
    const double wait = std::ceil(static_cast<double>(wait_us) / 1e3) / 1e3;
    verdict.refusal = make_response(
        429, "application/json",
        json{{"message", kLimited}, {"retry_after", wait}, {"global", global}}.dump(), "refused");
    verdict.headers.emplace_back("Retry-After",
                                 std::to_string(static_cast<std::int64_t>(std::ceil(wait))));
    verdict.headers.emplace_back("X-RateLimit-Scope", scope);
    if (global) {
      verdict.headers.emplace_back("X-RateLimit-Global", "true");
    }
    return verdict;
  }

  // Counts an answer of the kind that bans when there are too many.
  Verdict invalid(Verdict verdict, std::int64_t now_us) {
    return window("invalid").take(1, now_us) ? std::move(verdict) : ban(now_us, kHourMs);
  }

  Verdict banned(std::int64_t left_us) override {  // by the edge: no word of buckets
    Verdict verdict;
    verdict.refusal = make_response(
        429, "text/html", "<html><body>You are being blocked.</body></html>\n", "refused");
    verdict.headers.emplace_back("Retry-After", seconds(left_us));
    return verdict;
  }

  bool take(const std::string& key, const json& value) override {
    if (key == "lie") {
      lie_ = flag_setting(key, value);
    } else if (key == "shared") {
      shared_ = whole_setting(key, value);
    } else if (key == "shared_ms") {
      shared_ms_ = whole_setting(key, value);
    } else if (key == "grace_ms") {
      grace_ms_ = whole_setting(key, value);
    } else {
      return false;
    }
    return true;
  }

  void forget() override {
    Limiter::forget();
    buckets_.clear();
  }

  void list_windows(std::map<std::string, Window*>& out) override {
    Limiter::list_windows(out);
    out.erase("route");
    for (auto& [name, bucket] : buckets_) {
      out.emplace(name, &bucket.requests);
    }
  }

  std::map<std::string, Bucket> buckets_;
  bool lie_ = false;
  std::int64_t shared_ = 0;  // so many requests are refused for what others did
  std::int64_t shared_ms_ = 1000;
  std::int64_t grace_ms_ = 100;  // until a client can have heard of a refusal, unscaled
};

}  // namespace

std::unique_ptr<Limiter> make_discord() {
  return std::make_unique<Discord>();
}

}  // namespace sluice::twin::limits
