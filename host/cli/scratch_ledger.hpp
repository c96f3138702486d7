// SPDX-License-Identifier: Apache-2.0
//
// A ledger for verbs that only look: the real one, read-only, or an empty one in a temporary folder
// where there is none.
#pragma once

#include <filesystem>
#include <memory>

#include "host/ledger/ledger.hpp"

namespace sluice::host {

class ReadLedger {
 public:
  static Result<std::unique_ptr<ReadLedger>> open(const std::filesystem::path& directory,
                                                  const Clock& clock);
  ReadLedger() = default;
  ReadLedger(const ReadLedger&) = delete;
  ReadLedger& operator=(const ReadLedger&) = delete;
  ~ReadLedger();

  // The ledger that knows this stream, and its number there; the empty one if the real one does
  // not.
  Result<std::pair<Ledger*, StreamNo>> stream(const std::string& pipeline,
                                              const std::string& stream);
  // Null if there is no ledger yet.
  [[nodiscard]] Ledger* real() { return real_.get(); }
  // The empty one, for what plugins want to keep.
  [[nodiscard]] Ledger* scratch() { return empty_.get(); }

 private:
  std::unique_ptr<Ledger> real_, empty_;
  std::filesystem::path folder_;  // of the empty one
};

}  // namespace sluice::host
