// SPDX-License-Identifier: Apache-2.0
//
// Which path of a file is the newest, while the service's servers disagree. Around a deploy some of
// them tell the new manifest and some the old one, in turns; paths have no order, so only what was
// seen before can tell which is which.
//
// A path never seen is newer than all seen. One that had been replaced is not taken again before
// `settle` has passed since; after that the service has taken its deploy back.
//
// Kept in the host's state, by name, as JSON:
//   {"LANGUAGE": {"path": P, "left": [{"path": P, "at": MICROSECONDS}, …]}}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/cpp/host.hpp"

namespace bungie {

class Memory {
 public:
  struct Choice {
    std::string path;
    bool held_back = false;  // what was offered is older
  };

  // `name` is that of a table, or "database".
  Memory(const sluice::Host& host, std::string_view name, int64_t settle_us);

  // Which path holds for a language when a manifest offers this one.
  Choice choose(std::string_view language, const std::string& offered);
  // Writes what was learnt.
  void save() const;

 private:
  const sluice::Host& host_;
  std::string name_;
  int64_t settle_us_;
  sluice::json known_;
  bool changed_ = false;
};

}  // namespace bungie
