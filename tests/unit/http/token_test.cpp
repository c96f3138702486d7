// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2 client credentials against a token service and an API that are one raw server.
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <condition_variable>
#include <thread>

#include "credential_harness.hpp"

using sluice::host::Code;
using sluice::host::CredentialConfig;
using sluice::test::Credentials;
using sluice::test::raw_answer;
using sluice::test::RawRequest;
using sluice::test::request_of;
using sluice::test::secret;
using sluice::test::Service;

namespace {

std::string token_answer(const std::string& token, const std::string& more) {
  return raw_answer(200,
                    "{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\"" + more + "}",
                    "Content-Type: application/json\r\n");
}

// Gives out tokens t1, t2, …; the API takes the newest.
struct Provider {
  explicit Provider(std::string life = ",\"expires_in\":3600")
      : life_text(std::move(life)), service([this](const RawRequest& request, size_t) {
          if (request.target == "/token") {
            const int number = ++tokens;
            on_token();
            return token_fails != 0 ? raw_answer(token_fails, "{\"error\":\"invalid_client\"}")
                                    : token_answer("t" + std::to_string(number), life_text);
          }
          ++calls;
          const bool newest =
              request.header("authorization") == "Bearer t" + std::to_string(tokens.load());
          return raw_answer((newest || take_all) && !refuse_all ? 200 : 401, "body");
        }) {}

  [[nodiscard]] CredentialConfig config() const {
    CredentialConfig config;
    config.type = CredentialConfig::Type::kOauth2;
    config.token_url = service.server.url("/token");
    config.client_id = {"the id", {}};
    config.client_secret = secret("client");
    config.scope = "read all";
    return config;
  }
  [[nodiscard]] std::string api() const { return service.server.url("/api"); }
  [[nodiscard]] std::vector<RawRequest> token_requests() const {
    std::vector<RawRequest> out;
    for (RawRequest& request : service.seen()) {
      if (request.target == "/token") {
        out.push_back(std::move(request));
      }
    }
    return out;
  }

  const std::string life_text;
  std::atomic<int> tokens{0}, calls{0}, token_fails{0};
  std::atomic<bool> refuse_all{false}, take_all{false};
  std::function<void()> on_token = [] {};
  Service service;
};

struct Client : Credentials {
  explicit Client(const Provider& provider, bool form = false)
      : Credentials(sluice::test::without_retries()) {
    set("client", "s3cr&t:ä");
    CredentialConfig config = provider.config();
    config.form = form;
    add(config);
  }
};

}  // namespace

TEST_CASE("token: the client proves itself by basic or by form", "[unit][http][credential]") {
  Provider provider;
  const bool form = GENERATE(false, true);
  Client client(provider, form);
  REQUIRE(client.status(provider.api()) == 200);
  const RawRequest request = provider.token_requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.header("content-type") == "application/x-www-form-urlencoded");
  if (form) {
    CHECK(request.body ==
          "grant_type=client_credentials&scope=read%20all&client_id=the%20id&client_secret="
          "s3cr%26t%3A%C3%A4");
    CHECK(request.header("authorization").empty());
  } else {
    CHECK(request.body == "grant_type=client_credentials&scope=read%20all");
    CHECK(request.header("authorization") == "Basic dGhlJTIwaWQ6czNjciUyNnQlM0ElQzMlQTQ=");
  }
}

TEST_CASE("token: many callers cause one token request", "[unit][http][credential]") {
  Provider provider;
  Client client(provider);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 12; ++i) {
      callers.emplace_back([&] {
        for (int j = 0; j < 5; ++j) {
          good += client.status(provider.api()) == 200 ? 1 : 0;
        }
      });
    }
  }
  CHECK(good == 60);
  CHECK(provider.tokens == 1);
}

TEST_CASE("token: it is refreshed before its end by one caller", "[unit][http][credential]") {
  Provider provider;
  Client client(provider);
  CHECK(client.status(provider.api()) == 200);
  client.clock.forward(3600 - 361);  // before the last tenth
  CHECK(client.status(provider.api()) == 200);
  CHECK(provider.tokens == 1);
  client.clock.forward(2);
  CHECK(client.status(provider.api()) == 200);
  CHECK(provider.tokens == 2);
  // While one refreshes, others go on with the token at hand.
  provider.take_all = true;
  client.clock.forward(3600 - 300);
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false, go_on = false;
  provider.on_token = [&] {
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
  };
  std::jthread refreshing([&] { client.status(provider.api()); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked; });
  }
  const int calls = provider.calls;
  const auto opened = client.get(provider.service.server.url("/api"));
  CHECK(provider.calls > calls);  // it did not wait
  {
    const std::lock_guard lock(mutex);
    go_on = true;
    changed.notify_all();
  }
}

TEST_CASE("token: a refresh that fails early leaves the token in use", "[unit][http][credential]") {
  Provider provider;
  Client client(provider);
  CHECK(client.status(provider.api()) == 200);
  client.clock.forward(3600 - 100);
  provider.token_fails = 500;
  provider.take_all = true;
  CHECK(client.status(provider.api()) == 200);
  CHECK(client.status(provider.api()) == 200);
  CHECK(provider.tokens == 2);  // the second did not try again at once
  client.clock.forward(200);
  CHECK(client.get(provider.api()).error().code == Code::kUnavailable);
  provider.token_fails = 0;
  CHECK(client.status(provider.api()) == 200);
}

TEST_CASE("token: a 401 leads to one new token", "[unit][http][credential]") {
  Provider provider;
  Client client(provider);
  CHECK(client.status(provider.api()) == 200);
  ++provider.tokens;  // t1 is revoked
  CHECK(client.status(provider.api()) == 200);
  CHECK(provider.token_requests().size() == 2);
  CHECK(provider.calls == 3);
}

TEST_CASE("token: a 401 to many callers at once leads to one new token",
          "[unit][http][credential]") {
  Provider provider;
  Client client(provider);
  CHECK(client.status(provider.api()) == 200);
  ++provider.tokens;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { good += client.status(provider.api()) == 200 ? 1 : 0; });
    }
  }
  CHECK(good == 8);
  CHECK(provider.token_requests().size() == 2);
}

TEST_CASE("token: a fresh token that is refused ends it", "[unit][http][credential]") {
  Provider provider;
  provider.refuse_all = true;
  Client client(provider);
  for (int i = 0; i < 500; ++i) {
    const auto opened = client.get(provider.api());
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code == Code::kAuth);
  }
  CHECK(provider.calls == 2);
  CHECK(provider.token_requests().size() == 2);
}

TEST_CASE("token: a refused client asks no more", "[unit][http][credential]") {
  Provider provider;
  provider.token_fails = GENERATE(400, 401, 403);
  Client client(provider);
  for (int i = 0; i < 500; ++i) {
    const auto opened = client.get(provider.api());
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code == Code::kAuth);
    REQUIRE(opened.error().message.find("s3cr") == std::string::npos);
  }
  CHECK(provider.tokens == 1);
  CHECK(provider.calls == 0);
  // Until there is another secret.
  client.set("client", "right");
  provider.token_fails = 0;
  client.clock.forward(11);
  CHECK(client.status(provider.api()) == 200);
}

TEST_CASE("token: a token service that is not found does not end the client",
          "[unit][http][credential]") {
  Provider provider;
  provider.token_fails = GENERATE(402, 404, 405, 410, 422, 451);
  Client client(provider);
  const auto opened = client.get(provider.api());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kUnavailable);
  CHECK(opened.error().vendor_code == provider.token_fails);
  CHECK_THAT(opened.error().message, Catch::Contains("token_url"));
  provider.token_fails = 0;
  CHECK(client.status(provider.api()) == 200);
  CHECK(provider.calls == 1);
}

TEST_CASE("token: a proxy that wants credentials does not end the client",
          "[unit][http][credential]") {
  std::atomic<bool> refuses{true};
  Service proxy([&](const RawRequest& request, size_t) {
    if (refuses) {
      return raw_answer(407, "");
    }
    return request.target == "http://example.test/token" ? token_answer("t1", "")
                                                         : raw_answer(200, "body");
  });
  sluice::host::HttpOptions options = sluice::test::without_retries();
  options.proxy = proxy.server.url("");
  Credentials client(options);
  client.set("client", "secret");
  CredentialConfig config;
  config.type = CredentialConfig::Type::kOauth2;
  config.token_url = "http://example.test/token";
  config.client_id = {"id", {}};
  config.client_secret = secret("client");
  client.add(config);
  const auto opened = client.get("http://example.test/api");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kAuth);
  CHECK(opened.error().vendor_code == EPERM);
  CHECK_THAT(opened.error().message, Catch::Contains("proxy") && !Catch::Contains("client_id"));
  refuses = false;
  CHECK(client.status("http://example.test/api") == 200);
}

TEST_CASE("token: answers that are none", "[unit][http][credential]") {
  const char* body = GENERATE("", "<html>log in</html>", "[]", "{}", R"({"access_token":7})",
                              R"({"access_token":""})", R"({"access_token":"a\r\nX: y"})",
                              R"({"access_token":"t","token_type":"mac"})", "{");
  Service service([&](const RawRequest&, size_t) { return raw_answer(200, body); });
  Credentials client(sluice::test::without_retries());
  client.set("client", "secret");
  CredentialConfig config;
  config.type = CredentialConfig::Type::kOauth2;
  config.token_url = service.server.url("/token");
  config.client_id = {"id", {}};
  config.client_secret = secret("client");
  client.add(config);
  const auto opened = client.get(service.server.url("/api"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kUnavailable);
  CHECK(opened.error().message.find("log in") == std::string::npos);
  CHECK(service.count() == 1);
}

TEST_CASE("token: odd lifetimes", "[unit][http][credential]") {
  const auto [life, tokens] = GENERATE(table<const char*, int>({
      {"", 1},                          // for ever, as far as is told
      {",\"expires_in\":\"7200\"", 1},  // as text
      {",\"expires_in\":7200.5", 1},
      {",\"expires_in\":1e300", 2},  // nonsense: no longer than this request
      {",\"expires_in\":60", 1},     // half of it is not early
      {",\"expires_in\":0", 2},
      {",\"expires_in\":99999999999999999", 1},
  }));
  Provider provider(life);
  Client client(provider);
  CHECK(client.status(provider.api()) == 200);
  client.clock.forward(29);
  CHECK(client.status(provider.api()) == 200);
  CAPTURE(life);
  CHECK(provider.tokens == tokens);
}

TEST_CASE("token: the client's secret does not follow redirects elsewhere",
          "[unit][http][credential]") {
  Service other([](const RawRequest&, size_t) { return token_answer("stolen", ""); });
  Service service([&](const RawRequest&, size_t) {
    return raw_answer(307, "", "Location: " + other.server.url("/token") + "\r\n");
  });
  Credentials client(sluice::test::without_retries());
  client.set("client", "secret");
  CredentialConfig config;
  config.type = CredentialConfig::Type::kOauth2;
  config.token_url = service.server.url("/token");
  config.client_id = {"id", {}};
  config.client_secret = secret("client");
  config.form = true;
  client.add(config);
  CHECK_FALSE(client.get(service.server.url("/api")));
  CHECK(other.count() == 0);
}
