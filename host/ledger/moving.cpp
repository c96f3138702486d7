// SPDX-License-Identifier: Apache-2.0
//
// The ledger as text, one JSON object a line: docs/ledger-format.md, "Export". Strings that are not
// UTF-8 are
// {"hex": "..."}.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/ledger/journal.hpp"
#include "host/ledger/ledger_impl.hpp"

namespace sluice::host {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kExportVersion = 1;

// Thrown by the readers below, caught in import_line().
struct BadLine : std::exception {
  explicit BadLine(std::string text) : why(std::move(text)) {}
  [[nodiscard]] const char* what() const noexcept override { return why.c_str(); }
  std::string why;
};

bool is_utf8(std::string_view text) {
  try {
    [[maybe_unused]] const auto dumped = Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

Json to_json(std::string_view text) {
  if (is_utf8(text)) {
    return text;
  }
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 0xF]);
  }
  return {{"hex", hex}};
}

std::string from_hex(const std::string& hex) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') {
      return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
      return static_cast<unsigned>(c - 'a') + 10;
    }
    throw BadLine("\"hex\" holds something else than 0-9 and a-f");
  };
  if (hex.size() % 2 != 0) {
    throw BadLine("\"hex\" has an odd number of digits");
  }
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return out;
}

// Reads the members of one object, each at most once, and refuses those nobody asked for.
class Members {
 public:
  Members(const Json& object, const char* name) : object_(object), name_(name) {
    if (!object.is_object()) {
      throw BadLine("\"" + std::string(name) + "\" is not an object");
    }
  }
  std::string text(const char* key, bool required = false) {
    const Json* value = find(key, required);
    if (value == nullptr) {
      return {};
    }
    if (value->is_string()) {
      return value->get<std::string>();
    }
    if (value->is_object() && value->size() == 1 && value->contains("hex") &&
        (*value)["hex"].is_string()) {
      return from_hex((*value)["hex"].get<std::string>());
    }
    throw wrong(key, "a string or {\"hex\": ...}");
  }
  int64_t integer(const char* key, int64_t missing) {
    const Json* value = find(key, false);
    if (value == nullptr) {
      return missing;
    }
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX)) {
      throw wrong(key, "an integer");
    }
    return value->get<int64_t>();
  }
  uint64_t natural(const char* key, uint64_t most = UINT64_MAX) {
    const Json* value = find(key, false);
    if (value == nullptr) {
      return 0;
    }
    if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
      throw wrong(key, "a whole number that is not negative");
    }
    return value->get<uint64_t>();
  }
  bool flag(const char* key) {
    const Json* value = find(key, false);
    if (value != nullptr && !value->is_boolean()) {
      throw wrong(key, "true or false");
    }
    return value != nullptr && value->get<bool>();
  }
  const Json* find(const char* key, bool required) {
    const auto at = object_.find(key);
    if (at != object_.end()) {
      ++taken_;
      return &*at;
    }
    if (required) {
      throw BadLine("\"" + std::string(name_) + "\" has no \"" + key + "\"");
    }
    return nullptr;
  }
  void end() const {
    if (taken_ != object_.size()) {
      throw BadLine("\"" + std::string(name_) + "\" has members that are not known");
    }
  }

 private:
  [[nodiscard]] BadLine wrong(const char* key, const char* what) const {
    return BadLine("\"" + std::string(key) + "\" of \"" + name_ + "\" is not " + what);
  }
  const Json& object_;
  const char* name_;
  size_t taken_ = 0;
};

// --- export ---

Json slice_to_json(const View::StreamName& stream, const Record& r) {
  Json out;
  const auto text = [&out](const char* key, std::string_view value) {
    if (!value.empty()) {
      out[key] = to_json(value);
    }
  };
  const auto number = [&out](const char* key, auto value, decltype(value) usual) {
    if (value != usual) {
      out[key] = value;
    }
  };
  const auto flag = [&out](const char* key, bool value) {
    if (value) {
      out[key] = true;
    }
  };
  out["pipeline"] = to_json(stream.pipeline);
  out["stream"] = to_json(stream.stream);
  out["key"] = to_json(r.key);
  out["state"] = to_string(r.state);
  text("title", r.title);
  text("partition", r.partition);
  text("validator", r.validator);
  text("read_validator", r.read_validator);
  if (r.landed_differs) {
    out["landed_validator"] = to_json(r.landed_validator);
  }
  text("token", r.token);
  number("from_us", r.from_us, INT64_MIN);
  number("to_us", r.to_us, INT64_MAX);
  number("estimated_rows", r.estimated_rows, 0);
  number("estimated_bytes", r.estimated_bytes, 0);
  number("generation", r.generation, 0);
  number("part", r.part, 0);
  flag("resumable", r.resumable);
  text("resume", r.resume);
  number("state_version", r.state_version, 0);
  number("attempts", r.attempts, 0);
  number("listed_us", r.listed_us, 0);
  number("started_us", r.started_us, 0);
  number("landed_us", r.landed_us, 0);
  flag("landed_empty", r.landed_empty);
  number("rows", r.rows, 0);
  number("bytes", r.bytes, 0);
  text("error_class", r.error_class);
  text("error", r.error);
  flag("series", r.series);
  return {{"slice", std::move(out)}};
}

Json intervals_to_json(const IntervalSet& set) {
  Json out = Json::array();
  for (const Interval& one : set.intervals()) {
    out.push_back({one.from, one.to});
  }
  return out;
}

// Calls `each(cursor)` for every entry of a table from a snapshot, a page of entries at a time, so
// that a slow reader of the lines does not keep an old state of the file alive.
template <class Each>
Result<void> each_page(Env& env, size_t table, const Ledger::Line& line, Each each) {
  constexpr size_t kPageEntries = 1024;
  std::string after;
  bool started = false;
  for (bool more = true; more;) {
    std::vector<std::string> lines;
    SLUICE_TRY(env.read([&](Txn& txn) {
      lines.clear();
      more = false;
      Cursor at(txn, table);
      bool found = started ? at.seek(after) : at.first();
      if (started && found && at.key() == after) {
        found = at.next();
      }
      std::string last;
      for (; found; found = at.next()) {
        if (lines.size() >= kPageEntries) {
          more = true;
          break;
        }
        last = at.key();
        if (const Json json = each(txn, at); !json.is_null()) {
          lines.push_back(json.dump());
        } else {
          lines.emplace_back();
        }
      }
      after = last;
    }));
    started = true;
    for (const std::string& text : lines) {
      if (!text.empty()) {
        SLUICE_TRY(line(text));
      }
    }
  }
  return {};
}

// --- import ---

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
  r.series = in.flag("series");
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
  IntervalSet set;
  const Json* intervals = in.find("intervals", true);
  if (!intervals->is_array()) {
    throw BadLine("\"intervals\" is not a list");
  }
  for (const Json& one : *intervals) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_number_integer() ||
        !one[1].is_number_integer() || one[0].get<int64_t>() >= one[1].get<int64_t>()) {
      throw BadLine("\"intervals\" holds something else than [from, to)");
    }
    set.add({one[0].get<int64_t>(), one[1].get<int64_t>()});
  }
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

Result<void> LedgerImpl::export_lines(const Line& line) {
  std::map<StreamNo, View::StreamName> streams;
  std::map<StreamNo, Counters> counters;
  SLUICE_TRY(env().read([&](Txn& txn) {
    const View view(txn);
    for (auto& one : view.streams()) {
      counters[one.no] = view.counters(one.no);
      streams[one.no] = std::move(one);
    }
  }));
  SLUICE_TRY(line(Json{{"ledger", {{"version", kExportVersion}}}}.dump()));
  const auto name = [&streams](Txn& txn, StreamNo no) -> const View::StreamName& {
    const auto at = streams.find(no);
    if (at == streams.end()) {
      throw_corrupt(txn, "an unknown stream");
    }
    return at->second;
  };
  std::map<StreamNo, std::pair<uint64_t, uint64_t>>
      landed;  // rows and bytes that slices account for
  SLUICE_TRY(each_page(env(), kSlicesTable, line, [&](Txn& txn, const Cursor& at) -> Json {
    const Record record = View(txn).decode(integer_of(at.key()), at.value());
    if (streams.find(record.stream) == streams.end()) {
      return nullptr;  // of a stream that came while we were at it
    }
    if (record.done()) {
      landed[record.stream].first += record.rows;
      landed[record.stream].second += record.bytes;
    }
    return slice_to_json(name(txn, record.stream), record);
  }));
  for (const auto& [no, stream] : streams) {
    const Counters& all = counters[no];
    const auto& [rows, bytes] = landed[no];
    Json out{{"pipeline", to_json(stream.pipeline)}, {"stream", to_json(stream.stream)}};
    out["series_rows"] = all.rows > rows ? all.rows - rows : 0;
    out["series_bytes"] = all.bytes > bytes ? all.bytes - bytes : 0;
    out["generation_floor"] = all.generation_floor;
    SLUICE_TRY(line(Json{{"stream", std::move(out)}}.dump()));
  }
  SLUICE_TRY(each_page(env(), kIntervalsTable, line, [&](Txn& txn, const Cursor& at) -> Json {
    const auto set = IntervalSet::decode(at.value());
    if (!set || at.key().size() < 4) {
      throw_corrupt(txn, "intervals of a partition");
    }
    const auto& stream = name(txn, static_cast<StreamNo>(big_endian(at.key().substr(0, 4))));
    return {{"coverage",
             {{"pipeline", to_json(stream.pipeline)},
              {"stream", to_json(stream.stream)},
              {"partition", to_json(at.key().substr(4))},
              {"intervals", intervals_to_json(*set)}}}};
  }));
  SLUICE_TRY(each_page(env(), kHeadsTable, line, [](Txn&, const Cursor& at) -> Json {
    return {{"head", {{"pipeline", to_json(at.key())}, {"head", to_json(at.value())}}}};
  }));
  SLUICE_TRY(each_page(env(), kRunsTable, line, [](Txn& txn, const Cursor& at) -> Json {
    const auto run = decode_run(at.value());
    if (!run) {
      throw_corrupt(txn, "record of a run");
    }
    return {{"run",
             {{"id", to_json(run->id)},
              {"pipeline", to_json(run->pipeline)},
              {"started_us", run->started_us},
              {"ended_us", run->ended_us},
              {"report", to_json(run->report)}}}};
  }));
  SLUICE_TRY(each_page(env(), kQuarantineTable, line, [](Txn& txn, const Cursor& at) -> Json {
    const auto row = decode_quarantined(0, at.value());
    if (!row || at.key().size() < 9) {
      throw_corrupt(txn, "record of a quarantined row");
    }
    return {{"quarantined",
             {{"pipeline", to_json(at.key().substr(0, at.key().size() - 9))},
              {"stream", to_json(row->stream)},
              {"slice", to_json(row->slice)},
              {"rule", to_json(row->rule)},
              {"reason", to_json(row->reason)},
              {"payload", to_json(row->payload)},
              {"time_us", row->time_us}}}};
  }));
  return each_page(env(), kBlobsTable, line, [](Txn& txn, const Cursor& at) -> Json {
    const auto split = at.key().find('\0');
    if (split == std::string_view::npos) {
      throw_corrupt(txn, "name of stored data");
    }
    return {{"blob",
             {{"scope", to_json(at.key().substr(0, split))},
              {"name", to_json(at.key().substr(split + 1))},
              {"value", to_json(at.value())}}}};
  });
}

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
