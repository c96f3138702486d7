// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/replaying_http.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "host/http/cassette/body.hpp"
#include "host/http/cassette/files.hpp"
#include "host/http/head.hpp"
#include "host/http/request.hpp"
#include "host/http/retry.hpp"
#include "host/http/url.hpp"

namespace sluice::host {
namespace {

namespace fs = std::filesystem;
using cassette::AnswerHead;
using cassette::BodyReader;
using cassette::Entry;
using cassette::Fields;

constexpr uint32_t kMostRedirects = 5;
constexpr uint64_t kDefaultMostBody = 4ULL << 30;  // as HttpOptions::max_body_bytes

// What of an answer a request is given: all, nothing but its confirmation, or a later part.
struct Part {
  uint32_t status = 0;
  uint64_t skip = 0;
  bool confirmed = false;
};

Part part_for(const HttpRequest& request, const Entry& entry, const AnswerHead& answer,
              const cassette::Redact& redact) {
  Part part{answer.status, 0, answer.status == 304};
  if (answer.status != 200 || entry.key.range_start == request.range_start) {
    const bool known = !request.validator.empty() && request.range_start == 0 &&
                       answer.status == 200 && entry.key.validator != redact(request.validator) &&
                       redact(answer.validator) == redact(request.validator);
    return known ? Part{304, 0, true} : part;
  }
  // If-Range: another version is sent whole.
  const bool changed = !request.validator.empty() && !answer.validator.empty() &&
                       redact(answer.validator) != redact(request.validator);
  return changed ? part : Part{206, request.range_start, false};
}

class Played final : public HttpExchange {
 public:
  Played(AnswerHead head, std::optional<Error> error, Part part, std::string url,
         std::unique_ptr<BodyReader> body, uint64_t most, std::string place, const Cancel& cancel,
         HttpCaller& caller)
      : head_(std::move(head)),
        error_(std::move(error)),
        part_(part),
        url_(std::move(url)),
        body_(std::move(body)),
        most_(most),
        place_(std::move(place)),
        cancel_(cancel),
        caller_(caller),
        skip_(part.skip) {
    if (part_.skip > 0) {
      head_.headers.emplace_back("Content-Range", "bytes " + std::to_string(part_.skip) + "-*/*");
    }
  }

  [[nodiscard]] uint32_t status() const override { return part_.status; }
  [[nodiscard]] int64_t content_length() const override {
    if (part_.confirmed || head_.content_length < 0) {
      return part_.confirmed ? 0 : -1;
    }
    return std::max<int64_t>(0, head_.content_length - static_cast<int64_t>(part_.skip));
  }
  [[nodiscard]] std::string header(std::string_view name) const override {
    if (name == ":url") {
      return url_;
    }
    return name == ":validator" ? head_.validator : joined(name);
  }
  [[nodiscard]] Fields fields() const override { return head_.headers; }

  Result<size_t> read(std::span<char> buffer) override {
    if (cancel_.requested()) {
      return Error{Code::kCancelled, place_ + ": cancelled"};
    }
    if (buffer.empty()) {
      return Error{Code::kInternal, place_ + ": read into a buffer of 0 bytes"};
    }
    if (part_.confirmed || failed_) {
      return failed_ ? Result<size_t>(*failed_) : size_t{0};
    }
    auto size = next(buffer);
    if (!size) {
      failed_ = size.error();
      ++caller_.stats.failed;
    }
    return size;
  }

 private:
  Result<size_t> next(std::span<char> buffer) {
    while (true) {
      auto size = body_->read(buffer);
      if (!size) {
        return size;
      }
      if (*size == 0) {
        return end();
      }
      caller_.stats.bytes += *size;
      const auto skipped = static_cast<size_t>(std::min<uint64_t>(skip_, *size));
      skip_ -= skipped;
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(skipped),
                buffer.begin() + static_cast<std::ptrdiff_t>(*size), buffer.begin());
      *size -= skipped;
      given_ += *size;
      if (given_ > most_) {
        return Error{Code::kBadData, place_ + ": the recorded body is longer than " +
                                         std::to_string(most_) +
                                         " bytes, the most that this request takes"};
      }
      if (*size > 0) {
        return size;
      }
    }
  }

  Result<size_t> end() {
    if (error_) {
      return *error_;
    }
    if (head_.cut) {
      return Error{Code::kUnsupported,
                   place_ +
                       ": the recording ends here, since the body was not read to its end "
                       "then; record it anew"};
    }
    return size_t{0};
  }

  [[nodiscard]] std::string joined(std::string_view name) const {
    Head head;
    head.fields = head_.headers;
    return head.field(name);
  }

  AnswerHead head_;
  const std::optional<Error> error_;
  const Part part_;
  const std::string url_;
  const std::unique_ptr<BodyReader> body_;
  const uint64_t most_;
  const std::string place_;
  const Cancel& cancel_;
  HttpCaller& caller_;
  uint64_t skip_ = 0, given_ = 0;
  std::optional<Error> failed_;
};

std::string shown_request(const HttpRequest& request, const cassette::Redact& redact) {
  return request.method + " " + (request.endpoint.empty() ? "" : request.endpoint + ":") +
         cassette::redact_url(request.url, redact);
}

// What the client would have made of an answer that was recorded elsewhere (an imported HAR file).
std::optional<Error> judged(const HttpRequest& request, const AnswerHead& answer, const Part& part,
                            const std::string& place) {
  const uint32_t status = part.status;
  const std::string answered = place + ": the service answered " + std::to_string(status);
  const bool as_it_comes = !request.retry;
  if (status == 304 && request.validator.empty() && !is_conditional(request)) {
    return Error{Code::kUnsupported,
                 place +
                     ": only the confirmation of an earlier version was recorded; record anew "
                     "with an empty state directory",
                 0, status};
  }
  if (as_it_comes) {
    return std::nullopt;
  }
  if (status == 401 || (status == 403 && !request.forbidden_is_answer)) {
    return Error{Code::kAuth, answered + " when this was recorded", 0, status};
  }
  if (status == 429) {
    return Error{Code::kRateLimited, answered + " when this was recorded", 0, status};
  }
  if (is_retried_status(status)) {
    return Error{Code::kUnavailable, answered + " when this was recorded", 0, status};
  }
  Head head;
  head.fields = answer.headers;
  const bool has_body =
      status >= 200 && status < 300 && status != 204 && status != 205 && request.method != "HEAD";
  if (has_body && !request.expect.empty() &&
      !media_type_matches(head.field("Content-Type"), request.expect)) {
    return Error{Code::kUnavailable,
                 place + ": the recorded answer is not " + request.expect + " but of another type",
                 0, status};
  }
  return std::nullopt;
}

}  // namespace

void CassetteClock::advance_to(int64_t now_us) {
  int64_t now = now_us_;
  while (now < now_us && !now_us_.compare_exchange_weak(now, now_us)) {
  }
}

ReplayingHttp::ReplayingHttp(fs::path folder, std::unique_ptr<cassette::Index> index,
                             cassette::Redact redact, CassetteClock* clock)
    : folder_(std::move(folder)),
      index_(std::move(index)),
      redact_(std::move(redact)),
      clock_(clock) {}

ReplayingHttp::~ReplayingHttp() = default;

Result<std::unique_ptr<ReplayingHttp>> ReplayingHttp::open_cassette(const fs::path& folder,
                                                                    cassette::Match match,
                                                                    cassette::Redact redact,
                                                                    CassetteClock* clock) {
  auto index = cassette::Index::load(folder, match, redact);
  if (!index) {
    return std::move(index).error();
  }
  if (clock != nullptr) {
    clock->set((*index)->recorded_us());
  }
  return std::unique_ptr<ReplayingHttp>(
      new ReplayingHttp(folder, std::move(*index), std::move(redact), clock));
}

Result<std::unique_ptr<HttpExchange>> ReplayingHttp::open(const HttpRequest& request,
                                                          const Cancel& cancel,
                                                          HttpCaller& caller) {
  SLUICE_TRY(check_request(request));
  auto answer = ask(request, cancel, caller, 0);
  if (!answer && answer.error().code != Code::kCancelled) {
    ++caller.stats.failed;
  }
  return answer;
}

// An endpoint's path may have been recorded by its whole URL, in an imported cassette.
const Entry* ReplayingHttp::find(const HttpRequest& request, const HttpCaller& caller) {
  if (const Entry* entry = index_->next(cassette::key_of(request, redact_))) {
    return entry;
  }
  if (request.endpoint.empty()) {
    return nullptr;
  }
  const auto declaration = caller.declaration();
  const auto set = declaration->endpoints.find(request.endpoint);
  if (set == declaration->endpoints.end()) {
    return nullptr;
  }
  HttpRequest whole = request;
  whole.endpoint.clear();
  for (const std::string& base : set->second.urls) {
    whole.url = base + request.url;
    if (const Entry* entry = index_->next(cassette::key_of(whole, redact_))) {
      return entry;
    }
  }
  return nullptr;
}

Result<std::unique_ptr<HttpExchange>> ReplayingHttp::ask(const HttpRequest& request,
                                                         const Cancel& cancel, HttpCaller& caller,
                                                         uint32_t redirects) {
  if (cancel.requested()) {
    return Error{Code::kCancelled, shown_request(request, redact_) + ": cancelled"};
  }
  const Entry* entry = find(request, caller);
  if (entry == nullptr) {
    const std::string nearest = index_->nearest(cassette::key_of(request, redact_));
    return Error{
        Code::kUnsupported,
        shown_request(request, redact_) + " is not in the cassette " + folder_.string() +
            (index_->match() == cassette::Match::kStrict ? " (strict matching)" : "") +
            (nearest.empty() ? ", which is empty" : "; the nearest request there is " + nearest) +
            "; record it anew with --record"};
  }
  ++caller.stats.requests;
  if (clock_ != nullptr) {
    clock_->advance_to(index_->recorded_us() + entry->at_ms * 1000);
  }
  return play(request, *entry, cancel, caller, redirects);
}

Result<std::unique_ptr<HttpExchange>> ReplayingHttp::play(const HttpRequest& request,
                                                          const Entry& entry, const Cancel& cancel,
                                                          HttpCaller& caller, uint32_t redirects) {
  const fs::path file = folder_ / cassette::kExchangesFolder / (entry.name + ".json");
  auto text = cassette::read_file(file, cassette::kMostHeadBytes);
  if (!text) {
    return std::move(text).error();
  }
  auto head = cassette::parse_head(file, *text);
  if (!head) {
    return std::move(head).error();
  }
  if (!head->answer) {
    head->error->retry_after_ms = 0;  // waits are not repeated
    return *head->error;
  }
  AnswerHead& answer = *head->answer;
  std::string url(cassette::base_of(answer.url.empty() ? head->asked.url : answer.url));
  const std::string place = request.method + " " + url;
  Head fields;
  fields.status = answer.status;
  fields.fields = answer.headers;
  const std::string location = fields.field("Location");
  if (fields.is_redirect() && !location.empty()) {
    auto base = parse_url(url);
    auto target = base ? redirect_target(*base, location) : std::move(base);
    if (!target || redirects >= kMostRedirects) {
      return target ? Error{Code::kUnavailable, place + ": too many redirects were recorded"}
                    : std::move(target).error().in(place);
    }
    HttpRequest followed = request;
    followed.endpoint.clear();
    followed.url = target->text;
    redirect_method(followed, answer.status);
    return ask(followed, cancel, caller, redirects + 1);
  }
  if (answer.validator.empty()) {
    answer.validator = make_validator(fields);
  }
  const Part part = part_for(request, entry, answer, redact_);
  if (auto error = judged(request, answer, part, place)) {
    return std::move(*error);
  }
  if (part.confirmed) {
    ++caller.stats.not_modified;
  }
  auto body = BodyReader::open(folder_ / cassette::kBodiesFolder, answer.body);
  if (!body) {
    return std::move(body).error();
  }
  if (head->error) {
    head->error->retry_after_ms = 0;
  }
  const uint64_t most = request.max_body_bytes == 0 ? kDefaultMostBody : request.max_body_bytes;
  return std::unique_ptr<HttpExchange>(
      std::make_unique<Played>(std::move(answer), std::move(head->error), part, std::move(url),
                               std::move(*body), most, place, cancel, caller));
}

void ReplayingHttp::declare(const HttpCaller&) {}

void ReplayingHttp::throttle(const std::string&, std::chrono::milliseconds) {}

}  // namespace sluice::host
