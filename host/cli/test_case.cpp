// SPDX-License-Identifier: Apache-2.0
#include "host/cli/test_case.hpp"

#include <stdlib.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "host/cli/http_stack.hpp"
#include "host/http/cassette/files.hpp"
#include "host/pipeline/run.hpp"

namespace sluice::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPipelineFile = "pipeline.toml";
constexpr uint64_t kMostExpectedBytes = 256U << 20;

class TempFolder {
 public:
  static Result<std::unique_ptr<TempFolder>> make() {
    std::error_code ec;
    std::string name = (fs::temp_directory_path(ec) / "sluice-test-XXXXXX").string();
    if (ec || mkdtemp(name.data()) == nullptr) {
      return Error{Code::kIo, "no temporary folder can be made: " + name};
    }
    return std::make_unique<TempFolder>(name);
  }
  explicit TempFolder(fs::path path) : path_(std::move(path)) {}
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

Error no_test(const fs::path& path, const std::string& what) {
  return Error{Code::kInvalidConfig, path.string() + " " + what};
}

// The configuration as a test runs it: nothing waits, nothing depends on the order of workers.
Result<PipelineConfig> test_config(const TestCase& test, const Registry& registry,
                                   const HostOptions& host) {
  HostOptions to_stderr = host;
  to_stderr.json = false;  // standard output is for the result
  auto configs = read_configs({test.pipeline.string()}, registry, to_stderr);
  if (!configs) {
    return Error{Code::kInvalidConfig, test.pipeline.string() + " is no valid configuration"};
  }
  PipelineConfig config = std::move(configs->front());
  config.retry_base = config.retry_cap = std::chrono::milliseconds(1);
  return config;
}

std::string why(const RunReport& report) {
  if (!report.error.empty()) {
    return report.error;
  }
  for (const StreamReport& stream : report.streams) {
    for (const auto& [kind, tally] : stream.errors) {
      return stream.name + ": " + tally.example;
    }
    if (stream.rejected_rows > 0) {
      return stream.name + ": " + std::to_string(stream.rejected_rows) +
             " rows were rejected into quarantine";
    }
  }
  return report.exit_code == 0 ? "" : "the run ended " + report.outcome;
}

Result<RunReport> run_captured(const TestCase& test, const PipelineConfig& config,
                               const Registry& registry, const HostOptions& host,
                               const TestControl& control, Capture& capture) {
  auto state = TempFolder::make();
  if (!state) {
    return std::move(state).error();
  }
  const SystemClock clock;
  std::error_code ec;
  CassetteOptions options;
  options.strict = control.strict;
  (control.record ? options.record : options.replay) = test.cassette().string();
  if (!control.record && !fs::exists(test.cassette(), ec)) {
    // A pipeline without HTTP needs none, and one with HTTP finds an empty one.
    const fs::path empty = (*state)->path() / "cassette";
    SLUICE_TRY(cassette::prepare_folder(empty));
    SLUICE_TRY(
        cassette::write_file(empty / cassette::kAboutFile, cassette::write_about(clock.now_us())));
    options.replay = empty.string();
  }
  // Only a recording asks for secrets, and then for the real ones.
  auto secrets_folder = state_directory(host, {config});
  if (!secrets_folder) {
    return std::move(secrets_folder).error();
  }
  Secrets secrets(*secrets_folder);
  const std::vector<PipelineConfig> configs = {config};
  HttpStack http(configs, secrets, clock, (*state)->path() / "state");
  SLUICE_TRY(http.open(options));
  auto ledger = Ledger::open((*state)->path() / "state", http.clock());
  if (!ledger) {
    return std::move(ledger).error();
  }
  const Environment environment{registry, http.clock(), http.top(),
                                secrets,  &capture,     http.replays()};
  Progress progress(ProgressStyle::kNone);
  RunReport report =
      run_pipeline(environment, config, **ledger, {control.stop, control.abort, progress, 1});
  SLUICE_TRY(http.close());
  return report;
}

std::set<std::string> expected_streams(const TestCase& test) {
  std::set<std::string> names;
  std::error_code ec;
  for (fs::directory_iterator at(test.expected(), ec); !ec && at != fs::directory_iterator();
       at.increment(ec)) {
    if (at->path().extension() == ".ndjson") {
      names.insert(at->path().stem().string());
    }
  }
  return names;
}

Result<void> write_expected(const TestCase& test,
                            const std::map<std::string, Capture::Table>& tables) {
  std::error_code ec;
  fs::create_directories(test.expected(), ec);
  for (const std::string& name : expected_streams(test)) {
    fs::remove(test.expected() / (name + ".ndjson"), ec);
  }
  for (const auto& [stream, table] : tables) {
    if (!cassette::is_plain_name(stream)) {
      return Error{Code::kInvalidConfig, "stream '" + stream + "' cannot be the name of a file"};
    }
    std::string text;
    for (const std::string& row : table.rows) {
      text += row + "\n";
    }
    SLUICE_TRY(cassette::write_file(test.expected() / (stream + ".ndjson"), text));
  }
  return {};
}

Result<void> compare(const TestCase& test, const std::map<std::string, Capture::Table>& tables,
                     TestResult& result) {
  std::set<std::string> names = expected_streams(test);
  for (const auto& [stream, table] : tables) {
    names.insert(stream);
  }
  for (const std::string& name : names) {
    const fs::path file = test.expected() / (name + ".ndjson");
    auto text = cassette::read_file(file, kMostExpectedBytes);
    if (!text && text.error().code != Code::kNotFound) {
      return std::move(text).error();
    }
    const auto landed = tables.find(name);
    auto diff = compare_rows(name, landed == tables.end() ? Capture::Table() : landed->second,
                             file.string(), text ? *text : std::string());
    if (!diff) {
      return std::move(diff).error();
    }
    result.streams.push_back(std::move(*diff));
  }
  return {};
}

}  // namespace

bool TestResult::passed() const {
  return error.empty() && std::all_of(streams.begin(), streams.end(),
                                      [](const StreamDiff& diff) { return diff.same(); });
}

Result<std::vector<TestCase>> find_tests(const fs::path& path) {
  std::error_code ec;
  if (fs::is_regular_file(path, ec)) {
    return std::vector<TestCase>{{path}};
  }
  if (!fs::is_directory(path, ec)) {
    return no_test(path, "is neither a pipeline's file nor a folder");
  }
  if (fs::exists(path / kPipelineFile, ec)) {
    return std::vector<TestCase>{{path / kPipelineFile}};
  }
  std::vector<TestCase> tests;
  for (fs::recursive_directory_iterator at(path, ec);
       !ec && at != fs::recursive_directory_iterator(); at.increment(ec)) {
    if (at->path().filename() == kPipelineFile) {
      tests.push_back({at->path()});
    }
  }
  std::sort(tests.begin(), tests.end(),
            [](const TestCase& a, const TestCase& b) { return a.pipeline < b.pipeline; });
  if (tests.empty()) {
    return no_test(path, "holds no test: no folder in it has a " + std::string(kPipelineFile) +
                             "; see docs/cassettes.md");
  }
  return tests;
}

Result<TestResult> run_test(const TestCase& test, const Registry& registry, const HostOptions& host,
                            const TestControl& control) {
  auto config = test_config(test, registry, host);
  if (!config) {
    return std::move(config).error();
  }
  Capture capture;
  auto report = run_captured(test, *config, registry, host, control, capture);
  if (!report) {
    return std::move(report).error();
  }
  if (report->exit_code == kExitConfig) {
    return Error{Code::kInvalidConfig, test.pipeline.string() + ": " + report->error};
  }
  TestResult result;
  result.error = report->exit_code == 0 ? "" : why(*report);
  const auto tables = capture.tables();
  for (const auto& [stream, table] : tables) {
    result.rows += table.rows.size();
  }
  if ((control.update || control.record) && result.error.empty()) {
    result.updated = true;
    SLUICE_TRY(write_expected(test, tables));
  } else {
    SLUICE_TRY(compare(test, tables, result));
  }
  return result;
}

}  // namespace sluice::host
