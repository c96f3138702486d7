// SPDX-License-Identifier: Apache-2.0
#include "snapshot_rows.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "sluice/cpp/json_text.hpp"
#include "sluice/cpp/time_text.hpp"

namespace wiseoldman {

namespace {

using sluice::Code;
using sluice::Error;

template <class T>
T checked(simdjson::simdjson_result<T> result) {
  T out{};
  if (const auto error = std::move(result).get(out); error != simdjson::SUCCESS) {
    throw Error(Code::kBadData,
                std::string("A snapshot is not JSON: ") + simdjson::error_message(error))
        .retryable();
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// A number or a text that holds one: its digits. Empty for anything else.
std::string_view digits_of(simdjson::ondemand::value value) {
  std::string_view token = trimmed(value.raw_json_token());
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') {
    token = token.substr(1, token.size() - 2);
  }
  return token;
}

template <class T>
std::optional<T> parsed(std::string_view digits) {
  T out{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(out)
                                                                      : std::nullopt;
}

bool is_null(std::string_view digits) {
  return digits == "null";
}

}  // namespace

SnapshotDecoder::SnapshotDecoder(const Selection& selection, const sluice::ReadRequest& request)
    : selection_(selection), request_(request), wide_(selection.config.layout == "wide") {
  for (const Metric& metric : known_metrics()) {
    if (selection.wants_metric(metric.name)) {
      known_.emplace(metric.name, known_.size());
    }
  }
  values_.resize(known_.size());
}

SnapshotHead SnapshotDecoder::head(std::string_view snapshot) {
  buffer_.reserve(snapshot.size() + simdjson::SIMDJSON_PADDING);
  buffer_.assign(snapshot);
  document_ = checked(parser_.iterate(buffer_.data(), buffer_.size(), buffer_.capacity()));
  SnapshotHead out;
  Object fields;
  if (document_.get_object().get(fields) != simdjson::SUCCESS) {
    return out;
  }
  const auto time = [&](const char* name) -> std::optional<int64_t> {
    std::string_view text;
    if (fields.find_field_unordered(name).get_string().get(text) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    const auto at = sluice::parse_time(text);
    return at ? std::optional(at->time.time_since_epoch().count()) : std::nullopt;
  };
  Value id;
  if (fields.find_field_unordered("playerId").get(id) == simdjson::SUCCESS) {
    out.player = parsed<int64_t>(digits_of(id));
  }
  out.created_us = time("createdAt");
  out.imported_us = time("importedAt");
  if (out.created_us) {
    out.created_ms = *out.created_us / 1000;
  }
  return out;
}

void SnapshotDecoder::rows(sluice::Batch& batch, const SnapshotHead& head,
                           std::string_view snapshot) {
  Object sections;
  const bool found =
      document_.find_field_unordered("data").get_object().get(sections) == simdjson::SUCCESS;
  if (!head.player || !head.created_us || !found) {
    request_.reject("required_field",
                    std::string(!head.player       ? "/playerId"
                                : !head.created_us ? "/createdAt"
                                                   : "/data") +
                        ": is missing or of another type.",
                    snapshot);
    return;
  }
  std::fill(values_.begin(), values_.end(), MetricValue{});
  other_.clear();
  for (auto result : sections) {
    auto field = checked(std::move(result));
    const std::string key(checked(field.unescaped_key()));
    Object metrics;
    if (field.value().get_object().get(metrics) == simdjson::SUCCESS) {
      section(batch, head, key, metrics);
    } else {
      count("mistyped_field", "/data/" + key);
    }
  }
  if (wide_) {
    wide_row(batch, head);
  }
}

void SnapshotDecoder::section(sluice::Batch& batch, const SnapshotHead& head, std::string_view key,
                              Object metrics) {
  const SectionKind* kind = find_section(key);
  if (kind == nullptr) {
    count("unknown_field", "/data/" + std::string(key));
  }
  for (auto result : metrics) {
    auto field = checked(std::move(result));
    const std::string name(checked(field.unescaped_key()));
    Value value = field.value();
    Object fields;
    if (!selection_.wants_metric(name)) {
      continue;
    }
    if (value.get_object().get(fields) != simdjson::SUCCESS) {
      count("mistyped_field", "/data/" + std::string(key) + "/" + name);
      continue;
    }
    const auto known = known_.find(name);
    if (known == known_.end() || kind == nullptr) {
      count("unknown_metric", name);
      if (wide_) {
        keep_unknown(key, name, checked(fields.raw_json()));
        continue;
      }
    }
    const MetricValue found = metric(kind, key, fields);
    if (wide_) {
      values_[known->second] = found;
    } else {
      long_row(batch, head, kind, key, name, found);
    }
  }
}

MetricValue SnapshotDecoder::metric(const SectionKind* kind, std::string_view key, Object fields) {
  MetricValue out;
  for (auto result : fields) {
    auto field = checked(std::move(result));
    const std::string_view name = checked(field.unescaped_key());
    if (name != "metric") {
      take_field(kind, key, name, field.value(), out);
    }
  }
  return out;
}

void SnapshotDecoder::take_field(const SectionKind* kind, std::string_view section,
                                 std::string_view name, Value value, MetricValue& out) {
  // Of a section to come the names tell what a value is.
  const auto is_value = [&] {
    return kind != nullptr ? name == kind->value
                           : name == "experience" || name == "kills" || name == "score";
  };
  const auto is_hours = [&] {
    return kind != nullptr ? name == kind->hours
                           : name == "ehp" || name == "ehb" || name == "value";
  };
  if (is_value()) {
    out.value = whole(name, value);
  } else if (name == "rank") {
    out.rank = whole(name, value);
  } else if (name == "level") {
    out.level = whole(name, value);
  } else if (is_hours()) {
    out.hours = real(name, value);
  } else {
    count("unknown_field", "/data/" + std::string(section) + "/*/" + std::string(name));
  }
}

// -1 says that there is none.
std::optional<int64_t> SnapshotDecoder::whole(std::string_view path, Value value) {
  const std::string_view digits = digits_of(value);
  auto number = parsed<int64_t>(digits);
  if (!number) {
    const auto broken = parsed<double>(digits);  // 5.0 or 5e3
    constexpr double kExact = 9007199254740992;
    if (broken && std::abs(*broken) <= kExact && *broken == std::floor(*broken)) {
      number = static_cast<int64_t>(*broken);
    } else if (!is_null(digits)) {
      count("mistyped_field", std::string(path));
    }
  }
  return number == -1 ? std::nullopt : number;
}

std::optional<double> SnapshotDecoder::real(std::string_view path, Value value) {
  const std::string_view digits = digits_of(value);
  const auto number = parsed<double>(digits);
  if (!number || !std::isfinite(*number)) {
    if (!is_null(digits)) {
      count("mistyped_field", std::string(path));
    }
    return std::nullopt;
  }
  return *number == -1 ? std::nullopt : std::optional(rounded(*number));
}

void SnapshotDecoder::long_row(sluice::Batch& batch, const SnapshotHead& head,
                               const SectionKind* kind, std::string_view key, std::string_view name,
                               const MetricValue& value) {
  const bool ranked =
      value.value || value.rank || (kind != nullptr && kind->value.empty() && value.hours);
  if (!ranked && !selection_.config.unranked) {
    return;
  }
  const auto put = [&](std::size_t at, const auto& number) {
    using T = typename std::decay_t<decltype(number)>::value_type;
    number ? batch.col<T>(at).append(*number) : batch.column(at).append_null();
  };
  batch.col<int64_t>(0).append(*head.player);
  batch.col<int64_t>(1).append(*head.created_us);
  batch.col<std::string_view>(2).append(name);
  batch.col<std::string_view>(3).append(kind != nullptr ? kind->kind : key);
  put(4, value.value);
  put(5, value.rank);
  const bool fits = value.level && std::in_range<int32_t>(*value.level);
  put(6, fits ? std::optional(static_cast<int32_t>(*value.level)) : std::nullopt);
  put(7, value.hours);
  put(8, head.imported_us);
}

// The columns in the order in which streams.cpp declares them.
void SnapshotDecoder::wide_row(sluice::Batch& batch, const SnapshotHead& head) {
  std::size_t at = 0;
  const auto put = [&](const auto& number) {
    using T = typename std::decay_t<decltype(number)>::value_type;
    number ? batch.col<T>(at).append(*number) : batch.column(at).append_null();
    ++at;
  };
  put(head.player);
  put(head.created_us);
  put(head.imported_us);
  std::size_t index = 0;
  for (const Metric& metric : known_metrics()) {
    if (!selection_.wants_metric(metric.name)) {
      continue;
    }
    const MetricValue& value = values_[index++];
    if (metric.section != Section::kComputed) {
      put(value.value);
    }
    if (metric.section == Section::kSkills) {
      const bool fits = value.level && std::in_range<int32_t>(*value.level);
      put(fits ? std::optional(static_cast<int32_t>(*value.level)) : std::nullopt);
    }
    put(value.rank);
    if (metric.section != Section::kActivities) {
      put(value.hours);
    }
  }
  if (other_.empty()) {
    batch.column(at).append_null();
    return;
  }
  std::string all;
  for (const auto& [key, metrics] : other_) {
    all += (all.empty() ? "{" : ",") + sluice::json(key).dump() + ":{" + metrics + "}";
  }
  batch.col<std::string_view>(at).append(all + "}");
}

void SnapshotDecoder::keep_unknown(std::string_view section, std::string_view name,
                                   std::string_view raw) {
  std::string& into = other_[std::string(section)];
  into += (into.empty() ? "" : ",") + sluice::json(std::string(name)).dump() + ":";
  into += trimmed(raw);
}

void SnapshotDecoder::count(std::string code, std::string text) {
  constexpr std::size_t kMostTexts = 200;  // a hostile answer could invent any number
  if (notes_.size() >= kMostTexts) {
    text = "others";
  }
  ++notes_[{std::move(code), std::move(text)}];
}

void SnapshotDecoder::flush() {
  for (const auto& [note, times] : notes_) {
    request_.note(note.first, note.second, times);
  }
  notes_.clear();
}

}  // namespace wiseoldman
