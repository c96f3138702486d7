// SPDX-License-Identifier: Apache-2.0
//
// The version of the format, and the way from older ones. To change the format: raise kFormat in
// ledger_impl.hpp, add the step that carries the version before to it, keep a file of the old one
// for the test, and say it in docs/ledger-format.md.
#include <array>

#include "host/ledger/ledger_impl.hpp"

namespace sluice::host {
namespace {

constexpr std::string_view kFormatName = "format";

// Carries a ledger of version `from` to the next. Runs inside the transaction that also stores the
// new version: a killed upgrade has not happened.
struct Upgrade {
  uint64_t from;
  void (*run)(Txn& txn);
};

// Version 0 is what an interrupted creation leaves: tables, and nothing in them.
void create(Txn& txn) {
  for (size_t table = kStreamsTable; table <= kBlobsTable; ++table) {
    if (txn.entries(table) != 0) {
      throw_corrupt(txn, "it holds data and does not say of what format");
    }
  }
}

// Version 2 may have holes and landed rows in a slice record; every record of version 1 is one of
// version 2.
void as_it_is(Txn&) {}

constexpr std::array<Upgrade, 2> kUpgrades = {{{0, create}, {1, as_it_is}}};

}  // namespace

Result<void> prepare_format(Env& env, bool read_only, bool alone) {
  auto stored = env.read([](Txn& txn) { return View(txn).number(kFormatName); });
  if (!stored) {
    return std::move(stored).error();
  }
  if (*stored == kFormat) {
    return {};
  }
  const std::string file = env.file().string();
  if (*stored > kFormat) {
    return Error{
        Code::kUnsupported,
        "the ledger " + file + " has format " + std::to_string(*stored) +
            " and this sluice knows formats up to " + std::to_string(kFormat) +
            "; use the newer sluice that wrote it, or rebuild it with `sluice state rebuild`"};
  }
  if (read_only) {
    return *stored == 0
               ? Error{Code::kNotFound, "the ledger " + file + " is empty; a run fills it"}
               : Error{Code::kUnsupported, "the ledger " + file + " has the older format " +
                                               std::to_string(*stored) +
                                               "; a run carries it to the present one"};
  }
  if (!alone && *stored != 0) {
    return Error{Code::kUnavailable, "the ledger " + file +
                                         " has an older format and another process "
                                         "uses it; end that one, then start again"};
  }
  return env.write(Durability::kFull, [&](Txn& txn) {
    for (uint64_t version = View(txn).number(kFormatName); version < kFormat; ++version) {
      kUpgrades.at(version).run(txn);
    }
    Book(txn).set_number(kFormatName, kFormat);
  });
}

}  // namespace sluice::host
