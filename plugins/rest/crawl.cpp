// SPDX-License-Identifier: Apache-2.0
#include "crawl.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "address.hpp"
#include "rules.hpp"
#include "sluice/cpp/error.hpp"

namespace rest {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

std::size_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

// The beginning of a body that is no answer to be read as records.
std::string read_some(sluice::HttpBody& body) {
  constexpr std::size_t kMost = std::size_t{64} << 10U;
  std::string text(kMost, '\0');
  std::size_t size = 0;
  for (std::size_t got = 1; got > 0 && size < kMost; size += got) {
    got = body.read(text.data() + size, kMost - size);
  }
  text.resize(size);
  return text;
}

// For people: one line, and not much of it.
std::string excerpt(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return sluice::to_utf8(text.substr(0, 200));
}

// Of a Retry-After in seconds; at most an hour. A date means nothing here: the host heeds it.
uint32_t retry_after_ms(std::string_view header) {
  uint32_t seconds = 0;
  std::from_chars(header.data(), header.data() + header.size(), seconds);
  return std::min<uint32_t>(seconds, 3'600) * 1'000;
}

bool is_content_type(std::string_view name) {
  constexpr std::string_view kName = "content-type";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

// Whether a page number or count that is told as a number or as text is reached.
bool is_last_number(const json& value, uint64_t reached) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    return sluice::is_json_number(text) && is_last_number(json::parse(text), reached);
  }
  return value.is_number() && value.get<double>() <= static_cast<double>(reached);
}

}  // namespace

Crawl::Crawl(const sluice::Host& host, const Model& model, const StreamModel& stream, Scope scope,
             const json& position)
    : host_(host), model_(model), stream_(stream), scope_(std::move(scope)) {
  scope_.times.emplace("now", host.now().time_since_epoch().count());
  at_ = position.value("at", json::object());
  pages_ = position.value("pages", uint64_t{0});
  skip_ = position.value("skip", uint64_t{0});
  all_records_ = position.value("records", uint64_t{0});
  edge_time_ = at_.value("time", SLUICE_TIME_MIN);
  for (const json& hash : at_.value("edge", json::array())) {
    edge_.insert(hash.get<std::size_t>());
  }
  seen_.insert(hash_of(at_.value("cursor", at_.value("next", std::string{}))));
}

json Crawl::position() const {
  json out{{"at", at_}, {"pages", pages_}, {"records", all_records_}};
  if (page_) {
    out["pages"] = pages_ - 1;
    out["skip"] = records_;
  }
  return out;
}

Crawl::Step Crawl::step() {
  if (!page_ && (ended_ || !open_page())) {
    return unchanged_ ? Step::kUnchanged : Step::kEnd;
  }
  while (page_->next()) {
    ++records_;
    page_hash_ = page_hash_ * 31 + hash_of(page_->text());
    if (stream_.config.pages && !stream_.pages().cursor_record.empty()) {
      last_record_ = page_->text();
    }
    if (!given_before() || stream_.asking.style == Style::kTime) {
      return Step::kRecord;
    }
  }
  finish_page();
  return ended_ ? Step::kEnd : Step::kPageEnd;
}

// ---- asking ----

bool Crawl::open_page() {
  if (stream_.config.pages && pages_ >= static_cast<uint64_t>(stream_.pages().max)) {
    throw Error(Code::kBadData, "The stream '" + stream_.config.name + "' has more than " +
                                    std::to_string(pages_) +
                                    " pages in one slice. If that can be, raise pages.max.");
  }
  const Scope scope = page_scope();
  page_url_ = address(scope);
  sluice::HttpBody body = host_.open(page_url_, options(scope));
  if (body.not_modified()) {
    unchanged_ = ended_ = true;
    return false;
  }
  ++pages_;
  constexpr uint32_t kNoContent = 204;
  if (body.status() == kNoContent || (body.status() >= 400 && refused(body))) {
    ended_ = true;
    return false;
  }
  new_validator_ = body.validator();
  link_ = body.header("link");
  if (stream_.config.pages && !stream_.pages().cursor_header.empty()) {
    cursor_header_ = body.header(stream_.pages().cursor_header);
  }
  records_ = fresh_ = 0;
  page_hash_ = 0;
  last_record_.clear();
  page_.emplace(std::move(body), stream_.config);
  return true;
}

Scope Crawl::page_scope() const {
  Scope scope = scope_;
  if (!stream_.config.pages) {
    return scope;
  }
  const PagesConfig& pages = stream_.pages();
  scope.texts["size"] = pages.size > 0 ? std::to_string(pages.size) : "";
  const int64_t first = pages.first.value_or(stream_.asking.style == Style::kPage ? 1 : 0);
  const std::string number = std::to_string(at_.value("number", first));
  scope.texts["page"] = scope.texts["offset"] = number;
  scope.texts["cursor"] = at_.value("cursor", std::string{});
  if (edge_time_ != SLUICE_TIME_MIN && stream_.ascending()) {
    scope.times["from"] = edge_time_;
  } else if (edge_time_ != SLUICE_TIME_MIN) {
    // Exclusive, and records that were not given yet may share the edge's time.
    int64_t& to = scope.times.try_emplace("to", SLUICE_TIME_MAX).first->second;
    to = std::min(to, edge_time_ + 1);
  }
  return scope;
}

std::string Crawl::address(const Scope& scope) const {
  const std::string next = at_.value("next", std::string{});
  if (!next.empty()) {
    return next;
  }
  const std::string& base = model_.config().base_url;
  const std::string path = stream_.asking.path.expand(scope, &encode_segment);
  std::string url;
  if (path.find("://") != std::string::npos && path.starts_with("http")) {
    url = resolve(base, path);
    if (url.empty()) {
      throw Error(Code::kBadData, "The address " + path + " is not below " + origin_of(base) +
                                      "; requests go to the configured service only.");
    }
  } else {
    url = base + (path.empty() || path.starts_with('/') || path.starts_with('?') ? "" : "/") + path;
  }
  std::vector<std::pair<std::string, std::string>> query;
  for (const auto& [name, value] : stream_.asking.query) {
    std::string text = value.expand(scope);
    if (!text.empty()) {
      query.emplace_back(name, std::move(text));
    }
  }
  return with_query(std::move(url), query);
}

sluice::HttpOptions Crawl::options(const Scope& scope) const {
  const Config& config = model_.config();
  const StreamConfig& own = stream_.config;
  sluice::HttpOptions out{.method = own.method == "GET" ? "" : own.method,
                          .validator = validator_,
                          .expect = config.expect,
                          .scope = stream_.scope,
                          .cost = own.cost,
                          .max_bytes = config.max_body.count,
                          .credential = config.credential,
                          .cache = own.cache.chrono(),
                          .repeatable = own.repeatable,
                          .no_retry = stream_.judges_all,
                          .accept_errors = true};
  for (const auto& [name, value] : stream_.asking.headers) {
    out.headers.emplace_back(name, value.expand(scope));
  }
  out.body = expand_body(own.body, stream_.names, scope);
  const bool typed = std::any_of(out.headers.begin(), out.headers.end(),
                                 [](const auto& header) { return is_content_type(header.first); });
  if (own.body.is_structured() && !typed) {
    out.headers.emplace_back("Content-Type", "application/json");
  }
  return out;
}

// True if a rule says that an answer of 400 or more means that there is nothing.
bool Crawl::refused(sluice::HttpBody& body) {
  const std::string text = read_some(body);
  const std::string url = body.url();
  json document = sluice::parse_mended(text);
  const bool plain = document.is_discarded();
  const uint32_t wait_ms = retry_after_ms(body.header("retry-after"));
  if (ruled_out({body.status(), plain ? json() : std::move(document), url, wait_ms}, text)) {
    return true;
  }
  Error error = body.refusal();
  throw Error(error.code(), error.message() + (text.empty() ? "" : " It says: " + excerpt(text)))
      .flag(error.flags())
      .retry_after(wait_ms)
      .vendor(body.status());
}

// Applies the first rule that fits; true if there is nothing more to be read.
bool Crawl::ruled_out(const Subject& subject, const std::string& body) {
  const Rule* rule = find_rule(stream_.answer_rules, subject);
  if (rule == nullptr) {
    return false;
  }
  apply_rule(host_, *rule, subject);
  empty_because_ = rule_text(*rule, subject);
  if (rule->config.action == "reject" && on_reject_) {
    on_reject_(empty_because_, body.empty() ? subject.document.dump() : body);
  }
  return true;
}

// ---- going on ----

void Crawl::finish_page() {
  const json envelope = stream_.needs_envelope ? page_->envelope() : json();
  const Subject subject{200, envelope, page_url_};
  if (ruled_out(subject, "")) {
    ended_ = true;
  } else if (!page_->found() && !stream_.config.optional_records) {
    throw Error(Code::kBadData, page_url_ + " holds no " +
                                    (stream_.config.single ? "record" : "array or object") +
                                    " at '" + stream_.config.records + "'.")
        .retryable();
  }
  page_.reset();
  skip_ = 0;
  all_records_ += records_;
  if (!ended_) {
    ended_ = enough_ || is_last(envelope) || !advance(envelope);
  }
  previous_hash_ = records_ > 0 ? page_hash_ : 0;
}

bool Crawl::is_last(const json& envelope) const {
  if (!stream_.config.pages) {
    return true;
  }
  const PagesConfig& pages = stream_.pages();
  const bool is_short = pages.size > 0 && records_ < static_cast<uint64_t>(pages.size);
  const bool counts = !stream_.names_next();
  if ((records_ == 0 && pages.empty_ends.value_or(counts)) ||
      (is_short && pages.short_ends.value_or(counts))) {
    return true;
  }
  if (!pages.more.empty()) {
    const json more = value_at(envelope, pages.more);
    if (more.is_null() || more == false || more == 0 || more == "false" || more == "") {
      return true;
    }
  }
  return !pages.total.empty() && is_last_number(value_at(envelope, pages.total), all_records_);
}

bool Crawl::advance(const json& envelope) {
  switch (stream_.asking.style) {
    case Style::kNone:
      return false;
    case Style::kPage:
    case Style::kOffset:
      return advance_number(envelope);
    case Style::kCursor:
      return follow("cursor", next_cursor(envelope));
    case Style::kLink:
    case Style::kNext:
      return follow("next", next_address(envelope));
    case Style::kTime:
      return follow_time();
  }
  return false;
}

bool Crawl::advance_number(const json& envelope) {
  const PagesConfig& pages = stream_.pages();
  const bool page = stream_.asking.style == Style::kPage;
  if (records_ > 0 && page_hash_ == previous_hash_) {
    throw Error(Code::kBadData, page_url_ +
                                    " holds the same records as the page before it: the service "
                                    "does not heed the " +
                                    pages.style + " that it is asked for.");
  }
  const int64_t number = at_.value("number", pages.first.value_or(page ? 1 : 0));
  if (page && !pages.last_page.empty() &&
      is_last_number(value_at(envelope, pages.last_page), static_cast<uint64_t>(number))) {
    return false;
  }
  const int64_t step = page ? 1 : records_ > 0 ? static_cast<int64_t>(records_) : pages.size;
  at_["number"] = number + step;
  return step > 0;
}

std::string Crawl::next_cursor(const json& envelope) const {
  const PagesConfig& pages = stream_.pages();
  if (!pages.cursor_header.empty()) {
    return cursor_header_;
  }
  if (!pages.cursor_record.empty()) {
    std::string cursor = text_at(sluice::parse_mended(last_record_), pages.cursor_record);
    if (cursor.empty() && records_ > 0) {
      throw Error(Code::kBadData, page_url_ + " ends with a record that has no cursor at '" +
                                      pages.cursor_record + "'.");
    }
    return cursor;
  }
  return text_at(envelope, pages.cursor);
}

std::string Crawl::next_address(const json& envelope) const {
  const std::string link = stream_.asking.style == Style::kLink
                               ? next_link(link_)
                               : text_at(envelope, stream_.pages().next);
  if (link.empty()) {
    return "";
  }
  const std::string url = resolve(page_url_, link);
  if (url.empty()) {
    throw Error(Code::kBadData, page_url_ + " names " + excerpt(link) +
                                    " as its next page, which is at another origin; requests go "
                                    "to the configured service only.");
  }
  return url;
}

bool Crawl::follow(const std::string& key, const std::string& value) {
  if (value.empty()) {
    return false;
  }
  if (!seen_.insert(hash_of(value)).second) {
    throw Error(Code::kBadData, page_url_ + " leads back to a page that was read before (" + key +
                                    " " + excerpt(value) + ")." +
                                    (records_ > 0 ? ""
                                                  : " If a page without records is the last "
                                                    "one, set pages.empty_ends."));
  }
  at_[key] = value;
  return true;
}

bool Crawl::repeated(int64_t time_us) {
  if (stream_.asking.style != Style::kTime) {
    return false;
  }
  const std::size_t hash = hash_of(page_->text());
  if (edge_time_ != SLUICE_TIME_MIN) {
    const bool behind = stream_.ascending() ? time_us < edge_time_ : time_us > edge_time_;
    if (behind || (time_us == edge_time_ && edge_.contains(hash))) {
      return true;
    }
  }
  if (time_us != last_time_) {
    next_edge_.clear();
  }
  next_edge_.insert(hash);
  ++fresh_;
  last_time_ = time_us;
  return false;
}

// The next page begins at the last time of this one, since more rows may have that same time.
bool Crawl::follow_time() {
  if (fresh_ == 0) {
    if (stream_.pages().size == 0 || records_ < static_cast<uint64_t>(stream_.pages().size)) {
      return false;  // nothing but what is known: it is the end
    }
    throw Error(Code::kBadData,
                page_url_ +
                    " is a full page of records that all have one time, as far as a request can "
                    "tell times apart: it cannot be told where the next page begins. Ask for "
                    "larger pages, or page in another style.");
  }
  if (last_time_ == edge_time_) {
    next_edge_.insert(edge_.begin(), edge_.end());
  }
  edge_ = std::exchange(next_edge_, {});
  edge_time_ = last_time_;
  at_ = {{"time", edge_time_}, {"edge", json(edge_)}};
  return true;
}

}  // namespace rest
