// SPDX-License-Identifier: Apache-2.0
//
// JSON objects. Files hold the same fields in the same order row after row, so the shape of the
// last row is tried first, byte for byte, and only values are parsed. Where it does not fit,
// simdjson reads the record; what it accepts is what counts, so the short cut takes only what it
// would.
#include <simdjson.h>

#include <cstring>
#include <utility>

#include "records.hpp"
#include "rows.hpp"

namespace sluice::files {

namespace {

namespace json_reader = simdjson::ondemand;

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

// A value in the record, and what stands before it.
struct Step {
  std::string literal;  // from the last value's end to this value: `,"open":`
  int column;           // or -1: not wanted
};

class JsonRows final : public Rows {
 public:
  using Rows::Rows;

 private:
  bool decode(std::string_view record, std::string& why) override {
    record = trimmed(record);
    if (!steps_.empty()) {
      const int64_t before = batch_.rows();
      if (decode_known(record)) {
        misses_ = 0;
        return true;
      }
      batch_.truncate(before);
    }
    if (!decode_any(record, why)) {
      return false;
    }
    // A file whose rows all differ would learn for nothing.
    if (++misses_ < 16 || misses_ % 64 == 0) {
      learn(record);
    }
    return true;
  }

  bool decode_known(std::string_view record) {
    const char* at = record.data();
    const char* const end = at + record.size();
    for (const Step& step : steps_) {
      const std::size_t size = step.literal.size();
      if (static_cast<std::size_t>(end - at) < size ||
          std::memcmp(at, step.literal.data(), size) != 0) {
        return false;
      }
      at += size;
      at = step.column >= 0 ? cells_[static_cast<std::size_t>(step.column)].scan(at, end)
                            : skip_scalar(at, end);
      if (at == nullptr) {
        return false;
      }
    }
    if (end - at != 1 || *at != '}') {
      return false;
    }
    for (const std::size_t column : absent_) {
      cells_[column].put_null();
    }
    for (const std::string& field : unknown_) {
      unknown(field);
    }
    return true;
  }

  // Only what is surely well-formed: ASCII strings without escapes, numbers, literals.
  static const char* skip_scalar(const char* at, const char* end) {
    if (at < end && *at == '"') {
      for (++at; at < end && *at != '"'; ++at) {
        const auto c = static_cast<unsigned char>(*at);
        if (c < 0x20 || c >= 0x80 || c == '\\') {
          return nullptr;
        }
      }
      return at < end ? at + 1 : nullptr;
    }
    for (const std::string_view word : {"null", "true", "false"}) {
      if (std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word)) {
        return at + word.size();
      }
    }
    double ignored = 0;
    return scan_double(at, end, ignored);
  }

  // Takes the shape of a record that simdjson has accepted: flat, keys without escapes.
  void learn(std::string_view record) {
    steps_.clear();
    absent_.clear();
    unknown_.clear();
    std::vector<bool> seen(cells_.size(), false);
    const char* at = record.data();
    const char* const end = at + record.size();
    while (end - at > 1) {
      const char* const start = at;
      while (at < end && *at != '"') {  // "{" or "," and space
        ++at;
      }
      if (at == end) {
        return steps_.clear();
      }
      const char* const key = ++at;
      while (at < end && *at != '"' && *at != '\\') {
        ++at;
      }
      if (at >= end || *at == '\\') {
        return steps_.clear();
      }
      const std::string_view field(key, static_cast<std::size_t>(at - key));
      for (++at; at < end && (*at == ':' || *at == ' ' || *at == '\t'); ++at) {
      }
      const int column = find(field);
      steps_.push_back({std::string(start, at), column});
      at = skip_scalar(at, end);
      if (at == nullptr || at == end) {
        return steps_.clear();
      }
      if (column >= 0) {
        seen[static_cast<std::size_t>(column)] = true;
      } else {
        unknown_.emplace_back(field);
      }
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (!seen[i]) {
        absent_.push_back(i);
        if (!cells_[i].nullable()) {
          return steps_.clear();
        }
      }
    }
  }

  bool decode_any(std::string_view record, std::string& why) {
    try {
      json_reader::document document =
          parser_
              .iterate(simdjson::padded_string_view(record.data(), record.size(),
                                                    record.size() + RecordReader::kPadding))
              .value();
      json_reader::object object;
      if (document.get_object().get(object) != simdjson::SUCCESS) {
        why = "The record is no JSON object.";
        return false;
      }
      const int64_t row = batch_.rows();  // every column has as many values until it gets its own
      for (auto field : object) {
        const std::string_view name = field.unescaped_key().value();
        const int column = find(name);
        if (column < 0) {
          unknown(name);
          continue;
        }
        Cell& cell = cells_[static_cast<std::size_t>(column)];
        if (cell.size() > row) {
          why = "The field '" + cell.field() + "' stands twice in the record.";
          return false;
        }
        if (!put_value(cell, field.value().value(), why)) {
          return false;
        }
      }
      if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        why = "More than one JSON value stands in the record.";
        return false;
      }
    } catch (const simdjson::simdjson_error& error) {
      why = std::string("The record is not well-formed JSON: ") + error.what() + ".";
      return false;
    }
    return fill_missing(why);
  }

  bool put_value(Cell& cell, json_reader::value value, std::string& why) {
    switch (value.type().value()) {
      case json_reader::json_type::null:
        if (!value.is_null()) {
          why = "The value of field '" + cell.field() + "' is no JSON.";
          return false;
        }
        return put_null(cell, why);
      case json_reader::json_type::boolean: {
        const bool truth = value.get_bool().value();
        const bool json = cell.type() == Type::kJson;
        return json ? put(cell, truth ? "true" : "false", why)
                    : cell.put_bool(truth) || bad(cell, truth ? "true" : "false", why);
      }
      case json_reader::json_type::number: {
        const std::string_view token = trimmed(value.raw_json_token());
        (void)value.get_double()
            .value();  // throws if it is no number; too large ones count as none
        return put(cell, token, why);
      }
      case json_reader::json_type::string: {
        if (cell.type() == Type::kJson) {
          const std::string_view token = trimmed(value.raw_json_token());
          (void)value.get_string().value();
          return put(cell, token, why);
        }
        return put(cell, value.get_string().value(), why);
      }
      case json_reader::json_type::array:
        return put_nested(cell, value.get_array().value().raw_json().value(), why);
      case json_reader::json_type::object:
        return put_nested(cell, value.get_object().value().raw_json().value(), why);
    }
    return false;
  }

  // The on-demand reader steps over nested values unread, so what is kept whole is judged here.
  bool put_nested(Cell& cell, std::string_view raw, std::string& why) {
    if (cell.type() != Type::kJson) {
      return bad(cell, raw, why);
    }
    (void)judge_.parse(raw.data(), raw.size(), false).value();
    return put(cell, trimmed(raw), why);
  }

  json_reader::parser parser_;
  simdjson::dom::parser judge_;
  std::vector<Step> steps_;
  std::vector<std::size_t> absent_;   // columns that the shape has no field for
  std::vector<std::string> unknown_;  // its fields that no column wants
  uint64_t misses_ = 0;
};

}  // namespace

std::unique_ptr<Rows> make_json_rows(Batch& batch, const SourceConfig& config) {
  return std::make_unique<JsonRows>(batch, config);
}

}  // namespace sluice::files
