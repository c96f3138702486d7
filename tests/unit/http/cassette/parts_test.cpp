// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "host/http/cassette/json_text.hpp"
#include "host/http/cassette/key.hpp"
#include "host/http/cassette/redaction.hpp"

using namespace sluice::host::cassette;  // NOLINT(google-build-using-namespace): a test

namespace {

std::string keep(std::string text) {
  return text;
}

std::string hide(std::string text) {
  const std::string secret = "hush-hush";
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

// Through the redactor in pieces of `size`.
std::string cleaned(const std::string& type, const std::string& text, size_t size,
                    const Redact& redact) {
  std::string out;
  BodyRedactor redactor(type, redact, [&](std::string_view clean) { out.append(clean); });
  for (size_t at = 0; at < text.size(); at += size) {
    redactor.push(std::string_view(text).substr(at, size));
  }
  redactor.finish();
  return out;
}

}  // namespace

TEST_CASE("cassette redaction: names that hold secrets are known", "[unit][cassette]") {
  for (const char* name : {"Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "X-MBX-APIKEY",
                           "X-Api-Key",
                           "access_token",
                           "accessToken",
                           "client_secret",
                           "token",
                           "signature",
                           "X-Amz-Security-Token",
                           "Proxy-Authorization",
                           "password",
                           "X-Session-Id",
                           "sessionId",
                           "session_id",
                           "passphrase",
                           "OK-ACCESS-PASSPHRASE",
                           "OK-ACCESS-SIGN",
                           "sign"}) {
    CAPTURE(name);
    CHECK(is_secret_name(name));
  }
  for (const char* name : {"Content-Type", "pageToken", "next_page_token", "X-RateLimit-Tokens",
                           "WWW-Authenticate", "key", "symbol", "author", "design", "signal",
                           "sign_in_url", "X-BAPI-SIGN-TYPE", "session", "id", ""}) {
    CAPTURE(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("cassette redaction: URLs lose users fragments and keys", "[unit][cassette]") {
  const Redact redact = keep;
  CHECK(redact_url("https://me:pw@h/p?a=1&token=x&b#frag", redact) ==
        "https://***@h/p?a=1&token=***&b");
  CHECK(redact_url("/path?key=abc&appid=0123456789abcdef0", redact) == "/path?key=abc&appid=***");
  CHECK(redact_url("https://h/p@2?token=", redact) == "https://h/p@2?token=");
}

TEST_CASE("cassette redaction: secrets are found across windows", "[unit][cassette]") {
  const Redact redact = hide;
  std::string text;
  while (text.size() < 5'000'000) {
    text += std::string(text.size() % 9973 + 1000, 'x') + "hush-hush";
  }
  const size_t size = GENERATE(1U << 20, 65'536, 1'300'000);
  CHECK((cleaned("text/plain", text, size, redact) == hide(text)));
}

TEST_CASE("cassette redaction: members and form fields by their names", "[unit][cassette]") {
  const Redact redact = keep;
  const std::string body =
      R"({"access_token" : "a\"b","n":1.50,"token_type":5,"s":"\"token\":\"x\""})";
  CHECK(cleaned("application/json", body, 7, redact) ==
        R"({"access_token" : "***","n":1.50,"token_type":"***","s":"\"token\":\"x\""})");
  CHECK(cleaned("application/x-www-form-urlencoded", "user=me&password=p", 3, redact) ==
        "user=me&password=***");
  CHECK(cleaned("application/octet-stream", R"({"token":"x"})", 99, redact) == R"({"token":"x"})");
}

TEST_CASE("cassette redaction: no member of a long JSON text keeps its secret",
          "[unit][cassette]") {
  const Redact redact = keep;
  std::string text = "[", want = "[";
  for (int i = 0; text.size() < 3'500'000; ++i) {
    const std::string begin = "{\"id\":" + std::to_string(i) + ",\"note\":\"a, {[b\\\"" +
                              std::string(i % 97, 'n') + "\",\"access_token\" : \"";
    text += begin + "s3cr\\\"et" + std::to_string(i) + "\"},";
    want += begin + "***\"},";
  }
  const size_t size = GENERATE(1U << 20, 65'521, 1'300'000);
  CHECK((cleaned("application/json", text + "0]", size, redact) == want + "0]"));
}

TEST_CASE("cassette redaction: no field of a long form keeps its secret", "[unit][cassette]") {
  const Redact redact = keep;
  std::string text, want;
  for (int i = 0; text.size() < 3'500'000; ++i) {
    const std::string begin = "note=" + std::string(i % 97, 'n') + "&token=";
    text += begin + "s3cret" + std::to_string(i) + "&";
    want += begin + "***&";
  }
  const size_t size = GENERATE(1U << 20, 65'521, 1'300'000);
  CHECK((cleaned("application/x-www-form-urlencoded", text, size, redact) == want));
}

TEST_CASE("cassette redaction: secrets longer than a window and those cut short",
          "[unit][cassette]") {
  const Redact redact = keep;
  const std::string long_text(5'000'000, 'x');
  CHECK(
      (cleaned("application/json", "{\"a\":\"" + long_text + "\",\"token\":\"" + long_text + "\"}",
               65'536, redact) == "{\"a\":\"" + long_text + "\",\"token\":\"***\"}"));
  CHECK((cleaned("application/x-www-form-urlencoded", "a=" + long_text + "&token=" + long_text,
                 65'536, redact) == "a=" + long_text + "&token=***"));
  CHECK(cleaned("application/json", R"({"token":"s3cr)", 4, redact) == R"({"token":"***)");
  CHECK(cleaned("application/json", R"({"token":12)", 4, redact) == R"({"token":"***")");
  CHECK(cleaned("application/json", R"({"token":"")", 4, redact) == R"({"token":"")");
}

TEST_CASE("cassette redaction: numbers of secret members", "[unit][cassette]") {
  const Redact redact = keep;
  CHECK(cleaned("application/json",
                R"({"session_id":-1.5e+9,"password": 1234 ,"auth":true,"token":null,"n":7})", 3,
                redact) ==
        R"({"session_id":"***","password": "***" ,"auth":true,"token":null,"n":7})");
}

TEST_CASE("cassette JSON: laid out text packs to the same bytes", "[unit][cassette]") {
  for (const std::string text :
       {R"({"a":1.50,"a":[],"b":{},"c":[[1],[{"d":" , : { \" \\"}]],"e":null})", R"([])", R"("x)",
        R"({"a":"unfinished \)", R"(}}]],,::)", "[[[[[[[[[[[[[[[[[[[[[[[[1]]]", "12",
        R"({"ä":"\u00e4"})"}) {
    CAPTURE(text);
    const size_t size = GENERATE(1, 3, 1000);
    JsonLayout layout;
    JsonPacker packer;
    std::string shown;
    for (size_t at = 0; at < text.size(); at += size) {
      shown += layout.push(std::string_view(text).substr(at, size));
    }
    shown += layout.finish();
    std::string back;
    for (size_t at = 0; at < shown.size(); at += size) {
      back += packer.push(std::string_view(shown).substr(at, size));
    }
    CHECK(back == text);
  }
  JsonLayout deep;
  CHECK(deep.push(std::string(100'000, '[')).size() < 5'000'000);
}

TEST_CASE("cassette keys: queries are alike but for what changes by itself", "[unit][cassette]") {
  const auto alike = [](const char* left, const char* right) {
    return likeness(parameters_of(left), parameters_of(right));
  };
  CHECK(alike("/p?a=1&b=2", "/p?b=2&a=1") == 2);
  CHECK(alike("/p?a=1", "/p?a=2") == -1);
  CHECK(alike("/p?a=1", "/p?a=1&b=2") == -1);
  CHECK(alike("/p?a=1&start=1700000000000", "/p?a=1&start=1700000000001") == 1);
  CHECK(alike("/p?a=1&since=2024-01-31", "/p?a=1&since=2025-02-01T00:00:00Z") == 1);
  CHECK(alike("/p?a=1&nonce=5&signature=***", "/p?a=1&nonce=6") == 1);
  CHECK(alike("/p", "/p") == 0);
  CHECK(difference(parameters_of("/p?a=1&b=2"), parameters_of("/p?a=3&c=4")) ==
        "a is '3' instead of '1', b is missing, c is new");
}

TEST_CASE("cassette keys: names are plain short and stable", "[unit][cassette]") {
  RequestKey key;
  key.method = "GET";
  key.url = "https://h.org:8080/../../etc/" + std::string(500, 'p') + "?q=1";
  const std::string name = name_of(key);
  CHECK(name.size() < 100);
  CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos);
  CHECK(name_of(key) == name);
  key.url += "1";
  CHECK(name_of(key) != name);
}
