// SPDX-License-Identifier: Apache-2.0
//
// By what a request is found again in a cassette: as it was asked, redacted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/http/cassette/format.hpp"
#include "host/http/cassette/redaction.hpp"
#include "host/http/http.hpp"

namespace sluice::host::cassette {

// FNV-1a over what passes by.
class Hash {
 public:
  void push(std::string_view bytes) {
    for (const char c : bytes) {
      value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    size_ += bytes.size();
  }
  // 0 = nothing passed.
  [[nodiscard]] uint64_t value() const { return size_ == 0 ? 0 : value_; }

 private:
  uint64_t value_ = 14695981039346656037ULL;
  uint64_t size_ = 0;
};

struct RequestKey {
  std::string method, endpoint;
  std::string url;      // redacted
  std::string headers;  // "name: value\n", names small, sorted, redacted
  std::string validator;
  uint64_t range_start = 0;
  uint64_t body = 0;         // hash of the redacted body; 0 = none
  uint64_t packed_body = 0;  // the same without the blanks of JSON

  // What must agree when nothing may differ.
  [[nodiscard]] std::string strict() const;
  // What must agree in any case: no query, no headers, no validator, no range.
  [[nodiscard]] std::string loose() const;
};

RequestKey key_of(const HttpRequest& request, const Redact& redact);
// Of a recorded request; the hashes of its body are the caller's to fill in.
RequestKey key_of(const AskedHead& asked, const Redact& redact);

// Lines "Name: value\n" as fields.
Fields fields_of(std::string_view headers);
// The value of the first field of that name; empty if there is none.
std::string field_of(const Fields& fields, std::string_view name);

// Query parameters, as they stand in the URL, in its order.
using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters parameters_of(std::string_view url);
std::string_view base_of(std::string_view url);  // without the query

// Does a parameter's value change by itself: a signature, a nonce, a moment in time?
bool is_volatile(std::string_view name, std::string_view value);

// How alike two queries are, order apart: -1 if they differ in a parameter that is not volatile,
// else the number of parameters that are equal.
int likeness(const Parameters& left, const Parameters& right);

// How two queries differ, for people; empty if they do not.
std::string difference(const Parameters& recorded, const Parameters& asked);

// A file name that begins with what is asked and ends with a hash of all of it:
// "get-api.example.org-v1-items-1a2b3c4d".
std::string name_of(const RequestKey& key);

}  // namespace sluice::host::cassette
