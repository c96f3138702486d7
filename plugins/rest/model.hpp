// SPDX-License-Identifier: Apache-2.0
//
// The configuration, checked and ready to be used. Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "sluice/cpp/stream.hpp"
#include "template.hpp"

namespace rest {

// A column and where it comes from.
struct Field {
  std::string name;
  sluice::Type type = sluice::Type::kUtf8;
  std::string pointer{};            // into the record
  bool own_name = false;            // the record's name in an object of records
  bool whole = false;               // the record itself
  bool plain = false;               // the record, which is no object but a plain value
  std::optional<Template> value{};  // nothing of the record
  bool required = false;
  std::vector<std::string> nulls{};
  std::chrono::microseconds epoch{0};
  int precision = 38, scale = 18;
  std::string unit{}, doc{};
};

// A rule for answers or records.
struct Rule {
  RuleConfig config;
  std::string scope;  // that it throttles
};

enum class Style : uint8_t { kNone, kPage, kOffset, kCursor, kLink, kNext, kTime };

// How to ask for a page.
struct Asking {
  Template path;
  std::vector<std::pair<std::string, Template>> query, headers;
  sluice::json body;  // null: none
  Style style = Style::kNone;
};

struct StreamModel {
  StreamConfig config;
  std::string at;  // JSON Pointer of its place in the configuration
  sluice::Kind kind = sluice::Kind::kSnapshot;
  Template::Names names;
  Asking asking;
  std::vector<Field> fields;  // that are given
  bool infer = false;
  const StreamModel* parent = nullptr;
  std::vector<std::string> by;
  std::vector<Rule> answer_rules, record_rules;
  std::string scope;
  bool needs_envelope = false;  // of an answer, beside its records
  bool judges_all = false;      // a rule is about a status that the host would judge itself

  bool over() const noexcept { return config.over.has_value(); }
  bool ascending() const noexcept { return config.order == "ascending"; }
  bool descending() const noexcept { return config.order == "descending"; }
  const PagesConfig& pages() const noexcept { return *config.pages; }
  // Whether answers name their next page, so that one without records may go on.
  bool names_next() const noexcept {
    return asking.style == Style::kLink || asking.style == Style::kNext ||
           (asking.style == Style::kCursor && pages().cursor_record.empty());
  }
};

class Model {
 public:
  // Throws INVALID_CONFIG, naming the key.
  explicit Model(const Config& config);

  const Config& config() const noexcept { return config_; }
  const std::string& scope() const noexcept { return scope_; }
  const std::vector<std::unique_ptr<StreamModel>>& streams() const noexcept { return streams_; }
  const StreamModel& stream(std::string_view name) const;
  // What is the same for all requests: the constants of the configuration.
  Scope constants() const;

 private:
  Config config_;
  std::string scope_;
  std::vector<std::unique_ptr<StreamModel>> streams_;
};

// The declaration of a stream with these columns.
sluice::Stream declare(const StreamModel& stream, const std::vector<Field>& fields);

// The body of a request, its templates expanded; empty if there is none. Throws
// std::invalid_argument for a template that is none.
std::string expand_body(const sluice::json& body, const Template::Names& names, const Scope& scope);

// Throws INVALID_CONFIG about the key at a JSON Pointer into the configuration.
[[noreturn]] void refuse(const std::string& pointer, const std::string& what);

}  // namespace rest
