// SPDX-License-Identifier: Apache-2.0
#include "host/cli/scratch_ledger.hpp"

#include <cstdlib>

namespace sluice::host {

Result<std::unique_ptr<ReadLedger>> ReadLedger::open(const std::filesystem::path& directory,
                                                     const Clock& clock) {
  auto ledger = std::make_unique<ReadLedger>();
  LedgerOptions read_only;
  read_only.read_only = true;
  if (auto real = Ledger::open(directory, clock, read_only)) {
    ledger->real_ = std::move(*real);
  } else if (real.error().code != Code::kNotFound) {
    return std::move(real).error();
  }
  std::string name = (std::filesystem::temp_directory_path() / "sluice-plan-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return Error{Code::kIo, "no temporary folder could be made under " + name +
                                "; set TMPDIR to a folder that may be written to"};
  }
  ledger->folder_ = name;
  LedgerOptions unsynced;
  unsynced.sync = false;
  auto empty = Ledger::open(ledger->folder_, clock, unsynced);
  if (!empty) {
    return std::move(empty).error();
  }
  ledger->empty_ = std::move(*empty);
  return ledger;
}

ReadLedger::~ReadLedger() {
  empty_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<std::pair<Ledger*, StreamNo>> ReadLedger::stream(const std::string& pipeline,
                                                        const std::string& stream) {
  if (real_ != nullptr) {
    auto no = real_->stream(pipeline, stream);
    if (no) {
      return std::pair{real_.get(), *no};
    }
    if (no.error().code != Code::kNotFound) {
      return std::move(no).error();
    }
  }
  auto no = empty_->stream(pipeline, stream);
  if (!no) {
    return std::move(no).error();
  }
  return std::pair{empty_.get(), *no};
}

}  // namespace sluice::host
