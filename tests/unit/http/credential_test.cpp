// SPDX-License-Identifier: Apache-2.0
//
// Credentials that are values: how they are sent, where they are not, when they end.
#include <catch2/catch.hpp>
#include <set>

#include "credential_harness.hpp"

using sluice::host::Code;
using sluice::host::CredentialConfig;
using sluice::test::Credentials;
using sluice::test::keys_of;
using sluice::test::raw_answer;
using sluice::test::RawRequest;
using sluice::test::request_of;
using sluice::test::secret;
using sluice::test::Service;

using Type = CredentialConfig::Type;

TEST_CASE("credential: each type is sent its way", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Credentials world;
  world.values = {{"key", "k&y/1 =\xC3\xA4"}, {"plain", "t0ken"}, {"pw", "pass:word"}};
  SECTION("bearer") {
    world.add(keys_of(Type::kBearer, {"plain"}));
    auto request = request_of(service.server.url("/a?b=c"));
    request.headers = "authorization: of the plugin\nX-Other: stays\n";
    REQUIRE(world.open(request));
    CHECK(service.seen()[0].header("authorization") == "Bearer t0ken");
    CHECK(service.seen()[0].header("x-other") == "stays");
    CHECK(service.seen()[0].head.find("of the plugin") == std::string::npos);
    CHECK(service.seen()[0].target == "/a?b=c");
  }
  SECTION("basic") {
    CredentialConfig config;
    config.type = Type::kBasic;
    config.user = {"me", {}};
    config.password = secret("pw");
    world.add(config);
    REQUIRE(world.get(service.server.url("/")));
    CHECK(service.seen()[0].header("authorization") == "Basic bWU6cGFzczp3b3Jk");
  }
  SECTION("header") {
    auto config = keys_of(Type::kHeader, {"plain"});
    config.header = "X-Api-Key";
    config.prefix = "Bot ";
    world.add(config);
    REQUIRE(world.get(service.server.url("/")));
    CHECK(service.seen()[0].header("x-api-key") == "Bot t0ken");
  }
  SECTION("query") {
    auto config = keys_of(Type::kQuery, {"key"});
    config.parameter = "api key";
    world.add(config);
    REQUIRE(world.get(service.server.url("/p?a=1&api%20key=***&b=2")));
    CHECK(service.seen()[0].target == "/p?a=1&b=2&api%20key=k%26y%2F1%20%3D%C3%A4");
    auto answer = world.get(service.server.url("/p"));
    REQUIRE(answer);
    CHECK(service.seen()[1].target == "/p?api%20key=k%26y%2F1%20%3D%C3%A4");
    CHECK((*answer)->header(":url") == service.server.url("/p"));
  }
}

TEST_CASE("credential: who asks for one that is not there is told which are",
          "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Credentials world;
  world.add(keys_of(Type::kBearer, {"a"}), "one");
  world.add(keys_of(Type::kBearer, {"a"}), "two");
  const auto opened = world.get(service.server.url("/"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kInvalidConfig);
  CHECK(opened.error().message.find("one, two") != std::string::npos);
  CHECK(service.count() == 0);
}

TEST_CASE("credential: a value that cannot be had or sent sends nothing",
          "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Credentials world;
  world.add(keys_of(Type::kBearer, {"key"}));
  CHECK(world.get(service.server.url("/")).error().code == Code::kAuth);
  world.set("key", "two\r\nX-Injected: lines");
  const auto opened = world.get(service.server.url("/"));
  CHECK(opened.error().code == Code::kAuth);
  CHECK(opened.error().message.find("Injected") == std::string::npos);
  CHECK(service.count() == 0);
  world.set("key", "good");
  CHECK(world.get(service.server.url("/")));
}

TEST_CASE("credential: redirects to elsewhere do not get it", "[unit][http][credential]") {
  Service other([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  std::string location;
  Service service([&](const RawRequest& request, size_t) {
    if (request.target.starts_with("/there")) {
      return raw_answer(302, "", "Location: " + location + "\r\n");
    }
    if (request.target.starts_with("/here")) {
      return raw_answer(302, "", "Location: /landed\r\n");
    }
    return raw_answer(200, "ok");
  });
  Credentials world;
  world.values = {{"key", "k3y/value"}};
  const bool query = GENERATE(false, true);
  auto config = keys_of(query ? Type::kQuery : Type::kHeader, {"key"});
  config.header = "X-Api-Key";
  config.parameter = "key";
  world.add(config);
  location = other.server.url("/elsewhere");
  REQUIRE(world.get(service.server.url("/there")));
  REQUIRE(other.count() == 1);
  CHECK(other.seen()[0].target == "/elsewhere");
  CHECK(other.seen()[0].header("x-api-key").empty());
  REQUIRE(world.get(service.server.url("/here")));
  const RawRequest landed = service.seen().back();
  CHECK(landed.target == (query ? "/landed?key=k3y%2Fvalue" : "/landed"));
  CHECK(landed.header("x-api-key") == (query ? "" : "k3y/value"));
  // The service repeats it in the address of another host.
  for (const char* echo : {"/x?key=k3y%2fvalue", "/x?key=k3y/value", "/k3y%2Fvalue/",
                           "/x?next=http%3A%2F%2Fx%2F%3Fkey%3Dk3y%252Fvalue"}) {
    location = other.server.url(echo);
    const auto opened = world.get(service.server.url("/there"));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find("k3y") == std::string::npos);
  }
  CHECK(other.count() == 1);
}

TEST_CASE("credential: it goes only where it is meant to go", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Service other([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Credentials world;
  world.values = {{"key", "value"}};
  auto config = keys_of(Type::kBearer, {"key"});
  config.origins = {"http://127.0.0.1:" + std::to_string(service.server.port())};
  world.add(config);
  CHECK(world.get(service.server.url("/")));
  const auto opened = world.get(other.server.url("/"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kInvalidConfig);
  CHECK(other.count() == 0);
}

TEST_CASE("credential: a refused key is not sent again", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(401, "who are you?"); });
  Credentials world;
  world.values = {{"key", "wrong"}};
  world.add(keys_of(Type::kBearer, {"key"}));
  const bool raw = GENERATE(false, true);
  for (int i = 0; i < 1000; ++i) {
    auto request = request_of(service.server.url("/"));
    request.retry = !raw;
    const auto opened = world.open(request);
    if (i > 0) {
      REQUIRE_FALSE(opened);
      REQUIRE(opened.error().code == Code::kAuth);
    }
  }
  CHECK(service.count() == 1);
  // A new value opens it again, once somebody looks.
  world.set("key", "another");
  world.clock.forward(11);
  CHECK(world.status(service.server.url("/")) == 401);
  CHECK(service.count() == 2);
}

TEST_CASE("credential: hiccups of a service do not end a key that was accepted",
          "[unit][http][credential]") {
  const int status = GENERATE(401, 403);
  Service service([&](const RawRequest& request, size_t) {
    return raw_answer(request.target == "/bad" ? status : 200, "");
  });
  Credentials world;
  world.values = {{"key", "right"}};
  world.add(keys_of(Type::kBearer, {"key"}));
  const std::string bad = service.server.url("/bad"), good = service.server.url("/");
  CHECK(world.status(good) == 200);
  for (int i = 0; i < 4; ++i) {
    world.status(bad);
    world.status(bad);
    CHECK(world.status(good) == 200);
  }
  const size_t before = service.count();
  for (int i = 0; i < 50; ++i) {
    world.status(bad);
  }
  CHECK(service.count() == before + 3);
  CHECK(world.get(good).error().code == Code::kAuth);
}

TEST_CASE("credential: a 403 about what was asked for is an answer and ends no key",
          "[unit][http][credential]") {
  Service service([&](const RawRequest& request, size_t) {
    return raw_answer(request.target == "/private" ? 403 : 401, "not yours");
  });
  Credentials world;
  world.values = {{"key", "right"}};
  world.add(keys_of(Type::kBearer, {"key"}));
  auto request = request_of(service.server.url("/private"));
  request.forbidden_is_answer = true;
  for (int i = 0; i < 10; ++i) {
    const auto opened = world.open(request);
    REQUIRE(opened);
    CHECK((*opened)->status() == 403);
  }
  CHECK(service.count() == 10);
  request.url = service.server.url("/");
  CHECK(world.open(request).error().code == Code::kAuth);
}

TEST_CASE("credential: a key that was changed meanwhile is read again at a 401",
          "[unit][http][credential]") {
  Credentials world;
  Service service([&](const RawRequest& request, size_t) {
    world.set("key", "new");
    return raw_answer(request.header("authorization") == "Bearer new" ? 200 : 401, "");
  });
  world.set("key", "old");
  world.add(keys_of(Type::kBearer, {"key"}));
  CHECK(world.status(service.server.url("/")) == 200);
  CHECK(service.count() == 2);
}

TEST_CASE("credential: keys take turns, each with limits of its own", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  Credentials world;
  world.values = {{"a", "key-a"}, {"b", "key-b"}, {"c", "key-c"}};
  world.add(keys_of(Type::kBearer, {"a", "b", "c"}));
  std::map<std::string, int> uses;
  for (int i = 0; i < 9; ++i) {
    REQUIRE(world.get(service.server.url("/")));
  }
  for (const RawRequest& request : service.seen()) {
    ++uses[request.header("authorization")];
  }
  CHECK(uses ==
        std::map<std::string, int>{{"Bearer key-a", 3}, {"Bearer key-b", 3}, {"Bearer key-c", 3}});
}

TEST_CASE("credential: the key with most quota left goes", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(200, "ok"); });
  sluice::test::Caller http;
  sluice::test::HandClock clock;
  std::map<std::string, double> quota = {
      {"127.0.0.1@api-1", 5}, {"127.0.0.1@api-2", 70}, {"127.0.0.1@api-3", 6}};
  sluice::host::CredentialHooks hooks;
  hooks.left = [&](const std::string& scope) { return quota.at(scope); };
  sluice::host::CredentialHttp layer(http.client, clock, hooks);
  layer.add(
      "p", "api", keys_of(Type::kBearer, {"a", "b", "c"}), "api",
      [](const std::string& name) { return sluice::host::Result<std::string>("key-" + name); });
  sluice::host::HttpCaller as("p");
  auto request = request_of(service.server.url("/"));
  request.credential = "api";
  REQUIRE(layer.open(request, http.cancel, as));
  quota["127.0.0.1@api-2"] = 0;
  REQUIRE(layer.open(request, http.cancel, as));
  CHECK(service.seen()[0].header("authorization") == "Bearer key-b");
  CHECK(service.seen()[1].header("authorization") == "Bearer key-c");
}

TEST_CASE("credential: another key steps in for one that is refused or used up",
          "[unit][http][credential]") {
  const int status = GENERATE(401, 429);
  Service service([&](const RawRequest& request, size_t) {
    return request.header("authorization") == "Bearer key-a"
               ? raw_answer(status, "", "Retry-After: 3600\r\n")
               : raw_answer(200, "ok");
  });
  Credentials world;
  world.values = {{"a", "key-a"}, {"b", "key-b"}};
  world.add(keys_of(Type::kBearer, {"a", "b"}));
  for (int i = 0; i < 20; ++i) {
    CHECK(world.status(service.server.url("/")) == 200);
  }
  CHECK(service.count() == 21);  // the bad one once
}

TEST_CASE("credential: when all keys are refused nothing is sent", "[unit][http][credential]") {
  Service service([](const RawRequest&, size_t) { return raw_answer(401, ""); });
  Credentials world;
  world.values = {{"a", "key-a"}, {"b", "key-b"}, {"c", "key-c"}};
  world.add(keys_of(Type::kBearer, {"a", "b", "c"}));
  CHECK(world.status(service.server.url("/")) == 401);
  CHECK(service.count() == 3);
  const auto opened = world.get(service.server.url("/"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("all 3 keys") != std::string::npos);
  CHECK(service.count() == 3);
}
