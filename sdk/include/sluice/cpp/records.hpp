// SPDX-License-Identifier: Apache-2.0
//
// Records of JSON into rows, in one pass over their members. A column's `source_name` says where in
// the record its value stands: a JSON Pointer ("/quality/type", "/prices/0"), or the name of a
// member ("createdAt"); a column without one is not read from the record.
//
//   RecordDecoder decoder(Items::streams().at(0), request);
//   decoder.ignore("/_links").epoch("changed", std::chrono::milliseconds(1));
//   while (items.next()) {
//     decoder.row(batch, items.text(), {{"region", "eu"}});
//   }
//
// A bad field never ends a run. A nullable column whose field is missing or means nothing of the
// column's type becomes null, with a note; a key or another column that needs a value has the
// record rejected, with the JSON Pointer of the field. Fields that no column reads are counted.
// What is noted goes to the host at the end of each next(), summed up.
//
// Needs simdjson: pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson), and
// LIBRARIES PkgConfig::SIMDJSON for sluice_add_plugin().
#pragma once

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/json_text.hpp"
#include "sluice/cpp/record_notes.hpp"
#include "sluice/cpp/record_value.hpp"
#include "sluice/cpp/request.hpp"

namespace sluice::inline sdk_v0 {

// Text in a place where a column of any type stands: read as a record's field would be, with the
// column's epoch and nulls; what means nothing of the type is null with a note, or has the record
// rejected.
struct AnyText {
  std::string_view text;
};

// A value that all rows of a call share, whatever the record says. Text is borrowed.
class FixedValue {
 public:
  template <class T>
  FixedValue(const T& value) : value_(of(value)) {}  // NOLINT: {"region", "eu"}

 private:
  friend class RecordDecoder;
  using Value = std::variant<std::nullptr_t, bool, int64_t, double, std::string_view, Micros, Days,
                             Decimal, AnyText>;
  template <class T>
  static Value of(const T& value) {
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
      return nullptr;
    } else if constexpr (std::is_same_v<T, bool> || std::is_floating_point_v<T>) {
      return value;
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(value);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return std::string_view(value);
    } else {
      return value;
    }
  }
  Value value_;
};

struct Fixed {
  std::string_view column;
  FixedValue value;
};

// Threads: those of the reader that owns it. Lives no longer than the request.
class RecordDecoder {
 public:
  RecordDecoder(const Stream& stream, const ReadRequest& request);

  // The field at `pointer`, with all below it that no column reads, is known and not wanted; "":
  // whatever no column reads.
  RecordDecoder& ignore(std::string_view pointer) {
    node_at(pointer).ignored = true;
    return *this;
  }
  // Numbers in this column's field are times that count `unit` (1 s, 1 ms or 1 µs) from 1970.
  RecordDecoder& epoch(std::string_view column, std::chrono::microseconds unit) {
    columns_[index_of(column)].epoch = unit;
    return *this;
  }
  // A value that is written so (-1, "n/a") is null in this column.
  RecordDecoder& null(std::string_view column, std::string text) {
    columns_[index_of(column)].nulls.push_back(std::move(text));
    return *this;
  }
  // Records often lack this column's field: null, without a note.
  RecordDecoder& optional(std::string_view column) {
    columns_[index_of(column)].optional = true;
    return *this;
  }
  // This column takes the whole record; no field is then unknown.
  RecordDecoder& whole(std::string_view column) {
    root_.columns.push_back(static_cast<uint32_t>(index_of(column)));
    columns_[index_of(column)].read = true;
    return *this;
  }

  // Appends one row from a record, which is an object, or an array if columns point into one
  // ("/0"). False if the record was rejected; the batch is then as before. Throws BAD_DATA,
  // retryable, if `record` is not JSON. Requires: a batch of the same stream.
  bool row(Batch& batch, std::string_view record, std::span<const Fixed> fixed);
  bool row(Batch& batch, std::string_view record, std::initializer_list<Fixed> fixed = {}) {
    return row(batch, record, std::span(fixed.begin(), fixed.size()));
  }

  // What the last row() found for a column that is read from the record.
  const RecordValue& value(std::string_view column) const {
    return columns_[index_of(column)].value;
  }
  // Tells the host what was gathered so far; happens by itself at the end of each next().
  void flush() { notes_->flush(request_); }

 private:
  // A name on the way to fields.
  struct Node {
    std::string name{}, path{};
    std::vector<uint32_t> columns{};
    std::vector<Node> children{};
    bool ignored = false;
    bool inner = false;           // on the way to a column
    std::size_t unknown = kNone;  // number of its count
  };
  struct Column {
    std::string path{};
    bool read = false;
    bool nullable = true;
    bool optional = false;
    std::chrono::microseconds epoch{0};
    std::vector<std::string> nulls{};
    RecordValue value{};
    std::string unescaped{};
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  using Object = simdjson::ondemand::object;
  using Array = simdjson::ondemand::array;
  using Value = simdjson::ondemand::value;

  std::size_t index_of(std::string_view column) const;
  Node& node_at(std::string_view pointer);
  bool parse(std::string_view record);
  void iterate(simdjson::ondemand::document& document);
  void walk(Node& node, Object object, bool stored);
  void walk(Node& node, Array array, bool stored);
  template <class Container>
  void take_nested(Node& node, Container container, JsonShape shape, bool stored);
  void take(Node& node, Value value, bool stored);
  void take_scalar(Node& node, std::string_view raw);
  void set_below(Node& node, const RecordValue& value);
  Node* child(Node& node, std::string_view name, std::size_t& hint, bool stored);
  std::string_view name_of(simdjson::ondemand::field& field);
  std::string append(ColumnBuilder& out, std::size_t i, std::span<const Fixed> fixed);
  std::string append_found(ColumnBuilder& out, std::size_t i, const RecordValue& value);
  RecordValue or_null(std::size_t i, RecordValue value) const;
  template <class T>
  static T checked(simdjson::simdjson_result<T> result) {
    T out{};
    if (const auto error = std::move(result).get(out); error != simdjson::SUCCESS) {
      bad(simdjson::error_message(error));
    }
    return out;
  }
  [[noreturn]] static void bad(const char* what) {
    throw Error(Code::kBadData, std::string("A record is not JSON: ") + what).retryable();
  }

  const ReadRequest& request_;
  std::vector<ColumnDecl> decls_;
  std::vector<Column> columns_;
  Node root_;
  std::shared_ptr<detail::RecordNotes> notes_;
  simdjson::ondemand::parser parser_;
  std::string buffer_;  // the record, with room behind it that the parser may read
  std::string name_;    // a member's name that is written with escapes
};

inline RecordDecoder::RecordDecoder(const Stream& stream, const ReadRequest& request)
    : request_(request),
      decls_(stream.columns()),
      columns_(decls_.size()),
      notes_(std::make_shared<detail::RecordNotes>(decls_)) {
  for (std::size_t i = 0; i < decls_.size(); ++i) {
    columns_[i].nullable = stream.nullable(decls_[i]);
    const std::string& source = decls_[i].options.source_name;
    if (!source.empty()) {
      columns_[i].path = source.front() == '/' ? source : to_json_pointer(source);
      columns_[i].read = true;
      node_at(columns_[i].path).columns.push_back(static_cast<uint32_t>(i));
    }
  }
  request.at_end_of_next([notes = notes_, &request] { notes->flush(request); });
}

inline std::size_t RecordDecoder::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < decls_.size(); ++i) {
    if (decls_[i].name == column) {
      return i;
    }
  }
  throw Error(Code::kInternal, "The decoder has no column '" + std::string(column) + "'.");
}

inline RecordDecoder::Node& RecordDecoder::node_at(std::string_view pointer) {
  Node* node = &root_;
  for (const std::string& name : parse_json_pointer(pointer)) {
    node->inner = true;
    Node* next = nullptr;
    for (Node& child : node->children) {
      next = child.name == name ? &child : next;
    }
    if (next == nullptr) {
      node->children.push_back({.name = name, .path = node->path + to_json_pointer(name)});
      next = &node->children.back();
    }
    node = next;
  }
  return *node;
}

inline bool RecordDecoder::row(Batch& batch, std::string_view record,
                               std::span<const Fixed> fixed) {
  if (!parse(record)) {
    return false;
  }
  const int64_t before = batch.rows();
  std::string why;
  try {
    for (std::size_t i = 0; i < columns_.size() && why.empty(); ++i) {
      why = append(batch.column(i), i, fixed);
    }
  } catch (...) {
    batch.truncate(before);
    throw;
  }
  if (!why.empty()) {
    batch.truncate(before);
    request_.reject("required_field", why, record);
  }
  return why.empty();
}

// Appends to column `i`; else says why that cannot be done. Throws BAD_DATA if a fixed value does
// not fit the column.
inline std::string RecordDecoder::append(ColumnBuilder& out, std::size_t i,
                                         std::span<const Fixed> fixed) {
  for (const Fixed& given : fixed) {
    if (given.column == decls_[i].name) {
      return std::visit(
          [&](const auto& value) -> std::string {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, AnyText>) {
              return append_found(out, i, or_null(i, {JsonShape::kText, value.text, value.text}));
            } else {
              append_value(out, decls_[i], value);
              return {};
            }
          },
          given.value.value_);
    }
  }
  if (!columns_[i].read) {
    out.append_null();
    return {};
  }
  return append_found(out, i, columns_[i].value);
}

inline std::string RecordDecoder::append_found(ColumnBuilder& out, std::size_t i,
                                               const RecordValue& value) {
  const Column& column = columns_[i];
  const JsonShape shape = value.shape;
  const bool absent = shape == JsonShape::kMissing || shape == JsonShape::kNull;
  if (!absent && append_record_value(out, decls_[i], value, column.epoch)) {
    return {};
  }
  if (!column.nullable) {
    return (column.path.empty() ? decls_[i].name : column.path) + ": " +
           (shape == JsonShape::kMissing ? "is missing."
            : shape == JsonShape::kNull  ? "is null."
                                         : detail::mistyped(decls_[i], value));
  }
  if (shape == JsonShape::kMissing && column.optional) {
    // as it may be
  } else if (shape == JsonShape::kMissing) {
    ++notes_->columns[i].missing;
  } else if (shape != JsonShape::kNull) {
    notes_->add_mistyped(i, decls_[i], value);
  }
  out.append_null();
  return {};
}

inline RecordValue RecordDecoder::or_null(std::size_t i, RecordValue value) const {
  for (const std::string& null : columns_[i].nulls) {
    value.shape = value.text == null ? JsonShape::kNull : value.shape;
  }
  return value;
}

// Finds the value of every column; false if the record was rejected.
inline bool RecordDecoder::parse(std::string_view record) {
  for (Column& column : columns_) {
    column.value = {};
  }
  record = detail::trim(record);
  const char first = record.empty() ? '\0' : record.front();
  const bool array = first == '[' && !root_.children.empty() &&
                     root_.children.front().name.find_first_not_of("0123456789") == kNone;
  if (first != '{' && !array) {
    request_.reject("record_shape", "The record is not an object.", record);
    return false;
  }
  buffer_.reserve(record.size() + simdjson::SIMDJSON_PADDING);
  buffer_.assign(record);
  simdjson::ondemand::document document;
  iterate(document);
  const RecordValue whole{array ? JsonShape::kArray : JsonShape::kObject, buffer_, buffer_};
  const bool stored = !root_.columns.empty() || root_.ignored;
  for (const uint32_t i : root_.columns) {
    columns_[i].value = whole;
  }
  if (array) {
    walk(root_, checked(document.get_array()), stored);
  } else {
    walk(root_, checked(document.get_object()), stored);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].value = or_null(i, columns_[i].value);
  }
  return true;
}

// A byte that is no UTF-8 costs the character, not the record.
inline void RecordDecoder::iterate(simdjson::ondemand::document& document) {
  const auto begin = [&] {
    return parser_.iterate(buffer_.data(), buffer_.size(), buffer_.capacity()).get(document);
  };
  auto error = begin();
  if (error == simdjson::UTF8_ERROR) {
    ++notes_->invalid_utf8;
    std::string mended = to_utf8(buffer_);
    buffer_.reserve(mended.size() + simdjson::SIMDJSON_PADDING);
    buffer_.assign(mended);
    error = begin();
  }
  if (error != simdjson::SUCCESS) {
    bad(simdjson::error_message(error));
  }
}

// `stored`: a column takes all that is in it, so that nothing in it is unknown.
inline void RecordDecoder::walk(Node& node, Object object, bool stored) {
  std::size_t hint = 0;
  for (auto result : object) {
    auto field = checked(std::move(result));
    Node* known = child(node, name_of(field), hint, stored);
    if (known != nullptr) {
      take(*known, field.value(), stored);
    }
  }
}

inline void RecordDecoder::walk(Node& node, Array array, bool stored) {
  std::size_t index = 0, hint = 0;
  for (auto result : array) {
    Value value = checked(std::move(result));
    Node* known = child(node, std::to_string(index++), hint, true);
    if (known != nullptr) {
      take(*known, value, stored);
    }
  }
}

inline void RecordDecoder::take(Node& node, Value value, bool stored) {
  switch (checked(value.type())) {
    case simdjson::ondemand::json_type::object:
      return take_nested(node, checked(value.get_object()), JsonShape::kObject, stored);
    case simdjson::ondemand::json_type::array:
      return take_nested(node, checked(value.get_array()), JsonShape::kArray, stored);
    default:
      return take_scalar(node, detail::trim(value.raw_json_token()));
  }
}

template <class Container>
void RecordDecoder::take_nested(Node& node, Container container, JsonShape shape, bool stored) {
  if (!node.columns.empty()) {
    const std::string_view raw = detail::trim(checked(container.raw_json()));
    for (const uint32_t i : node.columns) {
      columns_[i].value = {shape, raw, raw};
    }
    (void)checked(container.reset());
  }
  if (node.inner) {
    walk(node, std::move(container), stored || node.ignored || !node.columns.empty());
  }
}

inline void RecordDecoder::take_scalar(Node& node, std::string_view raw) {
  RecordValue value{JsonShape::kNumber, raw, raw};
  if (raw == "null") {
    value.shape = JsonShape::kNull;
    return set_below(node, value);
  }
  if (raw == "true" || raw == "false") {
    value.shape = JsonShape::kBool;
  } else if (raw.size() >= 2 && raw.front() == '"' && raw.back() == '"') {
    value.shape = JsonShape::kText;
    value.text = raw.substr(1, raw.size() - 2);
  } else if (!is_json_number(raw)) {
    bad("a value is none.");
  }
  const bool escaped =
      value.shape == JsonShape::kText && value.text.find('\\') != std::string_view::npos;
  for (const uint32_t i : node.columns) {
    columns_[i].value = value;
    if (escaped) {
      columns_[i].unescaped.clear();
      if (!append_unescaped(columns_[i].unescaped, value.text)) {
        bad("a text holds an unknown escape.");
      }
      columns_[i].value.text = columns_[i].unescaped;
    }
  }
}

// Where an object could stand there is null: so is all that would be in it.
inline void RecordDecoder::set_below(Node& node, const RecordValue& value) {
  for (const uint32_t i : node.columns) {
    columns_[i].value = value;
  }
  for (Node& child : node.children) {
    set_below(child, value);
  }
}

// The node of a member that is to be read. Members come in about the same order in every record,
// so the search begins behind the last one that was found. Unknown ones are counted, and kept as
// nodes, to be found as fast.
inline RecordDecoder::Node* RecordDecoder::child(Node& node, std::string_view name,
                                                 std::size_t& hint, bool stored) {
  const std::size_t size = node.children.size();
  for (std::size_t tried = 0, i = hint; tried < size; ++tried, ++i) {
    i = i >= size ? 0 : i;
    Node& found = node.children[i];
    if (found.name == name) {
      hint = i + 1;
      if (found.unknown != kNone) {
        ++notes_->unknown[found.unknown].count;
        return nullptr;
      }
      return found.ignored && !found.inner ? nullptr : &found;
    }
  }
  if (!stored) {
    const std::string path = node.path + to_json_pointer(name);
    const std::size_t number = notes_->add_unknown(path);
    if (number != kNone) {
      node.children.push_back({.name = std::string(name), .path = path, .unknown = number});
      hint = node.children.size();
    }
  }
  return nullptr;
}

inline std::string_view RecordDecoder::name_of(simdjson::ondemand::field& field) {
  const char* begin = field.key().raw();
  const char* end = begin;
  for (; *end != '"'; ++end) {
    end += *end == '\\' ? 1 : 0;
  }
  const std::string_view raw(begin, static_cast<std::size_t>(end - begin));
  if (raw.find('\\') == std::string_view::npos) {
    return raw;
  }
  name_.clear();
  if (!append_unescaped(name_, raw)) {
    bad("a name holds an unknown escape.");
  }
  return name_;
}

}  // namespace sluice::inline sdk_v0
