// SPDX-License-Identifier: Apache-2.0
//
// Recording over a scripted layer below, replaying what was recorded.
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "host/http/cassette/recording_http.hpp"
#include "host/http/cassette/replaying_http.hpp"
#include "support/temp_dir.hpp"

using namespace sluice::host;  // NOLINT(google-build-using-namespace): a test

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  uint32_t status = 200;
  std::string body, validator;
  Fields fields = {{"Content-Type", "text/plain"}};
};

class Scripted final : public Http {
 public:
  using Script = std::function<Result<Answer>(const HttpRequest&)>;
  explicit Scripted(Script script) : script_(std::move(script)) {}

  class Body final : public HttpExchange {
   public:
    Body(Answer answer, std::string url) : answer_(std::move(answer)), url_(std::move(url)) {}
    [[nodiscard]] uint32_t status() const override { return answer_.status; }
    [[nodiscard]] int64_t content_length() const override {
      return static_cast<int64_t>(answer_.body.size());
    }
    [[nodiscard]] std::string header(std::string_view name) const override {
      return name == ":url" ? url_ : name == ":validator" ? answer_.validator : "";
    }
    [[nodiscard]] Fields fields() const override { return answer_.fields; }
    Result<size_t> read(std::span<char> buffer) override {
      const size_t size = answer_.body.copy(buffer.data(), buffer.size(), at_);
      at_ += size;
      return size;
    }

   private:
    const Answer answer_;
    const std::string url_;
    size_t at_ = 0;
  };

  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel&,
                                             HttpCaller&) override {
    ++asked;
    auto answer = script_(request);
    if (!answer) {
      return std::move(answer).error();
    }
    return std::unique_ptr<HttpExchange>(
        std::make_unique<Body>(std::move(*answer), "https://answered.org/x"));
  }
  void declare(const HttpCaller&) override { ++declared; }
  void throttle(const std::string&, std::chrono::milliseconds) override {}

  std::atomic<int> asked{0}, declared{0};

 private:
  const Script script_;
};

std::string keep(std::string text) {
  return text;
}

struct Rig {
  sluice::test::TempDir folder;
  SystemClock clock;
  Cancel cancel;
  HttpCaller caller;
  [[nodiscard]] std::string path() const { return folder / "cassette"; }

  // What was answered: status and body, or the error's code.
  std::string ask(Http& http, const HttpRequest& request) {
    auto answer = http.open(request, cancel, caller);
    if (!answer) {
      return to_string(answer.error().code);
    }
    std::string out = std::to_string((*answer)->status()) + " ";
    std::array<char, 5> buffer{};
    while (true) {
      auto size = (*answer)->read(buffer);
      if (!size) {
        return out + to_string(size.error().code);
      }
      if (*size == 0) {
        return out;
      }
      out.append(buffer.data(), *size);
    }
  }
  void record(Scripted::Script script, const std::vector<HttpRequest>& requests) {
    Scripted below(std::move(script));
    auto recording = RecordingHttp::create(path(), below, clock, keep);
    REQUIRE(recording);
    for (const HttpRequest& request : requests) {
      ask(**recording, request);
    }
    REQUIRE((*recording)->close());
  }
  std::unique_ptr<ReplayingHttp> replay(cassette::Match match = cassette::Match::kLoose,
                                        CassetteClock* moved = nullptr) {
    auto opened = ReplayingHttp::open_cassette(path(), match, keep, moved);
    REQUIRE(opened);
    return std::move(*opened);
  }
};

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

}  // namespace

TEST_CASE("cassette layers: equal requests play in order and then the last again",
          "[unit][cassette]") {
  Rig rig;
  int turn = 0;
  rig.record(
      [&](const HttpRequest&) {
        return Answer{200, std::to_string(++turn), "", {}};
      },
      std::vector<HttpRequest>(11, get("https://h/x")));
  const auto http = rig.replay(GENERATE(cassette::Match::kLoose, cassette::Match::kStrict));
  for (int i = 1; i <= 11; ++i) {
    CHECK(rig.ask(*http, get("https://h/x")) == "200 " + std::to_string(i));
  }
  CHECK(rig.ask(*http, get("https://h/x")) == "200 11");
  CHECK(rig.caller.stats.requests == 12);
}

TEST_CASE("cassette layers: a whole answer stands for its parts and its confirmation",
          "[unit][cassette]") {
  Rig rig;
  rig.record(
      [](const HttpRequest&) {
        return Answer{200, "0123456789", "ETag: \"v\"\n", {}};
      },
      {get("https://h/x")});
  const auto http = rig.replay();
  HttpRequest request = get("https://h/x");
  request.validator = "ETag: \"v\"\n";
  CHECK(rig.ask(*http, request) == "304 ");
  request.validator = "ETag: \"older\"\n";
  CHECK(rig.ask(*http, request) == "200 0123456789");
  request.range_start = 7;
  CHECK(rig.ask(*http, request) == "200 0123456789");  // another version is sent whole
  request.validator = "ETag: \"v\"\n";
  CHECK(rig.ask(*http, request) == "206 789");
  CHECK(rig.ask(*rig.replay(cassette::Match::kStrict), request) == "unsupported");
}

TEST_CASE("cassette layers: confirmations alone are told as such", "[unit][cassette]") {
  Rig rig;
  HttpRequest request = get("https://h/x");
  request.validator = "ETag: \"v\"\n";
  rig.record([](const HttpRequest&) { return Answer{304, "", "ETag: \"v\"\n", {}}; }, {request});
  const auto http = rig.replay();
  CHECK(rig.ask(*http, request) == "304 ");
  CHECK(rig.ask(*http, get("https://h/x")) == "unsupported");
}

TEST_CASE("cassette layers: endpoints credentials and bodies are matched as asked",
          "[unit][cassette]") {
  Rig rig;
  HttpRequest first = get("/items");
  first.endpoint = "api";
  first.credential = "mine";
  HttpRequest second = first;
  second.method = "POST";
  second.headers = "Content-Type: application/json\n";
  second.body = R"({"page":1})";
  HttpRequest third = second;
  third.body = R"({"page":2})";
  rig.record(
      [](const HttpRequest& r) {
        return Answer{200, r.method + r.body, "", {}};
      },
      {first, second, third});
  const auto http = rig.replay();
  CHECK(rig.ask(*http, third) == R"(200 POST{"page":2})");
  CHECK(rig.ask(*http, first) == "200 GET");
  second.body = R"({ "page": 1 })";
  CHECK(rig.ask(*http, second) == R"(200 POST{"page":1})");
  second.body = R"({"page":3})";
  CHECK(rig.ask(*http, second) == "unsupported");
}

TEST_CASE("cassette layers: errors and bodies that were left are played as they were",
          "[unit][cassette]") {
  Rig rig;
  Scripted below([](const HttpRequest& request) -> Result<Answer> {
    if (request.url == "https://h/bad") {
      return Error{Code::kRateLimited, "too many", 60'000, 429};
    }
    return Answer{200, "a long body", "", {}};
  });
  {
    auto recording = RecordingHttp::create(rig.path(), below, rig.clock, keep);
    REQUIRE(recording);
    (*recording)->declare(rig.caller);
    CHECK(below.declared == 1);
    CHECK(rig.ask(**recording, get("https://h/bad")) == "rate_limited");
    auto answer = (*recording)->open(get("https://h/left"), rig.cancel, rig.caller);
    REQUIRE(answer);
    std::array<char, 4> buffer{};
    REQUIRE((*answer)->read(buffer));
    answer->reset();
    REQUIRE((*recording)->close());
  }
  const auto http = rig.replay();
  auto answer = http->open(get("https://h/bad"), rig.cancel, rig.caller);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().vendor_code == 429);
  CHECK(answer.error().retry_after_ms == 0);  // waits are not repeated
  CHECK(rig.ask(*http, get("https://h/left")) == "200 a lounsupported");
  HttpRequest small = get("https://h/left");
  small.max_body_bytes = 2;
  CHECK(rig.ask(*http, small) == "200 bad_data");
}

TEST_CASE("cassette layers: the clock stands where the recording stood", "[unit][cassette]") {
  Rig rig;
  const int64_t before = rig.clock.now_us();
  rig.record([](const HttpRequest&) { return Answer{}; }, {get("https://h/x")});
  const int64_t after = rig.clock.now_us();
  CassetteClock clock;
  const auto http = rig.replay(cassette::Match::kLoose, &clock);
  const int64_t begin = clock.now_us();
  CHECK(begin >= before);
  CHECK(begin <= after);
  rig.ask(*http, get("https://h/x"));
  CHECK(clock.now_us() >= begin);
  CHECK(clock.now_us() <= after);
}

TEST_CASE("cassette layers: many threads record and play at once", "[unit][cassette]") {
  Rig rig;
  constexpr int kThreads = 8, kRequests = 25;
  Scripted below([](const HttpRequest& r) { return Answer{200, r.url, "", {}}; });
  const auto all = [&](Http& http) {
    std::atomic<int> well{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          Cancel cancel;
          HttpCaller caller;
          for (int i = 0; i < kRequests; ++i) {
            const std::string url = "https://h/" + std::to_string((t + i) % 10);
            auto answer = http.open(get(url), cancel, caller);
            std::array<char, 64> buffer{};
            auto size = answer ? (*answer)->read(buffer) : Result<size_t>(size_t{0});
            well += size && std::string_view(buffer.data(), *size) == url ? 1 : 0;
          }
        });
      }
    }
    return well.load();
  };
  {
    auto recording = RecordingHttp::create(rig.path(), below, rig.clock, keep);
    REQUIRE(recording);
    CHECK(all(**recording) == kThreads * kRequests);
    REQUIRE((*recording)->close());
  }
  CHECK(all(*rig.replay()) == kThreads * kRequests);
  CHECK(below.asked == kThreads * kRequests);
}
