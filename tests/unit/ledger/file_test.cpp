// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/file_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "host/ledger/lmdb_env.hpp"
#include "host/ledger/record.hpp"
#include "unit/ledger/ledger_fixture.hpp"

namespace {

using namespace sluice::host;        // NOLINT(google-build-using-namespace)
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace)

void patch(const std::filesystem::path& file, off_t at, std::string_view bytes) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(pwrite(fd, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()));
  close(fd);
}

TEST_CASE("ledger file: it and its directory belong to the user alone", "[unit][ledger]") {
  LedgerFixture f;
  struct stat status {};
  REQUIRE(stat((f.directory.path() / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  for (const auto& entry : std::filesystem::directory_iterator(f.directory.path() / "state")) {
    REQUIRE(stat(entry.path().c_str(), &status) == 0);
    INFO(entry.path());
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("ledger file: reading only never creates", "[unit][ledger]") {
  const TemporaryDirectory directory;
  const ManualClock clock;
  LedgerOptions options;
  options.read_only = true;
  CHECK(Ledger::open(directory.path() / "state", clock, options).error().code == Code::kNotFound);
  CHECK(Ledger::open(directory.path(), clock, options).error().code == Code::kNotFound);
  CHECK_FALSE(std::filesystem::exists(directory.path() / "state"));
}

TEST_CASE("ledger file: damage is told with the way out", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}, {.key = "b"}});
  f.ledger.reset();
  const auto file = f.directory.path() / "state" / "ledger.mdb";
  const auto size = std::filesystem::file_size(file);
  SECTION("garbage") {
    std::ofstream(file, std::ios::trunc) << std::string(50'000, 'x');
  }
  SECTION("text") {
    std::ofstream(file, std::ios::trunc) << "hello";
  }
  SECTION("zeros") {
    std::filesystem::resize_file(file, 0);
    std::filesystem::resize_file(file, size);
  }
  SECTION("half of it") {
    std::filesystem::resize_file(file, size / 2);
  }
  SECTION("one header destroyed") {
    patch(file, 4096 + 16, "garbage!");
  }
  SECTION("a directory in its place") {
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
  }
  const auto opened = Ledger::open(f.directory.path() / "state", f.clock, f.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kCorrupt);
  CHECK(opened.error().message.find("sluice state rebuild") != std::string::npos);
}

TEST_CASE("ledger file: a removed one is made anew", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a"}});
  f.ledger.reset();
  std::filesystem::remove(f.directory.path() / "state" / "ledger.mdb");
  f.ledger = must(Ledger::open(f.directory.path() / "state", f.clock, f.options));
  CHECK(must(f.ledger->streams()).empty());
}

TEST_CASE("ledger file: a newer format is refused and an unknown one too", "[unit][ledger]") {
  LedgerFixture f;
  f.ledger.reset();
  {
    Env::Options options;
    options.sync = false;
    options.tables = {{"meta", 0}};
    const auto env = must(Env::open(f.directory.path() / "state" / "ledger.mdb", options));
    must(env->write(Durability::kFull, [](Txn& txn) { txn.put(0, "format", IntegerKey(99)); }));
  }
  const auto opened = Ledger::open(f.directory.path() / "state", f.clock, f.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kUnsupported);
  CHECK(opened.error().message.find("99") != std::string::npos);
}

TEST_CASE("ledger file: one of format 1 is carried over with all it knows", "[unit][ledger]") {
  LedgerFixture f;
  f.list({{.key = "a", .validator = "1"}, {.key = "b"}});
  f.settle("a", Outcome::Kind::kLanded, 3);
  f.ledger.reset();
  const auto set_format = [&](uint64_t format) {  // format 1 differs in nothing but the number
    Env::Options options;
    options.sync = false;
    options.tables = {{"meta", 0}};
    const auto env = must(Env::open(f.directory.path() / "state" / "ledger.mdb", options));
    must(
        env->write(Durability::kFull, [&](Txn& txn) { txn.put(0, "format", IntegerKey(format)); }));
  };
  set_format(1);
  LedgerOptions read_only = f.options;
  read_only.read_only = true;
  CHECK_FALSE(Ledger::open(f.directory.path() / "state", f.clock, read_only));
  f.reopen();
  CHECK(f.state("a") == SliceState::kLanded);
  CHECK(f.get("a").rows == 3);
  CHECK(f.state("b") == SliceState::kPending);
  f.ledger.reset();
  CHECK(Ledger::open(f.directory.path() / "state", f.clock, read_only).has_value());
}

TEST_CASE("ledger file: an interrupted creation is completed", "[unit][ledger]") {
  LedgerFixture f;
  f.ledger.reset();
  {
    Env::Options options;
    options.sync = false;
    options.tables = {{"meta", 0}};
    const auto env = must(Env::open(f.directory.path() / "state" / "ledger.mdb", options));
    must(env->write(Durability::kFull, [](Txn& txn) {
      txn.remove(0, "format");
      txn.remove(0, "next_stream");
    }));
  }
  // It holds a stream, and does not say of what format: not ours to guess.
  CHECK(Ledger::open(f.directory.path() / "state", f.clock, f.options).error().code ==
        Code::kCorrupt);
}

TEST_CASE("ledger file: a check of all pages finds damage anywhere and takes sound files",
          "[unit][ledger]") {
  LedgerFixture f;
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) {
    keys.push_back("key-" + std::to_string(i));
  }
  std::vector<SliceListing> slices;
  for (const auto& key : keys) {
    slices.push_back({.key = key, .validator = "v"});
  }
  f.list(slices);
  must(f.ledger->put_blob("s", "big", std::string(50'000, 'b')));
  f.ledger.reset();
  const auto file = f.directory.path() / "state" / "ledger.mdb";
  std::string why;
  CHECK(check_file(file, true, &why) == FileState::kSound);
  CHECK(why.empty());
  std::mt19937 random(11);
  const auto pages = std::filesystem::file_size(file) / 4096;
  const auto copy = f.directory.path() / "copy.mdb";
  size_t found = 0;
  for (int i = 0; i < 60; ++i) {
    std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
    const auto page = 2 + random() % (pages - 2);
    patch(copy, static_cast<off_t>(page * 4096), std::string(64, static_cast<char>(0xA0 + i)));
    found += check_file(copy, true) == FileState::kDamaged ? 1 : 0;
  }
  CHECK(found > 20);  // free pages may hold anything
}

TEST_CASE("ledger file: a full map grows and what was there stays", "[unit][ledger]") {
  LedgerFixture f;
  f.options.initial_map_bytes = 1 << 16;
  f.ledger.reset();
  std::filesystem::remove_all(f.directory.path() / "state");
  f.ledger = must(Ledger::open(f.directory.path() / "state", f.clock, f.options));
  f.stream = must(f.ledger->stream("pipe", "files"));
  auto listing = must(f.ledger->begin_listing(f.stream, false));
  const std::string title(500, 't');
  for (int i = 0; i < 20'000; ++i) {
    must(listing->add({.key = "key-" + std::to_string(i), .title = title}));
  }
  CHECK(must(listing->finish(true)).added == 20'000);
  CHECK(std::filesystem::file_size(f.directory.path() / "state" / "ledger.mdb") > 10'000'000);
}

TEST_CASE("slice record: survives its encoding and refuses anything else", "[unit][ledger]") {
  sluice::host::Record record;
  record.stream = 7;
  record.key = "key";
  record.state = SliceState::kFailed;
  record.validator = "v";
  record.read_validator = "w";
  record.error = "e";
  record.resume = std::string_view("\0\0", 2);
  record.landed_us = 5;
  record.listed_us = 9;
  record.generation = INT64_MAX;
  std::string bytes;
  encode_record(record, 0, bytes);
  const auto decoded = decode_record(bytes);
  REQUIRE(decoded);
  CHECK(decoded->key == "key");
  CHECK(decoded->landed_us == 5);
  CHECK(decoded->generation == INT64_MAX);
  CHECK(decoded->resume == record.resume);
  for (size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(decode_record(std::string_view(bytes).substr(0, length)));
  }
  CHECK(decode_record(bytes + std::string(3, '\0')));
  CHECK_FALSE(decode_record(bytes + "x"));
  std::mt19937 random(5);
  for (int i = 0; i < 100'000; ++i) {
    std::string noise = bytes;
    for (unsigned change = random() % 4 + 1; change > 0; --change) {
      noise[random() % noise.size()] = static_cast<char>(random());
    }
    if (const auto again = decode_record(noise)) {
      std::string once;
      encode_record(*again, 0, once);
      REQUIRE(decode_record(once));
    }
  }
}

}  // namespace
