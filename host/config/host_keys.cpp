// SPDX-License-Identifier: Apache-2.0
#include "host/config/host_keys.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

using nlohmann::json;

// The checker has been there before: what does not parse was complained of, and its value is not
// used.
std::chrono::microseconds duration(const json& value) {
  const auto parsed = parse_duration(value.is_string() ? value.get<std::string>() : "0s");
  return parsed ? *parsed : std::chrono::microseconds(0);
}

std::chrono::milliseconds milliseconds(const json& value) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration(value));
}

uint64_t bytes(const json& value) {
  const auto parsed = parse_size(value.is_string() ? value.get<std::string>() : "0");
  return parsed ? *parsed : 0;
}

int64_t instant(const json& value) {
  const auto parsed = parse_time(value.is_string() ? value.get<std::string>() : "");
  return parsed ? *parsed : 0;
}

std::vector<std::string> texts(const json& value) {
  std::vector<std::string> out;
  for (const auto& element : value) {
    if (element.is_string()) {
      out.push_back(element.get<std::string>());
    }
  }
  return out;
}

// Base URLs without the slash at their end, which the path of a request begins with.
std::vector<std::string> base_urls(const json& value) {
  std::vector<std::string> urls = texts(value);
  for (std::string& url : urls) {
    while (url.ends_with('/')) {
      url.pop_back();
    }
  }
  return urls;
}

SecretText secret_text(const json& value) {
  if (value.is_string()) {
    return {value.get<std::string>(), {}};
  }
  return {{}, value.is_object() ? value.value("$secret", "") : std::string()};
}

void set_secret(const KeyTarget& target, SecretConfig::From from, const json& value) {
  target.secret->from = from;
  target.secret->value = value.get<std::string>();
}

constexpr HostTable kTables[] = {
    {"pipeline", Shape::kSingle, true, false,
     "The pipeline: its name, how hard it works and what it does about failures."},
    {"want", Shape::kSingle, false, false,
     "Which stretch of time is wanted of streams that are series."},
    {"commit", Shape::kSingle, false, false,
     "When a transaction of the target ends: at the first of these."},
    {"limits", Shape::kSingle, false, false,
     "What the process may use, and how hard it may ask services."},
    {"http", Shape::kSingle, false, false, "How requests are made."},
    {"cache", Shape::kSingle, false, false,
     "Answers that are kept in memory, for plugins that ask for it."},
    {"endpoint", Shape::kMap, false, false,
     "Base URLs of a service that answer alike, by the name that its plugin gives the set; comes "
     "before the plugin's own."},
    {"limit", Shape::kArray, false, false,
     "What a service allows; comes before what its plugin knows of it. Every pipeline and process "
     "on the state directory keeps to it together."},
    {"state", Shape::kSingle, false, false, "Where the ledger lives."},
    {"plugins", Shape::kSingle, false, false, "Where plugins are looked for."},
    {"source", Shape::kArray, true, true,
     "Where data comes from. The plugin's own keys stand beside these."},
    {"sink", Shape::kSingle, true, true,
     "Where data goes. The plugin's own keys stand beside these."},
    {"stream", Shape::kMap, false, false,
     "What is different for one stream of the source, by its name."},
    {"secret", Shape::kMap, false, false,
     "Where the value of a secret comes from, by the name that `{ secret = \"NAME\" }` refers to."},
    {"credential", Shape::kMap, false, false,
     "How requests prove who they are, by the name that a plugin is given. See docs/http.md."},
};

// Version 14 breaks the lines of a table as long as this at random.
// clang-format off
constexpr HostKey kKeys[] = {
    {"pipeline", "name", true,
     R"({"type":"string","pattern":"^[a-z0-9_-]+$","maxLength":64,"x-sluice-example":"weather",
         "description":"Names the pipeline in the ledger, the target's commit log and every report. Lower-case letters, digits, - and _."})",
     [](const KeyTarget& t, const json& v) { t.config.name = v.get<std::string>(); }},
    {"pipeline", "workers", false,
     R"({"type":"integer","minimum":1,"maximum":256,"default":4,"description":"Slices that are read at the same time."})",
     [](const KeyTarget& t, const json& v) { t.config.workers = v.get<uint32_t>(); }},
    {"pipeline", "streams", false,
     R"({"type":"array","items":{"type":"string","minLength":1},"uniqueItems":true,"default":[],
         "description":"Streams to keep complete, in this order. Empty: all that the source declares."})",
     [](const KeyTarget& t, const json& v) { t.config.streams = texts(v); }},
    {"pipeline", "order", false,
     R"({"type":"string","enum":["parallel","sequential"],"default":"parallel","description":"Whether the slices of a stream may be read side by side or only one after the other."})",
     [](const KeyTarget& t, const json& v) {
       t.config.order = v == "sequential" ? Order::kSequential : Order::kParallel;
     }},
    {"pipeline", "on_error", false,
     R"({"type":"string","enum":["continue","stop"],"default":"continue","description":"Whether a slice that failed for good ends the run or only itself."})",
     [](const KeyTarget& t, const json& v) {
       t.config.on_error = v == "stop" ? ErrorPolicy::kStop : ErrorPolicy::kContinue;
     }},
    {"pipeline", "max_failed", false,
     R"({"type":"integer","minimum":0,"default":0,"description":"Ends the run when more slices than that have failed. 0: no limit."})",
     [](const KeyTarget& t, const json& v) { t.config.max_failed = v.get<uint64_t>(); }},
    {"pipeline", "attempts", false,
     R"({"type":"integer","minimum":1,"maximum":1000,"default":5,"description":"How often a slice is tried in one run."})",
     [](const KeyTarget& t, const json& v) { t.config.attempts = v.get<uint32_t>(); }},
    {"pipeline", "retry_base", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1d","default":"1s","description":"Wait before the second attempt; it doubles with each further one."})",
     [](const KeyTarget& t, const json& v) { t.config.retry_base = milliseconds(v); }},
    {"pipeline", "retry_cap", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"7d","default":"1m","description":"Longest wait between two attempts."})",
     [](const KeyTarget& t, const json& v) { t.config.retry_cap = milliseconds(v); }},
    {"pipeline", "drain", false,
     R"({"type":"string","format":"duration","x-sluice-maximum":"1h","default":"10s","description":"Time that slices in flight have to finish after a signal to stop."})",
     [](const KeyTarget& t, const json& v) { t.config.drain = milliseconds(v); }},
    {"pipeline", "lineage", false,
     R"({"type":"boolean","default":true,"description":"Whether each row carries the id of its commit, which leads to slice, source, run and time."})",
     [](const KeyTarget& t, const json& v) { t.config.lineage = v.get<bool>(); }},

    {"want", "from", false,
     R"({"type":"string","format":"instant","x-sluice-example":"2024-01-01","description":"Begin of what is wanted, inclusive. Without it: as far back as the source goes."})",
     [](const KeyTarget& t, const json& v) { t.config.from_us = instant(v); }},
    {"want", "to", false,
     R"({"type":"string","format":"instant","default":"now","description":"End of what is wanted, exclusive; \"now\" moves along."})",
     [](const KeyTarget& t, const json& v) {
       t.config.to_now = v == "now";
       t.config.to_us = t.config.to_now ? INT64_MAX : instant(v);
     }},
    {"want", "lag", false,
     R"({"type":"string","format":"duration","x-sluice-example":"3m","description":"The newest stretch that is read again in each run, because the source still revises it. Without it: what the stream declares."})",
     [](const KeyTarget& t, const json& v) { t.config.lag = duration(v); }},

    {"commit", "rows", false,
     R"({"type":"integer","minimum":1,"maximum":100000000,"default":100000,"description":"Rows in a transaction."})",
     [](const KeyTarget& t, const json& v) { t.config.commit_rows = v.get<uint64_t>(); }},
    {"commit", "bytes", false,
     R"({"type":"string","format":"size","x-sluice-minimum":"64KiB","x-sluice-maximum":"64GiB","default":"32MiB","description":"Size of a transaction's rows."})",
     [](const KeyTarget& t, const json& v) { t.config.commit_bytes = bytes(v); }},
    {"commit", "every", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"1s","description":"Age of a transaction."})",
     [](const KeyTarget& t, const json& v) { t.config.commit_every = milliseconds(v); }},

    {"limits", "memory", false,
     R"({"type":"string","format":"size","x-sluice-minimum":"16MiB","x-sluice-maximum":"1TiB","default":"256MiB","description":"What rows on their way may take; readers wait when it is full."})",
     [](const KeyTarget& t, const json& v) { t.config.memory_bytes = bytes(v); }},
    {"limits", "requests_per_second", false,
     R"({"type":"object","additionalProperties":{"type":"number","exclusiveMinimum":0,"maximum":1000000},"default":{},
         "description":"Requests per second by the limit scope that a plugin names, most often a host name; \"*\" for all others."})",
     [](const KeyTarget& t, const json& v) {
       for (const auto& [scope, rate] : v.items()) {
         if (rate.is_number()) {
           t.config.requests_per_second[scope] = rate.get<double>();
         }
       }
     }},

    {"http", "connect_timeout", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"10s","description":"Time to reach a server, TLS included."})",
     [](const KeyTarget& t, const json& v) { t.config.connect_timeout = milliseconds(v); }},
    {"http", "first_byte_timeout", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"1m","description":"Time a server has to begin its answer."})",
     [](const KeyTarget& t, const json& v) { t.config.first_byte_timeout = milliseconds(v); }},
    {"http", "stall_timeout", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"30s","description":"Longest pause within an answer."})",
     [](const KeyTarget& t, const json& v) { t.config.stall_timeout = milliseconds(v); }},
    {"http", "retries", false,
     R"({"type":"integer","minimum":0,"maximum":100,"default":4,"description":"How often one request is repeated before its slice counts as failed."})",
     [](const KeyTarget& t, const json& v) { t.config.http_retries = v.get<uint32_t>(); }},
    {"http", "retry_budget", false,
     R"({"type":"number","minimum":0,"maximum":1,"default":0.2,"description":"Repeated requests of a limit scope, as a share of its requests within a minute; thirty a minute are always free."})",
     [](const KeyTarget& t, const json& v) { t.config.retry_budget = v.get<double>(); }},
    {"http", "breaker_failures", false,
     R"({"type":"integer","minimum":0,"maximum":10000,"default":8,"description":"Failures in a row that open the circuit breaker of an endpoint. 0: any number."})",
     [](const KeyTarget& t, const json& v) {
       t.config.breaker_failures = v.get<uint32_t>();
     }},
    {"http", "breaker_share", false,
     R"({"type":"number","minimum":0,"maximum":1,"default":0.5,"description":"Share of the newest requests whose failure opens the circuit breaker of an endpoint. 0: any share."})",
     [](const KeyTarget& t, const json& v) { t.config.breaker_share = v.get<double>(); }},
    {"http", "breaker_open", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"1s","description":"How long an open circuit breaker lets nothing through at first; it doubles while the endpoint keeps failing."})",
     [](const KeyTarget& t, const json& v) { t.config.breaker_open = milliseconds(v); }},
    {"http", "breaker_cap", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1d","default":"1m","description":"Longest time between two looks whether an endpoint has recovered."})",
     [](const KeyTarget& t, const json& v) { t.config.breaker_cap = milliseconds(v); }},
    {"http", "breaker_wait", false,
     R"({"type":"string","format":"duration","x-sluice-maximum":"1d","default":"1m","description":"How long a request waits at open circuit breakers before it fails."})",
     [](const KeyTarget& t, const json& v) { t.config.breaker_wait = milliseconds(v); }},
    {"http", "limit_patience", false,
     R"({"type":"string","format":"duration","x-sluice-maximum":"31d","default":"2h","description":"A request that would have to wait longer for a limit or the end of a ban fails at once."})",
     [](const KeyTarget& t, const json& v) { t.config.limit_patience = milliseconds(v); }},
    {"http", "user_agent", false,
     R"({"type":"string","maxLength":256,"pattern":"^[ -~]*$","default":"","description":"What the User-Agent header says. Empty: sluice and its version."})",
     [](const KeyTarget& t, const json& v) { t.config.user_agent = v.get<std::string>(); }},
    {"http", "contact", false,
     R"({"type":"string","maxLength":200,"pattern":"^[ !-'*-~]*$","default":"","x-sluice-example":"ops@example.org","description":"How a service can reach the operator, an address or URL: goes into the User-Agent header."})",
     [](const KeyTarget& t, const json& v) { t.config.network.contact = v.get<std::string>(); }},
    {"http", "dns_timeout", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1h","default":"8s","description":"Time to find a server's address; a part of connect_timeout."})",
     [](const KeyTarget& t, const json& v) { t.config.network.dns_timeout = milliseconds(v); }},
    {"http", "low_speed", false,
     R"({"type":"string","format":"size","x-sluice-maximum":"1GiB","default":"100","description":"Bytes per second that an answer must bring, over low_speed_window, while it is waited for. 0: any."})",
     [](const KeyTarget& t, const json& v) { t.config.network.low_speed = bytes(v); }},
    {"http", "low_speed_window", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"1d","default":"1m","description":"Span over which low_speed is measured."})",
     [](const KeyTarget& t, const json& v) { t.config.network.low_speed_window = milliseconds(v); }},
    {"http", "max_redirects", false,
     R"({"type":"integer","minimum":0,"maximum":50,"default":5,"description":"Redirects that are followed for one request."})",
     [](const KeyTarget& t, const json& v) { t.config.network.max_redirects = v.get<uint32_t>(); }},
    {"http", "deny_private", false,
     R"({"type":"boolean","default":false,"description":"Whether private, loopback, link-local and metadata addresses are refused, whatever a name or redirect leads to."})",
     [](const KeyTarget& t, const json& v) { t.config.network.deny_private = v.get<bool>(); }},
    {"http", "proxy", false,
     R"({"type":"string","maxLength":1024,"default":"","description":"Proxy as scheme://host:port with http, https, socks4, socks4a, socks5 or socks5h. Empty: what http_proxy, https_proxy, all_proxy and no_proxy say."})",
     [](const KeyTarget& t, const json& v) { t.config.network.proxy = v.get<std::string>(); }},
    {"http", "ca_file", false,
     R"({"type":"string","default":"","description":"PEM file with the certificates to trust. Empty: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR, else the system's."})",
     [](const KeyTarget& t, const json& v) { t.config.network.ca_file = v.get<std::string>(); }},
    {"http", "client_cert", false,
     R"({"type":"string","default":"","description":"PEM file with the certificate shown to servers that ask for one."})",
     [](const KeyTarget& t, const json& v) { t.config.network.client_cert = v.get<std::string>(); }},
    {"http", "client_key", false,
     R"({"type":"string","default":"","description":"PEM file with the key of client_cert; nobody but its owner may read it (mode 0600). Empty: in client_cert."})",
     [](const KeyTarget& t, const json& v) { t.config.network.client_key = v.get<std::string>(); }},

    {"cache", "entries", false,
     R"({"type":"integer","minimum":0,"maximum":1000000,"default":1000,"description":"Answers kept at most. 0: none."})",
     [](const KeyTarget& t, const json& v) { t.config.cache.entries = v.get<uint64_t>(); }},
    {"cache", "bytes", false,
     R"({"type":"string","format":"size","x-sluice-maximum":"1TiB","default":"32MiB","description":"Memory for them; one answer takes at most a quarter. 0: none is kept."})",
     [](const KeyTarget& t, const json& v) { t.config.cache.bytes = bytes(v); }},
    {"cache", "ttl", false,
     R"({"type":"string","format":"duration","x-sluice-maximum":"365d","default":"1d","description":"Longest time an answer is kept, whatever plugin and service say. 0s: none is kept."})",
     [](const KeyTarget& t, const json& v) {
       t.config.cache.ttl = std::chrono::duration_cast<std::chrono::seconds>(duration(v));
     }},

    {"endpoint", "urls", true,
     R"({"type":"array","minItems":1,"maxItems":64,"uniqueItems":true,"items":{"type":"string","pattern":"^https?://[^/?#@ ]+(/[^?# ]*)?$"},"description":"Base URLs without user, query and fragment; the preferred one first."})",
     [](const KeyTarget& t, const json& v) { t.endpoint->urls = base_urls(v); }},
    {"endpoint", "policy", false,
     R"({"type":"string","enum":["failover","balance"],"default":"failover","description":"failover: the first URL that is healthy; balance: each request to the one that is least busy and fastest."})",
     [](const KeyTarget& t, const json& v) {
       t.endpoint->policy =
           v == "balance" ? EndpointSet::Policy::kBalance : EndpointSet::Policy::kFailover;
     }},
    {"endpoint", "probe", false,
     R"({"type":"string","pattern":"^/[^?# ]*$","description":"Path that is asked to see whether an endpoint has recovered. Without it, requests of the pipeline find out."})",
     [](const KeyTarget& t, const json& v) { t.endpoint->probe = v.get<std::string>(); }},

    {"limit", "scope", true,
     R"({"type":"string","minLength":1,"maxLength":256,"x-sluice-example":"api.example.org","description":"What is limited: the host, or a path below it as the plugin names it (\"discord.com/channels/1\"); a request counts in its scope and all above it. A last part of * means each by itself; * alone every service without a limit of its own."})",
     [](const KeyTarget& t, const json& v) { t.limit->scope = v.get<std::string>(); }},
    {"limit", "name", false,
     R"({"type":"string","maxLength":64,"pattern":"^[^ /]*$","default":"","description":"Tells several limits of a scope apart; one of the plugin's of the same scope and name is replaced."})",
     [](const KeyTarget& t, const json& v) { t.limit->name = v.get<std::string>(); }},
    {"limit", "amount", false,
     R"({"type":"number","exclusiveMinimum":0,"maximum":1000000000000,"x-sluice-example":36000,"description":"Requests, or units of cost where the plugin weighs them, in each 'per'."})",
     [](const KeyTarget& t, const json& v) { t.limit->amount = v.get<double>(); }},
    {"limit", "per", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"31d","x-sluice-example":"1h","description":"Length of the window."})",
     [](const KeyTarget& t, const json& v) { t.limit->per = milliseconds(v); }},
    {"limit", "window", false,
     R"({"type":"string","enum":["sliding","fixed","rate"],"default":"sliding","description":"sliding: within any such stretch of time; fixed: begins anew by the wall clock; rate: evenly."})",
     [](const KeyTarget& t, const json& v) {
       t.limit->window = v == "fixed"  ? LimitRule::Window::kFixed
                         : v == "rate" ? LimitRule::Window::kRate
                                       : LimitRule::Window::kSliding;
     }},
    {"limit", "spacing", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1ms","x-sluice-maximum":"31d","x-sluice-example":"250ms","description":"Least time between two requests."})",
     [](const KeyTarget& t, const json& v) { t.limit->spacing = milliseconds(v); }},
    {"limit", "concurrent", false,
     R"({"type":"integer","minimum":1,"maximum":1000000,"x-sluice-example":4,"description":"Requests of the process under way at once."})",
     [](const KeyTarget& t, const json& v) { t.limit->concurrent = v.get<uint32_t>(); }},

    {"state", "dir", false,
     R"({"type":"string","minLength":1,"x-sluice-example":"/var/lib/sluice","description":"Directory of the ledger. The command line and SLUICE_STATE_DIR come before it."})",
     [](const KeyTarget& t, const json& v) { t.config.state_dir = v.get<std::string>(); }},
    {"plugins", "dirs", false,
     R"({"type":"array","items":{"type":"string","minLength":1},"default":[],"description":"Directories with plugins, looked at behind --plugin-dir and SLUICE_PLUGIN_PATH."})",
     [](const KeyTarget& t, const json& v) { t.config.plugin_dirs = texts(v); }},

    {"source", "plugin", true,
     R"({"type":"string","minLength":1,"x-sluice-literal":true,"x-sluice-example":"dwd","description":"Id of the plugin."})",
     [](const KeyTarget& t, const json& v) { t.component->plugin = v.get<std::string>(); }},
    {"source", "role", false,
     R"({"type":"string","enum":["primary"],"default":"primary","description":"What the source is for: primary, the one that is asked."})",
     [](const KeyTarget& t, const json& v) { t.component->role = v.get<std::string>(); }},
    {"sink", "plugin", true,
     R"({"type":"string","minLength":1,"x-sluice-literal":true,"x-sluice-example":"sqlite","description":"Id of the plugin."})",
     [](const KeyTarget& t, const json& v) { t.component->plugin = v.get<std::string>(); }},

    {"stream", "enabled", false,
     R"({"type":"boolean","default":true,"description":"Whether the stream is read at all."})",
     [](const KeyTarget& t, const json& v) { t.stream->enabled = v.get<bool>(); }},
    {"stream", "table", false,
     R"({"type":"string","minLength":1,"maxLength":128,"description":"Table of the target. Without it: the stream's name."})",
     [](const KeyTarget& t, const json& v) { t.stream->table = v.get<std::string>(); }},
    {"stream", "refresh", false,
     R"({"type":"string","format":"duration","x-sluice-example":"1d","description":"Age at which a snapshot or key is read again."})",
     [](const KeyTarget& t, const json& v) {
       t.stream->refresh = std::chrono::duration_cast<std::chrono::seconds>(duration(v));
     }},
    {"stream", "retry_empty", false,
     R"({"type":"string","format":"duration","x-sluice-minimum":"1s","x-sluice-example":"7d","description":"Age at which a key that the source did not have is asked for again. Without it: what the stream declares."})",
     [](const KeyTarget& t, const json& v) {
       t.stream->retry_empty = std::chrono::duration_cast<std::chrono::seconds>(duration(v));
     }},
    {"stream", "max_shrink", false,
     R"({"type":"number","minimum":0,"maximum":1,"default":0.5,"description":"Share of the rows of a file or snapshot that may vanish from one reading to the next; with more it is taken for incomplete, and nothing is marked as removed. 1: any."})",
     [](const KeyTarget& t, const json& v) { t.stream->max_shrink = v.get<double>(); }},
    {"stream", "keys_query", false,
     R"({"type":"string","minLength":1,"maxLength":65536,"description":"The keys that are wanted are the first column of this query on the sink, instead of what the source lists."})",
     [](const KeyTarget& t, const json& v) { t.stream->keys_query = v.get<std::string>(); }},
    {"stream", "lag", false,
     R"({"type":"string","format":"duration","description":"As lag in [want], for this stream."})",
     [](const KeyTarget& t, const json& v) { t.stream->lag = duration(v); }},

    {"secret", "env", false,
     R"({"type":"string","pattern":"^[^=]+$","x-sluice-literal":true,"description":"Environment variable that holds the value."})",
     [](const KeyTarget& t, const json& v) { set_secret(t, SecretConfig::From::kEnv, v); }},
    {"secret", "file", false,
     R"({"type":"string","minLength":1,"description":"File that holds the value; nobody but its owner may read it (mode 0600)."})",
     [](const KeyTarget& t, const json& v) { set_secret(t, SecretConfig::From::kFile, v); }},
    {"secret", "credential", false,
     R"({"type":"string","minLength":1,"maxLength":255,"pattern":"^[^/]+$","description":"Name of a systemd credential (LoadCredential= of the unit), a file in $CREDENTIALS_DIRECTORY."})",
     [](const KeyTarget& t, const json& v) { set_secret(t, SecretConfig::From::kCredential, v); }},
    {"secret", "command", false,
     R"({"type":"array","items":{"type":"string"},"minItems":1,"x-sluice-literal":true,"x-sluice-example":["pass","show","api"],"description":"Program and arguments whose standard output is the value. Run once, without a shell, for at most 60 s."})",
     [](const KeyTarget& t, const json& v) {
       t.secret->from = SecretConfig::From::kCommand;
       t.secret->command = texts(v);
     }},
    {"secret", "store", false,
     R"({"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*$","maxLength":128,"description":"Name in the sealed store, where `sluice secret set` has put it."})",
     [](const KeyTarget& t, const json& v) { set_secret(t, SecretConfig::From::kStore, v); }},

    {"credential", "type", true,
     R"({"type":"string","enum":["bearer","basic","header","query","oauth2"],"x-sluice-example":"bearer","description":"What is sent: a bearer token, user and password, a header of its own, a parameter of the query, or a token by OAuth 2 client credentials."})",
     [](const KeyTarget& t, const json& v) {
       using Type = CredentialConfig::Type;
       t.credential->type = v == "basic"    ? Type::kBasic
                            : v == "header" ? Type::kHeader
                            : v == "query"  ? Type::kQuery
                            : v == "oauth2" ? Type::kOauth2
                                            : Type::kBearer;
     }},
    {"credential", "key", false,
     R"({"type":"string","x-sluice-secret":true,"description":"bearer, header, query: the token or key."})",
     [](const KeyTarget& t, const json& v) { t.credential->keys.push_back(secret_text(v)); }},
    {"credential", "keys", false,
     R"({"type":"array","items":{"type":"string","x-sluice-secret":true},"minItems":1,"maxItems":100,"description":"bearer, header, query: several keys in rotation, each with limits of its own."})",
     [](const KeyTarget& t, const json& v) {
       for (const json& key : v) {
         t.credential->keys.push_back(secret_text(key));
       }
     }},
    {"credential", "header", false,
     R"({"type":"string","pattern":"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$","maxLength":128,"x-sluice-example":"X-Api-Key","description":"header: name of the field."})",
     [](const KeyTarget& t, const json& v) { t.credential->header = v.get<std::string>(); }},
    {"credential", "prefix", false,
     R"({"type":"string","pattern":"^[ -~]*$","maxLength":128,"x-sluice-example":"Bot ","default":"","description":"header: what stands before the key."})",
     [](const KeyTarget& t, const json& v) { t.credential->prefix = v.get<std::string>(); }},
    {"credential", "parameter", false,
     R"({"type":"string","minLength":1,"maxLength":128,"pattern":"^[!-~]+$","x-sluice-example":"api_key","description":"query: name of the parameter."})",
     [](const KeyTarget& t, const json& v) { t.credential->parameter = v.get<std::string>(); }},
    {"credential", "user", false,
     R"({"anyOf":[{"type":"string","minLength":1},{"type":"string","x-sluice-secret":true}],"description":"basic: the user, as text or as a secret."})",
     [](const KeyTarget& t, const json& v) { t.credential->user = secret_text(v); }},
    {"credential", "password", false,
     R"({"type":"string","x-sluice-secret":true,"description":"basic: the password. Without it an empty one is sent."})",
     [](const KeyTarget& t, const json& v) { t.credential->password = secret_text(v); }},
    {"credential", "token_url", false,
     R"({"type":"string","format":"uri","x-sluice-example":"https://login.example.org/oauth/token","description":"oauth2: where tokens are given out; https, or http on this machine."})",
     [](const KeyTarget& t, const json& v) { t.credential->token_url = v.get<std::string>(); }},
    {"credential", "client_id", false,
     R"({"anyOf":[{"type":"string","minLength":1},{"type":"string","x-sluice-secret":true}],"description":"oauth2: the client's id, as text or as a secret."})",
     [](const KeyTarget& t, const json& v) { t.credential->client_id = secret_text(v); }},
    {"credential", "client_secret", false,
     R"({"type":"string","x-sluice-secret":true,"description":"oauth2: the client's secret."})",
     [](const KeyTarget& t, const json& v) { t.credential->client_secret = secret_text(v); }},
    {"credential", "scope", false,
     R"({"type":"string","pattern":"^[ -~]*$","maxLength":2048,"default":"","description":"oauth2: scopes asked for, with blanks between."})",
     [](const KeyTarget& t, const json& v) { t.credential->scope = v.get<std::string>(); }},
    {"credential", "client_auth", false,
     R"({"type":"string","enum":["basic","form"],"default":"basic","description":"oauth2: whether the client's id and secret go in the Authorization header or in the form."})",
     [](const KeyTarget& t, const json& v) { t.credential->form = v == "form"; }},
    {"credential", "origins", false,
     R"({"type":"array","items":{"type":"string","pattern":"^https?://[^/?#@]+$"},"default":[],"x-sluice-example":["https://api.example.org"],"description":"Where it may be sent. Empty: wherever the plugin asks with it."})",
     [](const KeyTarget& t, const json& v) { t.credential->origins = texts(v); }},
};
// clang-format on

struct Advised {
  const char* table;
  Checker::Advice advice;
};

constexpr const char* kSchedule =
    "this version runs once and stops; let a systemd timer or cron start `sluice run`";
constexpr const char* kNoSecretText =
    "a secret's value never stands in the file; name where it comes from with env, file, "
    "credential, command or store";
constexpr const char* kKeyTable =
    "the key's value never stands in the file: write key = { secret = \"name\" } and a table "
    "[secret.name]";

constexpr Advised kAdvice[] = {
    {"pipeline", {"every", kSchedule}},
    {"pipeline", {"cron", kSchedule}},
    {"pipeline", {"schedule", kSchedule}},
    {"want", {"since", "the begin of what is wanted is 'from'"}},
    {"want", {"until", "the end of what is wanted is 'to'"}},
    {"secret", {"value", kNoSecretText}},
    {"secret", {"password", kNoSecretText}},
    {"secret", {"token", kNoSecretText}},
    {"secret", {"keyring", "write command = [\"secret-tool\", \"lookup\", …]"}},
    {"credential", {"token", kKeyTable}},
    {"credential", {"secret", kKeyTable}},
    {"credential", {"username", "the user of basic authentication is 'user'"}},
    {"credential", {"name", "the header's name is 'header', the parameter's 'parameter'"}},
};

constexpr Checker::Advice kTableAdvice[] = {
    {"sources", "a source stands under [[source]]"},
    {"sinks", "there is one sink, under [sink]"},
    {"rule", "rules are not part of this version"},
    {"rules", "rules are not part of this version"},
    {"transform", "transforms are not part of this version"},
    {"transforms", "transforms are not part of this version"},
    {"schedule", kSchedule},
    {"credentials", "a credential stands under [credential.NAME]"},
    {"secrets", "a secret stands under [secret.NAME]"},
};

}  // namespace

std::span<const HostTable> host_tables() {
  return kTables;
}
std::span<const HostKey> host_keys() {
  return kKeys;
}

const HostTable* find_table(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTables), std::end(kTables),
                                   [&](const HostTable& t) { return name == t.name; });
  return found == std::end(kTables) ? nullptr : found;
}

json host_schema(std::string_view table) {
  json schema{{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}};
  for (const auto& key : kKeys) {
    if (table == key.table) {
      schema["properties"][key.key] = json::parse(key.schema);
      if (key.required) {
        schema["required"].push_back(key.key);
      }
    }
  }
  return schema;
}

std::vector<Checker::Advice> advice_for(std::string_view table) {
  std::vector<Checker::Advice> out;
  for (const auto& [of, advice] : kAdvice) {
    if (table == of) {
      out.push_back(advice);
    }
  }
  // A key that another table knows is most likely meant for that.
  static const std::vector<std::string> kHome = [] {
    std::vector<std::string> sentences;
    for (const auto& key : kKeys) {
      sentences.push_back(std::string("it belongs in [") + key.table + "]");
    }
    return sentences;
  }();
  for (size_t i = 0; i < std::size(kKeys); ++i) {
    const HostTable* home = find_table(kKeys[i].table);
    if (table != kKeys[i].table && home->shape == Shape::kSingle && !home->component) {
      out.push_back({kKeys[i].key, kHome[i].c_str()});
    }
  }
  return out;
}

std::string advice_for_table(std::string_view table) {
  const auto* found = std::find_if(std::begin(kTableAdvice), std::end(kTableAdvice),
                                   [&](const auto& a) { return table == a.key; });
  if (found != std::end(kTableAdvice)) {
    return found->text;
  }
  for (const auto& key : kKeys) {
    if (table == key.key && find_table(key.table)->shape == Shape::kSingle &&
        !find_table(key.table)->component) {
      return std::string("it belongs in [") + key.table + "]";
    }
  }
  return {};
}

void apply_keys(std::string_view table, const json& values, const KeyTarget& target) {
  for (const auto& key : kKeys) {
    // A value that was complained of is null or a reference to a variable that is not read in
    // `check`.
    if (table != key.table || !values.contains(key.key)) {
      continue;
    }
    const json& value = values[key.key];
    if (!value.is_null() && !(value.is_object() && value.contains("$env"))) {
      key.set(target, value);
    }
  }
}

}  // namespace sluice::host
