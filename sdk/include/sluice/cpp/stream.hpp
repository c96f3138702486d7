// SPDX-License-Identifier: Apache-2.0
//
// The declaration of a stream: its columns and how it is cut into slices. See sluice/source.h for
// what each part means.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

enum class Kind : uint8_t { kSnapshot, kKeys, kFiles, kSeries };

struct ColumnOptions {
  bool nullable = true;
  std::string unit{};         // e.g. "°C", "m/s"
  std::string doc{};          // one sentence
  std::string source_name{};  // what the service calls it
  int precision = 38;         // decimal128: digits, 1 to 38
  int scale = 0;              // decimal128: digits after the point
};

struct ColumnDecl {
  std::string name;
  Type type = Type::kUtf8;
  ColumnOptions options;
};

struct Reference {
  std::vector<std::string> columns;
  std::string stream;
  std::vector<std::string> to;
};

class Stream {
 public:
  using Names = std::vector<std::string>;
  using micros = std::chrono::microseconds;

  Stream() = default;
  Stream(std::string name, Kind kind) : name_(std::move(name)), kind_(kind) {}

  // Columns of the key are not nullable, whatever their options say.
  template <class... Text>
  Stream& key(Text... columns) {
    key_ = Names{std::string(columns)...};
    return *this;
  }
  Stream& key_columns(Names columns) { return set(key_, std::move(columns)); }
  Stream& seq(std::string column) { return set(seq_, std::move(column)); }
  Stream& time(std::string column) { return set(time_, std::move(column)); }
  Stream& step(micros value) { return set(step_, value); }
  Stream& max_span(micros value) { return set(max_span_, value); }
  Stream& max_keys(uint64_t value) { return set(max_keys_, value); }
  Stream& refresh(std::chrono::seconds value) { return set(refresh_, value); }
  Stream& lag(micros value) { return set(lag_, value); }
  // Series: slices() cuts what is missing; see sluice/slices.h.
  Stream& cuts(bool value = true) { return set(cuts_, value); }
  // It has as many partitions as partitions() tells, even none; else none told means one, "".
  Stream& partitioned(bool value = true) { return set(partitioned_, value); }
  Stream& retry_empty(std::chrono::seconds value) { return set(retry_empty_, value); }
  Stream& hash(std::string column) { return set(hash_, std::move(column)); }
  Stream& removed(std::string column) { return set(removed_, std::move(column)); }
  Stream& unordered(bool value = true) { return set(unordered_, value); }
  Stream& doc(std::string sentence) { return set(doc_, std::move(sentence)); }
  template <class... Text>
  Stream& index(Text... columns) {
    indexes_.push_back(Names{std::string(columns)...});
    return *this;
  }
  Stream& index_columns(Names columns) {
    indexes_.push_back(std::move(columns));
    return *this;
  }
  Stream& references(Names columns, std::string stream, Names to) {
    references_.push_back({std::move(columns), std::move(stream), std::move(to)});
    return *this;
  }
  Stream& col(std::string name, Type type, ColumnOptions options = {}) {
    columns_.push_back({std::move(name), type, std::move(options)});
    return *this;
  }

  const std::string& name() const noexcept { return name_; }
  Kind kind() const noexcept { return kind_; }
  const std::vector<ColumnDecl>& columns() const noexcept { return columns_; }
  const Names& key_columns() const noexcept { return key_; }
  const std::string& seq() const noexcept { return seq_; }
  const std::string& time() const noexcept { return time_; }
  micros step() const noexcept { return step_; }                      // 0 = not declared
  micros max_span() const noexcept { return max_span_; }              // 0 = not declared
  uint64_t max_keys() const noexcept { return max_keys_; }            // 0 = not declared
  std::chrono::seconds refresh() const noexcept { return refresh_; }  // 0 = not declared
  micros lag() const noexcept { return lag_; }                        // 0 = not declared
  bool is_cutting() const noexcept { return cuts_; }
  bool is_partitioned() const noexcept { return partitioned_; }
  std::chrono::seconds retry_empty() const noexcept { return retry_empty_; }  // 0 = not declared
  const std::string& hash() const noexcept { return hash_; }
  const std::string& removed() const noexcept { return removed_; }
  bool is_unordered() const noexcept { return unordered_; }
  const std::string& doc() const noexcept { return doc_; }
  const std::vector<Names>& indexes() const noexcept { return indexes_; }
  const std::vector<Reference>& references() const noexcept { return references_; }

  // Position of a column, or -1.
  int find(std::string_view column) const noexcept {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].name == column) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }
  bool in_key(std::string_view column) const noexcept {
    for (const auto& name : key_) {
      if (name == column) {
        return true;
      }
    }
    return false;
  }
  bool nullable(const ColumnDecl& column) const noexcept {
    return column.options.nullable && !in_key(column.name);
  }

  // Throws INVALID_CONFIG if the declaration contradicts itself.
  void check() const;

 private:
  template <class T>
  Stream& set(T& field, T value) {
    field = std::move(value);
    return *this;
  }
  void check_names(const Names& names, const char* what) const {
    for (const auto& name : names) {
      if (find(name) < 0) {
        throw Error(Code::kInvalidConfig, "Stream '" + name_ + "' names the column '" + name +
                                              "' as " + what + ", but does not declare it.");
      }
    }
  }

  std::string name_;
  Kind kind_ = Kind::kSnapshot;
  std::vector<ColumnDecl> columns_;
  Names key_;
  std::string seq_, time_, hash_, removed_, doc_;
  micros step_{0}, max_span_{0}, lag_{0};
  std::chrono::seconds refresh_{0}, retry_empty_{0};
  uint64_t max_keys_ = 0;
  bool unordered_ = false, cuts_ = false, partitioned_ = false;
  std::vector<Names> indexes_;
  std::vector<Reference> references_;
};

inline void Stream::check() const {
  const auto wrong = [&](const std::string& what) {
    return Error(Code::kInvalidConfig, "Stream '" + name_ + "': " + what);
  };
  if (name_.empty()) {
    throw Error(Code::kInvalidConfig, "A stream has no name.");
  }
  if (columns_.empty()) {
    throw wrong("it has no columns; declare them with col().");
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& column = columns_[i];
    if (column.name.empty()) {
      throw wrong("column " + std::to_string(i) + " has no name.");
    }
    if (find(column.name) != static_cast<int>(i)) {
      throw wrong("the column '" + column.name + "' is declared twice.");
    }
    const auto& [nullable_column, unit, text, source, precision, scale] = column.options;
    if (column.type == Type::kDecimal128 &&
        (precision < 1 || precision > 38 || scale < 0 || scale > precision)) {
      throw wrong("the decimal column '" + column.name +
                  "' needs a precision of 1 to 38 and a scale of 0 to the precision.");
    }
  }
  check_names(key_, "part of its key");
  for (const auto& names : indexes_) {
    check_names(names, "part of an index");
  }
  for (const auto& reference : references_) {
    check_names(reference.columns, "part of a reference");
  }
  check_names(seq_.empty() ? Names{} : Names{seq_}, "its seq");
  check_names(time_.empty() ? Names{} : Names{time_}, "its time");
  check_names(hash_.empty() ? Names{} : Names{hash_}, "its hash");
  check_names(removed_.empty() ? Names{} : Names{removed_}, "what marks removed rows");
  if (!removed_.empty()) {
    const ColumnDecl& column = columns_[static_cast<std::size_t>(find(removed_))];
    if (column.type != Type::kTimestamp || !nullable(column)) {
      throw wrong("the column '" + removed_ +
                  "' that marks removed rows is no nullable timestamp.");
    }
  }
  if (kind_ == Kind::kSeries && time_.empty()) {
    throw wrong("a series needs a time column; declare it with time().");
  }
}

}  // namespace sluice::inline sdk_v0
