// SPDX-License-Identifier: Apache-2.0
#include "rules.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_text.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

bool is_nothing(const json& value) {
  return value.is_null();
}

bool says_no(const json& value) {
  return value.is_null() || value == false;
}

// 429 and "429" are the same here: services are not sure of it themselves.
bool same(const json& a, const json& b) {
  if (a == b) {
    return true;
  }
  const auto text = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  return !a.is_structured() && !b.is_structured() && text(a) == text(b);
}

bool fits(const RuleConfig& rule, const Subject& subject) {
  const auto status = static_cast<int>(subject.status);
  if (!rule.status.empty() &&
      std::find(rule.status.begin(), rule.status.end(), status) == rule.status.end()) {
    return false;
  }
  if (rule.at.empty()) {
    return true;
  }
  const json value = value_at(subject.document, rule.at);
  if (rule.missing) {
    return is_nothing(value);
  }
  return rule.equals.is_null() ? !says_no(value) : same(value, rule.equals);
}

// Capped at a day: what is told beyond is no wait but an end.
uint32_t wait_ms(const RuleConfig& rule, const Subject& subject) {
  constexpr double kDay = 86'400'000;
  double wait = std::max(static_cast<double>(rule.wait.us) / 1000,
                         static_cast<double>(subject.retry_after_ms));
  const json told = rule.wait_at.empty() ? json() : value_at(subject.document, rule.wait_at);
  if (told.is_number() && told.get<double>() > 0) {
    wait = std::max(wait, told.get<double>() * 1000);
  }
  return static_cast<uint32_t>(std::min(std::ceil(wait), kDay));
}

}  // namespace

json value_at(const json& document, const std::string& pointer) {
  const json* at = &document;
  for (const std::string& name : sluice::parse_json_pointer(pointer)) {
    if (at->is_object() && at->contains(name)) {
      at = &(*at)[name];
      continue;
    }
    const bool index = at->is_array() && !name.empty() && name.size() < 10 &&
                       name.find_first_not_of("0123456789") == std::string::npos;
    if (!index || std::stoul(name) >= at->size()) {
      return nullptr;
    }
    at = &(*at)[std::stoul(name)];
  }
  return *at;
}

std::string text_at(const json& document, const std::string& pointer) {
  const json value = value_at(document, pointer);
  return value.is_string() ? value.get<std::string>() : value.is_number() ? value.dump() : "";
}

const Rule* find_rule(const std::vector<Rule>& rules, const Subject& subject) {
  for (const Rule& rule : rules) {
    if (fits(rule.config, subject)) {
      return &rule;
    }
  }
  return nullptr;
}

std::string rule_text(const Rule& rule, const Subject& subject) {
  const RuleConfig& config = rule.config;
  std::string text = subject.status == 0 ? "The record" : std::string(subject.url);
  if (!config.at.empty()) {
    const std::string found = value_at(subject.document, config.at).dump().substr(0, 100);
    text += " holds " + sluice::to_utf8(found) + " at " + config.at;
  } else {
    text += " answered with status " + std::to_string(subject.status);
  }
  const std::string said =
      config.message.empty() ? "" : text_at(subject.document, config.message).substr(0, 400);
  return text + (said.empty() ? "." : ": " + sluice::to_utf8(said));
}

void apply_rule(const sluice::Host& host, const Rule& rule, const Subject& subject) {
  const std::string& action = rule.config.action;
  const uint32_t wait = wait_ms(rule.config, subject);
  const auto failure = [&](Code code) {
    return Error(code, rule_text(rule, subject)).vendor(subject.status);
  };
  if (action == "retry") {
    throw failure(Code::kUnavailable).retryable().retry_after(wait);
  }
  if (action == "throttle") {
    if (wait > 0) {
      host.throttle(rule.scope, std::chrono::milliseconds(wait));
    }
    throw failure(Code::kRateLimited).retryable().flag(SLUICE_ERROR_THROTTLED).retry_after(wait);
  }
  if (action == "stop") {
    const bool refused = subject.status == 401 || subject.status == 403;
    throw failure(refused ? Code::kAuth : Code::kUnsupported);
  }
  if (action == "fail") {
    throw failure(Code::kBadData);
  }
}

}  // namespace rest
