// SPDX-License-Identifier: Apache-2.0
//
// --record and --replay: what stands between the pipelines and the credentials, and the clock that
// goes with it.
#pragma once

#include <memory>
#include <string>

#include "host/base/clock.hpp"
#include "host/http/cassette/recording_http.hpp"
#include "host/http/cassette/replaying_http.hpp"

namespace sluice::host {

struct CassetteOptions {
  std::string record, replay;  // folders; at most one is set
  bool strict = false;         // --replay-match
};

// Nothing until it is opened. Outlived by what it is opened over.
class CassetteLayer {
 public:
  CassetteLayer() = default;
  CassetteLayer(const CassetteLayer&) = delete;
  CassetteLayer& operator=(const CassetteLayer&) = delete;

  Result<void> open(const CassetteOptions& options, Http& below, const Clock& clock);
  [[nodiscard]] Http& top() { return *top_; }
  // The one it was opened with, or the recording's.
  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] bool replays() const { return replaying_ != nullptr; }
  // Ends a recording, and says in the log what was blotted out. What could not be written.
  // Requires: nobody asks any more.
  Result<void> close();

 private:
  CassetteClock cassette_clock_;
  std::unique_ptr<RecordingHttp> recording_;
  std::unique_ptr<ReplayingHttp> replaying_;
  Http* top_ = nullptr;
  const Clock* clock_ = nullptr;
};

}  // namespace sluice::host
