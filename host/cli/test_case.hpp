// SPDX-License-Identifier: Apache-2.0
//
// One test of a pipeline: a folder with pipeline.toml, cassette/ and expected/STREAM.ndjson
// (docs/cassettes.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/cli/context.hpp"
#include "host/cli/test_diff.hpp"

namespace sluice::host {

struct TestCase {
  std::filesystem::path pipeline;
  [[nodiscard]] std::filesystem::path folder() const {
    const auto parent = pipeline.parent_path();
    return parent.empty() ? std::filesystem::path(".") : parent;
  }
  [[nodiscard]] std::filesystem::path cassette() const { return folder() / "cassette"; }
  [[nodiscard]] std::filesystem::path expected() const { return folder() / "expected"; }
};

// The tests that `path` means: a pipeline's file, a folder with pipeline.toml, or all folders below
// one that have it, in the order of their names. kInvalidConfig if there is none.
Result<std::vector<TestCase>> find_tests(const std::filesystem::path& path);

struct TestControl {
  bool update = false, record = false, strict = false;
  const Cancel& stop;
  const Cancel& abort;
};

struct TestResult {
  std::string error;  // why the pipeline did not run to its end; empty = it did
  std::vector<StreamDiff> streams;
  uint64_t rows = 0;
  bool updated = false;
  [[nodiscard]] bool passed() const;
};

// Runs it with a captured sink and a state directory of its own, which is removed. Errors are those
// of the test itself: its configuration, its cassette, its expected rows.
Result<TestResult> run_test(const TestCase& test, const Registry& registry, const HostOptions& host,
                            const TestControl& control);

}  // namespace sluice::host
