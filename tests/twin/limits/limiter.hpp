// SPDX-License-Identifier: Apache-2.0
//
// What is common to the limiters of the services: quotas, bans, counters, settings. A limiter
// judges a request before its service answers it; it plays the service's part only, and counts what
// the client did wrong.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/twin/limits/window.hpp"
#include "tests/twin/message.hpp"

namespace sluice::twin::limits {

struct Quota {
  std::string name;
  Window::Kind kind = Window::Kind::kSliding;
  double amount = 0;
  std::int64_t per_ms = 0;  // unscaled
};

// What becomes of a request.
struct Verdict {
  std::optional<Response> refusal;                           // instead of the service's answer
  std::vector<std::pair<std::string, std::string>> headers;  // of whatever is answered
  std::uint32_t delay_ms = 0;
};

// Times are wall clock microseconds, given by the caller and never falling. Not thread-safe.
class Limiter {
 public:
  explicit Limiter(std::vector<Quota> quotas);
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;
  virtual ~Limiter();

  Verdict admit(const Request& request, std::int64_t now_us);

  // Changes settings (README.md, "Limits"). Throws std::invalid_argument naming the key; settings
  // of the service's own that stand before it are then in force. "limits" and "scale" begin all
  // windows anew.
  void configure(const nlohmann::json& settings, std::int64_t now_us);

  // Counters, windows and settings.
  nlohmann::json report(std::int64_t now_us);

 protected:
  virtual Verdict judge(const Request& request, std::int64_t now_us) = 0;
  virtual Verdict banned(std::int64_t left_us);
  // Takes one setting of the service's own; false if there is none of that name.
  virtual bool take(const std::string& key, const nlohmann::json& value);
  virtual void forget();  // windows, throttles and strikes
  virtual void list_windows(std::map<std::string, Window*>& out);

  // Refuses with a ban that begins now.
  Verdict ban(std::int64_t now_us, std::int64_t unscaled_ms);
  Window& window(std::string_view quota);
  Window make_window(std::string_view quota) const;
  // A duration of the service's own as it is here.
  std::int64_t scaled_us(std::int64_t ms) const;
  // Seconds as the service tells them: whole ones, rounded up; with "fractions" three decimals.
  std::string seconds(std::int64_t us) const;
  double scale() const { return scale_; }

  struct Counters {
    std::uint64_t requests = 0;
    std::uint64_t violations = 0;   // requests that came above a limit the client could know
    std::uint64_t unavoidable = 0;  // refusals that it could not foresee
    std::uint64_t slowed = 0;
    std::uint64_t bans = 0;
    std::uint64_t during_ban = 0;  // requests while a ban was on
    std::map<int, std::uint64_t> answers;
  };
  Counters counters_;

 private:
  std::vector<Quota> quotas_;
  std::map<std::string, Window, std::less<>> windows_;
  double scale_ = 1;
  bool fractions_ = false;
  std::int64_t ban_until_us_ = 0;
};

// The names that make_limiter() knows.
std::vector<std::string> limiter_names();
std::unique_ptr<Limiter> make_limiter(std::string_view service);

std::unique_ptr<Limiter> make_binance();
std::unique_ptr<Limiter> make_blizzard();
std::unique_ptr<Limiter> make_bungie();
std::unique_ptr<Limiter> make_coingecko();
std::unique_ptr<Limiter> make_discord();
std::unique_ptr<Limiter> make_wise_old_man();

// For settings: the value as what it must be, or std::invalid_argument naming the key.
std::int64_t whole_setting(const std::string& key, const nlohmann::json& value);
bool flag_setting(const std::string& key, const nlohmann::json& value);

}  // namespace sluice::twin::limits
