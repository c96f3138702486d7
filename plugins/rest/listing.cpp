// SPDX-License-Identifier: Apache-2.0
#include "listing.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "crawl.hpp"
#include "rules.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/record_value.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::Kind;

// The texts of fields of a parent's record.
class ParentRecord {
 public:
  ParentRecord(const std::vector<Field>& fields, const std::string& partition)
      : fields_(fields),
        partition_(partition),
        plain_(std::any_of(fields.begin(), fields.end(),
                           [](const Field& field) { return field.plain; })) {}

  void read(std::string_view text, std::string_view name) {
    record_.document = sluice::parse_mended(text);
    if (plain_) {  // as in rows
      record_.document = json::array({std::move(record_.document)});
    }
    name_ = name;
  }
  // What rules look at.
  const Subject& subject() const noexcept { return record_; }
  // Empty if the record has none.
  std::string text(const std::string& name) const {
    if (name == "$partition") {
      return partition_;
    }
    const Field& field = find(name);
    const std::string text = field.own_name ? name_ : text_at(record_.document, field.pointer);
    const bool null = std::find(field.nulls.begin(), field.nulls.end(), text) != field.nulls.end();
    return null ? "" : text;
  }
  int64_t time(const std::string& name) const {
    const std::string text = this->text(name);
    const sluice::RecordValue value{sluice::JsonShape::kText, text, text};
    return text.empty() ? SLUICE_TIME_MIN
                        : sluice::record_micros(value, find(name).type, find(name).epoch)
                              .value_or(SLUICE_TIME_MIN);
  }

 private:
  const Field& find(const std::string& name) const {
    for (const Field& field : fields_) {
      if (field.name == name && (field.own_name || !field.pointer.empty())) {
        return field;
      }
    }
    throw Error(Code::kInvalidConfig,
                "The parent stream has no field '" + name + "' that is read from its records.");
  }

  const std::vector<Field>& fields_;
  const std::string& partition_;
  bool plain_;  // records are plain values
  Subject record_{};
  std::string name_;
};

std::string parent_name(const std::string& field) {
  return field == "$partition" ? "partition" : field;
}

// False if the record cannot be a member: a part of its key is missing.
bool make_member(const StreamModel& stream, const ParentRecord& record, Member& out) {
  const OverConfig& over = *stream.config.over;
  std::vector<std::string> parts;
  for (const std::string& name : stream.by) {
    parts.push_back(record.text(name));
    out.parent[parent_name(name)] = parts.back();
    if (parts.back().empty()) {
      return false;
    }
  }
  for (const std::string& name : over.carry) {
    out.parent[parent_name(name)] = record.text(name);
  }
  out.key = join_key(parts);
  out.validator = over.validator.empty() ? "" : record.text(over.validator);
  out.title = over.title.empty() ? "" : record.text(over.title);
  out.from_us = over.from.empty() ? SLUICE_TIME_MIN : record.time(over.from);
  return true;
}

bool each_of_parent(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                    const StreamModel& stream, const std::string& partition,
                    const std::function<bool(const Member&)>& visit) {
  const StreamModel& parent = *stream.parent;
  Crawl crawl(host, model, parent, scope_of_partition(model, parent, partition), json::object());
  ParentRecord record(fields(parent), partition);
  uint64_t without = 0;
  for (auto step = crawl.step(); step != Crawl::Step::kEnd; step = crawl.step()) {
    if (step != Crawl::Step::kRecord) {
      host.check_cancel();
      continue;
    }
    record.read(crawl.text(), crawl.name());
    if (const Rule* rule = find_rule(parent.record_rules, record.subject())) {
      apply_rule(host, *rule, record.subject());
      continue;  // reject or skip; the parent's own reading tells of it
    }
    Member member;
    if (!make_member(stream, record, member)) {
      ++without;
    } else if (!visit(member)) {
      return false;
    }
  }
  if (without > 0) {
    host.warn(std::to_string(without) + " records of '" + parent.config.name +
              "' have no key for '" + stream.config.name + "' and are passed over.");
  }
  return true;
}

// Each once, though pages that move while they are read, and parents of parents, name some twice.
// 64 bits of each key are kept; a range needs none.
class Once {
 public:
  explicit Once(const StreamModel& stream) : unique_(!stream.config.over->range.empty()) {}
  bool operator()(const std::string& key) {
    return unique_ || seen_.insert(std::hash<std::string>{}(key)).second;
  }

 private:
  bool unique_;
  std::unordered_set<std::size_t> seen_;
};

}  // namespace

std::string join_key(const std::vector<std::string>& parts) {
  if (parts.size() == 1) {
    return parts.front();
  }
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += i == 0 ? "" : "/";
    for (const char c : parts[i]) {
      out += c == '%' ? "%25" : c == '/' ? "%2F" : std::string(1, c);
    }
  }
  return out;
}

std::vector<std::string> split_key(std::string_view key, std::size_t parts) {
  if (parts <= 1) {
    return {std::string(key)};
  }
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < key.size(); ++i) {
    const std::string_view code = key.substr(i, 3);
    if (key[i] == '/') {
      out.emplace_back();
    } else if (code == "%25" || code == "%2F") {
      out.back() += code == "%25" ? '%' : '/';
      i += 2;
    } else {
      out.back() += key[i];
    }
  }
  out.resize(parts);
  return out;
}

bool for_each_member(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                     const StreamModel& stream, const std::function<bool(const Member&)>& visit) {
  const OverConfig& over = *stream.config.over;
  for (const std::string& key : over.list) {
    if (!visit({.key = key})) {
      return false;
    }
  }
  if (!over.range.empty()) {
    for (int64_t i = over.range[0]; i <= over.range[1]; ++i) {
      if (!visit({.key = std::to_string(i)})) {
        return false;
      }
    }
  }
  if (stream.parent == nullptr) {
    return true;
  }
  if (!stream.parent->over()) {
    return each_of_parent(host, model, fields, stream, "", visit);
  }
  return for_each_member(host, model, fields, *stream.parent, [&](const Member& member) {
    return each_of_parent(host, model, fields, stream, member.key, visit);
  });
}

void list_partitions(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                     const StreamModel& stream, const sluice::Lister& out) {
  const int64_t from =
      stream.config.from ? stream.config.from->time.time_since_epoch().count() : SLUICE_TIME_MIN;
  if (!stream.over()) {
    out.partition({.key = "", .from_us = from});
    return;
  }
  Once once(stream);
  for_each_member(host, model, fields, stream, [&](const Member& member) {
    if (once(member.key)) {
      out.partition({.key = member.key, .from_us = std::max(from, member.from_us)});
    }
    return true;
  });
}

void list_slices(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                 const StreamModel& stream, const sluice::Lister& out) {
  Once once(stream);
  for_each_member(host, model, fields, stream, [&](const Member& member) {
    if (once(member.key)) {
      const std::string token = to_token(member);
      out.slice({.key = member.key,
                 .title = member.title,
                 .validator = member.validator,
                 .token = token});
    }
    return true;
  });
}

Scope scope_of_partition(const Model& model, const StreamModel& stream,
                         std::string_view partition) {
  Scope scope = model.constants();
  scope.texts["partition"] = partition;
  const auto parts = split_key(partition, stream.by.size());
  for (std::size_t i = 0; i < stream.by.size(); ++i) {
    scope.texts["parent." + parent_name(stream.by[i])] = parts[i];
  }
  return scope;
}

Scope scope_of_member(const Model& model, const StreamModel& stream, const Member& member) {
  Scope scope = scope_of_partition(model, stream, member.key);
  scope.texts["slice"] = scope.texts["key"] = scope.texts["keys"] = member.key;
  for (const auto& [name, value] : member.parent.items()) {
    scope.texts["parent." + name] = value.is_string() ? value.get<std::string>() : "";
  }
  return scope;
}

std::string to_token(const Member& member) {
  return json{{"parent", member.parent}, {"validator", member.validator}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Member from_token(std::string_view key, std::string_view token) {
  Member out{.key = std::string(key)};
  const json parsed = token.empty() ? json::object() : json::parse(token, nullptr, false);
  if (!parsed.is_object() || !parsed.value("parent", json::object()).is_object() ||
      !parsed.value("validator", json("")).is_string()) {
    throw Error(Code::kBadState, "The token of '" + out.key + "' is not of this plugin.");
  }
  out.parent = parsed.value("parent", json::object());
  out.validator = parsed.value("validator", "");
  return out;
}

}  // namespace rest
