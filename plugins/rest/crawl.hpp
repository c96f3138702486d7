// SPDX-License-Identifier: Apache-2.0
//
// The records of one slice, page after page.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "page.hpp"
#include "rules.hpp"
#include "sluice/cpp/host.hpp"

namespace rest {

// Threads: one.
class Crawl {
 public:
  enum class Step : uint8_t { kRecord, kPageEnd, kEnd, kUnchanged };

  // `scope` holds what the templates of the stream's requests need besides the page. `position` is
  // of an earlier crawl, or an empty object.
  Crawl(const sluice::Host& host, const Model& model, const StreamModel& stream, Scope scope,
        const sluice::json& position);

  // Goes on to the next record, or says that a page or all is over. kUnchanged only for the first
  // page of a conditional crawl.
  Step step();
  std::string_view text() const { return page_->text(); }
  std::string_view name() const { return page_->name(); }

  // Where to go on from: behind the last record that was given.
  sluice::json position() const;

  // Whether the record was given before a resume: style "time" needs to see those, too.
  bool given_before() const noexcept { return records_ <= skip_; }
  // No further page can hold what is wanted; this one is read to its end.
  void enough() noexcept { enough_ = true; }
  // style "time": whether the record was given before, at the edge of the page before this one.
  bool repeated(int64_t time_us);

  // Makes requests conditional; only for streams of one request.
  void validator(std::string validator) { validator_ = std::move(validator); }
  std::string new_validator() const { return new_validator_; }
  // Takes an answer that a rule sets aside as a whole: why, and its body.
  void on_reject(std::function<void(const std::string&, const std::string&)> f) {
    on_reject_ = std::move(f);
  }
  // Why there is nothing, if a rule said so.
  const std::string& empty_because() const noexcept { return empty_because_; }
  uint64_t pages() const noexcept { return pages_; }

 private:
  bool open_page();
  Scope page_scope() const;
  std::string address(const Scope& scope) const;
  sluice::HttpOptions options(const Scope& scope) const;
  bool refused(sluice::HttpBody& body);
  bool ruled_out(const Subject& subject, const std::string& body);
  void finish_page();
  bool is_last(const sluice::json& envelope) const;
  bool advance(const sluice::json& envelope);
  bool advance_number(const sluice::json& envelope);
  bool follow(const std::string& key, const std::string& value);
  bool follow_time();
  std::string next_cursor(const sluice::json& envelope) const;
  std::string next_address(const sluice::json& envelope) const;

  const sluice::Host& host_;
  const Model& model_;
  const StreamModel& stream_;
  Scope scope_;
  sluice::json at_;           // {"number": 3}, {"cursor": "…"}, {"next": "…"} or {"time": …}
  uint64_t pages_ = 0;        // asked for, with those before a resume
  uint64_t skip_ = 0;         // records of the page that were given before a resume
  uint64_t records_ = 0;      // of this page so far
  uint64_t all_records_ = 0;  // of the pages before
  std::optional<Page> page_;
  std::string page_url_, link_, cursor_header_, last_record_;
  std::size_t page_hash_ = 0, previous_hash_ = 0;
  std::set<std::size_t> seen_;              // hashes of cursors and addresses
  std::set<std::size_t> edge_, next_edge_;  // hashes of records at the edge in time
  int64_t last_time_ = SLUICE_TIME_MIN;
  int64_t edge_time_ = SLUICE_TIME_MIN;
  uint64_t fresh_ = 0;  // records of this page that no earlier one had
  bool enough_ = false, ended_ = false, unchanged_ = false;
  std::string validator_, new_validator_, empty_because_;
  std::function<void(const std::string&, const std::string&)> on_reject_;
};

}  // namespace rest
