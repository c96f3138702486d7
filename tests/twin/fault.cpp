// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/fault.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "tests/twin/hash.hpp"

namespace sluice::twin {
namespace {

using nlohmann::json;

using testing::JsonChange;

struct ActionName {
  std::string_view name;
  FaultKind kind;
  JsonChange change = JsonChange::kAddFields;
};

constexpr std::array<ActionName, 14> kActions{
    {{"delay", FaultKind::kDelay},
     {"status", FaultKind::kStatus},
     {"html", FaultKind::kHtml},
     {"garbage", FaultKind::kGarbage},
     {"reset", FaultKind::kReset},
     {"truncate", FaultKind::kTruncate},
     {"wrong_length", FaultKind::kWrongLength},
     {"slow", FaultKind::kSlow},
     {"hang", FaultKind::kHang},
     {"bad_chunked", FaultKind::kBadChunked},
     {"add_fields", FaultKind::kChangeJson, JsonChange::kAddFields},
     {"numbers_as_text", FaultKind::kChangeJson, JsonChange::kNumbersAsText},
     {"text_as_numbers", FaultKind::kChangeJson, JsonChange::kTextAsNumbers},
     {"empty", FaultKind::kChangeJson, JsonChange::kEmpty}}};

constexpr std::string_view kHtmlPage =
    "<!DOCTYPE html>\n<html><head><title>Wartungsarbeiten</title></head>\n"
    "<body><h1>Der Dienst ist vor&uuml;bergehend nicht verf&uuml;gbar.</h1></body></html>\n";

std::string_view action_name(const Fault& fault) {
  for (const ActionName& action : kActions) {
    if (action.kind == fault.kind &&
        (fault.kind != FaultKind::kChangeJson || action.change == fault.change)) {
      return action.name;
    }
  }
  return "none";
}

const ActionName& parse_action(const std::string& name) {
  std::string known;
  for (const ActionName& action : kActions) {
    if (action.name == name) {
      return action;
    }
    known += known.empty() ? "" : ", ";
    known += action.name;
  }
  throw std::invalid_argument("unknown action '" + name + "'; use one of " + known);
}

// Reads the keys of one rule and remembers which were read, so that a misspelt key is refused.
class RuleReader {
 public:
  explicit RuleReader(const json& rule) : rule_(rule) {}

  template <typename T>
  T get(const char* key, T fallback) {
    known_.emplace_back(key);
    const auto found = rule_.find(key);
    if (found == rule_.end()) {
      return fallback;
    }
    try {
      return found->get<T>();
    } catch (const json::exception&) {
      throw std::invalid_argument(std::string("key '") + key + "' has the wrong type");
    }
  }

  // A count: rejects negative numbers and fractions, which the library would convert.
  std::uint64_t count(const char* key, std::uint64_t fallback) {
    known_.emplace_back(key);
    const auto found = rule_.find(key);
    if (found == rule_.end()) {
      return fallback;
    }
    if (!found->is_number_unsigned()) {
      throw std::invalid_argument(std::string("key '") + key +
                                  "' must be a whole number, 0 or more");
    }
    return found->get<std::uint64_t>();
  }

  // Retry-After is given as seconds or as a date text.
  std::string number_or_text(const char* key) {
    known_.emplace_back(key);
    const auto found = rule_.find(key);
    if (found == rule_.end()) {
      return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
  }

  void finish() const {
    for (const auto& [key, value] : rule_.items()) {
      bool is_known = false;
      for (const std::string& name : known_) {
        is_known = is_known || name == key;
      }
      if (!is_known) {
        throw std::invalid_argument("unknown key '" + key + "'");
      }
    }
  }

 private:
  const json& rule_;
  std::vector<std::string> known_;
};

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      const bool deep = pattern.size() > 1 && pattern[1] == '*';
      const std::string_view rest = pattern.substr(deep ? 2 : 1);
      for (std::size_t skip = 0;; ++skip) {
        if (glob_match(rest, path.substr(skip))) {
          return true;
        }
        if (skip == path.size() || (!deep && path[skip] == '/')) {
          return false;
        }
      }
    }
    if (path.empty() ||
        (pattern.front() == '?' ? path.front() == '/' : pattern.front() != path.front())) {
      return false;
    }
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

namespace {

// A part of a document, an answer without body and anything but JSON stay as they are.
Response with_changed_json(const Fault& fault, Response response) {
  const bool whole = response.body && response.offset == 0 &&
                     response.length == response.body->size() && response.status != 206;
  const bool says_json =
      std::any_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
        return header.first == "Content-Type" && header.second.find("json") != std::string::npos;
      });
  if (whole && says_json) {
    response.body = std::make_shared<const std::string>(
        testing::change_json(*response.body, fault.change, fault.depth));
    response.length = response.body->size();
  }
  return response;
}

}  // namespace

Response apply_to_response(const Fault& fault, Response response) {
  if (fault.kind == FaultKind::kStatus) {
    const std::string page =
        "<html>\r\n<head><title>" + std::to_string(fault.status) + "</title></head>\r\n</html>\r\n";
    Response answer =
        make_response(fault.status, fault.content_type, fault.body.empty() ? page : fault.body,
                      std::move(response.kind));
    if (!fault.retry_after.empty()) {
      answer.headers.emplace_back("Retry-After", fault.retry_after);
    }
    return answer;
  }
  if (fault.kind == FaultKind::kHtml) {
    return make_response(200, "text/html", fault.body.empty() ? std::string(kHtmlPage) : fault.body,
                         std::move(response.kind));
  }
  if (fault.kind == FaultKind::kChangeJson) {
    return with_changed_json(fault, std::move(response));
  }
  if (fault.kind == FaultKind::kGarbage) {
    std::string bytes(response.length, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<char>(hash_of(fault.seed, i) & 0xFFU);
    }
    response.body = std::make_shared<const std::string>(std::move(bytes));
    response.offset = 0;
  }
  return response;
}

struct FaultInjector::Rule {
  std::uint64_t serial = 0;
  std::string path;
  std::string method;
  std::uint64_t nth = 0;    // only the nth match; 0: every
  std::uint64_t every = 1;  // of the matches from `from` on, each that many
  std::uint64_t from = 1;
  std::uint64_t times = 0;  // fires at most so often; 0: without end
  double probability = 1.0;
  bool per_path = false;  // nth, every, from and times count per path
  Fault fault;
  std::uint64_t matched = 0;
  std::uint64_t fired = 0;
  struct Count {
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;
  };
  std::unordered_map<std::string, Count> paths;

  static std::unique_ptr<Rule> parse(const json& source);
  bool fires(std::uint64_t seed, const Request& request);
};

std::unique_ptr<FaultInjector::Rule> FaultInjector::Rule::parse(const json& source) {
  if (!source.is_object()) {
    throw std::invalid_argument("a rule is a JSON object");
  }
  RuleReader reader(source);
  auto rule = std::make_unique<Rule>();
  rule->fault.rule = reader.get<std::string>("id", "");
  rule->path = reader.get<std::string>("path", "**");
  rule->method = reader.get<std::string>("method", "");
  rule->nth = reader.count("nth", 0);
  rule->every = reader.count("every", 1);
  rule->from = reader.count("from", 1);
  rule->times = reader.count("times", 0);
  rule->probability = reader.get<double>("probability", 1.0);
  const std::string per = reader.get<std::string>("per", "rule");
  rule->per_path = per == "path";
  Fault& fault = rule->fault;
  const ActionName& action = parse_action(reader.get<std::string>("action", ""));
  fault.kind = action.kind;
  fault.change = action.change;
  const std::uint64_t delay_ms = reader.count("delay_ms", 0);
  fault.status = reader.get<int>("status", 503);
  fault.retry_after = reader.number_or_text("retry_after");
  fault.body = reader.get<std::string>("body", "");
  fault.content_type = reader.get<std::string>("content_type", "text/html");
  fault.after_bytes =
      reader.get<std::int64_t>("after_bytes", fault.kind == FaultKind::kTruncate ? 0 : -1);
  fault.delta = reader.get<std::int64_t>("delta", 1);
  fault.bytes_per_second = reader.count("bytes_per_second", 1024);
  if (source.contains("depth")) {
    fault.depth = reader.count("depth", 0);
  }
  reader.finish();
  if (per != "path" && per != "rule") {
    throw std::invalid_argument("key 'per' must be \"rule\" or \"path\"");
  }
  if (rule->every == 0 || fault.bytes_per_second == 0 || delay_ms > 600'000) {
    throw std::invalid_argument(
        "'every' and 'bytes_per_second' must be 1 or more, 'delay_ms' at most 600000");
  }
  if (!(rule->probability >= 0.0 && rule->probability <= 1.0)) {
    throw std::invalid_argument("'probability' must lie between 0 and 1");
  }
  if (fault.status < 200 || fault.status > 599) {
    throw std::invalid_argument("'status' must lie between 200 and 599");
  }
  fault.delay_ms = static_cast<std::uint32_t>(delay_ms);
  return rule;
}

bool FaultInjector::Rule::fires(std::uint64_t seed, const Request& request) {
  if ((!method.empty() && method != request.method) || !glob_match(path, request.path)) {
    return false;
  }
  ++matched;
  Count& of_path = paths[request.path];
  ++of_path.matched;
  const std::uint64_t number = per_path ? of_path.matched : matched;
  const std::uint64_t so_far = per_path ? of_path.fired : fired;
  if ((nth != 0 && number != nth) || number < from || (number - from) % every != 0 ||
      (times != 0 && so_far >= times)) {
    return false;
  }
  // Drawn from path and count, so that the order of concurrent requests does not change who is hit.
  const std::uint64_t draw = hash_of(seed, serial, hash_text(request.path), of_path.matched);
  if (unit(draw) >= probability) {
    return false;
  }
  ++fired;
  ++of_path.fired;
  fault.seed = draw;
  return true;
}

FaultInjector::FaultInjector(std::uint64_t seed) : seed_(seed) {}
FaultInjector::~FaultInjector() = default;

std::size_t FaultInjector::add(const std::string& text) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    throw std::invalid_argument("the fault rules are not valid JSON");
  }
  bool replace = false;
  if (document.is_object() && document.contains("rules")) {
    RuleReader reader(document);
    replace = reader.get<bool>("replace", false);
    json rules = reader.get<json>("rules", json::array());
    reader.finish();
    document = std::move(rules);
  }
  if (document.is_object()) {
    document = json::array({document});
  }
  std::vector<std::unique_ptr<Rule>> added;
  for (std::size_t i = 0; i < document.size(); ++i) {
    try {
      added.push_back(Rule::parse(document[i]));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("fault rule " + std::to_string(i + 1) + ": " + error.what());
    }
  }
  const std::lock_guard lock(mutex_);
  if (replace) {
    rules_.clear();
  }
  const std::size_t count = added.size();
  for (auto& rule : added) {
    rule->serial = ++serial_;
    if (rule->fault.rule.empty()) {
      rule->fault.rule = "rule" + std::to_string(rule->serial);
    }
    rules_.push_back(std::move(rule));
  }
  return count;
}

void FaultInjector::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

Fault FaultInjector::pick(const Request& request) {
  const std::lock_guard lock(mutex_);
  const Rule* chosen = nullptr;
  for (const auto& rule : rules_) {
    // Requests that an earlier rule answers are not counted in the later ones.
    if (chosen == nullptr && rule->fires(seed_, request)) {
      chosen = rule.get();
    }
  }
  return chosen == nullptr ? Fault{} : chosen->fault;
}

std::string FaultInjector::describe() const {
  const std::lock_guard lock(mutex_);
  json list = json::array();
  for (const auto& rule : rules_) {
    list.push_back({{"id", rule->fault.rule},
                    {"path", rule->path},
                    {"action", action_name(rule->fault)},
                    {"matched", rule->matched},
                    {"fired", rule->fired}});
  }
  return list.dump();
}

}  // namespace sluice::twin
