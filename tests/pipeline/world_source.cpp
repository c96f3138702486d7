// SPDX-License-Identifier: Apache-2.0
//
// A source for tests whose service is a JSON file, the world, read anew at every request, so that a
// test can change it between runs, and while one goes on. Every read is written as a line into a
// journal: what was asked of the service.
//
// Files with a key, files without a key (10 rows a batch), keys (three to a request), a series of
// minutes, and a snapshot of so many rows:
//
//   {"docs":   {"a": {"validator": "1", "rows": 3, "fail": "bad_data"}},
//    "events": {"e": {"validator": "1", "rows": 3, "rejects": 2}},
//    "items":  {"k1": "found", "k2": "missing", "k3": "poison"},
//    "ticks":  {"P": {"from": 0, "to": 600000000, "fail_from": 1, "fail_to": 2}},
//    "tape":   {"P": {"from": 0, "to": 600000000, "archive_to": 300000000}},
//    "lists":  {"l": {"validator": "1", "rows": {"a": "hash", "b": "hash"}, "rejects": 1}},
//    "members": 5}
//
// Ticks may be "garbled" (bad data) and have "holes" and "halts", lists of [from, to): parts that
// cannot be found out, and that the source confirms to be empty. The tape is cut by the source: up
// to "archive_to" in one slice. Lists have a hash and mark what was removed. "config_error" in
// ticks of a partition is a JSON Pointer to the key at fault.
//
// Files whose validator is the one they were read with last are told to be unchanged. Of the items
// a "shaky" one is told to be missing by an answer that then breaks off, and found by the next.
//
// "fail" is unavailable (always), once (until the journal has a line of it), bad_data, not_found,
// auth, slow, or what no plugin should do: exception (one of the standard library), oddity (a
// thrown number). "rejects" is the number of records that cannot become rows.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sluice/cpp/plugin.hpp>
#include <sstream>
#include <stdexcept>

namespace {

using sluice::Batch;
using sluice::Code;
using sluice::Error;
using sluice::Host;
using sluice::json;
using sluice::Lister;
using sluice::ListRequest;
using sluice::ReadRequest;
using sluice::Stream;
using sluice::Type;

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kRowsPerBatch = 10;
constexpr int64_t kManyRows = 10'000;  // of a slice: its batches are larger then

struct World {
  static constexpr auto id = "world", name = "A world in a file", version = "1.0.0";

  struct Config {
    std::string world, journal;
    int64_t span_minutes = 10;
    static constexpr auto fields() {
      return std::tuple{sluice::required("world", &Config::world),
                        sluice::required("journal", &Config::journal),
                        sluice::optional("span_minutes", &Config::span_minutes, R"("minimum":1)")};
    }
  };

  static json load(const Config& config) {
    std::ifstream in(config.world);
    json world = json::parse(in, nullptr, false);
    if (world.is_discarded()) {
      throw Error(Code::kUnavailable, "The world cannot be read.");
    }
    return world;
  }

  static void journal(const Config& config, const std::string& line) {
    const int file = open(config.journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string text = line + "\n";
    if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw Error(Code::kInternal, "The journal cannot be written.");
    }
    close(file);
  }

  static bool was_asked(const Config& config, const std::string& line) {
    std::ifstream in(config.journal);
    for (std::string one; std::getline(in, one);) {
      if (one == line) {
        return true;
      }
    }
    return false;
  }

  std::vector<Stream> discover(Host&, const Config& config) {
    using sluice::Kind;
    return {Stream("docs", Kind::kFiles)
                .key("doc", "row")
                .col("doc", Type::kUtf8)
                .col("row", Type::kInt64)
                .col("version", Type::kUtf8),
            Stream("events", Kind::kFiles).col("doc", Type::kUtf8).col("row", Type::kInt64),
            Stream("items", Kind::kKeys).key("id").max_keys(3).col("id", Type::kUtf8),
            Stream("ticks", Kind::kSeries)
                .partitioned()
                .key("symbol", "time")
                .time("time")
                .step(std::chrono::minutes(1))
                .max_span(std::chrono::minutes(config.span_minutes))
                .col("symbol", Type::kUtf8)
                .col("time", Type::kTimestamp),
            Stream("tape", Kind::kSeries)
                .partitioned()
                .key("symbol", "time")
                .time("time")
                .step(std::chrono::minutes(1))
                .max_span(std::chrono::minutes(config.span_minutes))
                .cuts()
                .col("symbol", Type::kUtf8)
                .col("time", Type::kTimestamp),
            Stream("lists", Kind::kFiles)
                .key("list", "item")
                .hash("hash")
                .removed("removed_at")
                .col("list", Type::kUtf8)
                .col("item", Type::kUtf8)
                .col("hash", Type::kUtf8)
                .col("version", Type::kUtf8)
                .col("removed_at", Type::kTimestamp),
            Stream("members", Kind::kSnapshot)
                .key("id")
                .refresh(std::chrono::hours(1))
                .col("id", Type::kInt64)};
  }

  void partitions(Host&, const Config& config, const ListRequest& request, Lister& lister) {
    if (request.stream() == "ticks" || request.stream() == "tape") {
      const json ticks = load(config).value(std::string(request.stream()), json::object());
      for (const auto& [symbol, span] : ticks.items()) {
        lister.partition({.key = symbol, .from_us = span.at("from"), .to_us = span.at("to")});
      }
    }
  }

  void slices(Host& host, const Config& config, const ListRequest& request, Lister& lister) {
    // As sources do that remember what they listed; verbs that only look must take it, too.
    host.set_state("listed", host.state("listed").value_or("") + ".");
    const std::string stream(request.stream());
    if (stream == "tape") {
      return cut_tape(config, request, lister);
    }
    const json files = load(config).value(stream, json::object());
    for (const auto& [key, slice] : files.items()) {
      const std::string validator = slice.is_object() ? slice.value("validator", "") : "";
      lister.slice({.key = key, .validator = validator});
    }
  }

  // What the archive has comes in one slice; the rest is left to the host.
  static void cut_tape(const Config& config, const ListRequest& request, Lister& lister) {
    const std::string symbol(request.partition());
    const int64_t archive_to = load(config).at("tape").at(symbol).value("archive_to", int64_t{0});
    if (request.from_us() < archive_to) {
      const std::string title = symbol + " from the archive";
      lister.slice({.title = title,
                    .token = "archive",
                    .from_us = request.from_us(),
                    .to_us = std::min(archive_to, request.to_us())});
    }
  }

  struct Reader {
    Host& host;
    const Config& config;
    const ReadRequest& request;
    bool begun = false;
    Reader(Host& h, const Config& c, const ReadRequest& r) : host(h), config(c), request(r) {}

    sluice::Next next(Batch& out, json& state) {
      const std::string stream(request.stream());
      if (stream == "docs" || stream == "events") {
        return next_file(out, state, stream);
      }
      if (begun) {
        return sluice::Next::kEnd;
      }
      begun = true;
      if (stream == "items") {
        read_items(out);
      } else if (stream == "ticks" || stream == "tape") {
        read_ticks(out, stream);
      } else if (stream == "lists") {
        read_list(out);
      } else {
        journal(config, "members");
        const json world = load(config);
        for (int64_t i = 0; i < world.value("members", int64_t{0}); ++i) {
          out.row(i);
        }
      }
      return sluice::Next::kRows;
    }

    void fail_if_told(const json& slice, const std::string& line) const {
      const std::string how = slice.value("fail", "");
      const bool before = how == "once" && was_asked(config, line);
      journal(config, line);
      if (how == "unavailable" || (how == "once" && !before)) {
        throw Error(Code::kUnavailable, "The world is away.");
      }
      if (how == "bad_data") {
        throw Error(Code::kBadData, "The document is not a document.");
      }
      if (how == "not_found") {
        throw Error(Code::kNotFound, "The document has gone.");
      }
      if (how == "auth") {
        throw Error(Code::kAuth, "The key is wrong.");
      }
      if (how == "exception") {
        throw std::out_of_range("a reader looked behind the end");
      }
      if (how == "oddity") {
        throw 42;
      }
    }

    sluice::Next next_file(Batch& out, json& state, const std::string& stream) {
      const std::string key(request.slice());
      const json world = load(config);
      const json slice = world.at(stream).value(key, json::object());
      if (!begun) {
        begun = true;
        fail_if_told(slice, stream + " " + key);
        const std::string validator = "read " + slice.value("validator", "");
        if (request.last_validator() == validator) {
          return sluice::Next::kUnchanged;
        }
        reject(slice, key);
        request.validator(validator);
      }
      int64_t row = state.value("row", int64_t{0});
      const int64_t rows = slice.value("rows", int64_t{0});
      if (row >= rows) {
        return sluice::Next::kEnd;
      }
      if (slice.value("fail", "") == "slow") {
        host.sleep(std::chrono::milliseconds(20));
      }
      const int64_t most = rows > kManyRows ? kManyRows / 2 : kRowsPerBatch;
      for (int64_t i = 0; i < most && row < rows; ++i, ++row) {
        if (stream == "docs") {
          out.row(key, row, slice.value("validator", ""));
        } else {
          out.row(key, row);
        }
      }
      state["row"] = row;
      return sluice::Next::kRows;
    }

    void reject(const json& slice, const std::string& key) const {
      for (int64_t i = 0; i < slice.value("rejects", int64_t{0}); ++i) {
        request.reject("shape", "The record has no row.", key + " record " + std::to_string(i));
      }
    }

    void read_items(Batch& out) const {
      std::string line = "items";
      for (const std::string& key : request.keys()) {
        line += " " + key;
      }
      const bool before = was_asked(config, line);
      journal(config, line);
      const json items = load(config).at("items");
      for (const std::string& key : request.keys()) {
        if (items.value(key, "") == "shaky" && !before) {
          request.key_outcome(key, sluice::Outcome::kEmpty);
          throw Error(Code::kUnavailable, "The answer broke off.");
        }
      }
      for (const std::string& key : request.keys()) {
        const std::string what = items.value(key, "missing");
        if (what == "poison") {
          throw Error(Code::kBadData, "One of these keys breaks the answer.");
        }
        if (what == "unknown") {
          request.key_outcome(key, sluice::Outcome::kFailed, "the world does not say");
        } else if (what == "missing") {
          request.key_outcome(key, sluice::Outcome::kEmpty);
        } else {
          out.row(key);
        }
      }
    }

    void read_list(Batch& out) const {
      const std::string key(request.slice());
      journal(config, "lists " + key);
      const json list = load(config).at("lists").at(key);
      reject(list, key);
      for (const auto& [item, hash] : list.at("rows").items()) {
        out.row(key, item, hash, list.at("validator"), std::nullopt);
      }
    }

    static bool within(const json& span, const char* name, int64_t time) {
      for (const json& part : span.value(name, json::array())) {
        if (time >= part.at(0) && time < part.at(1)) {
          return true;
        }
      }
      return false;
    }

    void tell_parts(const json& span, const char* name, sluice::Outcome outcome) const {
      for (const json& part : span.value(name, json::array())) {
        const int64_t from = std::max(part.at(0).get<int64_t>(), request.from_us());
        const int64_t to = std::min(part.at(1).get<int64_t>(), request.to_us());
        if (from < to) {
          request.interval_outcome(from, to, outcome, std::string("one of the ") + name);
        }
      }
    }

    void read_ticks(Batch& out, const std::string& stream) const {
      const std::string symbol(request.partition());
      const std::string token(request.token());
      journal(config, stream + (token.empty() ? "" : "/" + token) + " " + symbol + " " +
                          std::to_string(request.from_us() / kMinute) + " " +
                          std::to_string(request.to_us() / kMinute));
      const json span = load(config).at(stream).at(symbol);
      if (const std::string key = span.value("config_error", ""); !key.empty()) {
        throw Error(Code::kInvalidConfig, "The service does not know this.").at_config(key);
      }
      if (span.value("garbled", false)) {
        throw Error(Code::kBadData, "The ticks are garbled.");
      }
      tell_parts(span, "holes", sluice::Outcome::kFailed);
      tell_parts(span, "halts", sluice::Outcome::kEmpty);
      const int64_t fail_from = span.value("fail_from", int64_t{0}),
                    fail_to = span.value("fail_to", int64_t{0});
      if (request.from_us() < fail_to && fail_from < request.to_us()) {
        throw Error(Code::kUnavailable, "This interval is away.");
      }
      for (int64_t time = request.from_us(); time < request.to_us(); time += kMinute) {
        if (!within(span, "holes", time) && !within(span, "halts", time)) {
          out.row(symbol, sluice::Micros(std::chrono::microseconds(time)));
        }
      }
    }
  };
};

}  // namespace

SLUICE_PLUGIN(World)
