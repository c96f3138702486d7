// SPDX-License-Identifier: Apache-2.0
//
// Planted secrets: a service repeats the credentials of each request in all its answers and fails
// in every way, the plugin is careless, everything is logged; and nothing that a run writes holds
// any of them in any form.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/world.hpp"
#include "support/raw_http_server.hpp"

namespace fs = std::filesystem;
using sluice::test::raw_answer;
using sluice::test::RawConnection;
using sluice::test::RawHttpServer;
using sluice::test::RawRequest;
using sluice::test::read_file;
using sluice::test::WorldPipeline;
using sluice::test::write_file;

namespace {

const std::string kBearer = "bearer/Token+\"q\" 7%";
const std::string kPassword = "pass:w\xC3\xB6rd&more";
const std::string kHeaderKey = "headerKey==/abc";
const std::string kQueryKey = "query key&=+/\xC3\xA4";
const std::string kClientSecret = "client~secret:/?#[]";
const std::string kToken = "access.token_0123456789-abc";
const std::vector<std::string> kPlanted = {kBearer,   kPassword,     kHeaderKey,
                                           kQueryKey, kClientSecret, kToken};

// Encoders of our own: what is tested is not what tests.
std::string percent(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                   std::string("-._~").find(c) != std::string::npos
               ? std::string(1, c)
               : std::string(hex);
  }
  return out;
}

std::string base64(const std::string& text) {
  static const std::string kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits, out;
  for (const char c : text) {
    for (int bit = 7; bit >= 0; --bit) {
      bits += (static_cast<unsigned char>(c) >> static_cast<unsigned>(bit) & 1U) != 0 ? '1' : '0';
    }
  }
  bits.resize((bits.size() + 5) / 6 * 6, '0');
  for (size_t i = 0; i < bits.size(); i += 6) {
    out += kLetters[std::stoul(bits.substr(i, 6), nullptr, 2)];
  }
  return out.append((4 - out.size() % 4) % 4, '=');
}

// What the request proves itself with.
std::string secret_of(const RawRequest& request) {
  const std::string authorization = request.header("authorization");
  if (authorization.starts_with("Bearer ")) {
    return authorization.substr(7);
  }
  if (authorization.starts_with("Basic ")) {
    return request.target == "/token" ? kClientSecret : kPassword;
  }
  return request.header("x-key").empty() ? kQueryKey : kHeaderKey;
}

// The same in every form.
std::string echo(const std::string& secret) {
  return secret + " " + percent(secret) + " " + base64(secret) + " " + base64("me:" + secret) +
         " " + base64("id:" + percent(secret)) + " " + nlohmann::json(secret).dump() + " " +
         nlohmann::json(secret).dump(-1, ' ', true) + "\n";
}

std::vector<std::string> forms() {
  std::vector<std::string> out;
  for (const std::string& secret : kPlanted) {
    const std::string escaped = nlohmann::json(secret).dump();
    for (const std::string& form :
         {secret, percent(secret), base64(secret), base64("me:" + secret),
          base64("id:" + percent(secret)), escaped.substr(1, escaped.size() - 2)}) {
      // A good part of it is too much already.
      out.push_back(form.substr(0, 12));
      out.push_back(form.substr(form.size() - 10, 8));
    }
  }
  return out;
}

void serve(RawConnection& connection, const RawRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const std::string secret = secret_of(request);
  const std::string said = request.head + request.body + echo(secret);
  if (path == "/token") {
    connection.send(raw_answer(
        200, nlohmann::json({{"access_token", kToken}, {"token_type", "bearer"}, {"said", said}})
                 .dump()));
  } else if (path == "/500" || path == "/raw500") {
    connection.send(raw_answer(500, said));
  } else if (path == "/401") {
    connection.send(raw_answer(401, said));
  } else if (path == "/422") {
    connection.send(raw_answer(422, said));
  } else if (path == "/redirect") {
    connection.send(raw_answer(302, said, "Location: /landed?" + percent(secret) + "\r\n"));
  } else if (path == "/away") {
    connection.send(
        raw_answer(302, said, "Location: http://localhost:1/?k=" + percent(secret) + "\r\n"));
  } else if (path == "/cut") {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + said);
    connection.close();
  } else if (path == "/nonsense") {
    connection.send(said + "\r\n\r\n");
    connection.close();
  } else {
    connection.send(raw_answer(200, said, "X-Said: " + percent(secret) + "\r\n"));
  }
}

struct Planted : WorldPipeline {
  Planted() : server(serve) {
    write_file(sources / "bearer", kBearer + "\n");
    chmod((sources / "bearer").c_str(), 0600);
    write_file(sources / "query", kQueryKey);
    chmod((sources / "query").c_str(), 0600);
  }

  void configure_asker(const std::string& paths) {
    write_file(config(), R"([pipeline]
name = "planted"
retry_base = "1ms"
retry_cap = "5ms"
attempts = 2
[http]
retries = 1
[secret.bearer]
file = ")" + (sources / "bearer") +
                             R"("
[secret.query]
credential = "query"
[secret.header]
command = ["printf", "%s\n", ")" +
                             kHeaderKey + R"("]
[secret.client]
store = "client"
[credential.bearer]
type = "bearer"
key = { secret = "bearer" }
[credential.basic]
type = "basic"
user = "me"
password = { env = "PLANTED_PASSWORD" }
[credential.header]
type = "header"
header = "X-Key"
key = { secret = "header" }
[credential.query]
type = "query"
parameter = "k"
key = { secret = "query" }
[credential.oauth]
type = "oauth2"
token_url = ")" + server.url("/token") +
                             R"("
client_id = "id"
client_secret = { secret = "client" }
[[source]]
plugin = "asker"
url = "http://127.0.0.1:)" + std::to_string(server.port()) +
                             R"("
credentials = "bearer basic header query oauth"
paths = ")" + paths + R"("
[sink]
plugin = "sqlite"
path = ")" + database() + "\"\n");
  }

  [[nodiscard]] sluice::test::Finished call(const std::vector<std::string>& arguments) const {
    return sluice::test::run(command(arguments),
                             {{"PLANTED_PASSWORD", kPassword},
                              {"CREDENTIALS_DIRECTORY", sources.path().string()},
                              {"XDG_CONFIG_HOME", sources / "config"},
                              {"NO_PROXY", "127.0.0.1"},
                              {"no_proxy", "127.0.0.1"}});
  }

  // Everything below the folder, but the configuration, which names the command.
  [[nodiscard]] std::map<std::string, std::string> written() const {
    std::map<std::string, std::string> out;
    for (const auto& each : fs::recursive_directory_iterator(folder.path())) {
      if (each.is_regular_file() && each.path() != config()) {
        out[each.path().filename().string()] = read_file(each.path().string());
      }
    }
    return out;
  }

  void check_nothing_planted(const std::string& where, const std::string& text) const {
    for (const std::string& form : forms()) {
      const size_t at = text.find(form);
      CAPTURE(where, form);
      INFO((at == std::string::npos ? "" : text.substr(at < 80 ? 0 : at - 80, 240)));
      CHECK(at == std::string::npos);
    }
  }

  sluice::test::TempDir sources;  // where secrets are meant to be
  RawHttpServer server;
};

}  // namespace

TEST_CASE("planted secrets: no output of a run holds any in any form", "[pipeline][secrets]") {
  Planted world;
  const std::string format = GENERATE("text", "json");
  world.configure_asker("/ok /500 /raw500 /422 /redirect /away /cut /nonsense /garbage /reject");
  const std::string input = world.sources / "input";
  write_file(input, kClientSecret + "\n");
  std::vector<std::string> set = world.command({"secret", "set", "client"});
  std::string line = "exec \"$0\" \"$@\" < '" + input + "'";
  set.insert(set.begin(), {"sh", "-c", line});
  const auto stored = sluice::test::run(set, {{"XDG_CONFIG_HOME", world.sources / "config"}});
  INFO(stored.err);
  REQUIRE(stored.exit_code == 0);

  const auto checked = world.call({"check", world.config()});
  INFO(checked.out << checked.err);
  REQUIRE(checked.exit_code == 0);
  const auto ran = world.call({"run", world.config(), "--log", "trace", "--log-format", format,
                               "--format", format, "--report", world.folder / "report.json"});
  INFO(ran.out << ran.err);
  CHECK(ran.exit_code == 1);
  CHECK(world.rows("answers") > 0);  // the good ones landed
  CHECK(ran.err.find("***") != std::string::npos);
  world.check_nothing_planted("stdout", ran.out);
  world.check_nothing_planted("stderr", ran.err);
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"state", "show", "--rejected"},
           {"state", "show", "planted", "answers", "--state", "failed"},
           {"state", "show", "planted", "answers", "--state", "quarantined"},
           {"state", "export", "-"},
           {"secret", "list"}}) {
    const auto shown = world.call(verb);
    world.check_nothing_planted(verb.at(1), shown.out + shown.err);
  }
  for (const auto& [name, text] : world.written()) {
    world.check_nothing_planted(name, text);
  }
}

TEST_CASE("planted secrets: a refused credential stops with a clear word", "[pipeline][secrets]") {
  Planted world;
  world.configure_asker("/401");
  std::string text = read_file(world.config());
  text.replace(text.find("bearer basic header query oauth"), 31, "bearer");
  write_file(world.config(), text);
  const auto ran = world.call(
      {"run", world.config(), "--log", "trace", "--report", world.folder / "report.json"});
  INFO(ran.out << ran.err);
  CHECK(ran.exit_code == 1);
  CHECK((ran.out + ran.err).find("credential 'bearer' was refused") != std::string::npos);
  CHECK(world.server.requests() == 1);
  world.check_nothing_planted("stdout", ran.out);
  world.check_nothing_planted("stderr", ran.err);
  for (const auto& [name, written] : world.written()) {
    world.check_nothing_planted(name, written);
  }
}

TEST_CASE("planted secrets: an unknown credential is named with those there are",
          "[pipeline][secrets]") {
  Planted world;
  world.configure_asker("/ok");
  std::string text = read_file(world.config());
  text.replace(text.find("bearer basic header query oauth"), 31, "baerer");
  write_file(world.config(), text);
  const auto ran = world.call({"run", world.config()});
  CHECK(ran.out.find("basic, bearer, header, oauth, query") != std::string::npos);
  CHECK(world.server.requests() == 0);
}
