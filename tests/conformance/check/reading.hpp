// SPDX-License-Identifier: Apache-2.0
//
// Reads a source as the host would: lists what there is, cuts series into intervals, reads slices.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conformance/check/subject.hpp"

namespace sluice::check {

struct Planned {
  std::string name;  // for people
  testing::ReadSpec spec;
  std::string listed{};  // version that the listing told
};

// A source that was opened in a process of its own, so to say: with a host of its own.
class Opened {
 public:
  explicit Opened(const Subject& subject);

  FakeHost& host() { return *host_; }
  const std::vector<Stream>& streams() const { return streams_; }
  // Every slice of the stream that the checks read.
  std::vector<Planned> plan(const Stream& stream);
  testing::SourceRun read(const Planned& slice,
                          const std::optional<std::string>& state = std::nullopt,
                          const std::string& validator = {});
  // Requests so far.
  std::size_t asked() const { return host_->http.requests().size(); }

 private:
  std::vector<Planned> plan_keys(const Stream& stream);
  std::vector<Planned> plan_files(const Stream& stream);
  std::vector<Planned> plan_series(const Stream& stream);
  int64_t plan_told(const Stream& stream, const std::string& partition, int64_t from, int64_t to,
                    std::vector<Planned>& out);
  std::vector<Planned> plan_snapshot(const Stream& stream);
  std::vector<testing::ListedPartition> partitions(const Stream& stream);

  const Subject& subject_;
  std::unique_ptr<FakeHost> host_;
  std::unique_ptr<testing::SourceSession> session_;
  std::vector<Stream> streams_;
};

// A slice that was read.
struct Read {
  Planned slice;
  testing::SourceRun run;
};
struct World {
  std::vector<Read> slices;
  // All rows of a stream in an order of their own, without `leave_out`.
  std::vector<std::string> rows(const std::string& stream,
                                const std::set<std::string>& leave_out) const;
  std::size_t rejects(const std::string& stream) const;
  // How often the stream's readers noted `code`.
  std::uint64_t notes(const std::string& stream, const std::string& code) const;
};

// Plans and reads everything with one instance.
World read_world(const Subject& subject);

// A row as text, with whatever changes of JSON do to columns that hold JSON undone.
std::string canonical(json row, const Stream& stream, const std::set<std::string>& leave_out);
std::vector<std::string> canonical_rows(const testing::SourceRun& run,
                                        const std::set<std::string>& leave_out);

// How the second differs from the first, for people; empty: not at all.
std::string difference(std::vector<std::string> first, std::vector<std::string> second);

// Whether the run ended as one should; its end as text otherwise.
bool ended_well(const testing::SourceRun& run);
std::string end_of(const testing::SourceRun& run);

}  // namespace sluice::check
