// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <thread>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

// Bytes of which some repeat, so that they compress, but not all.
std::string sample(size_t size) {
  std::string text;
  uint32_t state = 7;
  while (text.size() < size) {
    state = state * 1664525U + 1013904223U;
    text += "value " + std::to_string(state >> 16) + " follows\n";
  }
  text.resize(size);
  return text;
}

// By window: 31 gzip, 15 zlib, -15 bare deflate.
std::string deflated(const std::string& text, int window) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Brotli has blocks that are not compressed: a stream of those needs no compressor.
std::string brotli(const std::string& text) {
  std::string out;
  uint32_t bits = 0;
  unsigned count = 0;
  const auto put = [&](uint32_t value, unsigned width) {
    bits |= value << count;
    for (count += width; count >= 8; count -= 8, bits >>= 8) {
      out.push_back(static_cast<char>(bits & 0xffU));
    }
  };
  put(0, 1);  // a window of 64 KiB
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min<size_t>(text.size() - at, 65'536);
    put(0, 1);  // not the last
    put(0, 2);  // four nibbles of length
    put(static_cast<uint32_t>(size - 1), 16);
    put(1, 1);  // not compressed
    put(0, (8 - count) % 8);
    out += text.substr(at, size);
    at += size;
  }
  put(3, 2);  // last and empty
  put(0, (8 - count) % 8);
  return out;
}

struct Coding {
  const char* name;
  std::function<std::string(const std::string&)> encode;
};

const std::vector<Coding>& codings() {
  static const std::vector<Coding> kAll = {
      {"gzip", [](const std::string& t) { return deflated(t, 31); }},
      {"x-gzip", [](const std::string& t) { return deflated(t, 31); }},
      {"deflate", [](const std::string& t) { return deflated(t, 15); }},
      {"Deflate", [](const std::string& t) { return deflated(t, -15); }},
      {"br", brotli},
      {"zstd", zstandard}};
  return kAll;
}

RawHttpServer::Handler coded(const std::string& coding, const std::string& body) {
  return [=](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, body, "Content-Encoding: " + coding + "\r\n"));
  };
}

host::Error body_error(RawHttpServer& server, uint64_t max_body_bytes = 0) {
  test::Caller caller(test::without_retries());
  host::HttpRequest request = test::request_of(server.url());
  request.max_body_bytes = max_body_bytes;
  auto answer = caller.open(request);
  if (!answer) {
    return answer.error();
  }
  auto body = test::read_all(**answer);
  REQUIRE_FALSE(body);
  std::array<char, 8> again{};
  CHECK_FALSE((*answer)->read(again));  // it stays failed
  CHECK(caller.stats.failed == 1);
  return body.error();
}

}  // namespace

TEST_CASE("http bodies: compression is undone whatever the sizes of the pieces", "[unit][http]") {
  const size_t which = GENERATE(range<size_t>(0, 6));
  const Coding& coding = codings().at(which);
  CAPTURE(coding.name);
  const std::string text = sample(GENERATE(size_t{1}, size_t{300}, size_t{1'000'000}));
  std::string offered;
  const std::string packed = coding.encode(text);
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    offered = request.header("accept-encoding");
    const std::string head =
        raw_answer(200, packed, "Content-Encoding: " + std::string(coding.name) + "\r\n");
    for (size_t at = 0; at < head.size();) {  // a few odd pieces, then the rest
      const size_t size = at < 3000 ? 1 + at % 7 : head.size() - at;
      connection.send(std::string_view(head).substr(at, size));
      at += size;
    }
  });
  host::HttpOptions options = test::without_retries();
  options.buffer_bytes = GENERATE(1U, 256U << 10);
  test::Caller caller(options);
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  std::string got;
  std::vector<char> buffer(GENERATE(size_t{1009}, size_t{65'536}));
  while (true) {
    auto size = (*answer)->read(buffer);
    REQUIRE(size);
    if (*size == 0) {
      break;
    }
    got.append(buffer.data(), *size);
  }
  CHECK((got == text));
  CHECK(*(*answer)->read(buffer) == 0);
  CHECK(offered == "gzip, deflate, br, zstd");
  CHECK(caller.stats.bytes == packed.size());
}

TEST_CASE("http bodies: gzip in several members is one body", "[unit][http]") {
  RawHttpServer server(coded("gzip", deflated("one ", 31) + deflated("two", 31)));
  test::Caller caller;
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == "one two");
}

TEST_CASE("http bodies: an empty body may call itself compressed", "[unit][http]") {
  RawHttpServer server(coded("gzip", ""));
  test::Caller caller;
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  CHECK(test::read_all(**answer)->empty());
}

TEST_CASE("http bodies: damaged compression is found", "[unit][http]") {
  const size_t which = GENERATE(range<size_t>(0, 6));
  const Coding& coding = codings().at(which);
  CAPTURE(coding.name);
  const std::string whole = coding.encode(sample(200'000));
  std::string damaged = whole;
  SECTION("that ends in the middle, though the length is right") {
    damaged.resize(whole.size() / 2);
  }
  SECTION("that lacks its last byte") {
    damaged.resize(whole.size() - 1);
  }
  SECTION("that is something else") {
    damaged = "<html>not compressed</html>";
  }
  SECTION("with something behind its end") {
    damaged += "something";
  }
  RawHttpServer server(coded(coding.name, damaged));
  const host::Error error = body_error(server);
  CHECK(error.code == Code::kUnavailable);
  CHECK(error.vendor_code == EILSEQ);
}

TEST_CASE("http bodies: a coding that was not offered is refused", "[unit][http]") {
  RawHttpServer server(coded(GENERATE("compress", "gzip, br", "rot13"), "x"));
  const host::Error error = body_error(server);
  CHECK(error.code == Code::kUnavailable);
  CHECK(error.vendor_code == ENOTSUP);
}

TEST_CASE("http bodies: what is unpacked counts", "[unit][http]") {
  const std::string zeros(64U << 20, '\0');
  const size_t which = GENERATE(size_t{0}, size_t{2}, size_t{5});
  const Coding& coding = codings().at(which);
  CAPTURE(coding.name);
  const std::string bomb = coding.encode(zeros);
  REQUIRE(bomb.size() < 100'000);
  RawHttpServer server(coded(coding.name, bomb));
  test::Caller caller(test::without_retries());
  host::HttpRequest request = test::request_of(server.url());
  request.max_body_bytes = 5'000'000;
  auto answer = caller.open(request);
  REQUIRE(answer);
  std::string got;
  const auto body = test::read_all(**answer, &got);
  REQUIRE_FALSE(body);
  CHECK(body.error().code == Code::kBadData);
  CHECK(body.error().vendor_code == EFBIG);
  CHECK(got.size() == 5'000'000);
  request.max_body_bytes = zeros.size();  // exactly enough
  answer = caller.open(request);
  REQUIRE(answer);
  CHECK(test::read_all(**answer)->size() == zeros.size());
}

TEST_CASE("http bodies: an endless slow body is given up", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (connection.send("x")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the slowness itself
    }
  });
  host::HttpOptions options = test::without_retries();
  options.low_speed = 1'000'000;
  options.low_speed_window = std::chrono::milliseconds(100);
  test::Caller caller(options);
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  const auto body = test::read_all(**answer);
  REQUIRE_FALSE(body);
  CHECK(body.error().code == Code::kUnavailable);
  CHECK(body.error().vendor_code == ECOMM);
}

TEST_CASE("http bodies: a slow reader is not taken for a slow service", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, std::string(400'000, 'x')));
  });
  host::HttpOptions options = test::without_retries();
  options.low_speed = 1'000'000;
  options.low_speed_window = std::chrono::milliseconds(60);
  options.buffer_bytes = 20'000;
  test::Caller caller(options);
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  std::vector<char> buffer(50'000);
  size_t got = 0;
  while (true) {
    const auto size = (*answer)->read(buffer);
    REQUIRE(size);
    if (*size == 0) {
      break;
    }
    got += *size;
    std::this_thread::sleep_for(std::chrono::milliseconds(got < 50'000 ? 70 : 1));
  }
  CHECK(got == 400'000);
}

TEST_CASE("http bodies: an HTML page in place of JSON is said to be one", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest& request) {
    connection.send(raw_answer(200, "<html>",
                               request.target == "/html" ? "Content-Type: text/html; charset=x\r\n"
                                                         : "Content-Type: text/plain\r\n"));
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url("/html"));
  request.expect = "application/json";
  const auto page = caller.open(request);
  REQUIRE_FALSE(page);
  CHECK_THAT(page.error().message, Catch::Contains("HTML page instead of application/json"));
  request.url = server.url("/text");
  const auto text = caller.open(request);
  REQUIRE_FALSE(text);
  CHECK_THAT(text.error().message, !Catch::Contains("HTML page instead"));
}

TEST_CASE("http bodies: large bodies are sent whole", "[unit][http]") {
  const std::string body =
      sample(GENERATE(size_t{0}, size_t{65'536}, size_t{65'537}, size_t{24U << 20}));
  std::atomic<int> well{0};
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    if (request.target == "/moved") {
      connection.send(raw_answer(307, "", "Location: /here\r\n"));
      return;
    }
    well += request.body == body ? 1 : 0;
    connection.send(raw_answer(201, request.method));
  });
  test::Caller caller(test::without_retries());
  host::HttpRequest request = test::request_of(server.url(GENERATE("/here", "/moved")));
  request.method = GENERATE("POST", "PUT");
  request.body = body;
  auto answer = caller.open(request);
  REQUIRE(answer);
  CHECK((*answer)->status() == 201);
  CHECK(*test::read_all(**answer) == request.method);
  CHECK(well == 1);
}

TEST_CASE("http bodies: a large body goes out again if its connection had gone stale",
          "[unit][http]") {
  const std::string body = sample(8U << 20);
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    connection.send(raw_answer(request.body == body ? 200 : 400, ""));
    connection.close();  // without saying so
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  request.method = "PUT";
  request.body = body;
  request.repeatable = true;
  for (int i = 0; i < 4; ++i) {
    auto answer = caller.open(request);
    REQUIRE(answer);
    CHECK((*answer)->status() == 200);
    REQUIRE(test::read_all(**answer));
  }
}
