// SPDX-License-Identifier: Apache-2.0
//
// A process of its own for tests of the ledger: ledger_worker DIRECTORY COMMAND [N|STEP].
//   claim N         claims N slices, prints their keys and "ready", waits for a line, prints "lost
//   N", "settled" and
//                   what became of the slices it settled as failed
//   drain           claims, prints and lands slices until none are left
//   list N          lists N slices and lands them, group by group, printing "landed KEY" after each
//   durable settle crash STEP N    the same, and kills itself when STEP is passed for the Nth time
//   fill            lists with growing texts until it fails; prints the code
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/ledger/ledger.hpp"
#include "host/ledger/steps.hpp"

namespace {

using namespace sluice::host;  // NOLINT(google-build-using-namespace)

std::string crash_step;
std::atomic<int> crash_after{1};

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::cout << "error " << to_string(result.error().code) << " " << result.error().message
              << std::endl;
    std::_Exit(3);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(result).value();
  }
}

std::vector<Outcome> land(const std::vector<Slice>& slices) {
  std::vector<Outcome> out;
  for (const Slice& slice : slices) {
    Outcome& one = out.emplace_back();
    one.no = slice.no;
    one.generation = slice.part == 0 ? slice.generation + 1 : slice.generation;
    one.part = slice.part + 1;
    one.rows = 1;
  }
  return out;
}

void claim(Ledger& ledger, StreamNo stream, size_t max) {
  const auto slices = must(ledger.claim(stream, max));
  std::vector<SliceNo> numbers;
  for (const Slice& slice : slices) {
    std::cout << slice.key << "\n";
    numbers.push_back(slice.no);
  }
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  must(ledger.renew());
  std::cout << "lost " << must(ledger.lost(numbers)).size() << std::endl;
  auto outcomes = land(slices);
  for (Outcome& one : outcomes) {
    one.kind = Outcome::Kind::kFailed;
  }
  must(ledger.settle(stream, outcomes, true));
  std::cout << "settled" << std::endl;
}

void drain(Ledger& ledger, StreamNo stream) {
  for (;;) {
    const auto slices = must(ledger.claim(stream, 16));
    if (slices.empty()) {
      return;
    }
    for (const Slice& slice : slices) {
      std::cout << slice.key << "\n";
    }
    must(ledger.settle(stream, land(slices), false));
  }
}

void list_and_land(Ledger& ledger, StreamNo stream, int count) {
  {
    auto listing = must(ledger.begin_listing(stream, false));
    for (int i = 0; i < count; ++i) {
      must(listing->add({.key = "key-" + std::to_string(i), .validator = "v"}));
      if (i % 100 == 99) {
        must(listing->flush());
      }
    }
    must(listing->finish(true));
  }
  for (;;) {
    const auto slices = must(ledger.claim(stream, 10));
    if (slices.empty()) {
      return;
    }
    must(ledger.settle(stream, land(slices), true, "head"));
    for (const Slice& slice : slices) {
      std::cout << "landed " << slice.key << "\n";
    }
    std::cout.flush();
  }
}

void fill(Ledger& ledger, StreamNo stream) {
  auto listing = must(ledger.begin_listing(stream, false));
  const std::string text(3000, 't');
  for (int i = 0;; ++i) {
    auto added = listing->add({.key = "key-" + std::to_string(i), .title = text});
    if (added) {
      added = listing->flush();
    }
    if (!added) {
      std::cout << "code " << to_string(added.error().code) << "\n"
                << "listed " << must(ledger.counts(stream)).of(SliceState::kPending) << " of " << i
                << std::endl;
      return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string command = argv[2];
  if (command == "crash") {
    crash_step = argv[3];
    crash_after = std::atoi(argv[4]);
    step_hook = [](const char* step) {
      if (crash_step == step && --crash_after == 0) {
        std::raise(SIGKILL);
      }
    };
  }
  const SystemClock clock;
  LedgerOptions options;
  if (const char* lease = std::getenv("LEDGER_WORKER_LEASE_US")) {  // NOLINT(concurrency-mt-unsafe)
    options.lease_us = std::atoll(lease);
  }
  auto ledger = must(Ledger::open(argv[1], clock, options));
  const StreamNo stream = must(ledger->stream("pipe", "files"));
  if (command == "claim") {
    claim(*ledger, stream, static_cast<size_t>(std::atoi(argv[3])));
  } else if (command == "drain") {
    drain(*ledger, stream);
  } else if (command == "list") {
    list_and_land(*ledger, stream, std::atoi(argv[3]));
  } else if (command == "crash") {
    list_and_land(*ledger, stream, 400);
  } else if (command == "fill") {
    fill(*ledger, stream);
  }
  return 0;
}
