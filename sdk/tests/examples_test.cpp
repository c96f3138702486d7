// SPDX-License-Identifier: Apache-2.0
//
// The README's examples as built libraries, and the note that the build added to them.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

const std::string kFolder = SLUICE_EXAMPLES;  // NOLINT

std::string output_of(const std::string& command, int& status) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[512];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    text.append(buffer, n);
  }
  status = ::pclose(pipe);
  return text;
}

std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The content of the first note of owner "sluice" in a file, found by its form.
std::string note_of(const std::string& path) {
  const std::string bytes = file_content(path);
  const uint32_t head[3] = {7, 0, 1};
  for (std::size_t at = bytes.find(std::string("sluice\0\0{", 9)); at != std::string::npos;
       at = bytes.find(std::string("sluice\0\0{", 9), at + 1)) {
    uint32_t found[3];
    std::memcpy(found, bytes.data() + at - sizeof(found), sizeof(found));
    if (found[0] == head[0] && found[2] == head[2] && at % 4 == 0) {
      return bytes.substr(at + 8, found[1]);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("the example source reads pages and resumes") {
  FakeHost host;
  const std::string base = "https://e/trades?market=BTC-USD&from=0&to=10&after=";
  host.http.on_prefix(base + "0&", {.body = R"([{"id":1,"ts":5,"price":"12.5","s":"buy"},
                                                {"id":2,"ts":6,"price":"0.00000001","s":null}])"});
  host.http.on_prefix(base + "2&", {.body = R"([{"id":3,"ts":7,"price":"7","s":"sell"}])"});
  host.http.on_prefix(base + "3&", {.body = "[]"});
  const Plugin plugin = Plugin::load(kFolder + "/trades.so");
  const json config = {{"base_url", "https://e"}};
  const auto run = run_source(plugin, host, config, {.from_us = 0, .to_us = 10});
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows[1]["price"] == "0.00000001");
  const auto rest =
      run_source(plugin, host, config, {.from_us = 0, .to_us = 10, .state = run.states.at(0)});
  CHECK(rest.rows == std::vector<json>{run.rows[2]});
}

TEST_CASE("the example sink writes what was committed") {
  char path[] = "/tmp/sluice-lines-XXXXXX";
  const int fd = ::mkstemp(path);
  REQUIRE(fd >= 0);
  ::close(fd);
  const Stream stream = sdk_test::Counter::streams().at(0);
  {
    FakeHost host;
    SinkSession sink(Plugin::load(kFolder + "/lines.so"), host, {{"path", path}});
    sink.land(stream, "a", from_rows(stream, {{{"n", 1}}, {{"n", 2}}}));
  }
  CHECK(file_content(path) == "{\"n\":1}\n{\"n\":2}\n");
  std::remove(path);
}

TEST_CASE("the note says what the library says, in the form that ELF asks for") {
  const std::string library = kFolder + "/trades.so";
  const json note = json::parse(note_of(library));
  CHECK(note["abi"] == json({SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR}));
  CHECK(note["min_host_minor"] == 0);
  CHECK(note["sdk"] == SLUICE_SDK_VERSION);
  REQUIRE(note["components"].size() == 1);
  CHECK(note["components"][0]["kind"] == "source");
  CHECK(note["components"][0]["id"] == "example-trades");
  const auto* descriptor = Plugin::load(library).descriptors().at(0);
  CHECK(note["components"][0]["config_schema"] == json::parse(view(descriptor->config_schema)));
  int status = 0;
  const std::string elf = output_of("readelf -nW " + library, status);
  CHECK(status == 0);
  CHECK_THAT(elf, Catch::Contains("sluice"));
  CHECK_THAT(elf, !Catch::Contains("corrupt"));
}

TEST_CASE("a second run of the note tool changes nothing, and what is no plugin is refused") {
  const std::string library = kFolder + "/lines.so";
  const std::string before = file_content(library);
  int status = 0;
  (void)output_of(std::string(SLUICE_NOTE_TOOL) + " " + library, status);
  CHECK(status == 0);
  CHECK(file_content(library) == before);
  const std::string text = output_of(std::string(SLUICE_NOTE_TOOL) + " /dev/null", status);
  CHECK(status != 0);
  CHECK_THAT(text, Catch::Contains("/dev/null gets no note"));
}
