// SPDX-License-Identifier: Apache-2.0
//
// A pipeline's configuration, typed. Reading it never stops at the first problem: all of them come
// back, each with file, line, column and a way out. The only place that knows TOML.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "host/base/words.hpp"
#include "host/config/network_config.hpp"
#include "host/http/credential_config.hpp"
#include "host/http/declaration.hpp"

namespace sluice::host {

struct Problem {
  std::string file;
  uint32_t line = 0, column = 0;           // from 1; 0 = the whole file
  std::string what;                        // sentence: what; where the key is; did you mean …
  [[nodiscard]] std::string text() const;  // file:line:column: what
};

// Where the JSON Schema of a component comes from: the notes of the installed plugins.
class Schemas {
 public:
  Schemas() = default;
  Schemas(const Schemas&) = delete;
  Schemas& operator=(const Schemas&) = delete;
  virtual ~Schemas() = default;
  // `kind`: "source", "sink", "transform". Null if no such component is installed.
  [[nodiscard]] virtual const std::string* config_schema(std::string_view kind,
                                                         std::string_view id) const = 0;
  [[nodiscard]] virtual std::vector<std::string> ids(std::string_view kind) const = 0;
};

enum class ErrorPolicy : uint8_t { kContinue, kStop };
enum class Order : uint8_t { kParallel, kSequential };

struct ComponentConfig {
  std::string plugin;  // id
  std::string
      json;  // what configure() gets: canonical, defaults filled, secrets as {"$secret": name}
  std::string role;  // sources: "primary"
  uint32_t line = 0;
  std::map<std::string, std::string> places;  // JSON Pointer to a key -> "file:line:column"
};

struct StreamConfig {  // [stream.NAME]
  bool enabled = true;
  std::string table;  // empty = the stream's name
  std::optional<std::chrono::seconds> refresh, retry_empty;
  double max_shrink = 0.5;  // share of a slice's rows that may vanish at once
  std::string keys_query;   // keys come from this query on the sink; empty = from the source
  std::optional<std::chrono::microseconds> lag;
  uint32_t line = 0;
};

struct SecretConfig {  // [secret.NAME]: where a value comes from
  enum class From : uint8_t { kEnv, kFile, kCredential, kCommand, kStore } from = From::kEnv;
  // Name of the variable, path, name of the systemd credential or of an entry of the sealed store.
  std::string value;
  std::vector<std::string> command;  // kCommand: program and arguments
  uint32_t line = 0;
  bool operator==(const SecretConfig&) const = default;
};

struct PipelineConfig {
  std::string file;
  // [pipeline]
  std::string name;
  uint32_t workers = 4;
  std::vector<std::string>
      streams;                     // chosen streams, in order; empty = all that the source declares
  Order order = Order::kParallel;  // of slices within a stream
  ErrorPolicy on_error = ErrorPolicy::kContinue;
  uint64_t max_failed = 0;  // stop when more slices than that failed; 0 = no limit
  uint32_t attempts = 5;    // per slice and run
  std::chrono::milliseconds retry_base{1'000}, retry_cap{60'000};
  std::chrono::milliseconds drain{10'000};
  bool lineage = true;
  // [want]
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;  // to = "now" is INT64_MAX with to_now
  bool to_now = true;
  std::optional<std::chrono::microseconds> lag;
  // [commit]: a transaction ends at the first of these
  uint64_t commit_rows = 100'000;
  uint64_t commit_bytes = 32ULL << 20;
  std::chrono::milliseconds commit_every{1'000};
  // [limits]
  uint64_t memory_bytes = 256ULL << 20;
  std::map<std::string, double>
      requests_per_second;  // [limits.requests_per_second] scope = number; "*" = others
  // [http]
  std::chrono::milliseconds connect_timeout{10'000}, first_byte_timeout{60'000},
      stall_timeout{30'000};
  uint32_t http_retries = 4;
  std::chrono::milliseconds limit_patience{2 * 3'600'000};
  double retry_budget = 0.2;      // retries of a scope, as a share of its requests
  uint32_t breaker_failures = 8;  // in a row
  double breaker_share = 0.5;
  std::chrono::milliseconds breaker_open{1'000}, breaker_cap{60'000}, breaker_wait{60'000};
  std::string user_agent;
  NetworkConfig network;
  CacheConfig cache;
  HttpDeclaration http;  // [[limit]] and [endpoint.NAME]: comes before what the plugin declares
  // [state], [plugins]: host options, may also come from the command line or SLUICE_… variables
  std::optional<std::string> state_dir;
  std::vector<std::string> plugin_dirs;

  std::vector<ComponentConfig> sources;  // [[source]], at least one
  ComponentConfig sink;                  // [sink]
  std::map<std::string, StreamConfig> stream;
  std::map<std::string, SecretConfig> secrets;
  std::map<std::string, CredentialConfig> credentials;

  // Values that came from the environment: redacted wherever text leaves the process.
  std::vector<std::string> redact;
};

struct ConfigOptions {
  std::vector<std::string> set;  // "pipeline.workers=8": as if the file said so
  bool resolve_env = true;       // false for `check`: { env = … } needs no value yet
};

struct ConfigResult {
  PipelineConfig config;          // meaningful only without problems
  std::vector<Problem> problems;  // in order of place
};

// Reads and checks one file (host keys, and each component's keys against its schema). No network,
// no plugin code.
// "-" reads standard input. Relative paths in the file stay as they are.
ConfigResult read_config(const std::filesystem::path& file, const Schemas& schemas,
                         const ConfigOptions& options = {});

// The keys [state] and [plugins] alone, leniently: needed before the plugins (and so the schemas)
// are known.
struct HostKeys {
  std::optional<std::string> state_dir;
  std::vector<std::string> plugin_dirs;
};
// `set` options count as if the file said so.
HostKeys peek_host_keys(const std::filesystem::path& file,
                        const std::vector<std::string>& set = {});

// JSON Schema (2020-12) of the whole configuration, host and installed plugins, for editors.
std::string whole_schema(const Schemas& schemas);

// What is wrong with a component's configuration schema: keywords outside the subset
// (docs/schema-subset.md), wrong forms. Empty if it is sound. For `sluice plugins inspect` and the
// conformance tests.
std::vector<std::string> schema_problems(std::string_view schema);

// "90s" "5m" "2h" "7d" "250ms" "1h30m" → duration; "256MiB" "10MB" "4096" → bytes; RFC 3339 time or
// date → µs UTC.
Result<std::chrono::microseconds> parse_duration(std::string_view text);
Result<uint64_t> parse_size(std::string_view text);
Result<int64_t> parse_time(std::string_view text);

}  // namespace sluice::host
