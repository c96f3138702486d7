// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "host/ledger/file_check.hpp"
#include "unit/ledger/child.hpp"
#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr uint64_t kSlices = 400;  // of `ledger_worker crash`

// Counters, states and records agree; throws what does not.
StateCounts consistent(Ledger& ledger) {
  const StreamNo stream = must(ledger.stream("pipe", "files"));
  const StateCounts counts = must(ledger.counts(stream));
  uint64_t rows = 0;
  for (size_t i = 0; i < kSliceStates; ++i) {
    const auto slices = must(ledger.page(stream, static_cast<SliceState>(i), 0, SIZE_MAX));
    if (slices.size() != counts.slices[i]) {
      throw std::runtime_error("counters and states differ");
    }
    for (const Slice& slice : slices) {
      if (slice.state != static_cast<SliceState>(i) ||
          must(ledger.find(stream, slice.key)).no != slice.no) {
        throw std::runtime_error("a slice is not where it says");
      }
      rows += slice.state == SliceState::kLanded ? slice.rows : 0;
    }
  }
  if (rows != counts.rows) {
    throw std::runtime_error("rows differ");
  }
  return counts;
}

// What a killed process said had landed has, and the next carries on to the end: each slice once.
void check_after_kill(const fs::path& state, const std::vector<std::string>& said) {
  CHECK(check_file(state / "ledger.mdb", true) != FileState::kDamaged);
  const SystemClock clock;
  {
    LedgerOptions options;
    options.sync = false;
    auto ledger = must(Ledger::open(state, clock, options));
    const StreamNo stream = must(ledger->stream("pipe", "files"));
    consistent(*ledger);
    for (const std::string& line : said) {
      REQUIRE(must(ledger->find(stream, line.substr(7))).state == SliceState::kLanded);
    }
  }
  Child rest({LEDGER_WORKER, state.string(), "list", std::to_string(kSlices)});
  rest.lines_until("");
  CHECK(rest.wait() == 0);
  auto ledger = must(Ledger::open(state, clock));
  const auto counts = consistent(*ledger);
  CHECK(counts.of(SliceState::kLanded) == kSlices);
  CHECK(counts.rows == kSlices);
  CHECK(counts.claimed == 0);
}

TEST_CASE("ledger crash: killed at each step it loses nothing that it said", "[crash][ledger]") {
  for (const char* step : {"ordered.before_commit", "ordered.after_commit", "durable.before_commit",
                           "durable.after_commit", "claim.begin", "claim.end", "listing.begin",
                           "listing.end", "settle.begin", "settle.before_release", "settle.end"}) {
    for (const char* time : {"1", "2", "5"}) {
      INFO(step << " for the " << time << ". time");
      const TemporaryDirectory directory;
      const auto state = directory.path() / "state";
      Child child({LEDGER_WORKER, state.string(), "crash", step, time});
      const auto said = child.lines_until("");
      const int status = child.wait();
      // Not every step is passed five times: then it ended by itself.
      CHECK((status == -SIGKILL || (std::string(time) == "5" && status == 0)));
      check_after_kill(state, said);
    }
  }
}

TEST_CASE("ledger crash: killed at random instants it loses nothing that it said",
          "[crash][ledger]") {
  std::mt19937 random(20);
  for (int round = 0; round < 25; ++round) {
    const TemporaryDirectory directory;
    const auto state = directory.path() / "state";
    std::vector<std::string> said;
    {
      Child child({LEDGER_WORKER, state.string(), "list", std::to_string(kSlices)});
      for (uint64_t lines = random() % kSlices; lines > 0; --lines) {
        said.push_back(child.line());
      }
      child.signal(SIGKILL);
      child.wait();
    }
    check_after_kill(state, said);
  }
}

std::string read_all(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A ledger before and after its last transaction, as bytes.
struct LastWrite {
  std::string before, after;
  StateCounts counts_before, counts_after;
  LastWrite() {
    LedgerFixture f;
    std::vector<std::string> keys;
    for (int i = 0; i < 700; ++i) {
      keys.push_back("key-" + std::to_string(i));
    }
    std::vector<SliceListing> slices;
    for (const auto& key : keys) {
      slices.push_back({.key = key, .validator = "v"});
    }
    f.list(slices);
    f.settle("key-5", Outcome::Kind::kLanded, 1);
    const auto file = f.directory.path() / "state" / "ledger.mdb";
    counts_before = consistent(*f.ledger);
    before = read_all(file);
    must(f.ledger->put_blob("scope", "name", std::string(20'000, 'b')));
    std::vector<Outcome> outcomes;
    for (const Slice& slice : must(f.ledger->claim(f.stream, 64))) {
      outcomes.push_back({.no = slice.no, .generation = 1, .part = 1, .rows = 1});
    }
    must(f.ledger->settle(f.stream, outcomes, true));
    counts_after = consistent(*f.ledger);
    after = read_all(file);
  }
};

// Opens these bytes as a ledger. True: it could be opened, and holds one of the two states.
bool opens_as_either(const std::string& bytes, const LastWrite& last) {
  const TemporaryDirectory directory;
  const auto state = directory.path() / "state";
  fs::create_directory(state);
  std::ofstream(state / "ledger.mdb", std::ios::binary) << bytes;
  const SystemClock clock;
  LedgerOptions options;
  options.sync = false;
  auto ledger = Ledger::open(state, clock, options);
  if (!ledger) {
    CHECK(ledger.error().code == Code::kCorrupt);
    CHECK(ledger.error().message.find("sluice state rebuild") != std::string::npos);
    return false;
  }
  if (must((*ledger)->streams()).empty()) {
    CHECK(bytes.empty());
    return true;
  }
  const auto counts = consistent(**ledger);
  const bool is_before = counts.rows == last.counts_before.rows;
  CHECK((is_before || counts.rows == last.counts_after.rows));
  return true;
}

TEST_CASE("ledger crash: a file cut off anywhere is an error or an older state",
          "[crash][ledger]") {
  const LastWrite last;
  for (size_t length = 0; length <= last.after.size(); length += 4096) {
    opens_as_either(last.after.substr(0, length), last);
    for (const size_t odd : {1U, 100U, 511U, 2048U, 4095U}) {
      if (length + odd < last.after.size()) {
        opens_as_either(last.after.substr(0, length + odd), last);
      }
    }
  }
  CHECK(opens_as_either(last.after, last));
}

TEST_CASE("ledger crash: every prefix of the last write is the state before it",
          "[crash][ledger]") {
  const LastWrite last;
  constexpr size_t kPage = 4096;
  std::string bytes = last.before;
  size_t pages = 0;
  // Pages go first, in any order; headers last. The last two transactions are here taken for one.
  for (size_t at = 2 * kPage; at < last.after.size(); at += kPage) {
    const std::string page = last.after.substr(at, kPage);
    if (at < bytes.size() && bytes.compare(at, kPage, page) == 0) {
      continue;
    }
    bytes.resize(std::max(bytes.size(), at + page.size()));
    bytes.replace(at, kPage / 2 + 3, page.substr(0, kPage / 2 + 3));
    CHECK(opens_as_either(bytes, last));
    bytes.replace(at, page.size(), page);
    CHECK(opens_as_either(bytes, last));
    ++pages;
  }
  CHECK(pages > 3);
  bytes.replace(0, 2 * kPage, last.after.substr(0, 2 * kPage));
  CHECK(opens_as_either(bytes, last));
}

// Fills a directory that can take a few megabytes at most.
void check_full(const fs::path& state, const std::vector<std::string>& command) {
  Child child(command);
  const std::string code = child.line();
  CHECK(code == "code no_space");
  const std::string listed = child.line();
  INFO(listed);
  unsigned in_ledger = 0;
  unsigned accepted = 0;
  REQUIRE(std::sscanf(listed.c_str(), "listed %u of %u", &in_ledger, &accepted) == 2);
  CHECK(in_ledger == accepted);
  CHECK(accepted > 100);
  CHECK(child.wait() == 0);
  CHECK(check_file(state / "ledger.mdb", true) == FileState::kSound);
}

TEST_CASE("ledger crash: a full disk is a clean error", "[crash][ledger]") {
  const TemporaryDirectory directory;
  const auto disk = directory.path() / "disk";
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=3m") != 0) {
    WARN("a tmpfs cannot be mounted here: skipped");
    return;
  }
  check_full(disk / "state", {LEDGER_WORKER, (disk / "state").string(), "fill"});
  {
    const SystemClock clock;
    auto ledger = must(Ledger::open(disk / "state", clock));
    consistent(*ledger);
  }
  // With room again it goes on.
  CHECK(mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=8m") == 0);
  {
    const SystemClock clock;
    auto ledger = must(Ledger::open(disk / "state", clock));
    const StreamNo stream = must(ledger->stream("pipe", "files"));
    auto listing = must(ledger->begin_listing(stream, false));
    must(listing->add({.key = "one more"}));
    CHECK(must(listing->finish(false)).added == 1);
    consistent(*ledger);
  }
  umount(disk.c_str());
}

TEST_CASE("ledger crash: a limit of file size is a clean error", "[crash][ledger]") {
  const TemporaryDirectory directory;
  const auto state = directory.path() / "state";
  check_full(state, {"/bin/sh", "-c", "ulimit -f 4096; exec \"$0\" \"$1\" fill", LEDGER_WORKER,
                     state.string()});
}

}  // namespace
