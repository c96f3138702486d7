// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::twin {

// One parsed request, free of the HTTP library's types. `path` is percent-decoded, `target` is as
// sent.
struct Request {
  std::string method;
  std::string target;
  std::string path;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case; the last of equal names wins
  std::string body;

  // The value of header `name` (lower case), or an empty view.
  std::string_view header(const std::string& name) const;
  // The value of query parameter `name`, or `fallback`.
  std::string query_or(const std::string& name, const std::string& fallback) const;
};

// What a service answers. The body is shared so that a cached archive is sent without a copy.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body;
  std::size_t offset = 0;      // first byte of `body` that is sent
  std::size_t length = 0;      // number of bytes that are sent (for HEAD: announced)
  std::uint32_t delay_ms = 0;  // the service takes its time before it answers
  std::string kind;  // class of the path, for the counters: "archive", "listing", "missing" ...
};

// An answer given in process.
struct Answered {
  int status = 0;  // 0: none came (the connection was lost before, or nothing was ever sent)
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<std::size_t>
      breaks_after;  // the connection is lost after so many bytes of the body
};

Response make_response(int status, std::string content_type, std::string body, std::string kind);
// The body is one JSON document already serialised.
Response json_response(int status, std::string json);
// {"error": sentence}
Response error_response(int status, const std::string& sentence);

}  // namespace sluice::twin
