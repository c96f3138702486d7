// SPDX-License-Identifier: Apache-2.0
//
// The configuration of the sink.
#pragma once

#include <string>
#include <tuple>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"

namespace sluice::files {

struct SinkConfig {
  std::string path;
  std::string format = "ndjson";
  std::string compression = "none";
  Bytes rotate_size{0};
  bool rotate_daily = false;

  static constexpr auto fields() {
    return std::tuple{
        required("path", &SinkConfig::path, R"("minLength":1)")
            .doc(
                "A folder, which gets a file per stream; a file (.ndjson, .jsonl or .csv, with .gz "
                "or .zst if compressed), for one stream; or - for the standard output.")
            .example(R"("data/out")"),
        optional("format", &SinkConfig::format, R"("enum":["ndjson","csv"])")
            .doc("What the files hold."),
        optional("compression", &SinkConfig::compression, R"("enum":["none","gzip","zstd"])")
            .doc("How they are packed: a gzip member or zstd frame per commit."),
        optional("rotate_size", &SinkConfig::rotate_size)
            .doc("A commit that finds the file this large begins a new one; 0: never."),
        optional("rotate_daily", &SinkConfig::rotate_daily)
            .doc("The first commit of a day (UTC) begins a new file."),
    };
  }

  bool to_stdout() const noexcept { return path == "-"; }
  // Whether `path` names one file and not a folder.
  bool single_file() const noexcept {
    const std::string_view bare =
        path.ends_with(".gz")    ? std::string_view(path).substr(0, path.size() - 3)
        : path.ends_with(".zst") ? std::string_view(path).substr(0, path.size() - 4)
                                 : std::string_view(path);
    return bare.ends_with(".ndjson") || bare.ends_with(".jsonl") || bare.ends_with(".csv");
  }
  std::string ending() const {
    return "." + format + (compression == "gzip" ? ".gz" : compression == "zstd" ? ".zst" : "");
  }
};

}  // namespace sluice::files
