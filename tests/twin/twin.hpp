// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::twin {

// The size and shape of the weather service's tree.
struct DwdOptions {
  std::uint32_t stations = 0;  // stations of the network; 0: 24, or as many as files_10min_tu needs
  std::uint32_t files_10min_tu =
      0;  // exact number of archives in 10_minutes/air_temperature/historical; 0: as it comes
  std::uint32_t rows_per_file =
      500;                        // rows of a product file, as far as its time range has as many
  std::vector<int> minute_years;  // years of 1_minute/precipitation/historical; empty: 1999, 2000
                                  // and the last two
  std::string today =
      "2026-03-30";             // the service's current date (UTC); `now` files are of this day
  int history_end_year = 2024;  // historical archives end with this year until rename-year
  std::size_t cache_mib = 256;  // bound of built archives that are kept
};

struct Options {
  std::uint16_t port = 0;   // 0: any free one
  std::uint64_t seed = 1;   // the same seed and options give the same bytes
  std::string faults;       // fault rules as JSON, see README.md; empty: none
  std::string warm;         // glob over paths: archives built in the constructor; empty: none
  double limits_scale = 1;  // the limiters' windows and bans are so much shorter
  DwdOptions dwd;
};

// A running server on 127.0.0.1. The constructor returns when it accepts connections and throws
// std::invalid_argument on bad options or rules, std::runtime_error when it cannot listen. The
// destructor stops it. Thread-safe.
class Twin {
 public:
  explicit Twin(const Options& options);
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;
  Twin(Twin&&) = delete;
  Twin& operator=(Twin&&) = delete;
  ~Twin();

  std::uint16_t port() const;
  // "http://127.0.0.1:PORT", without a slash at the end.
  std::string base_url() const;
  // The address of the weather service's root folder, with a slash at the end.
  std::string dwd_url() const;

  // Calls a control endpoint in process, e.g. control("POST", "/_twin/republish",
  // R"({"count":3})"), and returns its JSON answer. Throws std::invalid_argument with the
  // endpoint's sentence when the answer is not 2xx.
  std::string control(const std::string& method, const std::string& target,
                      const std::string& body = {});

  // Closes every connection and joins all threads; idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::twin
