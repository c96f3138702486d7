// SPDX-License-Identifier: Apache-2.0
//
// The elements of one array or object in a JSON document of any size, one at a time, in memory for
// the largest element and what stands around them:
//
//   JsonStream items(host.open(url), "/data/items");
//   while (items.next()) {
//     use(items.text());             // JSON of one element; items.key() in an object
//   }
//   const json rest = items.rest();  // {"data":{"items":[],"next":"…"},…}
//
// The whole document is checked against the grammar of JSON on the way, so that a cut or garbled
// answer is told as such; of UTF-8 nothing is asked.
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/http.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/json_text.hpp"

namespace sluice::inline sdk_v0 {

struct JsonStreamOptions {
  std::string name = "The document";                 // for messages: "https://…" or a path
  std::size_t max_element = std::size_t{16} << 20U;  // bytes of one element, key or scalar
  std::size_t max_rest = std::size_t{16} << 20U;     // bytes outside of the elements
  std::size_t max_depth = 512;                       // arrays and objects in each other
  std::size_t chunk = std::size_t{64} << 10U;        // bytes asked for at once
};

// What stands at the pointer.
enum class JsonTarget : uint8_t { kMissing, kArray, kObject, kNull, kOther };

// Threads: one. Every member function that reads may throw BAD_DATA: retryable, with the offset in
// bytes, for a document that ends in the middle or is not JSON; not retryable for one beyond the
// limits. After a throw the object is of no further use.
class JsonStream {
 public:
  // Fills at most `capacity` bytes and gives their number; 0 = the end.
  using Read = std::function<std::size_t(char* buffer, std::size_t capacity)>;

  // Throws INVALID_CONFIG if `pointer` is no JSON Pointer. "" = the document itself.
  JsonStream(Read read, std::string_view pointer, JsonStreamOptions options = {})
      : read_(std::move(read)), options_(std::move(options)), names_(parse_json_pointer(pointer)) {}
  // Over the body of an answer, owned.
  JsonStream(HttpBody&& body, std::string_view pointer, JsonStreamOptions options = {})
      : JsonStream(Read{}, pointer, named(std::move(options), body)) {
    auto owned = std::make_shared<HttpBody>(std::move(body));
    read_ = [owned](char* buffer, std::size_t size) { return owned->read(buffer, size); };
  }
  // The same, borrowed: `body` must outlive this object.
  JsonStream(HttpBody& body, std::string_view pointer, JsonStreamOptions options = {})
      : JsonStream([&body](char* buffer, std::size_t size) { return body.read(buffer, size); },
                   pointer, named(std::move(options), body)) {}
  // Over text in memory, borrowed.
  static JsonStream over(std::string_view text, std::string_view pointer,
                         JsonStreamOptions options = {}) {
    const auto read = [text](char* buffer, std::size_t capacity) mutable {
      const std::size_t size = std::min(capacity, text.size());
      std::memcpy(buffer, text.data(), size);
      text.remove_prefix(size);
      return size;
    };
    return {read, pointer, std::move(options)};
  }

  // Goes to the next element. False once there is none: the document has then been read and checked
  // to its end.
  bool next();
  // The element as it stands in the document, without space around it; until the next call.
  std::string_view text() const noexcept {
    return std::string_view(buffer_).substr(begin_, end_ - begin_);
  }
  // Its name in an object, unescaped and well-formed UTF-8; empty in an array.
  const std::string& key() const noexcept { return key_; }
  // Elements given so far.
  uint64_t count() const noexcept { return count_; }
  // Bytes of the document read so far; after next() those up to the element's end.
  uint64_t offset() const noexcept { return base_ + at_; }

  // What is at the pointer; known after the first next(), which these call if need be. If a name
  // stands twice in an object, its first value is followed.
  JsonTarget target() {
    start();
    return target_;
  }
  // Whether there is an array or object to give elements of.
  bool found() { return target() == JsonTarget::kArray || target_ == JsonTarget::kObject; }
  // Reads on to the end and gives the document with [] or {} in the place of what was streamed.
  json rest();

 private:
  enum class Stage : uint8_t { kFresh, kFirst, kLater, kOver };

  static JsonStreamOptions named(JsonStreamOptions options, const HttpBody& body) {
    if (options.name == JsonStreamOptions{}.name) {
      options.name = body.url();
    }
    return options;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::kBadData, options_.name + " " + what);
  }
  std::string place() const { return "at byte " + std::to_string(offset()); }
  [[noreturn]] void truncated() const {
    const std::string what =
        offset() == 0 ? " is empty." : " ends in the middle of its JSON, " + place() + ".";
    throw Error(Code::kBadData, options_.name + what).retryable();
  }
  [[noreturn]] void malformed(const std::string& what, uint64_t bytes_back = 0) const {
    throw Error(Code::kBadData, options_.name + " is not JSON: at byte " +
                                    std::to_string(offset() - bytes_back) + " " + what + ".")
        .retryable();
  }

  // ---- bytes ----
  bool refill();
  // The byte at the position, -1 at the end.
  int peek() {
    return at_ < buffer_.size() || refill() ? static_cast<unsigned char>(buffer_[at_]) : -1;
  }
  // The same where the document must go on.
  char need() {
    const int c = peek();
    if (c < 0) {
      truncated();
    }
    return static_cast<char>(c);
  }
  static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  char skip_space() {
    char c = need();
    for (; is_space(c); c = need()) {
      ++at_;
    }
    return c;
  }

  // ---- grammar: each reads what it is called after, with the space before it ----
  void value();
  // `decoded` takes the text that the string stands for.
  void string(std::string* decoded);
  void escape();
  void scalar();
  void split_scalar();
  static bool in_scalar(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
  }
  static bool is_scalar(std::string_view token) noexcept {
    return is_json_number(token) || token == "true" || token == "false" || token == "null";
  }
  void member_name(std::string* decoded) {
    if (skip_space() != '"') {
      malformed("stands something else than a name in quotes");
    }
    string(decoded);
    if (skip_space() != ':') {
      malformed("stands no colon behind the name");
    }
    ++at_;
  }
  void open(char bracket) {
    if (levels_.size() >= options_.max_depth) {
      fail("nests more than " + std::to_string(options_.max_depth) +
           " arrays and objects in each other, " + place() + ".");
    }
    levels_ += bracket;
    ++at_;
  }
  // Behind an opening bracket: whether nothing is inside; the container is then closed.
  bool empty() { return skip_space() == closing() && close(); }
  // Behind a value: whether another one follows in its container, which is closed otherwise.
  bool another() {
    const char c = skip_space();
    if (c == ',') {
      ++at_;
      return true;
    }
    if (c != closing()) {
      malformed(std::string("stands neither a comma nor ") + closing());
    }
    return !close();
  }
  char closing() const noexcept { return levels_.back() == '{' ? '}' : ']'; }
  bool close() {
    levels_.pop_back();
    ++at_;
    return true;
  }

  // ---- the way to the target and back ----
  void start();
  bool enter(const std::string& name);
  void begin_elements(char bracket);
  void finish();

  static constexpr std::size_t kNone = std::string::npos;

  Read read_;
  JsonStreamOptions options_;
  std::vector<std::string> names_;
  std::string buffer_;
  uint64_t base_ = 0;                // offset of the buffer's first byte in the document
  std::size_t at_ = 0;               // next byte to look at
  std::size_t mark_ = kNone;         // from here on bytes must stay in the buffer
  std::size_t gathered_ = 0;         // from here on they are for the rest; kNone: they are not
  bool ended_ = false;               // read_ said so
  std::string levels_;               // open brackets
  std::size_t begin_ = 0, end_ = 0;  // of the element, in the buffer
  std::string key_, rest_;
  uint64_t count_ = 0;
  Stage stage_ = Stage::kFresh;
  JsonTarget target_ = JsonTarget::kMissing;
};

namespace detail {

// Half a surrogate pair alone, which nlohmann/json refuses, becomes U+FFFD.
inline void mend_surrogates(std::string& text) {
  const auto is = [&](std::size_t at, int32_t first) {
    const int32_t unit = text.compare(at, 2, "\\u") == 0 ? hex4(text, at + 2) : -1;
    return unit >= first && unit < first + 0x400;
  };
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    const bool pair = is(at, 0xD800) && at + 6 < text.size() && is(at + 6, 0xDC00);
    if (!pair && (is(at, 0xD800) || is(at, 0xDC00))) {
      text.replace(at + 2, 4, "fffd");
    }
    at += pair ? 12 : 2;
  }
}

// Numbers beyond the range of a double, which nlohmann/json refuses, become texts.
inline std::string mend_numbers(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size =
        quoted ? 0 : std::min(text.find_first_not_of("+-.0123456789eE", at), text.size()) - at;
    const std::string_view token = text.substr(at, std::max<std::size_t>(size, 1));
    double value = 0;
    const bool beyond = size > 0 && is_json_number(token) &&
                        std::from_chars(token.data(), token.data() + size, value).ec != std::errc{};
    out.append(beyond ? "\"" : "").append(token).append(beyond ? "\"" : "");
    at += token.size();
    if (quoted && token == "\\" && at < text.size()) {
      out += text[at++];
    }
    quoted = quoted != (token == "\"");
  }
  return out;
}

}  // namespace detail

// A document as nlohmann/json has it, mended where that is stricter than services are: a byte that
// is no UTF-8 and half a surrogate pair become U+FFFD, a number beyond the range of a double a
// text. is_discarded() for what is not JSON.
template <class Json = json>
Json parse_mended(std::string_view text) {
  Json out = Json::parse(text, nullptr, false);
  if (out.is_discarded()) {
    std::string mended = to_utf8(text);
    detail::mend_surrogates(mended);
    out = Json::parse(detail::mend_numbers(mended), nullptr, false);
  }
  return out;
}

// Reads on. Bytes that nobody needs any more leave the buffer, into the rest if they belong there.
inline bool JsonStream::refill() {
  if (ended_) {
    return false;
  }
  const std::size_t leaving = std::min(at_, mark_);
  if (gathered_ != kNone) {
    rest_.append(buffer_, gathered_, leaving - gathered_);
    gathered_ = 0;
  }
  buffer_.erase(0, leaving);
  base_ += leaving;
  at_ -= leaving;
  mark_ -= mark_ == kNone ? 0 : leaving;
  if (buffer_.size() > options_.max_element || rest_.size() > options_.max_rest) {
    const bool element = buffer_.size() > options_.max_element;
    fail("holds more than " + std::to_string(element ? options_.max_element : options_.max_rest) +
         " bytes " + (element ? "in one element, " : "beside the elements, ") + place() + ".");
  }
  const std::size_t before = buffer_.size();
  buffer_.resize(before + options_.chunk);
  const std::size_t size = read_(buffer_.data() + before, options_.chunk);
  buffer_.resize(before + size);
  ended_ = size == 0;
  return !ended_;
}

inline void JsonStream::value() {
  const std::size_t outside = levels_.size();
  for (;;) {
    const char c = skip_space();
    bool inside = false;
    if (c == '{' || c == '[') {
      open(c);
      inside = !empty();
    } else if (c == '"') {
      string(nullptr);
    } else {
      scalar();
    }
    while (!inside && levels_.size() > outside) {
      inside = another();
    }
    if (!inside) {
      return;
    }
    if (levels_.back() == '{') {
      member_name(nullptr);
    }
  }
}

inline void JsonStream::string(std::string* decoded) {
  mark_ = decoded == nullptr ? mark_ : at_;
  ++at_;
  for (char c = need(); c != '"'; c = need()) {
    if (c == '\\') {
      escape();
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      malformed("stands a control character in a text");
    }
    ++at_;
    const auto plain = [](char b) {
      return b != '"' && b != '\\' && static_cast<unsigned char>(b) >= 0x20;
    };
    while (at_ < buffer_.size() && plain(buffer_[at_])) {
      ++at_;
    }
  }
  ++at_;
  if (decoded != nullptr) {
    decoded->clear();
    append_unescaped(*decoded, std::string_view(buffer_).substr(mark_ + 1, at_ - mark_ - 2));
    if (!is_utf8(*decoded)) {
      *decoded = to_utf8(*decoded);
    }
    mark_ = kNone;
  }
}

inline void JsonStream::escape() {
  ++at_;
  const char kind = need();
  if (kind == '\0' || std::strchr("\"\\/bfnrtu", kind) == nullptr) {
    malformed("stands an unknown escape in a text");
  }
  ++at_;
  for (int i = 0; kind == 'u' && i < 4; ++i, ++at_) {
    if (std::isxdigit(static_cast<unsigned char>(need())) == 0) {
      malformed("stands \\u without four hexadecimal digits");
    }
  }
}

inline void JsonStream::scalar() {
  std::size_t end = at_;
  while (end < buffer_.size() && in_scalar(buffer_[end])) {
    ++end;
  }
  if (end < buffer_.size()) {  // whole in the buffer, as nearly all are
    const std::string_view token(buffer_.data() + at_, end - at_);
    if (!is_scalar(token)) {
      malformed("stands no value");
    }
    at_ = end;
    return;
  }
  split_scalar();
}

// One that goes on in the next piece, or ends with the document.
inline void JsonStream::split_scalar() {
  std::string token;
  int c = peek();
  for (; c >= 0 && in_scalar(static_cast<char>(c)); c = peek()) {
    token += static_cast<char>(c);
    ++at_;
    if (token.size() > options_.max_element) {
      fail("holds a number of more than " + std::to_string(options_.max_element) + " bytes, " +
           place() + ".");
    }
  }
  if (is_scalar(token)) {
    return;
  }
  const auto starts = [&](std::string_view whole) { return whole.starts_with(token); };
  if (c < 0 &&
      (starts("true") || starts("false") || starts("null") || is_json_number(token + "0"))) {
    truncated();
  }
  malformed("stands no value", token.size());
}

inline void JsonStream::start() {
  if (stage_ != Stage::kFresh) {
    return;
  }
  stage_ = Stage::kFirst;
  for (const char c : std::string_view("\xEF\xBB\xBF")) {
    at_ += peek() == static_cast<unsigned char>(c) ? 1 : 0;
  }
  rest_.clear();
  gathered_ = at_;
  if (skip_space() == '<') {
    malformed("stands HTML or XML");
  }
  for (const std::string& name : names_) {
    if (!enter(name)) {
      return finish();
    }
  }
  const char c = skip_space();
  if (c == '[' || c == '{') {
    return begin_elements(c);
  }
  target_ = c == 'n' ? JsonTarget::kNull : JsonTarget::kOther;
  value();
  finish();
}

// Goes to the value of that name or index; false behind the whole value if it has none.
inline bool JsonStream::enter(const std::string& name) {
  const char bracket = skip_space();
  if (bracket != '{' && bracket != '[') {
    value();
    return false;
  }
  open(bracket);
  if (empty()) {
    return false;
  }
  uint64_t index = 0;
  do {
    if (bracket == '{') {
      member_name(&key_);
    } else {
      key_ = std::to_string(index++);
    }
    if (key_ == name) {
      return true;
    }
    value();
  } while (another());
  return false;
}

inline void JsonStream::begin_elements(char bracket) {
  rest_.append(buffer_, gathered_, at_ - gathered_).append(bracket == '{' ? "{}" : "[]");
  gathered_ = kNone;
  target_ = bracket == '{' ? JsonTarget::kObject : JsonTarget::kArray;
  key_.clear();
  open(bracket);
}

// From behind a value to the end of the document.
inline void JsonStream::finish() {
  key_.clear();
  while (!levels_.empty()) {
    while (another()) {
      if (levels_.back() == '{') {
        member_name(nullptr);
      }
      value();
    }
  }
  int c = peek();
  for (; c >= 0 && is_space(static_cast<char>(c)); c = peek()) {
    ++at_;
  }
  if (c >= 0) {
    malformed("stands more behind the document");
  }
  stage_ = Stage::kOver;
}

inline bool JsonStream::next() {
  start();
  mark_ = kNone;
  begin_ = end_ = 0;
  if (stage_ == Stage::kOver) {
    return false;
  }
  const bool more = stage_ == Stage::kFirst ? !empty() : another();
  stage_ = Stage::kLater;
  if (!more) {
    gathered_ = at_;
    finish();
    return false;
  }
  if (levels_.back() == '{') {
    member_name(&key_);
  }
  (void)skip_space();
  mark_ = at_;
  value();
  begin_ = mark_;
  end_ = at_;
  ++count_;
  if (end_ - begin_ > options_.max_element) {
    fail("holds more than " + std::to_string(options_.max_element) + " bytes in one element, " +
         place() + ".");
  }
  return true;
}

inline json JsonStream::rest() {
  while (next()) {
  }
  rest_.append(buffer_, gathered_, at_ - gathered_);
  gathered_ = at_;
  std::string text = is_utf8(rest_) ? rest_ : to_utf8(rest_);
  detail::mend_surrogates(text);
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded()) {  // the grammar was checked: a number beyond the range of a double
    fail("holds a number that is out of range beside the elements.");
  }
  return out;
}

}  // namespace sluice::inline sdk_v0
