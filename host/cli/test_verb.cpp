// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/cli/signals.hpp"
#include "host/cli/test_case.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/observe/report.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr size_t kMostShown = 20;  // rows of a kind and stream

std::string text_of(const TestCase& test, const TestResult& result) {
  std::string out = test.folder().string() + ": ";
  if (result.updated) {
    return out + "expects " + grouped(result.rows) + " rows now\n";
  }
  if (result.passed()) {
    return out + "passed, " + grouped(result.rows) + " rows\n";
  }
  out += "failed\n";
  if (!result.error.empty()) {
    out += "  " + result.error + "\n";
  }
  for (const StreamDiff& diff : result.streams) {
    out += diff.same() ? "" : diff_text(diff, kMostShown);
  }
  return out;
}

json json_of(const TestCase& test, const TestResult& result) {
  json streams = json::array();
  for (const StreamDiff& diff : result.streams) {
    streams.push_back(diff_json(diff));
  }
  return {{"test", test.folder().string()},
          {"outcome", result.updated    ? "updated"
                      : result.passed() ? "passed"
                                        : "failed"},
          {"error", result.error},
          {"rows", result.rows},
          {"streams", std::move(streams)}};
}

// Exit codes of several tests: what is wrong with a test itself weighs more than its failing.
int worse(int left, int right) {
  return std::max(left, right);
}

}  // namespace

int test_verb(const HostOptions& host, const TestOptions& options) {
  std::vector<TestCase> tests;
  for (const std::string& path : options.paths) {
    auto found = find_tests(path);
    if (!found) {
      return complain(found.error());
    }
    tests.insert(tests.end(), found->begin(), found->end());
  }
  std::vector<std::string> files;
  for (const TestCase& test : tests) {
    files.push_back(test.pipeline.string());
  }
  const std::unique_ptr<Registry> registry = scan_plugins(host, files);
  Cancel stop, abort;
  const SignalWatch signals(stop, abort, std::chrono::milliseconds(0));
  int exit_code = kExitDone;
  json told = json::array();
  for (const TestCase& test : tests) {
    if (stop.requested()) {
      return signals.exit_code();
    }
    auto result = run_test(test, *registry, host,
                           {options.update, options.record, options.strict, stop, abort});
    if (!result) {
      // A cassette or expected rows that cannot be read are the user's to mend, like configuration.
      Error error = std::move(result).error();
      error.code = error.code == Code::kCorrupt ? Code::kInvalidConfig : error.code;
      told.push_back(
          {{"test", test.folder().string()}, {"outcome", "broken"}, {"error", error.message}});
      exit_code = worse(exit_code, complain(error));
      continue;
    }
    exit_code = worse(exit_code, result->passed() || result->updated ? kExitDone : kExitIncomplete);
    if (host.json) {
      told.push_back(json_of(test, *result));
    } else if (!host.quiet || !result->passed()) {
      print(redact(text_of(test, *result)));
    }
  }
  if (host.json) {
    print_json({{"tests", std::move(told)}});
  }
  return signals.exit_code() != 0 ? signals.exit_code() : exit_code;
}

}  // namespace sluice::host
