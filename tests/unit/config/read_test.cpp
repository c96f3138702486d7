// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const char* kFull = R"(# everything at once
[pipeline]
name = "candles-2"
workers = 8
streams = ["candles", "symbols"]
order = "sequential"
on_error = "stop"
max_failed = 12
attempts = 3
retry_base = "250ms"
retry_cap = "2m"
drain = "1m30s"
lineage = false

[want]
from = 2024-01-01
to = 2024-06-01T12:00:00+02:00
lag = "3m"

[commit]
rows = 5000
bytes = "8MiB"
every = "500ms"

[limits]
memory = "1GB"

[limits.requests_per_second]
"api.binance.com" = 10
"*" = 0.5

[http]
connect_timeout = "5s"
first_byte_timeout = "20s"
stall_timeout = "7s"
retries = 2
user_agent = "me/1.0"
contact = "ops@example.org"
dns_timeout = "3s"
low_speed = "1KiB"
low_speed_window = "10s"
max_redirects = 2
deny_private = true
proxy = "socks5h://me:s3cret@proxy.example:1080"
ca_file = "ca.pem"
client_cert = "me.pem"
client_key = "me.key"

[cache]
entries = 7
bytes = "1MiB"
ttl = "2h"

[state]
dir = "/var/lib/sluice"

[plugins]
dirs = ["plugins", "/opt/plugins"]

[[source]]
plugin = "binance"
symbols = ["BTCUSDT"]
interval = "5m"
since = 2024-01-01T00:00:00
day = 2024-02-29
ratio = 1
api_key = { secret = "key" }

[[source]]
plugin = "files"
role = "primary"
path = "in/*.csv"

[sink]
plugin = "sqlite"
path = "candles.db"

[stream.candles]
table = "prices"
refresh = "1d"
lag = "10m"

[stream.symbols]
enabled = false

[secret.key]
env = "BINANCE_KEY"

[secret.other]
file = "/run/secrets/other"
)";

TEST_CASE("a minimal file gets the defaults that the types state") {
  const auto result = read_text(kGood);
  REQUIRE(problems_of(result).empty());
  const auto& c = result.config;
  const PipelineConfig defaults;
  CHECK(c.name == "candles");
  CHECK(c.workers == defaults.workers);
  CHECK(c.streams.empty());
  CHECK(c.order == defaults.order);
  CHECK(c.on_error == defaults.on_error);
  CHECK(c.max_failed == defaults.max_failed);
  CHECK(c.attempts == defaults.attempts);
  CHECK(c.retry_base == defaults.retry_base);
  CHECK(c.retry_cap == defaults.retry_cap);
  CHECK(c.drain == defaults.drain);
  CHECK(c.lineage == defaults.lineage);
  CHECK(c.from_us == defaults.from_us);
  CHECK(c.to_us == defaults.to_us);
  CHECK(c.to_now == defaults.to_now);
  CHECK(c.lag == defaults.lag);
  CHECK(c.commit_rows == defaults.commit_rows);
  CHECK(c.commit_bytes == defaults.commit_bytes);
  CHECK(c.commit_every == defaults.commit_every);
  CHECK(c.memory_bytes == defaults.memory_bytes);
  CHECK(c.requests_per_second.empty());
  CHECK(c.connect_timeout == defaults.connect_timeout);
  CHECK(c.first_byte_timeout == defaults.first_byte_timeout);
  CHECK(c.stall_timeout == defaults.stall_timeout);
  CHECK(c.http_retries == defaults.http_retries);
  CHECK(c.user_agent.empty());
  CHECK(c.network == NetworkConfig{});
  CHECK(c.cache.entries == defaults.cache.entries);
  CHECK(c.cache.bytes == defaults.cache.bytes);
  CHECK(c.cache.ttl == defaults.cache.ttl);
  CHECK_FALSE(c.state_dir);
  CHECK(c.plugin_dirs.empty());
  CHECK(c.redact.empty());
  REQUIRE(c.sources.size() == 1);
  CHECK(c.sources[0].plugin == "binance");
  CHECK(c.sources[0].role == "primary");
  CHECK(c.sources[0].line == 4);
  CHECK(c.sink.plugin == "sqlite");
  CHECK(c.sink.line == 8);
}

TEST_CASE("what configure() gets is canonical JSON with the defaults filled in") {
  const auto result = read_text(kGood);
  CHECK(
      result.config.sources[0].json ==
      R"({"depth":100,"interval":"1m","pause":"250ms","symbols":["BTCUSDT","ETHUSDT"],"verbose":false})");
  CHECK(result.config.sink.json == R"({"path":"candles.db","synchronous":"full"})");
}

TEST_CASE("every key of the host arrives") {
  const auto result = read_text(kFull);
  REQUIRE(problems_of(result).empty());
  const auto& c = result.config;
  CHECK(c.name == "candles-2");
  CHECK(c.workers == 8);
  CHECK(c.streams == std::vector<std::string>{"candles", "symbols"});
  CHECK(c.order == Order::kSequential);
  CHECK(c.on_error == ErrorPolicy::kStop);
  CHECK(c.max_failed == 12);
  CHECK(c.attempts == 3);
  CHECK(c.retry_base == 250ms);
  CHECK(c.retry_cap == 2min);
  CHECK(c.drain == 90s);
  CHECK_FALSE(c.lineage);
  CHECK(c.from_us == 1'704'067'200'000'000);
  CHECK(c.to_us == 1'717'236'000'000'000);
  CHECK_FALSE(c.to_now);
  CHECK(c.lag == std::optional<std::chrono::microseconds>(3min));
  CHECK(c.commit_rows == 5000);
  CHECK(c.commit_bytes == 8U << 20);
  CHECK(c.commit_every == 500ms);
  CHECK(c.memory_bytes == 1'000'000'000);
  CHECK(c.requests_per_second ==
        std::map<std::string, double>{{"api.binance.com", 10}, {"*", 0.5}});
  CHECK(c.connect_timeout == 5s);
  CHECK(c.first_byte_timeout == 20s);
  CHECK(c.stall_timeout == 7s);
  CHECK(c.http_retries == 2);
  CHECK(c.user_agent == "me/1.0");
  CHECK(c.network == NetworkConfig{3s, 1024, 10s, 2, "ops@example.org",
                                   "socks5h://me:s3cret@proxy.example:1080", "ca.pem", "me.pem",
                                   "me.key", true});
  CHECK(c.cache.entries == 7);
  CHECK(c.cache.bytes == 1U << 20);
  CHECK(c.cache.ttl == 2h);
  CHECK(c.state_dir == "/var/lib/sluice");
  CHECK(c.plugin_dirs == std::vector<std::string>{"plugins", "/opt/plugins"});
  REQUIRE(c.sources.size() == 2);
  CHECK(c.sources[1].plugin == "files");
  CHECK(c.stream.at("candles").table == "prices");
  CHECK(c.stream.at("candles").refresh == std::optional<std::chrono::seconds>(24h));
  CHECK(c.stream.at("candles").lag == std::optional<std::chrono::microseconds>(10min));
  CHECK_FALSE(c.stream.at("symbols").enabled);
  CHECK(c.secrets.at("key").value == "BINANCE_KEY");
  CHECK(c.secrets.at("other").from == SecretConfig::From::kFile);
}

TEST_CASE("dates become RFC 3339 text, a time without offset is UTC, a secret stays a reference") {
  const auto result = read_text(kFull);
  const json source = json::parse(result.config.sources.at(0).json);
  CHECK(source["since"] == "2024-01-01T00:00:00Z");
  CHECK(source["day"] == "2024-02-29");
  CHECK(source["ratio"] == 1);
  CHECK(source["api_key"] == json{{"$secret", "key"}});
}

TEST_CASE("a plugin gets every time in full RFC 3339 however short it was written") {
  const std::pair<const char*, const char*> times[] = {
      {"2024-01-01T12:05Z", "2024-01-01T12:05:00Z"},
      {"2024-01-01 12:05", "2024-01-01T12:05:00Z"},
      {"2024-01-01t12:05-01:30", "2024-01-01T12:05:00-01:30"},
      {"2024-01-01T12:05:07.5z", "2024-01-01T12:05:07.5Z"},
      {"2024-01-01", "2024-01-01T00:00:00Z"}};
  for (const auto& [written, given] : times) {
    std::string text = kFull;
    const std::string was = "since = 2024-01-01T00:00:00\n";
    text.replace(text.find(was), was.size(), "since = \"" + std::string(written) + "\"\n");
    const auto result = read_text(text);
    CHECK(problems_of(result).empty());
    CHECK(json::parse(result.config.sources.at(0).json)["since"] == given);
  }
}

TEST_CASE("the same configuration read from its own JSON is the same again") {
  const auto first = read_text(kFull);
  const json source = json::parse(first.config.sources.at(0).json);
  std::string text =
      "[pipeline]\nname = \"again\"\n[secret.key]\nenv = \"K\"\n[sink]\nplugin = "
      "\"files\"\n[[source]]\nplugin = \"binance\"\n";
  for (const auto& [key, value] : source.items()) {
    text += key + " = " + (value.is_object() ? R"({ secret = "key" })" : value.dump()) + "\n";
  }
  const auto second = read_text(text);
  CHECK(problems_of(second).empty());
  CHECK(second.config.sources.at(0).json == first.config.sources.at(0).json);
}

}  // namespace
}  // namespace sluice::host::test
