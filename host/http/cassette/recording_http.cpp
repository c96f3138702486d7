// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/recording_http.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "host/http/cassette/body.hpp"
#include "host/http/cassette/files.hpp"
#include "host/http/cassette/format.hpp"
#include "host/http/cassette/key.hpp"

namespace sluice::host {
namespace {

namespace fs = std::filesystem;
using cassette::BodyWriter;
using cassette::ExchangeHead;
using cassette::Fields;
using cassette::Redact;
using cassette::RequestKey;
using cassette::Timing;

Fields redacted(const Fields& fields, const Redact& redact) {
  Fields out;
  for (const auto& [name, value] : fields) {
    out.emplace_back(name, cassette::redact_field(name, value, redact));
  }
  return out;
}

}  // namespace

// The folder that is being written. Thread-safe.
class RecordingHttp::Tape {
 public:
  Tape(fs::path folder, const Clock& clock, Redact redact)
      : folder_(std::move(folder)),
        clock_(clock),
        redact_(std::move(redact)),
        began_us_(clock.monotonic_us()) {}

  [[nodiscard]] const Redact& redact() const { return redact_; }
  [[nodiscard]] fs::path bodies() const { return folder_ / cassette::kBodiesFolder; }
  [[nodiscard]] int64_t now_ms() const { return (clock_.monotonic_us() - began_us_) / 1000; }

  // A name of its own for this request; equal requests count up.
  std::string name(const RequestKey& key) {
    const std::string stem = cassette::name_of(key);
    const std::lock_guard lock(mutex_);
    return stem + "-" + std::to_string(++counts_[stem]);
  }

  void write(const std::string& name, const ExchangeHead& head, const Timing& timing) {
    auto written = cassette::write_file(folder_ / cassette::kExchangesFolder / (name + ".json"),
                                        write_head(head));
    if (!written) {
      fail(written.error());
    }
    const std::lock_guard lock(mutex_);
    timings_.push_back(timing);
  }

  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) {
      error_ = error;
    }
  }
  void count_redacted() {
    const std::lock_guard lock(mutex_);
    ++redacted_;
  }
  uint64_t redacted_bodies() {
    const std::lock_guard lock(mutex_);
    return redacted_;
  }

  Result<void> close() {
    const std::lock_guard lock(mutex_);
    std::sort(timings_.begin(), timings_.end(), [](const Timing& a, const Timing& b) {
      return std::tie(a.at_ms, a.exchange) < std::tie(b.at_ms, b.exchange);
    });
    std::string text;
    for (const Timing& timing : timings_) {
      text += write_timing(timing);
    }
    auto written = cassette::write_file(folder_ / cassette::kTimingFile, text);
    return error_ ? Result<void>(*error_) : std::move(written);
  }

 private:
  const fs::path folder_;
  const Clock& clock_;
  const Redact redact_;
  const int64_t began_us_;
  std::mutex mutex_;  // all below
  std::map<std::string, uint64_t> counts_;
  std::vector<Timing> timings_;
  std::optional<Error> error_;
  uint64_t redacted_ = 0;
};

// An exchange whose body is written as it is read.
class RecordingHttp::Recording final : public HttpExchange {
 public:
  Recording(std::shared_ptr<Tape> tape, std::string name, ExchangeHead head, Timing timing,
            std::unique_ptr<HttpExchange> next)
      : tape_(std::move(tape)),
        name_(std::move(name)),
        head_(std::move(head)),
        timing_(std::move(timing)),
        next_(std::move(next)),
        body_(tape_->bodies(), name_, next_->header("Content-Type"), tape_->redact()) {}
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  ~Recording() override {
    try {
      conclude();
    } catch (const std::exception& thrown) {
      tape_->fail({Code::kInternal, std::string("an exchange was not recorded: ") + thrown.what()});
    }
  }

  [[nodiscard]] uint32_t status() const override { return next_->status(); }
  [[nodiscard]] int64_t content_length() const override { return next_->content_length(); }
  [[nodiscard]] std::string header(std::string_view name) const override {
    return next_->header(name);
  }
  [[nodiscard]] Fields fields() const override { return next_->fields(); }

  Result<size_t> read(std::span<char> buffer) override {
    auto size = next_->read(buffer);
    if (!size) {
      cancelled_ = size.error().code == Code::kCancelled;
      head_.error = size.error();
      ended_ = true;
      return size;
    }
    ended_ = *size == 0;
    if (auto written = body_.push({buffer.data(), *size}); !written) {
      tape_->fail(written.error());
      return std::move(written).error().in("the cassette cannot be written");
    }
    return size;
  }

 private:
  void conclude() {
    if (cancelled_) {
      return;  // what was stopped by hand is not how the service is
    }
    if (!ended_ && head_.answer->status != 304 && next_->content_length() != 0) {
      head_.answer->cut = true;
    }
    auto body = body_.finish();
    if (!body) {
      tape_->fail(body.error());
      return;
    }
    if (body_.redacted()) {
      tape_->count_redacted();
      head_.answer->content_length = -1;  // it has another length now
    }
    head_.answer->body = *body;
    if (head_.error) {
      head_.error->message = tape_->redact()(head_.error->message);
    }
    timing_.end_ms = tape_->now_ms();
    tape_->write(name_, head_, timing_);
  }

  const std::shared_ptr<Tape> tape_;
  const std::string name_;
  ExchangeHead head_;
  Timing timing_;
  const std::unique_ptr<HttpExchange> next_;
  BodyWriter body_;
  bool ended_ = false, cancelled_ = false;
};

RecordingHttp::RecordingHttp(std::shared_ptr<Tape> tape, Http& next)
    : tape_(std::move(tape)), next_(next) {}

RecordingHttp::~RecordingHttp() = default;

Result<std::unique_ptr<RecordingHttp>> RecordingHttp::create(const fs::path& folder, Http& next,
                                                             const Clock& clock, Redact redact) {
  SLUICE_TRY(cassette::prepare_folder(folder));
  SLUICE_TRY(
      cassette::write_file(folder / cassette::kAboutFile, cassette::write_about(clock.now_us())));
  return std::unique_ptr<RecordingHttp>(
      new RecordingHttp(std::make_shared<Tape>(folder, clock, std::move(redact)), next));
}

Result<std::unique_ptr<HttpExchange>> RecordingHttp::open(const HttpRequest& request,
                                                          const Cancel& cancel,
                                                          HttpCaller& caller) {
  const Redact& redact = tape_->redact();
  const RequestKey key = cassette::key_of(request, redact);
  const std::string name = tape_->name(key);
  ExchangeHead head;
  head.asked = {key.method,
                key.url,
                key.endpoint,
                redacted(cassette::fields_of(request.headers), redact),
                key.validator,
                key.range_start,
                {}};
  if (!request.body.empty()) {
    BodyWriter body(tape_->bodies(), name + ".request",
                    cassette::field_of(head.asked.headers, "Content-Type"), redact);
    SLUICE_TRY(body.push(request.body));
    auto written = body.finish();
    if (!written) {
      return std::move(written).error().in("the cassette cannot be written");
    }
    head.asked.body = *written;
  }
  Timing timing{name, tape_->now_ms(), 0, 0};
  auto answer = next_.open(request, cancel, caller);
  timing.head_ms = timing.end_ms = tape_->now_ms();
  if (!answer) {
    if (answer.error().code != Code::kCancelled) {
      head.error = answer.error();
      head.error->message = redact(head.error->message);
      tape_->write(name, head, timing);
    }
    return answer;
  }
  cassette::AnswerHead& told = head.answer.emplace();
  told.status = (*answer)->status();
  told.url = cassette::redact_url((*answer)->header(":url"), redact);
  if (told.url == cassette::base_of(key.url)) {
    told.url.clear();
  }
  told.headers = redacted((*answer)->fields(), redact);
  told.validator = redact((*answer)->header(":validator"));
  told.content_length = (*answer)->content_length();
  return std::unique_ptr<HttpExchange>(std::make_unique<Recording>(
      tape_, name, std::move(head), std::move(timing), std::move(*answer)));
}

void RecordingHttp::declare(const HttpCaller& caller) {
  next_.declare(caller);
}

void RecordingHttp::throttle(const std::string& scope, std::chrono::milliseconds wait) {
  next_.throttle(scope, wait);
}

Result<void> RecordingHttp::close() {
  return tape_->close();
}

uint64_t RecordingHttp::redacted_bodies() const {
  return tape_->redacted_bodies();
}

}  // namespace sluice::host
