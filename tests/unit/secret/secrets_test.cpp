// SPDX-License-Identifier: Apache-2.0
//
// Values from every place that [secret.NAME] can name, and what is refused.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "host/observe/redact.hpp"
#include "host/secret/secrets.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using sluice::host::Code;
using sluice::host::SecretConfig;
using sluice::host::Secrets;
using sluice::test::read_file;
using sluice::test::TempDir;
using sluice::test::write_file;

namespace {

SecretConfig from(SecretConfig::From where, const std::string& value) {
  return {where, value, {}, 0};
}

SecretConfig command(std::vector<std::string> words) {
  return {SecretConfig::From::kCommand, {}, std::move(words), 0};
}

std::string file_with(const std::string& path, const std::string& text, unsigned mode = 0600) {
  write_file(path, text);
  REQUIRE(chmod(path.c_str(), mode) == 0);
  return path;
}

}  // namespace

TEST_CASE("secrets: a file gives its value if nobody else may read it", "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path());
  const std::string path = file_with(folder / "value", "from-a-file\r\n");
  const auto config = from(SecretConfig::From::kFile, path);
  CHECK(*secrets.get("s", config) == "from-a-file");
  CHECK(sluice::host::redact("x from-a-file x") == "x *** x");
  write_file(path, "rotated-value");
  CHECK(*secrets.get("s", config) == "rotated-value");
  for (const unsigned mode : {0640U, 0604U, 0620U, 0601U}) {
    REQUIRE(chmod(path.c_str(), mode) == 0);
    CHECK(secrets.get("s", config).error().code == Code::kAuth);
  }
  file_with(path, "\n");
  CHECK(secrets.get("s", config).error().message.find("empty") != std::string::npos);
  file_with(path, std::string(70'000, 'x'));
  CHECK(secrets.get("s", config).error().code == Code::kAuth);
  std::filesystem::remove(path);
  CHECK(secrets.get("s", config).error().code == Code::kAuth);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(secrets.get("s", config).error().code == Code::kAuth);
  CHECK(secrets.get("s", from(SecretConfig::From::kFile, folder.path())).error().code ==
        Code::kAuth);
}

TEST_CASE("secrets: the environment gives values, and who asks is no longer dumped",
          "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path());
  setenv("SLUICE_TEST_SECRET", "of-the-environment", 1);
  CHECK(*secrets.get("s", from(SecretConfig::From::kEnv, "SLUICE_TEST_SECRET")) ==
        "of-the-environment");
  CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
  unsetenv("SLUICE_TEST_SECRET");
  CHECK(secrets.get("s", from(SecretConfig::From::kEnv, "SLUICE_TEST_SECRET")).error().code ==
        Code::kAuth);
}

TEST_CASE("secrets: a systemd credential is read from its directory", "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path());
  const auto config = from(SecretConfig::From::kCredential, "api");
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(secrets.get("s", config).error().message.find("LoadCredential=api") != std::string::npos);
  setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  file_with(folder / "api", "of-systemd", 0440);
  CHECK(*secrets.get("s", config) == "of-systemd");
  REQUIRE(chmod((folder / "api").c_str(), 0444) == 0);
  CHECK_FALSE(secrets.get("s", config));
  CHECK_FALSE(secrets.get("s", from(SecretConfig::From::kCredential, "../api")));
  CHECK_FALSE(secrets.get("s", from(SecretConfig::From::kCredential, "..")));
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("secrets: a command runs once, without a shell", "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path());
  const std::string count = folder / "count";
  const auto config =
      command({"sh", "-c", "echo run >> \"$0\"; echo 'from $HOME; a command'", count});
  for (int i = 0; i < 3; ++i) {
    const auto value = secrets.get("s", config);
    REQUIRE(value);
    CHECK(*value == "from $HOME; a command");
  }
  CHECK(read_file(count) == "run\n");
  CHECK(*secrets.get("s", command({"echo", "$HOME `id` ; x"})) == "$HOME `id` ; x");
}

TEST_CASE("secrets: what a command must not do", "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path());
  const auto refused = [&](std::vector<std::string> words) {
    const auto value = secrets.get("s", command(std::move(words)));
    REQUIRE_FALSE(value);
    CHECK(value.error().code == Code::kAuth);
    return value.error().message;
  };
  const std::string loud = refused({"sh", "-c", "echo leaked-value >&2; exit 3"});
  CHECK(loud.find("leaked-value") == std::string::npos);
  CHECK(loud.find("ended with 3") != std::string::npos);
  CHECK(refused({"sh", "-c", "echo half; kill -9 $$"}).find("signal 9") != std::string::npos);
  CHECK(refused({"/no/such/program"}).find("cannot be started") != std::string::npos);
  CHECK(refused({"sh", "-c", "yes"}).find("64 KiB") != std::string::npos);
  CHECK(refused({"true"}).find("empty") != std::string::npos);
  // It has nothing to read, and does not see the key of the sealed store.
  CHECK(*secrets.get("s", command({"sh", "-c", "cat; echo end-of-input"})) == "end-of-input");
  setenv("SLUICE_SECRET_KEY", "the-key", 1);
  CHECK(*secrets.get("s", command({"sh", "-c", "echo is:$SLUICE_SECRET_KEY"})) == "is:");
  unsetenv("SLUICE_SECRET_KEY");
}

TEST_CASE("secrets: a command that hangs is killed with what it started", "[unit][secret]") {
  const TempDir folder;
  Secrets secrets(folder.path(), std::chrono::milliseconds(300));
  const auto value = secrets.get(
      "s", command({"sh", "-c", "sleep 1000 & echo $! > \"$0\"; wait", folder / "pid"}));
  REQUIRE_FALSE(value);
  CHECK(value.error().message.find("in time") != std::string::npos);
  const std::string text = read_file(folder / "pid");
  if (!text.empty()) {  // on a machine so busy that the shell did not get so far there is nothing
    const pid_t pid = std::stoi(text);
    while (kill(pid, 0) == 0 &&
           read_file("/proc/" + std::to_string(pid) + "/stat").find(") Z") == std::string::npos) {
      usleep(1000);
    }
  }
}

TEST_CASE("secrets: the sealed store is a place like the others", "[unit][secret]") {
  const TempDir folder;
  setenv("SLUICE_SECRET_KEY", std::string(64, '7').c_str(), 1);
  const sluice::host::SystemClock clock;
  sluice::host::SealedStore store(folder.path());
  REQUIRE(store.set("api", "of-the-store", clock));
  Secrets secrets(folder.path());
  CHECK(*secrets.get("s", from(SecretConfig::From::kStore, "api")) == "of-the-store");
  const auto missing = secrets.get("s", from(SecretConfig::From::kStore, "other"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::kAuth);
  CHECK(missing.error().message.find("sluice secret set") != std::string::npos);
  unsetenv("SLUICE_SECRET_KEY");
}
