// SPDX-License-Identifier: Apache-2.0
//
// The lines of an export into an empty ledger, a batch of them in a transaction:
// docs/ledger-format.md, "Export".
#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/ledger/journal.hpp"
#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/line_members.hpp"

namespace sluice::host {
namespace {

using Json = LineJson;

SliceState state_from(const std::string& name) {
  for (size_t i = 0; i < kSliceStates; ++i) {
    if (name == to_string(static_cast<SliceState>(i))) {
      return static_cast<SliceState>(i);
    }
  }
  throw BadLine("\"" + name + "\" is not a state");
}

std::string limited(std::string text, const char* what) {
  if (text.size() > kMostKeyBytes) {
    throw BadLine(std::string(what) + " is longer than 400 bytes");
  }
  return text;
}

StreamNo stream_for(Book& book, Members& in) {
  const std::string pipeline = limited(in.text("pipeline", true), "\"pipeline\"");
  const std::string stream = limited(in.text("stream", true), "\"stream\"");
  if (pipeline.find('\0') != std::string::npos || pipeline.size() + stream.size() > kMostKeyBytes) {
    throw BadLine("the names of pipeline and stream are too long or hold a zero");
  }
  const auto known = book.stream(pipeline, stream);
  return known ? *known : book.add_stream(pipeline, stream);
}

IntervalSet intervals_of(const Json& intervals, const char* name) {
  const auto wrong = [name](const char* what) {
    return BadLine("\"" + std::string(name) + "\" " + what);
  };
  if (!intervals.is_array()) {
    throw wrong("is not a list");
  }
  IntervalSet set;
  for (const Json& one : intervals) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_number_integer() ||
        !one[1].is_number_integer() || one[0].get<int64_t>() >= one[1].get<int64_t>()) {
      throw wrong("holds something else than [from, to)");
    }
    set.add({one[0].get<int64_t>(), one[1].get<int64_t>()});
  }
  return set;
}

void import_slice(Book& book, const Json& json) {
  Members in(json, "slice");
  Record r;
  r.stream = stream_for(book, in);
  const std::string key = limited(in.text("key", true), "\"key\"");
  const std::string state = in.text("state", true);
  const std::string title = in.text("title");
  const std::string partition = limited(in.text("partition"), "\"partition\"");
  const std::string validator = in.text("validator");
  const std::string read_validator = in.text("read_validator");
  r.landed_differs = json.contains("landed_validator");
  const std::string landed_validator = in.text("landed_validator");
  const std::string token = in.text("token");
  const std::string resume = in.text("resume");
  const std::string error_class = in.text("error_class");
  const std::string error = in.text("error");
  r.key = key;
  r.state = state_from(state);
  r.title = title;
  r.partition = partition;
  r.validator = validator;
  r.read_validator = read_validator;
  r.landed_validator = landed_validator;
  r.token = token;
  r.resume = resume;
  r.error_class = error_class;
  r.error = error;
  r.from_us = in.integer("from_us", INT64_MIN);
  r.to_us = in.integer("to_us", INT64_MAX);
  r.estimated_rows = in.natural("estimated_rows");
  r.estimated_bytes = in.natural("estimated_bytes");
  r.generation = in.integer("generation", 0);
  r.part = in.integer("part", 0);
  r.resumable = in.flag("resumable");
  r.state_version = static_cast<uint32_t>(in.natural("state_version", UINT32_MAX));
  r.attempts = static_cast<uint32_t>(in.natural("attempts", UINT32_MAX));
  r.listed_us = in.integer("listed_us", 0);
  r.started_us = in.integer("started_us", 0);
  r.landed_us = in.integer("landed_us", 0);
  r.landed_empty = in.flag("landed_empty");
  r.rows = in.natural("rows");
  r.bytes = in.natural("bytes");
  r.landed_rows = in.find("landed_rows", false) == nullptr ? (r.landed() ? r.rows : 0)
                                                           : in.natural("landed_rows");
  r.series = in.flag("series");
  const Json* told = in.find("holes", false);
  const std::string holes = told == nullptr ? "" : intervals_of(*told, "holes").encode();
  r.holes = holes;
  in.end();
  if (partition.find('\0') != std::string::npos) {
    throw BadLine("\"partition\" holds a zero");
  }
  if (key.empty() || r.generation < 0 || r.part < 0 || (r.series && r.from_us >= r.to_us)) {
    throw BadLine("\"slice\" has an empty key or interval, or a negative generation or part");
  }
  if (book.find(r.stream, key)) {
    throw BadLine("slice '" + key + "' is in the ledger already");
  }
  book.add(r);
}

void import_coverage(Book& book, const Json& json) {
  Members in(json, "coverage");
  const StreamNo stream = stream_for(book, in);
  const std::string partition = limited(in.text("partition"), "\"partition\"");
  const IntervalSet set = intervals_of(*in.find("intervals", true), "intervals");
  in.end();
  book.set_coverage(stream, partition, set);
}

// What the slices of a stream do not tell: rows of landed intervals, and generations of slices that
// are gone.
void import_stream(Book& book, const Json& json) {
  Members in(json, "stream");
  const StreamNo stream = stream_for(book, in);
  Counters& counters = book.counters_of(stream);
  counters.rows += in.natural("series_rows");
  counters.bytes += in.natural("series_bytes");
  counters.generation_floor =
      std::max(counters.generation_floor, in.integer("generation_floor", 0));
  in.end();
}

void check(const Result<void>& result) {
  if (!result) {
    throw BadLine(result.error().message);
  }
}

void import_rest(Book& book, const std::string& kind, const Json& json) {
  Members in(json, kind.c_str());
  Txn& txn = book.txn();
  if (kind == "head") {
    const std::string pipeline = limited(in.text("pipeline", true), "\"pipeline\"");
    if (pipeline.empty()) {
      throw BadLine("\"pipeline\" is empty");
    }
    txn.put(kHeadsTable, pipeline, in.text("head", true));
  } else if (kind == "run") {
    Run run;
    run.id = in.text("id", true);
    run.pipeline = in.text("pipeline", true);
    run.started_us = in.integer("started_us", 0);
    run.ended_us = in.integer("ended_us", 0);
    run.report = in.text("report");
    check(check_name("pipeline", run.pipeline));
    if (run.id.size() > 64) {
      throw BadLine("\"id\" is longer than 64 bytes");
    }
    txn.put(kRunsTable, run_key(run), encode_run(run));
  } else if (kind == "quarantined") {
    const std::string pipeline = in.text("pipeline", true);
    check(check_name("pipeline", pipeline));
    QuarantinedRow row;
    row.stream = in.text("stream");
    row.slice = in.text("slice");
    row.rule = in.text("rule");
    row.reason = in.text("reason");
    row.payload = in.text("payload");
    row.time_us = in.integer("time_us", 0);
    add_quarantined(book, pipeline, {&row, 1});
  } else if (kind == "blob") {
    const std::string scope = in.text("scope");
    const std::string name = in.text("name");
    check(check_name("scope", scope));
    if (scope.size() + name.size() > kMostKeyBytes) {
      throw BadLine("scope and name are longer than 400 bytes");
    }
    txn.put(kBlobsTable, scoped_key(scope, name), in.text("value"));
  } else {
    throw BadLine("\"" + kind + "\" is not a kind of line that is known");
  }
  in.end();
}

void import_one(Book& book, const std::string& kind, const Json& json) {
  if (kind == "slice") {
    import_slice(book, json);
  } else if (kind == "coverage") {
    import_coverage(book, json);
  } else if (kind == "stream") {
    import_stream(book, json);
  } else {
    import_rest(book, kind, json);
  }
}

// The kind of a line and what it holds. Throws BadLine.
std::pair<std::string, Json> parse_line(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) {
    throw BadLine("it is not JSON");
  }
  if (!json.is_object() || json.size() != 1) {
    throw BadLine("it is not an object with one member");
  }
  auto first = json.begin();
  return {first.key(), first.value()};
}

}  // namespace

Result<void> LedgerImpl::import_line(std::string_view json_line) {
  SLUICE_TRY(writable());
  constexpr size_t kBatchLines = 1024;
  {
    const std::lock_guard lock(import_mutex_);
    ++import_lines_;
    try {
      auto [kind, json] = parse_line(json_line);
      if (import_lines_ == 1) {
        if (kind != "ledger") {
          throw BadLine("the first line is not {\"ledger\": ...}");
        }
        Members in(json, "ledger");
        if (in.integer("version", 0) != kExportVersion) {
          throw BadLine("it is of an export version that this sluice does not know");
        }
        auto empty = env().read([](Txn& txn) {
          return txn.entries(kSlicesTable) == 0 && txn.entries(kIntervalsTable) == 0;
        });
        if (!empty) {
          return std::move(empty).error();
        }
        if (!*empty) {
          --import_lines_;
          return Error{Code::kInvalidConfig,
                       "the ledger " + env().file().string() +
                           " is not empty; import into a new state directory"};
        }
        return {};
      }
    } catch (const std::exception& bad) {
      return Error{Code::kBadData, "line " + std::to_string(import_lines_) + ": " + bad.what()};
    }
    import_buffer_.emplace_back(json_line);
    if (import_buffer_.size() < kBatchLines) {
      return {};
    }
  }
  return flush_import();
}

Result<void> LedgerImpl::flush_import() {
  const std::lock_guard lock(import_mutex_);
  if (import_buffer_.empty()) {
    return {};
  }
  const uint64_t first = import_lines_ - import_buffer_.size() + 1;
  auto written = env().write(Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    uint64_t line_no = first;
    try {
      for (const std::string& line : import_buffer_) {
        const auto [kind, json] = parse_line(line);
        import_one(book, kind, json);
        ++line_no;
      }
    } catch (const Failure&) {
      throw;
    } catch (const std::exception& bad) {
      throw Failure(Error{Code::kBadData, "line " + std::to_string(line_no) + ": " + bad.what()});
    }
    book.finish();
  });
  import_buffer_.clear();
  return written;
}

}  // namespace sluice::host
