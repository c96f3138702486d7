// SPDX-License-Identifier: Apache-2.0
//
// Is a file one that LMDB can map and read without a crash? LMDB itself trusts what it maps: a file
// that was cut short is a SIGBUS, a page of garbage a wild pointer. Internal to host/ledger.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::host {

enum class FileState {
  kMissing,  // or empty: nothing was ever committed
  kSound,    // headers are whole and every page they lead to is in the file
  kDamaged,
};

// Looks at the two header pages, and at every page in use if the file is shorter than they say or
// `all_pages`. Requires: nobody is writing to the file. `why` gets what is wrong.
FileState check_file(const std::filesystem::path& file, bool all_pages = false,
                     std::string* why = nullptr);

}  // namespace sluice::host
