// SPDX-License-Identifier: Apache-2.0
//
// The sealed store as a file: what it keeps, whom it refuses, what it notices.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "host/secret/sealed_store.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using sluice::host::Code;
using sluice::host::SealedStore;
using sluice::host::SystemClock;
using sluice::test::read_file;
using sluice::test::TempDir;
using sluice::test::write_file;

namespace {

// A store with its key file, as a user without further settings has them.
struct World {
  World() {
    setenv("XDG_CONFIG_HOME", (folder / "config").c_str(), 1);
    unsetenv("SLUICE_SECRET_KEY");
    unsetenv("SLUICE_SECRET_KEY_FILE");
  }
  bool set(const std::string& name, const std::string& value) {
    const auto done = store.set(name, value, clock);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    return *done;
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    const auto value = store.get(name);
    INFO((value ? "" : value.error().message));
    REQUIRE(value);
    return std::string(value->view());
  }
  [[nodiscard]] std::string key_file() const { return folder / "config/sluice/secret.key"; }
  [[nodiscard]] std::string file() const { return store.file().string(); }

  TempDir folder;
  SystemClock clock;
  SealedStore store{folder / "state"};
};

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("sealed store: values come back and nothing of them is readable", "[unit][secret]") {
  World world;
  CHECK(world.store.list()->empty());
  CHECK_FALSE(world.set("api_key", "s3cr3t"));
  CHECK_FALSE(world.set("binary", std::string("\0\xff\n two\n", 8)));
  CHECK(world.set("api_key", "an0ther"));
  CHECK(world.get("api_key") == "an0ther");
  CHECK(world.get("binary") == std::string("\0\xff\n two\n", 8));
  const auto entries = world.store.list();
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->front().name == "api_key");
  CHECK(entries->front().changed_us >= entries->front().created_us);
  CHECK(mode_of(world.file()) == 0600);
  CHECK(mode_of(world.key_file()) == 0600);
  const std::string sealed = read_file(world.file());
  CHECK(sealed.find("an0ther") == std::string::npos);
  CHECK(sealed.find("api_key") == std::string::npos);
  REQUIRE(world.store.remove("api_key"));
  CHECK(world.store.get("api_key").error().code == Code::kNotFound);
  CHECK(world.store.remove("api_key").error().code == Code::kNotFound);
  size_t files = 0;
  for (const auto& each : std::filesystem::directory_iterator(world.folder / "state")) {
    files += each.path().filename().string().starts_with("secrets.") ? 1 : 100;
  }
  CHECK(files == 2);  // the store and its lock, no leftover
}

TEST_CASE("sealed store: every changed byte is noticed", "[unit][secret]") {
  World world;
  world.set("name", "value of it");
  const std::string sealed = read_file(world.file());
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_file(world.file(), changed);
    const auto value = world.store.get("name");
    CAPTURE(i);
    REQUIRE_FALSE(value);
    CHECK((value.error().code == Code::kCorrupt || value.error().code == Code::kAuth ||
           value.error().code == Code::kUnsupported));
  }
  for (const size_t length : {size_t{0}, size_t{7}, size_t{43}, sealed.size() - 1}) {
    write_file(world.file(), sealed.substr(0, length));
    CHECK(world.store.get("name").error().code == Code::kCorrupt);
    CHECK_FALSE(world.store.set("other", "not over a damaged store", world.clock));
  }
}

TEST_CASE("sealed store: a wrong or missing key is told from damage", "[unit][secret]") {
  World world;
  world.set("name", "value");
  setenv("SLUICE_SECRET_KEY", std::string(64, 'a').c_str(), 1);
  CHECK(world.store.get("name").error().code == Code::kAuth);
  CHECK_FALSE(world.store.set("name", "new", world.clock));
  setenv("SLUICE_SECRET_KEY", "n0nsense", 1);
  CHECK(world.store.get("name").error().message.find("n0nsense") == std::string::npos);
  const std::string key = read_file(world.key_file());
  setenv("SLUICE_SECRET_KEY", key.c_str(), 1);
  std::filesystem::remove(world.key_file());
  CHECK(world.get("name") == "value");
  unsetenv("SLUICE_SECRET_KEY");
  const auto without = world.store.get("name");
  REQUIRE_FALSE(without);
  CHECK(without.error().code == Code::kAuth);
  CHECK_FALSE(std::filesystem::exists(world.key_file()));  // a new one would open nothing
}

TEST_CASE("sealed store: files that others may read are refused", "[unit][secret]") {
  World world;
  world.set("name", "value");
  const unsigned mode = GENERATE(0640U, 0604U, 0660U, 0644U);
  REQUIRE(chmod(world.file().c_str(), mode) == 0);
  CHECK(world.store.get("name").error().code == Code::kAuth);
  CHECK(world.store.get("name").error().message.find("chmod 600") != std::string::npos);
  REQUIRE(chmod(world.file().c_str(), 0600) == 0);
  REQUIRE(chmod(world.key_file().c_str(), mode) == 0);
  CHECK(world.store.get("name").error().code == Code::kAuth);
}

TEST_CASE("sealed store: names and values have bounds", "[unit][secret]") {
  World world;
  for (const char* name : {"", ".", "..", "a/b", "-x", "a=b", "a b", "\n"}) {
    CHECK(world.store.set(name, "value", world.clock).error().code == Code::kInvalidConfig);
  }
  CHECK_FALSE(world.store.set(std::string(129, 'a'), "value", world.clock));
  CHECK_FALSE(world.store.set("a", "", world.clock));
  CHECK_FALSE(world.store.set("a", std::string(70'000, 'x'), world.clock));
  CHECK_FALSE(std::filesystem::exists(world.file()));
  world.set("largest", std::string(64U << 10, 'x'));
  CHECK(world.get("largest").size() == 64U << 10);
}

TEST_CASE("sealed store: processes that set at once lose nothing", "[unit][secret]") {
  World world;
  constexpr int kProcesses = 3;
  constexpr int kEach = 8;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    if (child == 0) {
      bool good = true;
      for (int i = 0; i < kEach; ++i) {
        good = good && world.store.set("p" + std::to_string(p) + "-" + std::to_string(i), "value",
                                       world.clock);
      }
      _exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const auto entries = world.store.list();
  REQUIRE(entries);
  CHECK(entries->size() == kProcesses * kEach);
}
