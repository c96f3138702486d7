// SPDX-License-Identifier: Apache-2.0
//
// The typed services, and the fake host that stands behind them here.
#include <catch2/catch.hpp>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

template <class F>
Error caught(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  throw;
}

const std::string kUrl = "https://example.org/a";  // NOLINT

}  // namespace

TEST_CASE("answers come in their order, and the last again and again") {
  FakeHost fake;
  const Host host(fake.c());
  fake.http.on(kUrl, "1").on(kUrl, "2");
  CHECK(host.get(kUrl).text() == "1");
  CHECK(host.get(kUrl).text() == "2");
  CHECK(host.get(kUrl).text() == "2");
  CHECK(caught([&] { (void)host.get("https://example.org/b"); }).code() == Code::kUnavailable);
  CHECK(fake.http.requests().size() == 4);
  CHECK(fake.open_bodies() == 0);
}

TEST_CASE("a service in process answers what the script does not") {
  FakeHost fake;
  const Host host(fake.c());
  fake.http.on(kUrl, "scripted").handle([&](const Request& request) -> std::optional<Answer> {
    if (request.url.ends_with("/none")) {
      return std::nullopt;
    }
    return Answer{.body = std::to_string(fake.http.requests().size()) + " " + request.url,
                  .validator = "v1"};
  });
  CHECK(host.get(kUrl).text() == "scripted");
  CHECK(host.get(kUrl + "/b").text() == "2 " + kUrl + "/b");
  CHECK(host.get(kUrl + "/b", {.validator = "v1"}).not_modified());
  CHECK(caught([&] { (void)host.get(kUrl + "/none"); }).code() == Code::kUnavailable);
}

TEST_CASE("a request carries what the plugin says") {
  FakeHost fake;
  const Host host(fake.c());
  fake.http.on(
      kUrl, Answer{.body = "x", .headers = {{"Content-Type", "text/csv"}, {"A", "1"}, {"a", "2"}}},
      "POST");
  const auto answer = host.get(kUrl, {.method = "POST",
                                      .headers = {{"X-One", "1"}, {"X-Two", "2"}},
                                      .body = "b",
                                      .expect = "text/csv",
                                      .scope = "s",
                                      .cost = 3});
  CHECK(answer.header("content-TYPE") == "text/csv");
  CHECK(answer.header("a") == "1, 2");
  CHECK(answer.header("none").empty());
  const auto request = fake.http.requests().at(0);
  CHECK(request.headers == "X-One: 1\nX-Two: 2\n");
  CHECK(request.body == "b");
  CHECK(request.scope == "s");
  CHECK(request.cost == 3);
  const auto refused = caught([&] { (void)host.get(kUrl, {.headers = {{"A", "x\ny: z"}}}); });
  CHECK(refused.code() == Code::kInvalidConfig);
  CHECK(fake.http.requests().size() == 1);
}

TEST_CASE("a fitting validator gives a 304") {
  FakeHost fake;
  const Host host(fake.c());
  fake.http.on(kUrl, {.body = "x", .validator = "v1"});
  const auto first = host.get(kUrl);
  CHECK(first.validator() == "v1");
  CHECK(host.get(kUrl, {.validator = "v0"}).text() == "x");
  const auto second = host.get(kUrl, {.validator = "v1"});
  CHECK(second.not_modified());
  CHECK(second.text().empty());
}

TEST_CASE("every refusal has its code") {
  FakeHost fake;
  const Host host(fake.c());
  const auto code = [&](uint32_t status) {
    fake.http.clear();
    fake.http.on(kUrl, {.status = status});
    return caught([&] { (void)host.get(kUrl); });
  };
  CHECK(code(404).code() == Code::kNotFound);
  CHECK(code(410).code() == Code::kNotFound);
  CHECK(code(400).code() == Code::kBadData);
  CHECK(code(401).code() == Code::kAuth);
  CHECK(code(429).code() == Code::kRateLimited);
  CHECK(code(503).code() == Code::kUnavailable);
  CHECK(code(503).vendor_code() == 503);
  CHECK(host.get(kUrl, {.no_retry = true, .accept_errors = true}).status() == 503);
  CHECK(caught([&] { (void)host.get(kUrl, {.no_retry = true}); }).flags() ==
        SLUICE_ERROR_RETRYABLE);
  CHECK(code(403).code() == Code::kAuth);
  CHECK(host.get(kUrl, {.forbidden_is_answer = true, .accept_errors = true}).status() == 403);
  CHECK(fake.http.requests().back().flags == SLUICE_HTTP_FORBIDDEN_IS_ANSWER);
  CHECK(fake.open_bodies() == 0);
}

TEST_CASE("bodies stream, break and are bounded") {
  FakeHost fake;
  const Host host(fake.c());
  fake.set_chunk(3);
  fake.http.on(kUrl, {.body = "0123456789"});
  {
    auto body = host.open(kUrl);
    char buffer[8];
    CHECK(body.content_length() == 10);
    CHECK(body.read(buffer, sizeof(buffer)) == 3);
    CHECK(std::string(buffer, 3) == "012");
    CHECK(fake.open_bodies() == 1);
  }
  CHECK(fake.open_bodies() == 0);
  CHECK(host.get(kUrl).text() == "0123456789");
  CHECK(host.get(kUrl, {.range_start = 4}).text() == "456789");
  CHECK(caught([&] { (void)host.get(kUrl, {.max_bytes = 5}); }).code() == Code::kBadData);
  fake.http.clear();
  fake.http.on(kUrl, {.body = "0123456789", .breaks_after = 4});
  CHECK(caught([&] { (void)host.get(kUrl); }).code() == Code::kUnavailable);
  fake.http.clear();
  fake.http.on(kUrl, {.fails = Error(Code::kUnavailable, "No route.")});
  CHECK(caught([&] { (void)host.get(kUrl); }).message() == "No route.");
  fake.http.clear();
  fake.http.on(kUrl, R"({"a":)");
  const Error broken = caught([&] { (void)host.get(kUrl).parsed(); });
  CHECK(broken.code() == Code::kBadData);
  CHECK((broken.flags() & SLUICE_ERROR_RETRYABLE) != 0);
  CHECK_THAT(broken.message(), Catch::Contains("is not JSON: at byte"));
  CHECK(fake.open_bodies() == 0);
}

TEST_CASE("cancelled at the n-th call, wherever that is") {
  const Plugin plugin = Plugin::of<sdk_test::Counter>();
  for (uint64_t n = 1; n <= 4; ++n) {
    FakeHost fake;
    fake.cancel_at_call(n);
    const auto run = run_source(plugin, fake, {{"until", 100}});
    CHECK(run.end == SLUICE_CANCELLED);
    CHECK(run.batch_rows.size() == n - 1);
  }
  FakeHost fake;
  const Host host(fake.c());
  host.sleep(std::chrono::seconds(90));
  CHECK(fake.slept() == std::chrono::seconds(90));
  CHECK(host.monotonic() == std::chrono::seconds(90));
  fake.cancel();
  CHECK(caught([&] { host.sleep(std::chrono::seconds(1)); }).code() == Code::kCancelled);
  CHECK(caught([&] { (void)host.get(kUrl); }).code() == Code::kCancelled);
}

TEST_CASE("secrets, states, metrics, log and clock") {
  FakeHost fake;
  const Host host(fake.c());
  fake.set_secret("key", "hunter2");
  CHECK(host.secret({"key"}) == "hunter2");
  CHECK(caught([&] { (void)host.secret({"other"}); }).code() == Code::kAuth);

  CHECK(!host.state("a"));
  host.set_state("a", "");
  CHECK(host.state("a") == "");
  host.set_state("a", std::string("\0b", 2));
  CHECK(fake.states().at("a").size() == 2);
  host.remove_state("a");
  CHECK(!host.state("a"));

  const auto handle = host.metric(Metric::kCounter, "pages_total", "Pages.");
  CHECK(host.metric(Metric::kCounter, "pages_total", "Pages.") == handle);
  host.update(handle, 2);
  host.update(handle, 3);
  host.update(99, 1);
  CHECK(fake.metrics().at("pages_total").value == 5);

  fake.set_log_level(Level::kInfo);
  int made = 0;
  host.log(Level::kDebug, [&] { return ++made, std::string("never"); });
  host.info("Seen.", R"({"n":1})");
  host.warn("Hm.");
  REQUIRE(fake.log().size() == 2);
  CHECK(made == 0);
  CHECK(fake.log()[0].fields == R"({"n":1})");

  fake.set_time(Micros(std::chrono::seconds(5)));
  CHECK(host.now() == Micros(std::chrono::seconds(5)));
}

TEST_CASE("a missing service is told on its first use") {
  FakeHost fake;
  fake.remove_service(SLUICE_HTTP_ID);
  const Host host(fake.c());
  const auto error = caught([&] { (void)host.get(kUrl); });
  CHECK(error.code() == Code::kUnsupported);
  CHECK_THAT(error.message(), Catch::Contains("sluice.http/1"));
}
