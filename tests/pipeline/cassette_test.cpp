// SPDX-License-Identifier: Apache-2.0
//
// run --record and --replay with the real binary: what a service said is recorded, then the service
// is gone and the rows are the same.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/web.hpp"
#include "support/raw_http_server.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::raw_answer;
using sluice::test::RawConnection;
using sluice::test::RawHttpServer;
using sluice::test::RawRequest;
using sluice::test::read_file;
using sluice::test::WebPipeline;
using sluice::test::write_file;

namespace {

namespace fs = std::filesystem;

constexpr const char* kSecret = "s3cr3t+value/1234567890";

std::string all_text(const fs::path& folder) {
  std::string out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      out += entry.path().string() + "\n" + read_file(entry.path().string());
    }
  }
  return out;
}

fs::path exchange_with(const std::string& folder, const std::string& text) {
  for (const auto& entry : fs::directory_iterator(folder + "/exchanges")) {
    if (read_file(entry.path().string()).find(text) != std::string::npos) {
      return entry.path();
    }
  }
  return {};
}

void replace_in(const fs::path& file, const std::string& what, const std::string& with) {
  std::string text = read_file(file.string());
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  write_file(file.string(), text.replace(at, what.size(), with));
}

// A service with an answer of every kind, that can be taken away.
struct Service {
  std::atomic<int> count{0};
  std::optional<RawHttpServer> server;
  std::string base;

  Service() {
    server.emplace([this](RawConnection& connection, const RawRequest& request) {
      connection.send(answer(request));
    });
    base = server->url("");
  }

  std::string answer(const RawRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/count") {
      return raw_answer(200, std::to_string(++count), "Content-Type: text/plain\r\n");
    }
    if (path == "/versioned") {
      const bool known = request.header("if-none-match") == "\"v1\"";
      return known
                 ? "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"
                 : raw_answer(200, "first version", "ETag: \"v1\"\r\nContent-Type: text/plain\r\n");
    }
    if (path == "/part") {
      const std::string whole = "0123456789abcdef";
      const std::string range = request.header("range");
      return range.empty() ? raw_answer(200, whole, "ETag: \"p\"\r\n")
                           : raw_answer(206, whole.substr(std::stoul(range.substr(6))),
                                        "Content-Range: bytes 4-15/16\r\nETag: \"p\"\r\n");
    }
    if (path == "/echo") {
      return raw_answer(200, request.method + " " + request.body,
                        "Content-Type: application/json\r\nSet-Cookie: session=abc123\r\n");
    }
    if (path == "/leak") {
      return raw_answer(200, R"({"token":")" + std::string(kSecret) + R"(","price":1.50})",
                        "Content-Type: application/json\r\n");
    }
    if (path == "/v1/items") {
      return raw_answer(200, R"({"items":[1,2.50,{"a":"b c"}],"empty":{}})",
                        "Content-Type: application/json\r\n");
    }
    return path == "/binary" ? raw_answer(200, std::string("\0\1\2zip\xff", 7),
                                          "Content-Type: application/octet-stream\r\n")
                             : raw_answer(404, "nothing here", "Content-Type: text/plain\r\n");
  }
};

// Not what the client makes an error of.
bool is_answer(int status) {
  return status < 500 && status != 401 && status != 403 && status != 429;
}

std::string request(const std::string& name, const std::string& url, const std::string& more = "") {
  return "[[source.requests]]\nname = \"" + name + "\"\nurl = \"" + url + "\"\n" + more + "\n";
}

}  // namespace

TEST_CASE("cassettes: a recorded run plays back without its service", "[pipeline][cassette]") {
  WebPipeline web;
  Service service;
  web.configure(request("count", service.base + "/count", "times = 3") +
                request("items", service.base + "/v1/items") +
                request("binary", service.base + "/binary") +
                request("gone", service.base + "/gone") +
                request("part", service.base + "/part", "range_start = 4") +
                request("post", service.base + "/echo",
                        "method = \"POST\"\nbody = '{\"q\": [1, 2]}'\nheader = \"Content-Type: "
                        "application/json\"") +
                request("versioned", service.base + "/versioned", "times = 2\nrevalidate = true"));
  const Finished recorded = web.run("recorded", {"--record", web.cassette()});
  INFO(recorded.out << recorded.err);
  REQUIRE(recorded.exit_code == 0);
  const std::string wanted = web.answers("recorded");
  CHECK(wanted.find("count|2|200|text/plain|1|51|3") != std::string::npos);
  CHECK(wanted.find("versioned|1|304") != std::string::npos);
  CHECK(wanted.find("part|0|206") != std::string::npos);
  service.server.reset();  // from here on the port is closed

  SECTION("loosely and strictly with equal rows and as many requests") {
    const std::string how = GENERATE("loose", "strict");
    const Finished replayed =
        web.run("replayed", {"--replay", web.cassette(), "--replay-match", how});
    INFO(replayed.out << replayed.err);
    CHECK(replayed.exit_code == 0);
    CHECK(web.answers("replayed") == wanted);
  }
  SECTION("a request that was not recorded names itself and the nearest one") {
    web.configure(request("other", service.base + "/count?page=2"));
    const Finished missing = web.run("missing", {"--replay", web.cassette()});
    INFO(missing.out << missing.err);
    CHECK(missing.exit_code == 1);
    const std::string told = missing.out + missing.err;
    CHECK(told.find(service.base + "/count?page=2 is not in the cassette") != std::string::npos);
    CHECK(told.find("page is new") != std::string::npos);
  }
  SECTION("the files are for their owner and JSON is laid out") {
    struct stat info {};
    for (const auto& entry : fs::recursive_directory_iterator(web.cassette())) {
      REQUIRE(stat(entry.path().c_str(), &info) == 0);
      CHECK((info.st_mode & 077U) == 0);
    }
    const json head = json::parse(read_file(exchange_with(web.cassette(), "/v1/items").string()));
    CHECK(head["request"]["url"] == service.base + "/v1/items");
    CHECK(head["answer"]["layout"] == "packed");
    CHECK(read_file(web.cassette() + "/bodies/" + head["answer"]["body"].get<std::string>()) ==
          "{\n  \"items\": [\n    1,\n    2.50,\n    {\n      \"a\": \"b c\"\n    }\n  ],\n  "
          "\"empty\": {}\n}\n");
    CHECK(all_text(web.cassette()).find("abc123") == std::string::npos);
  }
}

TEST_CASE("cassettes: recording again gives the same files", "[pipeline][cassette]") {
  WebPipeline web;
  Service service;
  web.configure(request("items", service.base + "/v1/items") +
                request("binary", service.base + "/binary", "times = 2"));
  const auto files = [&] {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(web.cassette())) {
      const std::string name = entry.path().lexically_relative(web.cassette()).string();
      if (entry.is_regular_file() && name != "cassette.json" && name != "timing.ndjson") {
        out[name] = read_file(entry.path().string());
      }
    }
    return out;
  };
  REQUIRE(web.run("first", {"--record", web.cassette()}).exit_code == 0);
  const auto first = files();
  CHECK(first.size() == 6);
  REQUIRE(web.run("second", {"--record", web.cassette()}).exit_code == 0);
  CHECK(files() == first);
}

TEST_CASE("cassettes: no secret is recorded and none is needed to play", "[pipeline][cassette]") {
  WebPipeline web;
  Service service;
  const std::string tables = "[secret.key]\nenv = \"WEB_TEST_SECRET\"";
  web.configure("token = { secret = \"key\" }\n" +
                    request("query", service.base + "/v1/items?q={token}&apikey=plain-api-key-77") +
                    request("header", service.base + "/v1/items", "header = \"X-Odd: {token}\"") +
                    request("bearer", service.base + "/v1/items",
                            "header = \"Authorization: Bearer {token}\"") +
                    request("leak", service.base + "/leak"),
                tables);
  const Finished recorded =
      web.run("recorded", {"--record", web.cassette()}, {{"WEB_TEST_SECRET", kSecret}});
  INFO(recorded.out << recorded.err);
  REQUIRE(recorded.exit_code == 0);
  service.server.reset();
  const std::string text = all_text(web.cassette());
  CHECK(text.find("s3cr3t") == std::string::npos);
  CHECK(text.find("plain-api-key") == std::string::npos);
  CHECK(text.find("1.50") != std::string::npos);
  // Of one who has no key.
  const Finished replayed =
      web.run("replayed", {"--replay", web.cassette(), "--replay-match", "strict"});
  INFO(replayed.out << replayed.err);
  CHECK(replayed.exit_code == 0);
  CHECK(web.answers("replayed").find("leak|0|200|application/json") != std::string::npos);
}

TEST_CASE("cassettes: credentials are used and never recorded", "[pipeline][cassette]") {
  WebPipeline web;
  std::optional<RawHttpServer> server;
  server.emplace([](RawConnection& connection, const RawRequest& request) {
    const bool known = request.header("authorization") == "Bearer " + std::string(kSecret);
    connection.send(raw_answer(known ? 200 : 401, known ? "come in" : "who are you",
                               "Content-Type: text/plain\r\n"));
  });
  web.configure(request("private", server->url("/private"), "credential = \"mine\""),
                "[secret.key]\nenv = \"WEB_TEST_SECRET\"\n[credential.mine]\ntype = "
                "\"bearer\"\nkey = { secret = \"key\" }\n");
  const Finished recorded =
      web.run("recorded", {"--record", web.cassette()}, {{"WEB_TEST_SECRET", kSecret}});
  INFO(recorded.out << recorded.err);
  REQUIRE(recorded.exit_code == 0);
  server.reset();
  CHECK(all_text(web.cassette()).find("s3cr3t") == std::string::npos);
  CHECK(all_text(web.cassette()).find("Bearer") == std::string::npos);
  const Finished replayed =
      web.run("replayed", {"--replay", web.cassette(), "--replay-match", "strict"});
  INFO(replayed.out << replayed.err);
  CHECK(replayed.exit_code == 0);
  CHECK(web.answers("replayed") == web.answers("recorded"));
}

TEST_CASE("cassettes: loose matching takes other orders and moving parameters",
          "[pipeline][cassette]") {
  WebPipeline web;
  Service service;
  web.configure(request("a", service.base + "/v1/items?limit=5&end=1700000000000&symbol=BTC"));
  REQUIRE(web.run("recorded", {"--record", web.cassette()}).exit_code == 0);
  service.server.reset();
  web.configure(request("a", service.base + "/v1/items?symbol=BTC&end=1700000099999&limit=5"));
  CHECK(web.run("loose", {"--replay", web.cassette()}).exit_code == 0);
  const Finished strict =
      web.run("strict", {"--replay", web.cassette(), "--replay-match", "strict"});
  CHECK(strict.exit_code == 1);
  CHECK((strict.out + strict.err).find("strict matching") != std::string::npos);
  web.configure(request("a", service.base + "/v1/items?symbol=ETH&end=1700000000000&limit=5"));
  const Finished other = web.run("other", {"--replay", web.cassette()});
  CHECK(other.exit_code == 1);
  CHECK((other.out + other.err).find("symbol is 'ETH' instead of 'BTC'") != std::string::npos);
}

TEST_CASE("cassettes: a failing service is recorded with its errors", "[pipeline][cassette]") {
  WebPipeline web;
  std::optional<RawHttpServer> server;
  server.emplace([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    connection.close();
  });
  web.configure(request("half", server->url("/half")));
  CHECK(web.run("recorded", {"--record", web.cassette()}).exit_code == 1);
  server.reset();
  const Finished replayed = web.run("replayed", {"--replay", web.cassette()});
  CHECK(replayed.exit_code == 1);
  const json head = json::parse(read_file(exchange_with(web.cassette(), "half").string()));
  CHECK(head["error"]["code"] == "unavailable");
  CHECK((replayed.out + replayed.err).find(head["error"]["message"].get<std::string>()) !=
        std::string::npos);
}

TEST_CASE("cassettes: damaged ones are told with file and line", "[pipeline][cassette]") {
  WebPipeline web;
  Service service;
  web.configure(request("items", service.base + "/v1/items"));
  REQUIRE(web.run("recorded", {"--record", web.cassette()}).exit_code == 0);
  const fs::path head = exchange_with(web.cassette(), "items");
  const auto replay = [&] {
    const Finished finished = web.run("replayed", {"--replay", web.cassette()});
    CHECK(finished.exit_code == 78);
    return finished.err;
  };
  SECTION("cut off") {
    const std::string text = read_file(head.string());
    write_file(head.string(), text.substr(0, text.size() / 2));
    CHECK(replay().find(head.filename().string() + ":") != std::string::npos);
  }
  SECTION("wrong type") {
    replace_in(head, "\"status\": 200", "\"status\": \"fine\"");
    CHECK(replay().find(head.filename().string() + ":7: 'answer.status' must be a whole number") !=
          std::string::npos);
  }
  SECTION("a body outside of the folder") {
    const json value = json::parse(read_file(head.string()));
    replace_in(head, value["answer"]["body"], "../../pipeline.toml");
    CHECK(replay().find("'answer.body' must be the plain name of a file") != std::string::npos);
  }
  SECTION("a body that is a link") {
    const json value = json::parse(read_file(head.string()));
    const fs::path body = fs::path(web.cassette()) / "bodies" / value["answer"]["body"];
    fs::remove(body);
    fs::create_symlink("/etc/passwd", body);
    CHECK_FALSE(replay().empty());
  }
  SECTION("a body that is missing") {
    const json value = json::parse(read_file(head.string()));
    fs::remove(fs::path(web.cassette()) / "bodies" / value["answer"]["body"]);
    CHECK(replay().find("does not exist") != std::string::npos);
  }
  SECTION("of another format") {
    replace_in(web.cassette() + "/cassette.json", "\"format\": 1", "\"format\": 2");
    CHECK(replay().find("cassette.json:2: 'format' must be 1") != std::string::npos);
  }
  SECTION("timings that are none") {
    std::ofstream(web.cassette() + "/timing.ndjson", std::ios::app) << "{\"exchange\": 5}\n";
    CHECK(replay().find("timing.ndjson:2: 'exchange' must be a text") != std::string::npos);
  }
  SECTION("no cassette at all") {
    fs::remove(web.cassette() + "/cassette.json");
    CHECK(replay().find("is no cassette") != std::string::npos);
  }
}

TEST_CASE("cassettes: a folder with other files is not recorded into", "[pipeline][cassette]") {
  WebPipeline web;
  web.configure(request("items", "http://127.0.0.1:1/"));
  fs::create_directory(web.cassette());
  write_file(web.cassette() + "/thesis.txt", "precious");
  const Finished refused = web.run("recorded", {"--record", web.cassette()});
  CHECK(refused.exit_code == 78);
  CHECK(read_file(web.cassette() + "/thesis.txt") == "precious");
}

TEST_CASE("cassettes: a large body is streamed in both directions", "[pipeline][cassette]") {
  WebPipeline web;
  constexpr size_t kSize = 99'000'000;
  std::optional<RawHttpServer> server;
  server.emplace([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(kSize) + "\r\n\r\n");
    std::string chunk(1'000'000, '1');
    for (size_t sent = 0; sent < kSize && connection.send(chunk); sent += chunk.size()) {
    }
  });
  web.configure(request("large", server->url("/large")));
  const Finished plain = web.run("plain", {});
  REQUIRE(plain.exit_code == 0);
  const Finished recorded = web.run("recorded", {"--record", web.cassette()});
  INFO(recorded.out << recorded.err);
  REQUIRE(recorded.exit_code == 0);
  server.reset();
  const Finished replayed = web.run("replayed", {"--replay", web.cassette()});
  REQUIRE(replayed.exit_code == 0);
  CHECK(web.answers("recorded") == web.answers("plain"));
  CHECK(web.answers("replayed") == web.answers("plain"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(recorded.peak_kib < plain.peak_kib + 24 * 1024);
  CHECK(replayed.peak_kib < plain.peak_kib + 24 * 1024);
#endif
}

TEST_CASE("cassettes: HAR files are imported", "[pipeline][cassette]") {
  WebPipeline web;
  const std::string har = web.folder / "session.har";
  write_file(har, R"({"log": {"version": "1.2", "entries": [
    {"startedDateTime": "2024-01-31T12:00:00.250+01:00", "time": 12.5,
     "request": {"method": "GET", "url": "https://api.example.org/v1/items?access_token=hushhush&n=2#top",
                 "headers": [{"name": ":authority", "value": "api.example.org"},
                             {"name": "Cookie", "value": "sid=hushhush"}]},
     "response": {"status": 200, "headers": [{"name": "content-type", "value": "application/json"},
                                             {"name": "Set-Cookie", "value": "sid=hushhush\nb=1"}],
                  "content": {"mimeType": "application/json", "text": "{\"refresh_token\":\"hushhush\",\"n\":2}"}}},
    {"request": {"method": "GET", "url": "https://api.example.org/logo", "headers": []},
     "response": {"status": 200, "headers": [], "content": {"encoding": "base64", "text": "AAEC/w=="}}},
    {"request": {"method": "GET", "url": "https://api.example.org/old", "headers": []},
     "response": {"status": 302, "headers": [{"name": "Location", "value": "/v1/items?access_token=other&n=2"}],
                  "content": {}}},
    {"request": {"method": "POST", "url": "https://api.example.org/login", "headers": [],
                 "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "user=me&password=hushhush"}},
     "response": {"status": 503, "headers": [], "content": {"text": "busy"}}},
    {"request": {"method": "GET", "url": "data:text/plain,x", "headers": []}, "response": {"status": 200}},
    {"request": {"method": "GET", "url": "https://api.example.org/blocked", "headers": []},
     "response": {"status": 0, "headers": [], "content": {}}}
  ]}})");
  const Finished imported = web.sluice("x", {"cassette", "import", har, web.cassette()});
  INFO(imported.out << imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(imported.out.find("4 exchanges imported, 2 left out") != std::string::npos);
  CHECK(imported.err.find("log.entries[4]") != std::string::npos);
  CHECK(all_text(web.cassette()).find("hushhush") == std::string::npos);
  CHECK(read_file(web.cassette() + "/cassette.json").find("2024-01-31T11:00:00Z") !=
        std::string::npos);

  web.configure("bases = [\"https://elsewhere.example.org\", \"https://api.example.org/v1\"]\n" +
                request("direct", "https://api.example.org/v1/items?access_token=mine&n=2") +
                request("endpoint", "/items?access_token=mine&n=2", "endpoint = \"api\"") +
                request("redirected", "https://api.example.org/old") +
                request("logo", "https://api.example.org/logo"));
  const Finished replayed = web.run("replayed", {"--replay", web.cassette()});
  INFO(replayed.out << replayed.err);
  CHECK(replayed.exit_code == 0);
  const std::string answers = web.answers("replayed");
  for (const char* name : {"direct", "endpoint", "redirected"}) {
    CHECK(answers.find(std::string(name) + "|0|200|application/json|29|") != std::string::npos);
  }
  CHECK(answers.find("logo|0|200||4|") != std::string::npos);

  write_file(har, "{\"log\": {\n\"entries\": [\n{]}");
  const Finished broken = web.sluice("x", {"cassette", "import", har, web.cassette()});
  CHECK(broken.exit_code == 78);
  CHECK(broken.err.find("session.har:3") != std::string::npos);
}

TEST_CASE("cassettes: recordings of real services play after conversion", "[pipeline][cassette]") {
  const char* variable = std::getenv("SLUICE_FIXTURES");
  const fs::path fixtures =
      variable != nullptr ? fs::path(variable) : fs::path(SLUICE_ROOT) / "../shared/fixtures";
  const std::string name = GENERATE("binance/cassettes_cryptoexchange", "binance/cassettes_mwlang",
                                    "blizzard/rbattlenet-vcr");
  if (!fs::is_directory(fixtures / name)) {
    WARN("SKIP: " << name << " is not there");
    return;
  }
  WebPipeline web;
  const std::string har = web.folder / "vcr.har";
  const Finished converted = sluice::test::run(
      {"python3", SLUICE_ROOT "/tests/support/vcr_to_har.py", (fixtures / name).string(), har});
  INFO(converted.err);
  REQUIRE(converted.exit_code == 0);
  const Finished imported = web.sluice("x", {"cassette", "import", har, web.cassette()});
  INFO(imported.out << imported.err);
  REQUIRE(imported.exit_code == 0);

  // Every request that was recorded, and how long the answers were.
  std::string requests;
  std::map<std::string, std::vector<int64_t>> sizes;
  const json entries = json::parse(read_file(har))["log"]["entries"];
  for (const json& entry : entries) {
    const std::string url = entry["request"]["url"];
    const json& content = entry["response"]["content"];
    const std::string text = content.value("text", "");
    const bool encoded = content.value("encoding", "") == "base64";
    const auto padding =
        static_cast<int64_t>(std::count(text.end() - 2 * encoded, text.end(), '='));
    const auto size = static_cast<int64_t>(text.size());
    if (entry["request"]["method"] == "GET" && is_answer(entry["response"]["status"])) {
      sizes[url].push_back(encoded ? size / 4 * 3 - padding : size);
    }
  }
  int number = 0;
  int64_t total = 0, count = 0;
  for (const auto& [url, all] : sizes) {
    requests +=
        request("r" + std::to_string(number++), url, "times = " + std::to_string(all.size()));
    for (const int64_t size : all) {
      total += size;
      ++count;
    }
  }
  REQUIRE(count > 0);
  web.configure(requests);
  const Finished replayed = web.run("replayed", {"--replay", web.cassette()});
  INFO(replayed.out << replayed.err);
  REQUIRE(replayed.exit_code == 0);
  CHECK(sluice::test::sql_number(web.target("replayed"), "SELECT count(*) FROM answers") == count);
  CHECK(sluice::test::sql_number(web.target("replayed"), "SELECT sum(size) FROM answers") == total);
}
