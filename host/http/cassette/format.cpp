// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/format.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "host/http/cassette/files.hpp"

namespace sluice::host::cassette {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kFormat = 1;

size_t line_at(std::string_view text, size_t at) {
  return 1 + static_cast<size_t>(std::count(
                 text.begin(),
                 text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n'));
}

// An object of a cassette's file, asked member by member; remembers the first thing that is wrong.
class Reader {
 public:
  Reader(const std::filesystem::path& file, std::string_view text) : file_(file), text_(text) {
    value_ = json::parse(
        text.begin(), text.end(),
        [this](int depth, json::parse_event_t, json&) {
          too_deep_ = too_deep_ || depth > 8;
          return !too_deep_;
        },
        false);
    if (value_.is_discarded() || too_deep_ || !value_.is_object()) {
      explain();
    }
  }

  [[nodiscard]] const json& value() const { return value_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  // A path of members is only for finding the line: "answer", "status".
  void wrong(const std::vector<std::string>& path, const std::string& what) {
    if (error_) {
      return;
    }
    size_t at = 0;
    std::string shown;
    for (const std::string& member : path) {
      const size_t found = text_.find('"' + member + '"', at);
      at = found == std::string_view::npos ? at : found;
      shown += (shown.empty() ? "" : ".") + member;
    }
    error_ = Error{Code::kCorrupt, file_.string() + ":" + std::to_string(line_at(text_, at)) +
                                       ": '" + shown + "' " + what};
  }

  std::string text(const json& object, const std::vector<std::string>& path, bool required) {
    const auto it = object.find(path.back());
    if (it == object.end()) {
      if (required) {
        wrong(path, "is missing");
      }
      return {};
    }
    if (!it->is_string()) {
      wrong(path, "must be a text");
      return {};
    }
    return it->get<std::string>();
  }

  int64_t number(const json& object, const std::vector<std::string>& path, int64_t otherwise,
                 int64_t least, int64_t most) {
    const auto it = object.find(path.back());
    if (it == object.end()) {
      return otherwise;
    }
    const bool whole = it->is_number_unsigned()
                           ? it->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                           : it->is_number_integer();
    if (!whole || it->get<int64_t>() < least || it->get<int64_t>() > most) {
      wrong(path,
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return otherwise;
    }
    return it->get<int64_t>();
  }

  bool flag(const json& object, const std::vector<std::string>& path) {
    const auto it = object.find(path.back());
    if (it != object.end() && !it->is_boolean()) {
      wrong(path, "must be true or false");
    }
    return it != object.end() && it->is_boolean() && it->get<bool>();
  }

  Fields fields(const json& object, const std::vector<std::string>& path) {
    Fields out;
    const auto it = object.find(path.back());
    if (it == object.end()) {
      return out;
    }
    if (!it->is_array()) {
      wrong(path, "must be a list of texts such as \"Content-Type: text/plain\"");
      return out;
    }
    for (const json& one : *it) {
      const std::string line = one.is_string() ? one.get<std::string>() : std::string();
      const size_t colon = line.find(": ");
      if (colon == std::string::npos || colon == 0 ||
          line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        wrong(path, "must be a list of texts such as \"Content-Type: text/plain\"");
        return out;
      }
      out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    return out;
  }

  BodyRef body(const json& object, const std::vector<std::string>& path) {
    BodyRef ref;
    ref.file = text(object, path, false);
    if (!ref.file.empty() && !is_plain_name(ref.file)) {
      wrong(path, "must be the plain name of a file in " + std::string(kBodiesFolder) +
                      "/: letters, digits, dots, - and _, no folders");
    }
    const std::vector<std::string> layout = {path.front(), "layout"};
    const std::string how = text(object, layout, false);
    if (!how.empty() && how != "packed") {
      wrong(layout, "must be \"packed\", or left out");
    }
    ref.packed = how == "packed";
    return ref;
  }

  const json& section(const char* name) {
    static const json kNone = json::object();
    const auto it = value_.find(name);
    if (it == value_.end()) {
      return kNone;
    }
    if (!it->is_object()) {
      wrong({name}, "must be an object");
      return kNone;
    }
    return *it;
  }

 private:
  void explain() {
    size_t at = text_.size();
    std::string what = "is deeper than a cassette's file can be";
    if (!too_deep_) {
      try {
        at = json::parse(text_).is_object() ? at : 0;
        what = "must be a JSON object";
      } catch (const json::parse_error& problem) {
        at = problem.byte;
        what = at >= text_.size() ? "is cut off here" : "is no JSON here";
      }
    }
    value_ = json::object();
    error_ = Error{Code::kCorrupt, file_.string() + ":" + std::to_string(line_at(text_, at)) +
                                       ": the file " + what + "; record it anew or restore it"};
  }

  const std::filesystem::path& file_;
  const std::string_view text_;
  json value_;
  std::optional<Error> error_;
  bool too_deep_ = false;
};

ordered_json lines(const Fields& fields) {
  ordered_json out = ordered_json::array();
  for (const auto& [name, value] : fields) {
    out.push_back(name + ": " + value);
  }
  return out;
}

void put_body(ordered_json& out, const BodyRef& body) {
  if (!body.file.empty()) {
    out["body"] = body.file;
    if (body.packed) {
      out["layout"] = "packed";
    }
  }
}

std::string dump(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

AskedHead read_asked(Reader& reader) {
  AskedHead out;
  const json& object = reader.section("request");
  out.method = reader.text(object, {"request", "method"}, true);
  out.url = reader.text(object, {"request", "url"}, true);
  out.endpoint = reader.text(object, {"request", "endpoint"}, false);
  out.headers = reader.fields(object, {"request", "headers"});
  out.validator = reader.text(object, {"request", "validator"}, false);
  out.range_start =
      static_cast<uint64_t>(reader.number(object, {"request", "range_start"}, 0, 0, INT64_MAX));
  out.body = reader.body(object, {"request", "body"});
  return out;
}

AnswerHead read_answer(Reader& reader) {
  AnswerHead out;
  const json& object = reader.section("answer");
  if (object.find("status") == object.end()) {
    reader.wrong({"answer", "status"}, "is missing");
  }
  out.status = static_cast<uint32_t>(reader.number(object, {"answer", "status"}, 0, 100, 999));
  out.url = reader.text(object, {"answer", "url"}, false);
  out.headers = reader.fields(object, {"answer", "headers"});
  out.validator = reader.text(object, {"answer", "validator"}, false);
  out.content_length = reader.number(object, {"answer", "content_length"}, -1, -1, INT64_MAX);
  out.body = reader.body(object, {"answer", "body"});
  out.cut = reader.flag(object, {"answer", "cut"});
  return out;
}

Error read_error(Reader& reader) {
  Error out;
  const json& object = reader.section("error");
  const std::string code = reader.text(object, {"error", "code"}, true);
  const auto known = code_from_string(code);
  if (!known) {
    reader.wrong({"error", "code"}, "is none of the codes that docs/cassettes.md lists");
  }
  out.code = known.value_or(Code::kInternal);
  out.message = reader.text(object, {"error", "message"}, true);
  out.retry_after_ms =
      static_cast<uint32_t>(reader.number(object, {"error", "retry_after_ms"}, 0, 0, UINT32_MAX));
  out.vendor_code = reader.number(object, {"error", "vendor_code"}, 0, INT64_MIN, INT64_MAX);
  return out;
}

}  // namespace

std::string write_head(const ExchangeHead& head) {
  ordered_json out;
  ordered_json& asked = out["request"];
  asked["method"] = head.asked.method;
  if (!head.asked.endpoint.empty()) {
    asked["endpoint"] = head.asked.endpoint;
  }
  asked["url"] = head.asked.url;
  if (!head.asked.headers.empty()) {
    asked["headers"] = lines(head.asked.headers);
  }
  if (!head.asked.validator.empty()) {
    asked["validator"] = head.asked.validator;
  }
  if (head.asked.range_start > 0) {
    asked["range_start"] = head.asked.range_start;
  }
  put_body(asked, head.asked.body);
  if (head.answer) {
    ordered_json& answer = out["answer"];
    answer["status"] = head.answer->status;
    if (!head.answer->url.empty()) {
      answer["url"] = head.answer->url;
    }
    answer["headers"] = lines(head.answer->headers);
    if (!head.answer->validator.empty()) {
      answer["validator"] = head.answer->validator;
    }
    if (head.answer->content_length >= 0) {
      answer["content_length"] = head.answer->content_length;
    }
    put_body(answer, head.answer->body);
    if (head.answer->cut) {
      answer["cut"] = true;
    }
  }
  if (head.error) {
    ordered_json& error = out["error"];
    error["code"] = to_string(head.error->code);
    error["message"] = head.error->message;
    if (head.error->retry_after_ms != 0) {
      error["retry_after_ms"] = head.error->retry_after_ms;
    }
    if (head.error->vendor_code != 0) {
      error["vendor_code"] = head.error->vendor_code;
    }
  }
  return dump(out, 2);
}

Result<ExchangeHead> parse_head(const std::filesystem::path& file, std::string_view text) {
  Reader reader(file, text);
  ExchangeHead out;
  if (!reader.error()) {
    for (const char* name : {"request", "answer", "error"}) {
      reader.section(name);
    }
    out.asked = read_asked(reader);
    const bool answered = reader.value().contains("answer");
    if (answered) {
      out.answer = read_answer(reader);
    }
    if (reader.value().contains("error")) {
      out.error = read_error(reader);
    } else if (!answered) {
      reader.wrong({"answer"}, "is missing, and 'error' too: one of them must be there");
    }
  }
  if (reader.error()) {
    return *reader.error();
  }
  return out;
}

std::string write_about(int64_t recorded_us) {
  const std::time_t seconds = recorded_us / 1'000'000;
  std::tm parts{};
  char shown[32] = "";
  if (gmtime_r(&seconds, &parts) != nullptr) {
    std::strftime(shown, sizeof shown, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  ordered_json out;
  out["format"] = kFormat;
  out["recorded"] = shown;
  out["recorded_us"] = recorded_us;
  return dump(out, 2);
}

Result<int64_t> parse_about(const std::filesystem::path& file, std::string_view text) {
  Reader reader(file, text);
  int64_t recorded_us = 0;
  if (!reader.error()) {
    if (reader.number(reader.value(), {"format"}, 0, 0, INT64_MAX) != kFormat) {
      reader.wrong({"format"}, "must be " + std::to_string(kFormat) +
                                   ", the one format that this version of sluice knows");
    }
    recorded_us = reader.number(reader.value(), {"recorded_us"}, 0, 0, INT64_MAX / 2);
  }
  if (reader.error()) {
    return *reader.error();
  }
  return recorded_us;
}

std::string write_timing(const Timing& timing) {
  ordered_json out;
  out["exchange"] = timing.exchange;
  out["at_ms"] = timing.at_ms;
  out["head_ms"] = timing.head_ms;
  out["end_ms"] = timing.end_ms;
  return dump(out, -1);
}

Result<std::vector<Timing>> parse_timings(const std::filesystem::path& file,
                                          std::string_view text) {
  constexpr int64_t kMost = 1LL << 50;  // so that sums stay far from overflow
  std::vector<Timing> out;
  for (size_t at = 0, line = 1; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view one = text.substr(at, end - at);
    at = end + 1;
    if (one.empty()) {
      continue;
    }
    Reader reader(file, one);
    Timing timing;
    if (!reader.error()) {
      timing.exchange = reader.text(reader.value(), {"exchange"}, true);
      timing.at_ms = reader.number(reader.value(), {"at_ms"}, 0, 0, kMost);
      timing.head_ms = reader.number(reader.value(), {"head_ms"}, 0, 0, kMost);
      timing.end_ms = reader.number(reader.value(), {"end_ms"}, 0, 0, kMost);
    }
    if (reader.error()) {
      // The reader saw one line and called it the first.
      const std::string head = file.string() + ":1:";
      Error error = *reader.error();
      error.message = file.string() + ":" + std::to_string(line) + ":" +
                      error.message.substr(std::min(head.size(), error.message.size()));
      return error;
    }
    out.push_back(std::move(timing));
  }
  return out;
}

}  // namespace sluice::host::cassette
