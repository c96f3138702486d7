// SPDX-License-Identifier: Apache-2.0
#include "host/cli/cassette_layer.hpp"

#include "host/observe/log.hpp"

namespace sluice::host {

Result<void> CassetteLayer::open(const CassetteOptions& options, Http& below, const Clock& clock) {
  top_ = &below;
  clock_ = &clock;
  if (!options.record.empty()) {
    auto made = RecordingHttp::create(options.record, below, clock, &redact);
    if (!made) {
      return std::move(made).error().in("--record");
    }
    recording_ = std::move(*made);
    top_ = recording_.get();
  }
  if (!options.replay.empty()) {
    auto opened = ReplayingHttp::open_cassette(
        options.replay, options.strict ? cassette::Match::kStrict : cassette::Match::kLoose,
        &redact, &cassette_clock_);
    if (!opened) {
      // A cassette is configuration: what is wrong with it is for the user to mend.
      Error error = std::move(opened).error();
      error.code = error.code == Code::kIo ? Code::kIo : Code::kInvalidConfig;
      return std::move(error).in("--replay");
    }
    replaying_ = std::move(*opened);
    top_ = replaying_.get();
    clock_ = &cassette_clock_;
  }
  return {};
}

Result<void> CassetteLayer::close() {
  if (recording_ == nullptr) {
    return {};
  }
  auto closed = recording_->close();
  if (const uint64_t count = recording_->redacted_bodies(); count > 0) {
    log(LogLevel::kWarn,
        std::to_string(count) +
            " recorded bodies held secrets, which were blotted out: they play back with *** in "
            "their place.",
        "component=cassette");
  }
  return closed ? Result<void>{} : std::move(closed).error().in("--record");
}

}  // namespace sluice::host
