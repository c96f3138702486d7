// SPDX-License-Identifier: Apache-2.0
#include "host/http/answer.hpp"

#include <algorithm>

namespace sluice::host {

bool is_success(uint32_t status) {
  return status >= 200 && status < 300;
}

Error status_error(const std::string& place, uint32_t status, std::chrono::milliseconds wait) {
  const std::string answered = place + ": the service answered " + std::to_string(status);
  const auto wait_ms = static_cast<uint32_t>(std::clamp<int64_t>(wait.count(), 0, UINT32_MAX));
  if (status == 401 || status == 403) {
    return Error{Code::kAuth, answered + "; check the credentials and what they allow", 0, status};
  }
  if (status == 429) {
    return Error{Code::kRateLimited,
                 answered + ": too many requests; give it a [[limit]], or a lower one", wait_ms,
                 status};
  }
  if (status == kBannedStatus) {
    return Error{Code::kRateLimited,
                 answered +
                     ": it has banned this address for too many requests; see `sluice "
                     "limits`, and give it a [[limit]], or a lower one",
                 wait_ms, status};
  }
  if (status == 304) {
    return Error{Code::kUnavailable,
                 answered + " to a request without conditions; the service or a cache is broken", 0,
                 status};
  }
  return Error{Code::kUnavailable, answered + "; it is overloaded or broken", wait_ms, status};
}

Error wrong_type(const std::string& place, uint32_t status, const std::string& expect,
                 const std::string& type) {
  const std::string answered =
      media_type_matches(type, "text/html, application/xhtml+xml")
          ? ": the service answered " + std::to_string(status) + " with an HTML page instead of "
          : ": the answer is of another type than ";
  return Error{Code::kUnavailable,
               place + answered + expect +
                   "; look at the URL in a browser, it may show an error, log-in or maintenance "
                   "page",
               0, status};
}

// Did something in the service's way answer with a page of its own?
bool is_firewall(const HttpRequest& request, const Head& head) {
  const std::string type = head.field("Content-Type");
  return (head.status == 403 || head.status == 451) && !request.expect.empty() &&
         media_type_matches(type, "text/html") && !media_type_matches(type, request.expect);
}

Error firewall_error(const std::string& place, uint32_t status) {
  return Error{Code::kAuth,
               place + ": a web page with status " + std::to_string(status) +
                   " came in the service's place, most likely from a firewall that refuses this "
                   "address or client; ask less, name a contact with user_agent in [http], or ask "
                   "the operator to be let in",
               0, status};
}

}  // namespace sluice::host
