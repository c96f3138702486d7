// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "host/observe/redact.hpp"

using sluice::host::Redactor;

namespace {

constexpr const char* kSecret = "hunter2/\"Wei\xC3\x9F\" +\\%";

Redactor with(const std::string& value) {
  Redactor redactor;
  REQUIRE(redactor.add(value));
  return redactor;
}

}  // namespace

TEST_CASE("redact: a value is found in every form", "[unit][secret]") {
  const Redactor redactor = with(kSecret);
  const char* forms[] = {
      kSecret,
      "hunter2%2F%22Wei%C3%9F%22%20%2B%5C%25",                    // percent-encoded
      "hunter2%2f%22Wei%c3%9f%22%20%2b%5c%25",                    // in small letters
      "hunter2/%22Wei%C3%9F%22+%2B%5C%25",                        // as a form, slash left as it is
      "hunter2%252F%2522Wei%25C3%259F%2522%2520%252B%255C%2525",  // twice
      "hunter2/\\\"Wei\xC3\x9F\\\" +\\\\%",                       // JSON
      "hunter2\\/\\\"Wei\\u00df\\\" +\\\\%",                      // JSON in ASCII
      // JSON within JSON
      R"(hunter2/\\\"Wei\\u00df\\\" +\\\\%)", "hunter2\\u002f\\u0022Wei\\u00DF\\u0022 +\\\\%",
      "aHVudGVyMi8iV2Vpw58iICtcJQ",               // base64, padding cut
      "dXNlcjpodW50ZXIyLyJXZWnDnyIgK1wl",         // of user:secret
      "bWU6aHVudGVyMi8iV2Vpw58iICtcJQ",           // of me:secret
      "bG9uZzpodW50ZXIyLyJXZWnDnyIgK1wlOm1vcmU",  // of long:secret:more
  };
  for (const char* form : forms) {
    const std::string shown = redactor.redact(std::string("before ") + form + " after");
    CAPTURE(form, shown);
    CHECK(shown.find("before ") == 0);
    CHECK(shown.find("***") != std::string::npos);
    CHECK(shown.find("unter2") == std::string::npos);
    CHECK_FALSE(redactor.finds(shown));
  }
}

TEST_CASE("redact: base64 within base64 leaves none of the value behind", "[unit][secret]") {
  const Redactor redactor = with("correct horse battery");
  // "u:correct horse battery", with two bytes in front of the value: its last character is shared.
  const std::string shown =
      redactor.redact("Authorization: Basic dTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=");
  CHECK(shown.size() < 40);
  CHECK(shown.find("Y29ycmVjd") == std::string::npos);
  CHECK(shown.find("b3JyZWN0") == std::string::npos);
}

TEST_CASE("redact: other text is left alone", "[unit][secret]") {
  const Redactor redactor = with("s3cr3t-value");
  for (const char* text : {"", "100% of \\ all \\u12 %4", "s3cr3t-Value", "%", "\\", "\\u", "%2"}) {
    CHECK(redactor.redact(text) == text);
  }
  CHECK(redactor.redact("s3cr3t-values3cr3t-value!") == "******!");
  CHECK_FALSE(Redactor().finds("anything"));
  Redactor shortest;
  CHECK_FALSE(shortest.add("abc"));
  CHECK(shortest.redact("abc") == "abc");
}

TEST_CASE("redact: a value that was cut off is found", "[unit][secret]") {
  const Redactor redactor = with("s3cr3t-value");
  CHECK(redactor.redact("it said s3cr3t-va") == "it said ***");
  CHECK(redactor.redact("it said s3cr3t-va...") == "it said ***...");
  CHECK(redactor.redact("it said s3cr3t-va more") == "it said s3cr3t-va more");
  CHECK(redactor.redact("it said s3cr3") == "it said s3cr3");
}

TEST_CASE("redact: JSON stays JSON", "[unit][secret]") {
  const Redactor redactor = with("nabc");
  CHECK(redactor.redact(R"({"a":"line\nabc"})") == R"({"a":"line***"})");
  CHECK(redactor.redact(R"({"a":"path\\nabc"})") == R"({"a":"path\\***"})");
  CHECK(with("abc\\").redact(R"({"a":"abc\\"})") == R"({"a":"***"})");
}

TEST_CASE("redact: of two values at one place the longer goes", "[unit][secret]") {
  Redactor redactor = with("token");
  redactor.add("token-and-more");
  CHECK(redactor.redact("a token-and-more b token c") == "a *** b *** c");
}

TEST_CASE("redact: each long line of a value of several lines counts", "[unit][secret]") {
  const Redactor redactor = with("-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w0B\nshort\n");
  CHECK(redactor.redact("line MIIEvQIBADANBgkqhkiG9w0B.") == "line ***.");
  CHECK(redactor.redact("{\"key\":\"-----BEGIN-----\\nMIIEvQIBADANBgkqhkiG9w0B\\nshort\\n\"}") ==
        "{\"key\":\"***\"}");
}

TEST_CASE("redact: the process's own values come and go", "[unit][secret]") {
  sluice::host::add_secret("come-and-go");
  CHECK(sluice::host::redact("come-and-go") == "***");
  sluice::host::forget_secret("come-and-go");
  CHECK(sluice::host::redact("come-and-go") == "come-and-go");
}
