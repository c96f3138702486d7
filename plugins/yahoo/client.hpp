// SPDX-License-Identifier: Apache-2.0
//
// Requests for charts, and what their refusals mean.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace yahoo {

// What to ask for; seconds since the epoch, both ends included.
struct ChartQuery {
  std::string_view interval;  // as Yahoo writes it
  int64_t from_s = 0, to_s = 0;
  bool pre_post = false;

  std::string path(std::string_view symbol) const;
};

// Threads: any. Refers to the host and the selection.
class Client {
 public:
  // Tells the host where the service answers, and to be polite to it.
  Client(const sluice::Host& host, const Selection& selection);

  // The body of a chart; nothing if the service says that there are no data. Throws what another
  // refusal means.
  std::optional<std::string> chart(const Security& security, const ChartQuery& query) const;

 private:
  // Cookie and crumb, which belong together.
  struct Pass {
    std::string cookie, crumb;
  };
  sluice::HttpResponse send(const std::string& path, const Pass& pass) const;
  sluice::HttpResponse send_with_pass(const std::string& path) const;
  Pass pass(const std::string& refused) const;
  Pass obtain() const;
  // What the service said of a symbol that it does not know.
  std::optional<sluice::Error> unknown(const std::string& symbol) const;

  const sluice::Host& host_;
  const Selection& selection_;
  mutable std::mutex mutex_;
  mutable Pass pass_;                                     // guarded by mutex_
  mutable std::map<std::string, sluice::Error> unknown_;  // by symbol; guarded by mutex_
};

// A part of a path.
std::string escaped(std::string_view text);
// The cookies A1 and A3 of a Set-Cookie header, as a Cookie header.
std::string cookies_of(const std::string& set_cookie);
// Whether a text that the crumb's address answered with is one.
bool is_crumb(std::string_view text);

// What an answer that is a refusal means: nothing if there are no data, else an error.
std::optional<sluice::Error> refusal(const Security& security, uint32_t status,
                                     std::string_view code, const std::string& description);

}  // namespace yahoo
