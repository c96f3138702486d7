// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "support.hpp"

using sluice::host::ConfigOptions;
using sluice::host::CredentialConfig;
using sluice::host::SecretConfig;
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)

namespace {

std::string with(const std::string& tables) {
  return std::string(kGood) + "[secret.s]\nenv = \"S\"\n" + tables;
}

}  // namespace

TEST_CASE("credentials of every type are read") {
  const auto result = read_text(with(R"(
[credential.a]
type = "bearer"
keys = [{ secret = "s" }, { env = "SECOND" }]
[credential.b]
type = "basic"
user = "me"
password = { secret = "s" }
[credential.c]
type = "header"
header = "X-Key"
prefix = "Bot "
key = { secret = "s" }
[credential.d]
type = "query"
parameter = "k"
key = { secret = "s" }
origins = ["https://api.example.org"]
[credential.e]
type = "oauth2"
token_url = "https://login.example.org/token"
client_id = { secret = "s" }
client_secret = { secret = "s" }
scope = "a b"
client_auth = "form"
)"),
                                ConfigOptions{{}, false});
  REQUIRE(problems_of(result) == "");
  const auto& all = result.config.credentials;
  REQUIRE(all.size() == 5);
  CHECK(all.at("a").keys.size() == 2);
  CHECK(all.at("a").keys.at(0).secret == "s");
  CHECK(result.config.secrets.at(all.at("a").keys.at(1).secret).value == "SECOND");
  CHECK(all.at("b").type == CredentialConfig::Type::kBasic);
  CHECK(all.at("b").user.text == "me");
  CHECK(all.at("b").password.secret == "s");
  CHECK(all.at("c").prefix == "Bot ");
  CHECK(all.at("d").origins.size() == 1);
  CHECK(all.at("e").client_id.secret == "s");
  CHECK(all.at("e").form);
}

TEST_CASE("secrets come from one of five places") {
  const auto result = read_text(std::string(kGood) + R"(
[secret.a]
credential = "api"
[secret.b]
command = ["pass", "show", "x y"]
[secret.c]
store = "name"
)");
  REQUIRE(problems_of(result) == "");
  CHECK(result.config.secrets.at("a").from == SecretConfig::From::kCredential);
  CHECK(result.config.secrets.at("b").command == std::vector<std::string>{"pass", "show", "x y"});
  CHECK(result.config.secrets.at("c").value == "name");
}

TEST_CASE("what is wrong with a credential is told with its place") {
  const std::pair<const char*, const char*> bad[] = {
      {"type = \"bearer\"", "needs key = { secret = \"name\" }"},
      {"type = \"bearer\"\nkey = \"plain text\"", "a secret does not stand in the file"},
      {"type = \"bearer\"\nkey = { secret = \"t\" }", "there is no table [secret.t]"},
      {"type = \"bearer\"\nkey = { secret = \"s\" }\nkeys = [{ secret = \"s\" }]", "keep one"},
      {"type = \"bearer\"\nkeys = []", "keys"},
      {"type = \"basic\"\npassword = { secret = \"s\" }", "missing key 'user'"},
      {"type = \"header\"\nkey = { secret = \"s\" }", "missing key 'header'"},
      {"type = \"header\"\nkey = { secret = \"s\" }\nheader = \"X: y\"", "'header'"},
      {"type = \"query\"\nkey = { secret = \"s\" }\nparameter = \"k\"\nuser = \"x\"",
       "'user' means nothing"},
      {"type = \"oauth2\"\nclient_id = \"i\"\nclient_secret = { secret = \"s\" }\n"
       "token_url = \"http://login.example.org/\"",
       "must begin with https://"},
      {"type = \"oauth2\"\nclient_id = \"i\"\nclient_secret = { secret = \"s\" }\n"
       "token_url = \"https://u:p@login.example.org/\"",
       "name no user"},
      {"type = \"oauth\"", "oauth2"},
      {"key = { secret = \"s\" }", "missing key 'type'"},
      {"type = \"bearer\"\nkey = { secret = \"s\" }\norigins = [\"api.example.org\"]", "origins"},
      {"type = \"bearer\"\nkey = { secret = \"s\" }\ntoken = 1", "[secret.name]"},
  };
  for (const auto& [text, wanted] : bad) {
    const std::string problems =
        problems_of(read_text(with(std::string("[credential.c]\n") + text + "\n")));
    CAPTURE(text, problems);
    CHECK(problems.find(wanted) != std::string::npos);
    CHECK(problems.find("plain text") == std::string::npos);
  }
}
