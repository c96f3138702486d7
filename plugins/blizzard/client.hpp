// SPDX-License-Identifier: Apache-2.0
//
// Requests to the service: addresses, credential, limits, and documents that are read whole.
#pragma once

#include <simdjson.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/host.hpp"

namespace blizzard {

// A JSON document. Not movable, as its elements point into it.
class Document {
 public:
  // Throws BAD_DATA, retryable, with the offset of the mistake.
  Document(std::string text, const std::string& url);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  simdjson::dom::element root() const { return root_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};
using DocumentPtr = std::unique_ptr<Document>;

// The whole number that a value stands for, also as text or 5.0.
std::optional<int64_t> whole_number(simdjson::simdjson_result<simdjson::dom::element> value);
// The id at the end of a link's path: "…/connected-realm/509?namespace=…".
std::optional<int64_t> id_in_link(std::string_view link);
// Seconds since the epoch of an HTTP date, "Mon, 9 Dec 2019 02:13:49 GMT".
std::optional<int64_t> parse_http_date(std::string_view text);

// Threads: any. Lives from open() to close().
class Client {
 public:
  Client(sluice::Host& host, const Selection& selection);

  // Address of a document below /data/wow/; `kind` is "static" or "dynamic".
  std::string url(const World& world, std::string_view kind, const std::string& path,
                  const std::string& more = {}) const;
  // One language is asked for by name; several come together in one answer that names none.
  std::string localised_url(const World& world, std::string_view kind,
                            const std::string& path) const;
  sluice::HttpOptions options() const;

  // Null if the service says that there is no such document. An answer that breaks or is no JSON is
  // asked for again a few times. `cache`: as HttpOptions.
  DocumentPtr find(const std::string& url, std::chrono::seconds cache = {}) const;
  // The same; throws NOT_FOUND.
  DocumentPtr get(const std::string& url, std::chrono::seconds cache = {}) const;
  // A small document that is kept between runs and asked for only if it has changed.
  DocumentPtr remembered(const std::string& url) const;

  // What keep() was given last for an address, also by earlier runs; null if that is nothing.
  DocumentPtr kept(const std::string& url) const;
  void keep(const std::string& url, const Document& document) const;

  sluice::Host& host() const { return host_; }

 private:
  struct Memory {
    sluice::Micros read{};
    std::string text;
  };

  sluice::Host& host_;
  const Selection& selection_;
  std::string scope_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::map<std::string, Memory> recent_;
};

}  // namespace blizzard
