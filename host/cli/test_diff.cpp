// SPDX-License-Identifier: Apache-2.0
#include "host/cli/test_diff.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "host/observe/report.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Row {
  std::string line;
  ordered_json value;
};
using Rows = std::multimap<std::string, Row>;  // by key, or by all of it

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What makes a row the same row: its key; without one all of it. Sorted members, so that their
// order does not count.
std::string identity(const ordered_json& row, const std::vector<std::string>& key) {
  if (key.empty()) {
    return dump(json(row));
  }
  json named = json::object();
  for (const std::string& column : key) {
    named[column] = row.contains(column) ? json(row.at(column)) : json();
  }
  return dump(named);
}

void add(Rows& rows, std::string line, ordered_json value, const std::vector<std::string>& key) {
  std::string id = identity(value, key);
  rows.emplace(std::move(id), Row{std::move(line), std::move(value)});
}

Result<Rows> read_expected(const std::string& file, const std::string& text,
                           const std::vector<std::string>& key) {
  Rows rows;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    auto value = ordered_json::parse(line, nullptr, false);
    if (!value.is_object()) {
      return Error{Code::kCorrupt, file + ":" + std::to_string(number) +
                                       ": the line is no JSON object; mend it, or write the file "
                                       "anew with sluice test --update"};
    }
    add(rows, std::move(line), std::move(value), key);
  }
  return rows;
}

std::vector<std::string> differing(const ordered_json& expected, const ordered_json& got) {
  std::vector<std::string> out;
  for (const auto& [name, value] : expected.items()) {
    if (!got.contains(name)) {
      out.push_back(name + ": " + value.dump() + " → no such column");
    } else if (json(got.at(name)) != json(value)) {
      out.push_back(name + ": " + dump(json(value)) + " → " + dump(json(got.at(name))));
    }
  }
  for (const auto& [name, value] : got.items()) {
    if (!expected.contains(name)) {
      out.push_back(name + ": not expected → " + dump(json(value)));
    }
  }
  return out;
}

// Rows under one identity: as many as there are on both sides are held against each other.
void compare_group(std::vector<const Row*> expected, std::vector<const Row*> got,
                   const std::string& key, StreamDiff& diff) {
  const size_t both = std::min(expected.size(), got.size());
  for (size_t i = 0; i < both; ++i) {
    auto columns = differing(expected[i]->value, got[i]->value);
    if (!columns.empty()) {
      diff.changed.push_back({key, std::move(columns)});
    }
  }
  for (size_t i = both; i < expected.size(); ++i) {
    diff.missing.push_back(expected[i]->line);
  }
  for (size_t i = both; i < got.size(); ++i) {
    diff.extra.push_back(got[i]->line);
  }
}

std::vector<const Row*> group(const Rows& rows, const std::string& key) {
  std::vector<const Row*> out;
  const auto [begin, end] = rows.equal_range(key);
  for (auto it = begin; it != end; ++it) {
    out.push_back(&it->second);
  }
  return out;
}

void show(std::string& out, const std::vector<std::string>& lines, const char* mark,
          const char* what, size_t most) {
  for (size_t i = 0; i < std::min(lines.size(), most); ++i) {
    out += std::string("    ") + mark + " " + lines[i] + "\n";
  }
  if (lines.size() > most) {
    out += "    " + std::string(mark) + " … and " + grouped(lines.size() - most) + " more " + what +
           "\n";
  }
}

}  // namespace

Result<StreamDiff> compare_rows(const std::string& stream, const Capture::Table& landed,
                                const std::string& file, const std::string& expected) {
  auto wanted = read_expected(file, expected, landed.key);
  if (!wanted) {
    return std::move(wanted).error();
  }
  Rows got;
  for (const std::string& line : landed.rows) {
    add(got, line, ordered_json::parse(line), landed.key);
  }
  StreamDiff diff;
  diff.stream = stream;
  diff.rows = landed.rows.size();
  std::vector<std::string> keys;
  for (const Rows* rows : {&*wanted, &got}) {
    for (const auto& [key, row] : *rows) {
      keys.push_back(key);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) {
    compare_group(group(*wanted, key), group(got, key), key, diff);
  }
  return diff;
}

std::string diff_text(const StreamDiff& diff, size_t most) {
  std::string out = "  " + diff.stream + ": " + grouped(diff.rows) + " rows";
  if (diff.same()) {
    return out + ", as expected\n";
  }
  out += ": " + grouped(diff.missing.size()) + " missing (-), " + grouped(diff.extra.size()) +
         " extra (+), " + grouped(diff.changed.size()) + " changed (~)\n";
  show(out, diff.missing, "-", "missing", most);
  show(out, diff.extra, "+", "extra", most);
  std::vector<std::string> changed;
  for (const ChangedRow& row : diff.changed) {
    std::string line = row.key;
    for (const std::string& column : row.columns) {
      line += "\n        " + column;
    }
    changed.push_back(std::move(line));
  }
  show(out, changed, "~", "changed", most);
  return out;
}

json diff_json(const StreamDiff& diff) {
  const auto rows = [](const std::vector<std::string>& lines) {
    json out = json::array();
    for (const std::string& line : lines) {
      out.push_back(json::parse(line, nullptr, false));
    }
    return out;
  };
  json changed = json::array();
  for (const ChangedRow& row : diff.changed) {
    changed.push_back({{"key", json::parse(row.key, nullptr, false)}, {"columns", row.columns}});
  }
  return {{"stream", diff.stream},
          {"rows", diff.rows},
          {"missing", rows(diff.missing)},
          {"extra", rows(diff.extra)},
          {"changed", std::move(changed)}};
}

}  // namespace sluice::host
