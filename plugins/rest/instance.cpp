// SPDX-License-Identifier: Apache-2.0
#include "instance.hpp"

#include <algorithm>

#include "crawl.hpp"
#include "infer.hpp"
#include "sluice/cpp/error.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::Kind;
using sluice::Type;

constexpr uint64_t kMostSamples = 500;  // records that columns are inferred from

sluice::HttpService service_of(const Model& model) {
  sluice::HttpService out;
  const auto ms = [](sluice::Duration d) { return std::chrono::milliseconds(d.us / 1000); };
  for (const LimitConfig& limit : model.config().limits) {
    out.limits.push_back({.scope = limit.scope.empty() ? model.scope() : limit.scope,
                          .name = limit.name,
                          .amount = limit.amount,
                          .per = ms(limit.per),
                          .window = limit.window,
                          .spacing = ms(limit.spacing),
                          .concurrent = limit.concurrent,
                          .used_header = limit.used_header,
                          .limit_header = limit.limit_header});
  }
  return out;
}

std::string state_name(const StreamModel& stream) {
  return "fields/" + stream.config.name;
}

// Without an answer at hand: enough for what refers to the stream.
std::vector<Field> guess(const StreamModel& stream) {
  std::vector<Field> out = stream.fields;
  const auto add = [&](const std::string& name, Type type) {
    const bool known =
        std::any_of(out.begin(), out.end(), [&](const Field& field) { return field.name == name; });
    if (!name.empty() && !known) {
      out.push_back({.name = name, .type = type});
    }
  };
  add(stream.config.time, Type::kTimestamp);
  for (const std::string& name : stream.config.key) {
    add(name, Type::kUtf8);
  }
  add(stream.config.seq, Type::kInt64);
  if (out.empty()) {
    add("record", Type::kJson);
  }
  return out;
}

}  // namespace

Instance::Instance(sluice::Host& host, const Config& config) : host_(host), model_(config) {
  const sluice::HttpService service = service_of(model_);
  if (!service.limits.empty()) {
    host.declare(service);
  }
}

const std::vector<Field>& Instance::fields(const StreamModel& stream) {
  const std::lock_guard lock(mutex_);
  const auto known = fields_.find(stream.config.name);
  if (known != fields_.end()) {
    return known->second;
  }
  return fields_[stream.config.name] = find_fields(stream);
}

std::vector<Field> Instance::find_fields(const StreamModel& stream) {
  if (!stream.infer) {
    return stream.fields;
  }
  if (host_.offline()) {
    return guess(stream);
  }
  std::vector<Field> out = stream.fields;
  std::vector<Field> more;
  if (const auto frozen = host_.state(state_name(stream))) {
    more = thaw(json::parse(*frozen, nullptr, false));
  }
  if (more.empty()) {
    more = infer(stream);
    host_.set_state(state_name(stream), freeze(more).dump());
    host_.info("The columns of '" + stream.config.name + "' were taken from its first page.");
  }
  for (Field& field : more) {
    const bool taken = std::any_of(out.begin(), out.end(), [&](const Field& own) {
      return own.name == field.name || own.pointer == field.pointer;
    });
    if (!taken) {
      out.push_back(std::move(field));
    }
  }
  return out;
}

std::vector<Field> Instance::infer(const StreamModel& stream) {
  Scope scope = scope_of_partition(model_, stream, "");
  if (stream.over()) {
    for_each_member(host_, model_, fields_of(), stream, [&](const Member& member) {
      scope = scope_of_member(model_, stream, member);
      return false;
    });
  }
  if (stream.kind == Kind::kSeries) {
    const int64_t now = host_.now().time_since_epoch().count();
    const int64_t span = stream.config.max_span ? stream.config.max_span->us : 86'400'000'000;
    scope.times = {{"from", now - span}, {"to", now}};
  }
  Crawl crawl(host_, model_, stream, scope, json::object());
  Inference inference;
  while (inference.records() < kMostSamples && crawl.step() == Crawl::Step::kRecord) {
    inference.add(crawl.text());
  }
  if (inference.records() == 0) {
    throw Error(Code::kUnavailable,
                "The stream '" + stream.config.name +
                    "' has no fields, and its first page no records to take them from. Name them "
                    "in the configuration: fields = [{ name = \"id\", type = \"int64\" }].")
        .retryable();
  }
  std::vector<Field> out = inference.columns(stream.fields);
  for (Field& field : out) {
    const auto& key = stream.config.key;
    field.required = std::find(key.begin(), key.end(), field.name) != key.end();
  }
  return out;
}

}  // namespace rest
