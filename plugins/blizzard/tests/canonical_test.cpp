// SPDX-License-Identifier: Apache-2.0
//
// The canonical form: what is noise vanishes, what is content stays.
#include "canonical.hpp"

#include <catch2/catch.hpp>

#include "client.hpp"

using namespace blizzard;  // NOLINT: a test of this namespace

namespace {

std::string canonical(const std::string& text, const std::string& locale = "en_US") {
  const Document document(text, "test");
  std::string out;
  write_canonical(document.root(), locale, out);
  return out;
}

}  // namespace

TEST_CASE("blizzard canonical: links lose the build and nothing else", "[unit][blizzard]") {
  CHECK(without_build("https://x/1?namespace=static-12.0.7_67808-eu") ==
        "https://x/1?namespace=static-eu");
  CHECK(without_build("https://x/1?namespace=static-1.13.2_31446-classic-eu&locale=en_US") ==
        "https://x/1?namespace=static-classic-eu&locale=en_US");
  CHECK(without_build("https://x/1?namespace=static-classic1x-eu") ==
        "https://x/1?namespace=static-classic1x-eu");
  CHECK(without_build("https://x/1?namespace=dynamic-us") == "https://x/1?namespace=dynamic-us");
  CHECK(without_build("https://x/12.0.7_1-a?b=1-2") == "https://x/12.0.7_1-a?b=1-2");
  CHECK(without_build("https://x/1?namespace=") == "https://x/1?namespace=");
}

TEST_CASE("blizzard canonical: order of members and space do not count", "[unit][blizzard]") {
  CHECK(canonical(R"({"b": [1, 2.50, -3], "a": {"y": null, "x": true}})") ==
        R"({"a":{"x":true,"y":null},"b":[1,2.5,-3]})");
  CHECK(canonical(R"(["tab\t \"q\" \\ \/ \u00e9 line\n", 18446744073709551615, {}, []])") ==
        R"(["tab\u0009 \"q\" \\ / é line\n",18446744073709551615,{},[]])");
}

TEST_CASE("blizzard canonical: texts in languages become the one wanted", "[unit][blizzard]") {
  const std::string both = R"({"name":{"en_US":"Axe","de_DE":"Axt","fr_FR":null},"kind":"Axe"})";
  CHECK(canonical(both) == R"({"kind":"Axe","name":"Axe"})");
  CHECK(canonical(both, "de_DE") == R"({"kind":"Axe","name":"Axt"})");
  CHECK(canonical(both, "fr_FR") == R"({"kind":"Axe","name":null})");
  CHECK(canonical(both, "ko_KR") == R"({"kind":"Axe","name":null})");
  const Document document(both, "test");
  CHECK(locales_in(document.root()) == std::vector<std::string>{"en_US", "de_DE", "fr_FR"});
  const Document uneven(R"({"name":{"en_US":"Axe"},"of":[{"text":{"de_DE":"Axt","en_US":"A"}}]})",
                        "test");
  CHECK(locales_in(uneven.root()) == std::vector<std::string>{"en_US", "de_DE"});
  CHECK(locales_in(Document(R"({"name":"Axe","ids":[1,{"ab_CD":5}]})", "test").root()).empty());
}

TEST_CASE("blizzard canonical: hashes are FNV-1a of 128 bits", "[unit][blizzard]") {
  CHECK(content_hash("") == "6c62272e07bb014262b821756295c58d");
  CHECK(content_hash("a") == "d228cb696f1a8caf78912b704e4a8964");
  CHECK(content_hash("foobar") == "343e1662793c64bf6f0d3597ba446f18");
}

TEST_CASE("blizzard canonical: what is no JSON is told with its offset", "[unit][blizzard]") {
  try {
    const Document cut(R"({"id": 5, "name": "A)", "https://x/1");
    FAIL("parsed");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == sluice::Code::kBadData);
    CHECK((error.flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(error.message().find("at byte 21 of 20") != std::string::npos);
  }
  CHECK_THROWS_AS(Document("", "x"), sluice::Error);
  CHECK_THROWS_AS(Document(std::string(3000, '['), "x"), sluice::Error);
}

TEST_CASE("blizzard client: ids links and dates are read as they come", "[unit][blizzard]") {
  CHECK(id_in_link("https://eu.api.blizzard.com/data/wow/connected-realm/509?namespace=x") == 509);
  CHECK(id_in_link("https://x/connected-realm/509/") == 509);
  CHECK_FALSE(id_in_link("https://x/connected-realm/index"));
  CHECK_FALSE(id_in_link(""));
  CHECK(parse_http_date("Mon, 9 Dec 2019 02:13:49 GMT") == 1'575'857'629);
  CHECK(parse_http_date("Mon, 09 Dec 2019 02:13:49 GMT") == 1'575'857'629);
  for (const char* bad : {"", "Mon", "9 Dec 2019", "Mon, 31 Feb 2019 02:13:49 GMT",
                          "Mon, 9 Dec 2019 2:13 GMT", "Mon, 9 Dez 2019 02:13:49 GMT"}) {
    CHECK_FALSE(parse_http_date(bad));
  }
  const Document numbers(R"([5, "5", 5.0, 5.5, "x", null, 1e300])", "x");
  const auto at = [&](std::size_t i) { return whole_number(numbers.root().at(i)); };
  CHECK(at(0) == 5);
  CHECK(at(1) == 5);
  CHECK(at(2) == 5);
  for (std::size_t i = 3; i < 8; ++i) {
    CHECK_FALSE(at(i));
  }
}
