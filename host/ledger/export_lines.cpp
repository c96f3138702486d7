// SPDX-License-Identifier: Apache-2.0
//
// The ledger as text, one JSON object a line: docs/ledger-format.md, "Export".
#include <map>
#include <nlohmann/json.hpp>

#include "host/ledger/journal.hpp"
#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/line_members.hpp"

namespace sluice::host {
namespace {

using Json = LineJson;

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

Json intervals_to_json(const IntervalSet& set) {
  Json out = Json::array();
  for (const Interval& one : set.intervals()) {
    out.push_back({one.from, one.to});
  }
  return out;
}

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
  number("landed_rows", r.landed_rows, r.landed() ? r.rows : 0);
  text("error_class", r.error_class);
  text("error", r.error);
  flag("series", r.series);
  if (!r.holes.empty()) {
    out["holes"] = intervals_to_json(IntervalSet::decode(r.holes).value_or(IntervalSet()));
  }
  return {{"slice", std::move(out)}};
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

}  // namespace sluice::host
