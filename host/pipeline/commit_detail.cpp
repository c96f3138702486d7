// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/commit_detail.hpp"

#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr std::string_view kHex = "0123456789abcdef";

// JSON holds text only. Bytes that are not UTF-8 are written in hexadecimal under another key.
std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kHex[byte >> 4U];
    hex += kHex[byte & 15U];
  }
  return hex;
}

bool from_hex(std::string_view hex, std::string& bytes) {
  if (hex.size() % 2 != 0) {
    return false;
  }
  for (size_t i = 0; i < hex.size(); i += 2) {
    const auto high = kHex.find(hex[i]);
    const auto low = kHex.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return false;
    }
    bytes += static_cast<char>(high * 16 + low);
  }
  return true;
}

bool is_text(const std::string& bytes) {
  try {
    (void)json(bytes).dump();
    return true;
  } catch (const json::type_error&) {
    return false;
  }
}

void put_text(json& out, const char* key, const std::string& value) {
  if (!value.empty()) {
    if (is_text(value)) {
      out[key] = value;
    } else {
      out[std::string(key) + "_hex"] = to_hex(value);
    }
  }
}

bool get_text(const json& in, const char* key, std::string& value) {
  if (const auto it = in.find(key); it != in.end()) {
    value = it->get<std::string>();
  } else if (const auto hex = in.find(std::string(key) + "_hex"); hex != in.end()) {
    return from_hex(hex->get<std::string>(), value);
  }
  return true;
}

void put_intervals(json& out, const char* key, const std::vector<Interval>& intervals) {
  for (const Interval& one : intervals) {
    out[key].push_back(json::array({one.from, one.to}));
  }
}

void get_intervals(const json& in, const char* key, std::vector<Interval>& intervals) {
  if (const auto it = in.find(key); it != in.end()) {
    for (const auto& one : *it) {
      intervals.push_back({one.at(0).get<int64_t>(), one.at(1).get<int64_t>()});
    }
  }
}

}  // namespace

std::string encode_detail(const CommitDetail& detail) {
  json out = json::object();
  put_text(out, "source", detail.source);
  put_text(out, "title", detail.title);
  put_text(out, "partition", detail.partition);
  put_text(out, "validator", detail.validator);
  put_text(out, "read_validator", detail.read_validator);
  if (detail.series) {
    out["series"] = true;
  }
  if (detail.from_us != INT64_MIN) {
    out["from_us"] = detail.from_us;
  }
  if (detail.to_us != INT64_MAX) {
    out["to_us"] = detail.to_us;
  }
  if (detail.resumable) {
    out["resumable"] = true;
    out["state_version"] = detail.state_version;
    put_text(out, "resume", detail.resume);
  }
  if (!detail.keys.empty()) {
    json& keys = out["keys"] = json::array();
    for (const auto& key : detail.keys) {
      keys.push_back(json::array(
          {is_text(key.key) && !key.key.starts_with("hex:") ? key.key : "hex:" + to_hex(key.key),
           key.outcome}));
    }
  }
  put_intervals(out, "holes", detail.holes);
  put_intervals(out, "confirmed_empty", detail.confirmed_empty);
  return out.dump();
}

Result<CommitDetail> decode_detail(std::string_view text) {
  const auto bad = [] {
    return Error{Code::kCorrupt, "a commit record of the target has a detail that is not ours"};
  };
  try {
    const json in = json::parse(text);
    CommitDetail detail;
    if (!in.is_object() || !get_text(in, "source", detail.source) ||
        !get_text(in, "title", detail.title) || !get_text(in, "partition", detail.partition) ||
        !get_text(in, "validator", detail.validator) ||
        !get_text(in, "read_validator", detail.read_validator) ||
        !get_text(in, "resume", detail.resume)) {
      return bad();
    }
    detail.series = in.value("series", false);
    detail.from_us = in.value("from_us", INT64_MIN);
    detail.to_us = in.value("to_us", INT64_MAX);
    detail.resumable = in.value("resumable", false);
    detail.state_version = in.value("state_version", 0U);
    if (const auto keys = in.find("keys"); keys != in.end()) {
      for (const auto& pair : *keys) {
        CommitDetail::Key key{pair.at(0).get<std::string>(), pair.at(1).get<uint32_t>()};
        if (key.key.starts_with("hex:")) {
          std::string bytes;
          if (!from_hex(std::string_view(key.key).substr(4), bytes)) {
            return bad();
          }
          key.key = std::move(bytes);
        }
        detail.keys.push_back(std::move(key));
      }
    }
    get_intervals(in, "holes", detail.holes);
    get_intervals(in, "confirmed_empty", detail.confirmed_empty);
    return detail;
  } catch (const json::exception&) {
    return bad();
  }
}

Result<void> reconcile_record(const CommitRecord& record, Reconciliation& reconciliation) {
  auto detail = decode_detail(record.detail);
  if (!detail) {
    return std::move(detail).error().in("stream " + record.stream + ", slice " + record.slice);
  }
  Reconciliation::Record one;
  one.stream = record.stream;
  one.slice = record.slice;
  one.generation = record.generation;
  one.part = record.part;
  one.final = record.final;
  one.empty = record.empty;
  one.rows = record.rows;
  one.committed_us = record.committed_us;
  one.partition = detail->partition;
  one.validator = detail->validator;
  one.read_validator = detail->read_validator;
  one.title = detail->title;
  one.resumable = detail->resumable;
  one.resume = detail->resume;
  one.state_version = detail->state_version;
  one.series = detail->series;
  one.from_us = detail->from_us;
  one.to_us = detail->to_us;
  one.holes = detail->holes;
  if (detail->keys.empty()) {
    return reconciliation.add(one);
  }
  for (size_t i = 0; record.final && i < detail->keys.size(); ++i) {
    one.slice = detail->keys[i].key;
    // Of a key that failed there is a record but no row: it is work, as another generation.
    one.final = detail->keys[i].outcome != SLUICE_OUTCOME_FAILED;
    one.empty = detail->keys[i].outcome == SLUICE_OUTCOME_EMPTY;
    one.rows = i == 0 ? record.rows : 0;  // the batch's rows are counted once
    SLUICE_TRY(reconciliation.add(one));
  }
  return {};
}

}  // namespace sluice::host
