// SPDX-License-Identifier: Apache-2.0
//
// bench_ledger [--entries N] [--work N] [--seconds S] [--threads N] [--directory DIR]
// [--ledger-only] Claims and completes entries from several threads, then asks. Prints a Markdown
// table. Each measurement runs on a fresh state, until all entries (or `--work` of them) are done
// or S seconds are over.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "bench/ledger/sqlite_jobs.hpp"
#include "host/ledger/ledger.hpp"

namespace {

using namespace sluice::host;   // NOLINT(google-build-using-namespace)
using namespace sluice::bench;  // NOLINT(google-build-using-namespace)
using Clk = std::chrono::steady_clock;

struct Settings {
  uint64_t entries = 500'000;
  uint64_t work = 0;
  unsigned threads = 4;
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  bool ledger_only = false;
  double seconds = 8;
};

double seconds_since(Clk::time_point start) {
  return std::chrono::duration<double>(Clk::now() - start).count();
}

// Median time of one call, in microseconds.
double median_us(const std::function<void()>& call, int times = 101) {
  std::vector<double> each;
  for (int i = 0; i < times; ++i) {
    const auto start = Clk::now();
    call();
    each.push_back(seconds_since(start) * 1e6);
  }
  std::nth_element(each.begin(), each.begin() + times / 2, each.end());
  return each[static_cast<size_t>(times) / 2];
}

double private_mib() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind("Anonymous:", 0) == 0) {
      return std::stod(line.substr(10)) / 1024;
    }
  }
  return 0;
}

uint64_t disk_bytes(const std::filesystem::path& directory) {
  uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    struct stat status {};
    if (stat(entry.path().c_str(), &status) == 0) {
      sum += static_cast<uint64_t>(status.st_blocks) * 512;
    }
  }
  return sum;
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "bench_ledger: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(result).value();
  }
}

void row(const std::string& what, const std::string& value) {
  std::printf("| %s | %s |\n", what.c_str(), value.c_str());
  std::fflush(stdout);
}

std::string text(const char* format, double value) {
  char out[64];
  std::snprintf(out, sizeof out, format, value);
  return out;
}

std::filesystem::path fresh(const Settings& settings, const char* name) {
  const auto path = settings.directory / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

// Runs `claim_and_complete(limit)` from all threads and prints the rate. It returns how many it
// did; 0: none are left.
void rate(const Settings& settings, const std::string& what,
          const std::function<std::function<size_t()>(unsigned)>& worker) {
  const uint64_t limit = settings.work == 0 ? settings.entries : settings.work;
  std::atomic<uint64_t> done{0};
  const auto start = Clk::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < settings.threads; ++i) {
      threads.emplace_back([&, i] {
        const auto step = worker(i);
        while (done < limit && seconds_since(start) < settings.seconds) {
          const size_t did = step();
          if (did == 0) {
            break;
          }
          done += did;
        }
      });
    }
  }
  row(what + ", claim + complete",
      text("%.0f slices/s", static_cast<double>(done) / seconds_since(start)));
}

void queries(const std::string& what, const std::function<void()>& count,
             const std::function<void()>& page, const std::function<void()>& find) {
  row(what + ", count by state", text("%.1f µs", median_us(count)));
  row(what + ", page of 50 failed", text("%.1f µs", median_us(page)));
  row(what + ", look up one", text("%.1f µs", median_us(find)));
}

void fill_ledger(Ledger& ledger, StreamNo stream, uint64_t entries) {
  auto listing = must(ledger.begin_listing(stream, false));
  for (uint64_t i = 0; i < entries; ++i) {
    const std::string key = job_key(i);
    const std::string validator =
        std::to_string(1'700'000'000 + i) + "-" + std::to_string(50'000 + i % 1000);
    must(listing->add({.key = key, .validator = validator}));
  }
  must(listing->finish(true));
}

void ledger_bench(const Settings& settings, bool durable, bool sync, size_t group,
                  const std::string& what, bool all) {
  const auto directory = fresh(settings, "bench-ledger");
  const SystemClock clock;
  LedgerOptions options;
  options.sync = sync;
  const double before = private_mib();
  auto ledger = must(Ledger::open(directory, clock, options));
  const StreamNo stream = must(ledger->stream("bench", "files"));
  const auto listed = Clk::now();
  fill_ledger(*ledger, stream, settings.entries);
  if (all) {
    row(what + ", listing",
        text("%.0f slices/s", static_cast<double>(settings.entries) / seconds_since(listed)));
    const auto again = Clk::now();
    fill_ledger(*ledger, stream, settings.entries);
    row(what + ", the same listing again",
        text("%.0f slices/s", static_cast<double>(settings.entries) / seconds_since(again)));
  }
  rate(settings, what, [&](unsigned) {
    return [&, outcomes = std::vector<Outcome>()]() mutable {
      const auto slices = must(ledger->claim(stream, 64));
      for (size_t at = 0; at < slices.size(); at += group) {
        outcomes.clear();
        for (size_t i = at; i < std::min(slices.size(), at + group); ++i) {
          Outcome& outcome = outcomes.emplace_back();
          outcome.no = slices[i].no;
          outcome.kind = slices[i].no % 1000 == 0 ? Outcome::Kind::kFailed : Outcome::Kind::kLanded;
          outcome.generation = slices[i].generation + 1;
          outcome.part = 1;
          outcome.rows = 1000;
          outcome.bytes = 50'000;
        }
        must(ledger->settle(stream, outcomes, durable));
      }
      return slices.size();
    };
  });
  if (all) {
    queries(
        what, [&] { (void)must(ledger->counts(stream)); },
        [&] { (void)must(ledger->page(stream, SliceState::kFailed, 0, 50)); },
        [&, i = uint64_t{0}]() mutable {
          (void)must(ledger->find(stream, job_key(i++ * 7919 % settings.entries)));
        });
    row(what + ", on disk", text("%.0f B/entry", static_cast<double>(disk_bytes(directory)) /
                                                     static_cast<double>(settings.entries)));
    row(what + ", private memory", text("%.1f MiB", private_mib() - before));
  }
  ledger.reset();
  std::filesystem::remove_all(directory);
}

void sqlite_bench(const Settings& settings, const std::string& synchronous, size_t batch,
                  const std::string& what, bool all) {
  const auto directory = fresh(settings, "bench-sqlite");
  const auto file = directory / "jobs.db";
  const double before = private_mib();
  const auto listed = Clk::now();
  SqliteJobs(file, "OFF").fill(settings.entries);
  if (all) {
    row(what + ", listing (one transaction, synchronous=OFF)",
        text("%.0f slices/s", static_cast<double>(settings.entries) / seconds_since(listed)));
  }
  rate(settings, what, [&](unsigned thread) {
    auto jobs = std::make_shared<SqliteJobs>(file, synchronous);
    return [jobs, thread, batch] {
      const auto claimed = jobs->claim(thread, batch);
      jobs->complete(claimed);
      return claimed.size();
    };
  });
  if (all) {
    SqliteJobs jobs(file, synchronous);
    queries(
        what, [&] { (void)jobs.count_landed(); }, [&] { (void)jobs.failed_page(50); },
        [&, i = uint64_t{0}]() mutable {
          (void)jobs.look_up(job_key(i++ * 7919 % settings.entries));
        });
    row(what + ", on disk", text("%.0f B/entry", static_cast<double>(disk_bytes(directory)) /
                                                     static_cast<double>(settings.entries)));
    row(what + ", private memory", text("%.1f MiB", private_mib() - before));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--ledger-only") {
      settings.ledger_only = true;
    } else if (i + 1 < argc && option == "--entries") {
      settings.entries = std::stoull(argv[++i]);
    } else if (i + 1 < argc && option == "--work") {
      settings.work = std::stoull(argv[++i]);
    } else if (i + 1 < argc && option == "--threads") {
      settings.threads = static_cast<unsigned>(std::stoul(argv[++i]));
    } else if (i + 1 < argc && option == "--seconds") {
      settings.seconds = std::stod(argv[++i]);
    } else if (i + 1 < argc && option == "--directory") {
      settings.directory = argv[++i];
    } else {
      std::fprintf(stderr, "bench_ledger: unknown option '%s'\n", argv[i]);
      return 2;
    }
  }
  std::printf("%llu entries, %u threads\n\n| what | value |\n| --- | ---: |\n",
              static_cast<unsigned long long>(settings.entries), settings.threads);
  ledger_bench(settings, true, true, 64, "ledger, durable, groups of 64", true);
  ledger_bench(settings, false, true, 64, "ledger, ordered (not durable at once), groups of 64",
               false);
  ledger_bench(settings, false, false, 64, "ledger, unsynced, groups of 64", false);
  if (settings.ledger_only) {
    return 0;
  }
  sqlite_bench(settings, "FULL", 1, "SQLite FULL, one by one", true);
  sqlite_bench(settings, "FULL", 64, "SQLite FULL, batches of 64", false);
  sqlite_bench(settings, "NORMAL", 1, "SQLite NORMAL, one by one", false);
  sqlite_bench(settings, "NORMAL", 64, "SQLite NORMAL, batches of 64", false);
  sqlite_bench(settings, "OFF", 1, "SQLite OFF, one by one", false);
  sqlite_bench(settings, "OFF", 64, "SQLite OFF, batches of 64", false);
  return 0;
}
