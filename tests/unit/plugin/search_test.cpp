// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "host/plugin/library.hpp"
#include "unit/plugin/elf_maker.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {
std::string plugin(const std::string& id) {
  return elf_with_note(note_bytes(note_json(id)));
}
}  // namespace

TEST_CASE("search path: has its places in order and each once", "[unit][plugin]") {
  setenv("SLUICE_PLUGIN_PATH", "/env/one::/env/two:/first", 1);
  setenv("HOME", "/home/somebody", 1);
  const auto path = search_path({"/first", "/first/"}, {"/configured", "/env/two"});
  unsetenv("SLUICE_PLUGIN_PATH");
  REQUIRE(path.size() == 6);
  CHECK(path[0] == "/first");
  CHECK(path[1] == "/env/one");
  CHECK(path[2] == "/env/two");
  CHECK(path[3] == "/configured");
  CHECK(path[4] == "/home/somebody/.local/lib/sluice/plugins");
  CHECK(path[5].filename() == "plugins");
}

TEST_CASE("registry: the first library with a component wins", "[unit][plugin]") {
  const TempFolder one;
  const TempFolder two;
  two.write("a.so", plugin("shared"));
  two.write("b.so", plugin("second"));
  const auto winner = one.write("z.so", plugin("shared"));
  const Registry registry({{one.path(), two.path()}, false});
  CHECK(registry.problems().empty());
  CHECK(registry.ids("source") == std::vector<std::string>{"second", "shared"});
  const LibraryInfo* library = nullptr;
  REQUIRE(registry.find("source", "shared", &library) != nullptr);
  CHECK(library->path == winner);
  CHECK(registry.find("sink", "shared") == nullptr);
  REQUIRE(registry.config_schema("source", "second") != nullptr);
  CHECK(*registry.config_schema("source", "second") == R"({"type":"object"})");
}

TEST_CASE("registry: a broken library costs one line and no other", "[unit][plugin]") {
  const TempFolder folder;
  folder.write("bad.so", "hello");
  folder.write("good.so", plugin("good"));
  folder.write("notes.txt", "not looked at");
  folder.write(".hidden.so", "not looked at");
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "dangling.so");
  const Registry registry({{folder.path(), folder.path() / "missing"}, false});
  CHECK(registry.ids("source") == std::vector<std::string>{"good"});
  REQUIRE(registry.problems().size() == 2);
  CHECK_THAT(registry.problems()[0], Contains("bad.so: not a shared library"));
  CHECK_THAT(registry.problems()[1], Contains("dangling.so"));
}

TEST_CASE("trust: what others may write to is refused with a remedy", "[unit][plugin]") {
  const TempFolder folder;
  const auto file = folder.write("x.so", plugin("x"));
  const auto link = folder.path() / "link.so";
  fs::create_symlink(file, link);
  CHECK(check_trust(file));
  CHECK(check_trust(link));
  REQUIRE(chmod(file.c_str(), 0664) == 0);
  REQUIRE_FALSE(check_trust(file));
  CHECK_THAT(check_trust(link).error().message,
             Contains("chmod go-w") && Contains("--trust-plugins") && Contains("group"));
  REQUIRE(chmod(file.c_str(), 0644) == 0);
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  CHECK_FALSE(check_trust(folder.path()));
  CHECK_THAT(check_trust(file).error().message, Contains("every user"));
  REQUIRE(chmod(folder.path().c_str(), 01777) == 0);
  CHECK_THAT(check_trust(folder.path()).error().message, Contains("sticky"));
  const Registry careful({{folder.path()}, false});
  CHECK(careful.libraries().empty());
  CHECK(careful.problems().size() == 1);
  const Registry trusting({{folder.path()}, true});
  CHECK(trusting.libraries().size() == 2);
  REQUIRE(chmod(folder.path().c_str(), 0700) == 0);
  CHECK(check_trust(folder.path() / "none").error().code == Code::kNotFound);
}

TEST_CASE("trust: what belongs to another user is refused", "[unit][plugin]") {
  const TempFolder folder;
  const auto file = folder.write("x.so", plugin("x"));
  if (geteuid() != 0 || chown(file.c_str(), 12345, 12345) != 0) {
    WARN("only root can give files away: not tested");
    return;
  }
  const auto trusted = check_trust(file);
  REQUIRE_FALSE(trusted);
  CHECK_THAT(trusted.error().message, Contains("12345"));
}
