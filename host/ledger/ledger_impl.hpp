// SPDX-License-Identifier: Apache-2.0
//
// The one implementation of Ledger. Internal to host/ledger; its methods are spread over
// ledger.cpp, settle.cpp, listing.cpp, reconcile.cpp, journal.cpp, export_lines.cpp and
// import_lines.cpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "host/ledger/claims.hpp"
#include "host/ledger/ledger.hpp"
#include "host/ledger/lmdb_env.hpp"
#include "host/ledger/store.hpp"

namespace sluice::host {

// Says that somebody of this process has the directory open, to other processes too.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock();
  // Waits while another process is opening. True: nobody else has it open, and nobody can until
  // share().
  Result<bool> take(const std::filesystem::path& directory);
  void share();

 private:
  int fd_ = -1;
  bool alone_ = false;
};

// One settle() that waits for its transaction. Several threads' are put into one, so that they
// share its syncs.
struct Settling {
  StreamNo stream = 0;
  std::span<const Outcome> outcomes;
  bool durable = false;
  std::string_view head;
  std::vector<SliceNo> others;  // claimed by somebody else: only good news of them counts
  bool done = false;
  Result<void> result;
};

// Both files of one directory: shared by all ledgers that one process has open there.
struct Shared {
  DirectoryLock directory;  // first, so that it is let go last
  std::unique_ptr<Env> env;
  std::unique_ptr<Claims> claims;
  bool read_only = false;

  std::mutex mutex;  // of the members below
  std::condition_variable settled;
  std::deque<Settling*> waiting;
  bool settling = false;

  static Result<std::shared_ptr<Shared>> open(const std::filesystem::path& directory,
                                              const LedgerOptions& options);
  Result<void> settle(Settling& one, const Clock& clock);

 private:
  void settle_all(const std::vector<Settling*>& batch, const Clock& clock);
};

// Carries the format of a ledger to this version. host/ledger/upgrade.cpp has the table of steps.
inline constexpr uint64_t kFormat = 2;
Result<void> prepare_format(Env& env, bool read_only, bool alone);

class LedgerImpl final : public Ledger {
 public:
  LedgerImpl(std::shared_ptr<Shared> shared, const Clock& clock, LedgerOptions options)
      : shared_(std::move(shared)), clock_(clock), options_(options) {}
  LedgerImpl(const LedgerImpl&) = delete;
  LedgerImpl& operator=(const LedgerImpl&) = delete;
  ~LedgerImpl() override;

  Result<StreamNo> stream(std::string_view pipeline, std::string_view stream) override;
  Result<std::vector<std::pair<std::string, std::string>>> streams() override;
  using Ledger::begin_listing;
  Result<std::unique_ptr<Listing>> begin_listing(StreamNo stream, bool compare_only,
                                                 StaleBefore stale) override;
  Result<uint64_t> retry_failed(StreamNo stream, bool quarantined) override;
  Result<IntervalSet> coverage(StreamNo stream, std::string_view partition) override;
  Result<IntervalSet> outstanding(StreamNo stream, std::string_view partition, bool gone) override;
  Result<std::vector<std::string>> partitions(StreamNo stream) override;
  Result<std::vector<Slice>> claim(StreamNo stream, size_t max) override;
  Result<void> renew() override;
  Result<std::vector<SliceNo>> lost(std::span<const SliceNo> slices) override;
  Result<void> settle(StreamNo stream, std::span<const Outcome> outcomes, bool durable,
                      std::string_view head) override;
  Result<std::string> head(std::string_view pipeline) override;
  Result<void> set_head(std::string_view pipeline, std::string_view head) override;
  Result<std::unique_ptr<Reconciliation>> begin_reconciliation(std::string_view pipeline) override;
  Result<uint64_t> forget(StreamNo stream, std::string_view key) override;
  Result<StateCounts> counts(StreamNo stream) override;
  Result<Slice> find(StreamNo stream, std::string_view key) override;
  Result<std::vector<Slice>> page(StreamNo stream, SliceState state, SliceNo after,
                                  size_t limit) override;
  Result<void> put_run(const Run& run) override;
  Result<std::vector<Run>> runs(std::string_view pipeline, size_t newest) override;
  Result<void> quarantine(std::string_view pipeline, std::span<const QuarantinedRow> rows) override;
  Result<uint64_t> quarantined(std::string_view pipeline) override;
  Result<std::vector<QuarantinedRow>> quarantine_page(std::string_view pipeline, uint64_t after,
                                                      size_t limit) override;
  Result<std::string> blob(std::string_view scope, std::string_view name) override;
  Result<void> put_blob(std::string_view scope, std::string_view name,
                        std::string_view value) override;
  Result<void> export_lines(const Line& line) override;
  Result<void> import_line(std::string_view json_line) override;
  Result<void> sync() override;

 private:
  [[nodiscard]] Env& env() const { return *shared_->env; }
  // An error if this ledger may not write.
  [[nodiscard]] Result<void> writable() const;
  Result<void> flush_import();

  std::shared_ptr<Shared> shared_;
  const Clock& clock_;
  LedgerOptions options_;
  std::mutex import_mutex_;
  uint64_t import_lines_ = 0;
  std::vector<std::string> import_buffer_;
};

}  // namespace sluice::host
