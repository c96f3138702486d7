// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/limits_file.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/temp_dir.hpp"

using namespace sluice;
namespace fs = std::filesystem;

namespace {

bool count_up(std::string& text) {
  text = std::to_string((text.empty() ? 0 : std::stoi(text)) + 1);
  return true;
}

std::string text_of(host::SharedState& state, const std::string& name) {
  std::string out;
  REQUIRE(state.update(name, [&](std::string& text) {
    out = text;
    return false;
  }));
  return out;
}

}  // namespace

TEST_CASE("limits file: texts outlive the object and are its owner's alone", "[unit][ledger]") {
  const test::TempDir dir;
  {
    host::LimitsFile file(dir.path());
    CHECK(fs::is_empty(dir.path()));  // nothing is made before it is needed
    REQUIRE(file.update("api", count_up));
    REQUIRE(file.update("gone", count_up));
    REQUIRE(file.update("gone", [](std::string& text) {
      text.clear();
      return true;
    }));
  }
  host::LimitsFile file(dir.path());
  CHECK(text_of(file, "api") == "1");
  const auto all = file.list();
  REQUIRE(all);
  CHECK(all->size() == 1);
  struct stat status {};
  REQUIRE(stat((dir.path() / "limits.mdb").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("limits file: processes and threads take turns, and a kill leaves it whole",
          "[unit][ledger]") {
  const test::TempDir dir;
  constexpr int kEach = 300;
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that fails leaves nobody behind
      host::LimitsFile file(dir.path());
      for (int k = 0; k < kEach; ++k) {
        static_cast<void>(file.update("api", count_up));
      }
      if (i == 0) {
        while (true) {  // until it is killed in the middle of something
          static_cast<void>(file.update("other", count_up));
        }
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (size_t i = 1; i < children.size(); ++i) {
    waitpid(children[i], nullptr, 0);
  }
  host::LimitsFile file(dir.path());
  while (text_of(file, "other").empty()) {
    std::this_thread::yield();
  }
  kill(children[0], SIGKILL);
  waitpid(children[0], nullptr, 0);
  REQUIRE(file.update("api", count_up));
  CHECK(text_of(file, "api") == std::to_string(3 * kEach + 1));
}

TEST_CASE("limits file: a damaged one is begun anew", "[unit][ledger]") {
  const test::TempDir dir;
  {
    host::LimitsFile file(dir.path());
    REQUIRE(file.update("api", count_up));
  }
  const auto path = dir.path() / "limits.mdb";
  SECTION("garbage") {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(20'000, 'x');
  }
  SECTION("cut short") {
    fs::resize_file(path, fs::file_size(path) / 2);
  }
  SECTION("a page of noise") {
    std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(8192);
    out << std::string(8192, '\xff');
  }
  std::string warning;
  host::LimitsFile file(dir.path(), [&](std::string_view text) { warning = text; });
  REQUIRE(file.update("api", count_up));
  CHECK(text_of(file, "api") == "1");
  CHECK(warning.find("begun anew") != std::string::npos);
}

TEST_CASE("limits file: a folder that cannot be written is told once", "[unit][ledger]") {
  host::LimitsFile file("/proc/no-such-folder");
  CHECK_FALSE(file.update("api", count_up));
  CHECK_FALSE(file.list());
}
