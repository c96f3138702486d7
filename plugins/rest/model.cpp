// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <set>

#include "address.hpp"
#include "check.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_text.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::Kind;
using sluice::Type;

// "/streams/1/pages/style" as "streams[1].pages.style".
std::string dotted(const std::string& pointer) {
  std::string out;
  for (const std::string& name : sluice::parse_json_pointer(pointer)) {
    const bool index = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    out += index ? "[" + name + "]" : (out.empty() ? "" : ".") + name;
  }
  return out;
}

Kind kind_of(const std::string& name) {
  return name == "series"  ? Kind::kSeries
         : name == "keys"  ? Kind::kKeys
         : name == "files" ? Kind::kFiles
                           : Kind::kSnapshot;
}

json expand_value(const json& value, const Template::Names& names, const Scope& scope) {
  if (value.is_string()) {
    static constexpr std::string_view kNumber = ":number}";
    std::string text = value.get<std::string>();
    const bool number = text.starts_with('{') && text.ends_with(kNumber);
    if (number) {
      text = text.substr(0, text.size() - kNumber.size()) + "}";
    }
    const std::string out = Template(text, names).expand(scope);
    const json parsed = number && sluice::is_json_number(out) ? json::parse(out) : json(out);
    return number && out.empty() ? json() : parsed;
  }
  json out = value;
  if (value.is_structured()) {
    for (auto it = out.begin(); it != out.end(); ++it) {
      *it = expand_value(*it, names, scope);
    }
  }
  return out;
}

}  // namespace

void refuse(const std::string& pointer, const std::string& what) {
  throw Error(Code::kInvalidConfig, "The key '" + dotted(pointer) + "' " + what).at_config(pointer);
}

std::string expand_body(const json& body, const Template::Names& names, const Scope& scope) {
  if (body.is_null()) {
    return "";
  }
  return body.is_string() ? Template(body.get<std::string>(), names).expand(scope)
                          : expand_value(body, names, scope).dump();
}

Model::Model(const Config& config)
    : config_(config), scope_(config.scope.empty() ? host_of(config.base_url) : config.scope) {
  check_source(config_);
  while (config_.base_url.ends_with('/')) {
    config_.base_url.pop_back();
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < config_.streams.size(); ++i) {
    auto stream = std::make_unique<StreamModel>();
    stream->config = config_.streams[i];
    stream->at = "/streams/" + std::to_string(i);
    stream->kind = kind_of(stream->config.kind);
    stream->infer = stream->config.infer || stream->config.field.empty();
    stream->scope = stream->config.scope.empty() ? scope_ : stream->config.scope;
    if (!seen.insert(stream->config.name).second) {
      refuse(stream->at + "/name", "'" + stream->config.name + "' stands twice.");
    }
    check_pointer(stream->config.records, stream->at + "/records");
    if (stream->over()) {
      check_over(*stream);
    }
    streams_.push_back(std::move(stream));
  }
  // In three steps: children refer to fields of parents, whose templates need names of their own.
  for (const auto& stream : streams_) {
    for (const FieldConfig& field : stream->config.field) {
      stream->fields.push_back({.name = field.name});
    }
  }
  for (const auto& stream : streams_) {
    if (stream->over() && !stream->config.over->stream.empty()) {
      link_parent(*stream, streams_);
    }
  }
  for (const auto& stream : streams_) {
    refuse_circles(*stream);
    stream->names = names_of(config_, *stream);
    stream->fields.clear();
    check_columns(*stream);
    check_asking(config_, *stream);
    if (stream->config.pages) {
      check_pages(*stream);
    }
    check_kind(*stream);
    add_rules(*stream, stream->config.errors, stream->at + "/errors");
    add_rules(*stream, config_.errors, "/errors");
  }
}

const StreamModel& Model::stream(std::string_view name) const {
  for (const auto& stream : streams_) {
    if (stream->config.name == name) {
      return *stream;
    }
  }
  throw Error(Code::kInvalidConfig, "There is no stream '" + std::string(name) + "'.");
}

Scope Model::constants() const {
  Scope scope;
  scope.texts.insert(config_.values.begin(), config_.values.end());
  return scope;
}

sluice::Stream declare(const StreamModel& model, const std::vector<Field>& fields) {
  const StreamConfig& own = model.config;
  sluice::Stream stream(own.name, model.kind);
  stream.doc(own.doc).time(own.time).seq(own.seq).key_columns(own.key);
  stream.unordered(!model.ascending()).partitioned(model.over());
  if (own.step) {
    stream.step(own.step->chrono());
  }
  if (own.max_span) {
    stream.max_span(own.max_span->chrono());
  }
  if (own.lag) {
    stream.lag(own.lag->chrono());
  }
  if (own.refresh) {
    stream.refresh(own.refresh->chrono());
  }
  if (model.kind == Kind::kKeys) {
    stream.max_keys(own.max_keys);
  }
  if (own.retry_empty) {
    stream.retry_empty(own.retry_empty->chrono());
  }
  for (const Field& field : fields) {
    stream.col(field.name, field.type,
               {.nullable = !field.required,
                .unit = field.unit,
                .doc = field.doc,
                .source_name = field.pointer,
                .precision = field.precision,
                .scale = field.scale});
  }
  if (!own.removed.empty()) {
    stream.col(own.removed, Type::kTimestamp, {.doc = "When the row was gone from its list."})
        .removed(own.removed);
  }
  return stream;
}

}  // namespace rest
