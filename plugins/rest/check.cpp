// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_text.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::Kind;
using sluice::Type;

constexpr std::string_view kBuiltIn[] = {"now",   "from", "to",     "partition", "key", "keys",
                                         "slice", "page", "offset", "cursor",    "size"};

Template parse(const std::string& text, const Template::Names& names, const std::string& at) {
  try {
    return {text, names};
  } catch (const std::invalid_argument& e) {
    refuse(at, std::string(e.what()) + ".");
  }
}

Type type_of(const std::string& name) {
  static const std::map<std::string, Type> kTypes = {
      {"bool", Type::kBool},       {"int32", Type::kInt32},         {"int64", Type::kInt64},
      {"float64", Type::kFloat64}, {"decimal", Type::kDecimal128},  {"text", Type::kUtf8},
      {"date", Type::kDate32},     {"timestamp", Type::kTimestamp}, {"json", Type::kJson}};
  return kTypes.at(name);
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Field make_field(const FieldConfig& config, const Template::Names& names, const std::string& at) {
  Field out{.name = config.name,
            .type = type_of(config.type),
            .required = config.required,
            .precision = config.precision,
            .scale = config.scale,
            .unit = config.unit,
            .doc = config.doc};
  if (config.from && config.value) {
    refuse(at + "/value", "cannot stand beside 'from': a column comes from one place.");
  }
  if (config.scale > config.precision) {
    refuse(at + "/scale", "must not be more than the precision.");
  }
  if (!config.epoch.empty() && out.type != Type::kTimestamp && out.type != Type::kDate32) {
    refuse(at + "/epoch", "means something for the types timestamp and date only.");
  }
  out.epoch = std::chrono::microseconds(config.epoch == "s"    ? 1'000'000
                                        : config.epoch == "ms" ? 1'000
                                        : config.epoch == "us" ? 1
                                                               : 0);
  for (const json& null : config.null) {
    out.nulls.push_back(text_of(null));
  }
  const std::string from = config.from.value_or(sluice::to_json_pointer(config.name));
  if (config.value) {
    out.value = parse(*config.value, names, at + "/value");
  } else if (from == "$name" || from == "$record") {
    out.own_name = from == "$name";
    out.whole = from == "$record";
    if (out.whole && out.type != Type::kJson) {
      refuse(at + "/type", "must be \"json\" for a column that holds the whole record.");
    }
  } else if (from == "$value") {
    out.plain = true;
    out.pointer = "/0";  // the reader puts brackets around it
  } else if (from.empty()) {
    refuse(at + "/from", "must not be empty; \"$record\" stands for the whole record.");
  } else {
    out.pointer = from.front() == '/' ? from : sluice::to_json_pointer(from);
    check_pointer(out.pointer, at + "/from");
  }
  return out;
}

bool has_field(const StreamModel& stream, const std::string& name) {
  return std::any_of(stream.fields.begin(), stream.fields.end(),
                     [&](const Field& field) { return field.name == name; });
}

void need_field(const StreamModel& stream, const std::string& name, const std::string& at) {
  if (!stream.infer && !has_field(stream, name)) {
    refuse(at, "names the column '" + name + "', which is not among the stream's fields.");
  }
}

bool uses(const Asking& asking, const std::string& name) {
  const auto in = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& one) { return one.second.uses(name); });
  };
  return asking.path.uses(name) || in(asking.query) || in(asking.headers) ||
         asking.body.dump().find("{" + name) != std::string::npos;
}

// Those of the stream before those of the source of the same name.
void add_templates(std::vector<std::pair<std::string, Template>>& out, const std::string& key,
                   const std::map<std::string, std::string>& own,
                   const std::map<std::string, std::string>& common, const StreamModel& stream) {
  std::map<std::string, std::string> all = own;
  all.insert(common.begin(), common.end());
  for (const auto& [name, text] : all) {
    const std::string at = (own.contains(name) ? stream.at : "") + key;
    out.emplace_back(name, parse(text, stream.names, at + sluice::to_json_pointer(name)));
  }
}

void check_cursor(const StreamModel& stream, const std::string& at) {
  const PagesConfig& pages = stream.pages();
  const int given = (pages.cursor.empty() ? 0 : 1) + (pages.cursor_header.empty() ? 0 : 1) +
                    (pages.cursor_record.empty() ? 0 : 1);
  if (given != 1) {
    refuse(at, "of style \"cursor\" needs one of 'cursor', 'cursor_header' and 'cursor_record'.");
  }
}

// What the host makes an error, or tries again, before a plugin sees it.
bool is_judged_by_host(int status) {
  return status == 401 || status == 403 || status == 408 || status == 418 || status == 429 ||
         status >= 500;
}

}  // namespace

void check_pointer(const std::string& pointer, const std::string& at) {
  try {
    (void)sluice::parse_json_pointer(pointer);
  } catch (const Error&) {
    refuse(at, "must be a JSON Pointer such as \"/data/items\", or empty for the whole answer.");
  }
}

void check_source(const Config& config) {
  for (const auto& [name, value] : config.values) {
    if (std::find(std::begin(kBuiltIn), std::end(kBuiltIn), name) != std::end(kBuiltIn) ||
        name.find_first_of(".:{}+- ") != std::string::npos) {
      refuse("/values" + sluice::to_json_pointer(name),
             "is a name that templates need for themselves, or cannot use; choose another.");
    }
  }
  for (std::size_t i = 0; i < config.limits.size(); ++i) {
    const LimitConfig& limit = config.limits[i];
    const std::string at = "/limits/" + std::to_string(i);
    if ((limit.amount > 0) != (limit.per.us > 0)) {
      refuse(at, "needs 'amount' and 'per' together.");
    }
    if (limit.amount <= 0 && limit.spacing.us == 0 && limit.concurrent == 0) {
      refuse(at, "limits nothing; give 'amount' and 'per', 'spacing' or 'concurrent'.");
    }
  }
}

void check_over(StreamModel& stream) {
  const std::string at = stream.at + "/over";
  const OverConfig& over = *stream.config.over;
  const int given =
      (over.list.empty() ? 0 : 1) + (over.range.empty() ? 0 : 1) + (over.stream.empty() ? 0 : 1);
  if (given != 1) {
    refuse(at, "needs one of 'list', 'range' and 'stream'.");
  }
  if (!over.range.empty() && (over.range.size() != 2 || over.range[0] > over.range[1])) {
    refuse(at + "/range", "must be the first and the last of whole numbers, as in [1, 500].");
  }
  if (stream.kind == Kind::kFiles && over.stream.empty()) {
    refuse(at, "needs 'stream': the list of the files.");
  }
  const std::pair<const char*, bool> parts[] = {{"by", over.by.empty()},
                                                {"carry", over.carry.empty()},
                                                {"from", over.from.empty()},
                                                {"validator", over.validator.empty()},
                                                {"title", over.title.empty()}};
  for (const auto& [name, empty] : parts) {
    if (!empty && over.stream.empty()) {
      refuse(at + "/" + name, "means something beside 'stream' only.");
    }
  }
  if (!over.carry.empty() && stream.kind != Kind::kFiles) {
    refuse(at + "/carry", "is for files; partitions and keys are known by 'by' alone.");
  }
  if (!over.from.empty() && stream.kind != Kind::kSeries) {
    refuse(at + "/from", "is for series only.");
  }
}

// Finds the parent and the fields that make the key.
void link_parent(StreamModel& stream, const std::vector<std::unique_ptr<StreamModel>>& all) {
  const OverConfig& over = *stream.config.over;
  const std::string at = stream.at + "/over";
  for (const auto& other : all) {
    stream.parent = other->config.name == over.stream ? other.get() : stream.parent;
  }
  if (stream.parent == nullptr) {
    refuse(at + "/stream", "names '" + over.stream + "', which is no stream of this source.");
  }
  if (stream.parent->kind != Kind::kSnapshot) {
    refuse(at + "/stream", "must name a snapshot; '" + over.stream + "' is none.");
  }
  stream.by = over.by.empty() ? stream.parent->config.key : over.by;
  if (stream.by.empty()) {
    refuse(at + "/by", "is required: '" + over.stream + "' has no key.");
  }
  const auto need = [&](const std::string& name, const std::string& key) {
    if (!name.empty() && name != "$partition") {
      need_field(*stream.parent, name, at + key);
    }
  };
  for (std::size_t i = 0; i < over.by.size(); ++i) {
    need(over.by[i], "/by/" + std::to_string(i));
  }
  for (std::size_t i = 0; i < over.carry.size(); ++i) {
    need(over.carry[i], "/carry/" + std::to_string(i));
  }
  need(over.from, "/from");
  need(over.validator, "/validator");
  need(over.title, "/title");
}

void refuse_circles(const StreamModel& stream) {
  std::set<const StreamModel*> seen;
  for (const StreamModel* one = &stream; one != nullptr; one = one->parent) {
    if (!seen.insert(one).second) {
      refuse(stream.at + "/over/stream", "leads back to the stream itself.");
    }
  }
}

Template::Names names_of(const Config& config, const StreamModel& stream) {
  Template::Names names;
  for (const auto& [name, value] : config.values) {
    names.texts.insert(name);
  }
  names.times.insert("now");
  if (stream.kind == Kind::kSeries) {
    names.times.insert({"from", "to"});
  }
  if (stream.kind == Kind::kSeries || stream.kind == Kind::kSnapshot) {
    names.texts.insert("partition");
  }
  if (stream.kind == Kind::kKeys) {
    names.texts.insert({"key", "keys"});
  }
  if (stream.kind == Kind::kFiles) {
    names.texts.insert("slice");
  }
  if (stream.parent != nullptr) {
    for (const auto* list : {&stream.by, &stream.config.over->carry}) {
      for (const std::string& name : *list) {
        names.texts.insert("parent." + (name == "$partition" ? "partition" : name));
      }
    }
  }
  if (stream.config.pages) {
    const std::string& style = stream.pages().style;
    if (style == "page" || style == "offset" || style == "cursor") {
      names.texts.insert(style);
    }
    names.texts.insert("size");
  }
  return names;
}

void check_columns(StreamModel& stream) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < stream.config.field.size(); ++i) {
    const std::string at = stream.at + "/fields/" + std::to_string(i);
    Field field = make_field(stream.config.field[i], stream.names, at);
    if (!seen.insert(field.name).second) {
      refuse(at + "/name", "'" + field.name + "' stands twice.");
    }
    stream.fields.push_back(std::move(field));
  }
  for (std::size_t i = 0; i < stream.config.key.size(); ++i) {
    need_field(stream, stream.config.key[i], stream.at + "/key/" + std::to_string(i));
  }
  for (const auto& [name, key] :
       {std::pair(stream.config.time, "/time"), std::pair(stream.config.seq, "/seq")}) {
    if (!name.empty()) {
      need_field(stream, name, stream.at + key);
    }
  }
  for (const Field& field : stream.fields) {
    if (field.name == stream.config.time && field.type != Type::kTimestamp &&
        field.type != Type::kDate32) {
      refuse(stream.at + "/time", "names a column that is neither a timestamp nor a date.");
    }
  }
  for (std::size_t i = 0; i < stream.config.ignore.size(); ++i) {
    check_pointer(stream.config.ignore[i], stream.at + "/ignore/" + std::to_string(i));
  }
}

void check_asking(const Config& config, StreamModel& stream) {
  Asking& asking = stream.asking;
  const StreamConfig& own = stream.config;
  asking.path = parse(own.path, stream.names, stream.at + "/path");
  add_templates(asking.query, "/query", own.query, config.query, stream);
  add_templates(asking.headers, "/headers", own.headers, config.headers, stream);
  asking.body = own.body;
  if (!own.body.is_null() && own.method == "GET") {
    refuse(stream.at + "/body", "needs another 'method' than GET.");
  }
  try {
    (void)expand_body(own.body, stream.names, {});
  } catch (const std::invalid_argument& e) {
    refuse(stream.at + "/body", std::string(e.what()) + ".");
  }
}

void check_pages(StreamModel& stream) {
  const std::string at = stream.at + "/pages";
  const PagesConfig& pages = stream.pages();
  static const std::map<std::string, Style> kStyles = {
      {"page", Style::kPage}, {"offset", Style::kOffset}, {"cursor", Style::kCursor},
      {"link", Style::kLink}, {"next", Style::kNext},     {"time", Style::kTime}};
  Asking& asking = stream.asking;
  asking.style = kStyles.at(pages.style);
  for (const auto& [key, pointer] : {std::pair<std::string, std::string>{"/cursor", pages.cursor},
                                     {"/cursor_record", pages.cursor_record},
                                     {"/next", pages.next},
                                     {"/more", pages.more},
                                     {"/last_page", pages.last_page},
                                     {"/total", pages.total}}) {
    check_pointer(pointer, at + key);
    stream.needs_envelope = stream.needs_envelope || (!pointer.empty() && key != "/cursor_record");
  }
  if (asking.style == Style::kCursor) {
    check_cursor(stream, at);
  }
  if (asking.style == Style::kNext && pages.next.empty()) {
    refuse(at + "/next", "is required for style \"next\".");
  }
  if (asking.style == Style::kTime &&
      (stream.kind != Kind::kSeries || stream.config.order == "none")) {
    refuse(at + "/style", "\"time\" is for a series whose 'order' is given.");
  }
  const bool counted = asking.style == Style::kPage || asking.style == Style::kOffset ||
                       asking.style == Style::kCursor;
  const auto add = [&](const std::string& name, const std::optional<std::string>& given,
                       const std::string& standard) {
    const std::string parameter = given.value_or(uses(asking, name) ? "" : standard);
    if (!parameter.empty()) {
      asking.query.emplace_back(parameter, Template("{" + name + "}", stream.names));
    }
  };
  if (counted) {
    add(pages.style, pages.param, pages.style);
  } else if (pages.param) {
    refuse(at + "/param", "means nothing for style \"" + pages.style + "\".");
  }
  if (pages.size > 0) {
    add("size", pages.size_param, "limit");
  }
}

void check_kind(const StreamModel& stream) {
  const StreamConfig& own = stream.config;
  const auto only = [&](bool given, const char* key, Kind kind, const char* name) {
    if (given && stream.kind != kind) {
      refuse(stream.at + "/" + key, std::string("is for ") + name + " only.");
    }
  };
  only(own.step.has_value(), "step", Kind::kSeries, "series");
  only(own.max_span.has_value(), "max_span", Kind::kSeries, "series");
  only(own.lag.has_value(), "lag", Kind::kSeries, "series");
  only(own.from.has_value(), "from", Kind::kSeries, "series");
  if (own.refresh && (stream.kind == Kind::kSeries || stream.kind == Kind::kFiles)) {
    refuse(stream.at + "/refresh", "is for snapshots and keys only.");
  }
  only(own.max_keys != 1, "max_keys", Kind::kKeys, "keys");
  only(own.retry_empty.has_value(), "retry_empty", Kind::kKeys, "keys");
  if (!own.removed.empty() && (stream.kind == Kind::kSeries || stream.kind == Kind::kKeys)) {
    refuse(stream.at + "/removed", "is for snapshots and files only.");
  }
  if (!own.removed.empty() && has_field(stream, own.removed)) {
    refuse(stream.at + "/removed", "names one of the fields; it is a column of its own.");
  }
  if (stream.kind == Kind::kSeries && own.time.empty()) {
    refuse(stream.at + "/time", "is required for a series: the column with the time of a row.");
  }
  if ((stream.kind == Kind::kKeys || stream.kind == Kind::kFiles) && !own.over) {
    refuse(stream.at + "/over",
           std::string("is required for ") +
               (stream.kind == Kind::kKeys ? "keys: the ids." : "files: the list of them."));
  }
  if (stream.kind == Kind::kKeys && own.key.empty()) {
    refuse(stream.at + "/key", "is required for keys.");
  }
  if (own.max_keys > 1 && uses(stream.asking, "key") && !uses(stream.asking, "keys")) {
    refuse(stream.at + "/max_keys", "of more than 1 needs {keys} in the request.");
  }
}

void add_rules(StreamModel& stream, const std::vector<RuleConfig>& rules, const std::string& at) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const RuleConfig& rule = rules[i];
    const std::string key = at + "/" + std::to_string(i);
    check_pointer(rule.at, key + "/at");
    check_pointer(rule.wait_at, key + "/wait_at");
    check_pointer(rule.message, key + "/message");
    if (rule.status.empty() && rule.at.empty()) {
      refuse(key, "needs 'status' or 'at': what it is about.");
    }
    const bool record = rule.in == "record";
    if (record && (rule.at.empty() || !rule.status.empty())) {
      refuse(key + "/in", "\"record\" goes with 'at', and not with 'status'.");
    }
    if (rule.missing && (rule.at.empty() || !rule.equals.is_null())) {
      refuse(key + "/missing", "goes with 'at', and not with 'equals'.");
    }
    if (record ? rule.action == "empty" || rule.action == "throttle" : rule.action == "skip") {
      refuse(key + "/action", "\"" + rule.action + "\" is not for " +
                                  (record ? "records." : "answers; there is \"empty\"."));
    }
    stream.judges_all = stream.judges_all ||
                        std::any_of(rule.status.begin(), rule.status.end(), &is_judged_by_host);
    (record ? stream.record_rules : stream.answer_rules).push_back({rule, stream.scope});
    stream.needs_envelope = stream.needs_envelope || (!record && !rule.at.empty());
  }
}

}  // namespace rest
