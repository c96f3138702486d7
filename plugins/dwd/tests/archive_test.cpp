// SPDX-License-Identifier: Apache-2.0
#include "archive.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "plugins/dwd/tests/support.hpp"

using dwd::Archive;
using dwd::ArchiveError;
using dwd::test::make_zip;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

Members read_all(const std::string& zip, std::size_t chunk, std::size_t capacity = 777) {
  std::size_t at = 0;
  Archive archive([&](char* buffer, std::size_t size) {
    const std::size_t step = std::min({size, chunk, zip.size() - at});
    std::memcpy(buffer, zip.data() + at, step);
    at += step;
    return step;
  });
  Members out;
  std::vector<char> buffer(capacity);
  while (const auto name = archive.next()) {
    out.emplace_back(*name, "");
    while (const std::size_t size = archive.read(buffer.data(), buffer.size())) {
      out.back().second.append(buffer.data(), size);
    }
  }
  archive.finish();
  return out;
}

ArchiveError::Kind fault(const std::string& zip) {
  try {
    read_all(zip, 50);
  } catch (const ArchiveError& error) {
    CHECK(std::string(error.what()).size() > 20);
    return error.kind();
  }
  FAIL("the archive was accepted");
  return ArchiveError::Kind::kCorrupt;
}

const Members& sample() {
  static const Members members = [] {
    std::string rows;
    for (int i = 0; i < 3000; ++i) {
      rows += std::to_string(i * 7919) + ";";
    }
    return Members{{"a.txt", "first"}, {"produkt_b.txt", rows}, {"empty.txt", ""}};
  }();
  return members;
}

}  // namespace

TEST_CASE("archive: members come out whatever the chunks", "[unit][dwd]") {
  for (const bool deflate : {true, false}) {
    for (const bool descriptor : {false, true}) {
      if (descriptor && !deflate) {
        continue;
      }
      const auto zip = make_zip(sample(), {.deflate = deflate, .descriptor = descriptor});
      for (const std::size_t chunk : {1U, 2U, 3U, 5U, 8U, 13U, 1000U, 1'000'000U}) {
        CAPTURE(deflate, descriptor, chunk);
        CHECK(read_all(zip, chunk) == sample());
        CHECK(read_all(zip, chunk, 1) == sample());
      }
    }
  }
}

TEST_CASE("archive: a member may be skipped unread", "[unit][dwd]") {
  const auto zip = make_zip(sample(), {.descriptor = true});
  std::size_t at = 0;
  Archive archive([&](char* buffer, std::size_t size) {
    const std::size_t step = std::min(size, zip.size() - at);
    std::memcpy(buffer, zip.data() + at, step);
    at += step;
    return step;
  });
  CHECK(archive.next() == "a.txt");
  CHECK(archive.next() == "produkt_b.txt");
  CHECK(archive.next() == "empty.txt");
  CHECK_FALSE(archive.next());
  CHECK_NOTHROW(archive.finish());
}

TEST_CASE("archive: an empty archive has no members", "[unit][dwd]") {
  CHECK(read_all(make_zip({}), 3).empty());
}

TEST_CASE("archive: every cut is noticed", "[unit][dwd]") {
  const auto zip = make_zip({{"a", "hello"}, {"produkt_b", std::string(300, 'x')}});
  for (std::size_t size = 0; size + 19 < zip.size(); ++size) {
    CAPTURE(size);
    CHECK(fault(zip.substr(0, size)) == ArchiveError::Kind::kTruncated);
  }
}

TEST_CASE("archive: every damaged byte of the data is noticed", "[unit][dwd]") {
  const auto zip =
      make_zip({{"produkt_b", "STATIONS_ID;MESS_DATUM;QN;eor\n3;202401010000;3;eor\n"}});
  const std::size_t data = 30 + 9;
  const std::size_t directory = zip.find("PK\x01\x02");
  for (std::size_t i = data; i < directory; ++i) {
    CAPTURE(i);
    std::string damaged = zip;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    CHECK_THROWS_AS(read_all(damaged, 1000), ArchiveError);
  }
}

TEST_CASE("archive: what is no archive is named for what it is", "[unit][dwd]") {
  using Kind = ArchiveError::Kind;
  CHECK(fault("<html><body>503 Service Unavailable</body></html>") == Kind::kMarkup);
  CHECK(fault("\xEF\xBB\xBF<!DOCTYPE html>") == Kind::kMarkup);
  CHECK(fault("  <html></html>") == Kind::kMarkup);
  CHECK(fault("garbage that is no zip") == Kind::kCorrupt);
  CHECK(fault("") == Kind::kTruncated);
  CHECK(fault(make_zip(sample(), {.encrypted_flag = true})) == Kind::kUnsupported);
  CHECK(fault(make_zip(sample(), {.deflate = false, .descriptor = true})) == Kind::kUnsupported);
  auto lzma = make_zip(sample());
  lzma[8] = 14;
  CHECK(fault(lzma) == Kind::kUnsupported);
}

TEST_CASE("archive: a header that lies about sizes is corrupt", "[unit][dwd]") {
  const auto zip = make_zip({{"produkt_b", std::string(500, 'x')}, {"c", "d"}});
  for (const std::size_t at : {14U, 18U, 22U}) {  // checksum, packed size, size
    for (const int delta : {1, -1, 3}) {
      CAPTURE(at, delta);
      std::string lying = zip;
      lying[at] = static_cast<char>(lying[at] + delta);
      CHECK_THROWS_AS(read_all(lying, 64), ArchiveError);
    }
  }
}

TEST_CASE("archive: arbitrary damage never crashes", "[unit][dwd]") {
  const auto zip = make_zip(sample(), {.descriptor = true});
  uint32_t seed = 3;
  const auto random = [&] { return (seed = seed * 1664525U + 1013904223U) >> 8U; };
  for (int round = 0; round < 400; ++round) {
    std::string damaged = zip;
    for (int i = 0; i < 4; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    try {
      read_all(damaged, 1 + random() % 5000);
    } catch (const ArchiveError&) {
      SUCCEED();
    }
  }
}
