// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/commit_detail.hpp"

#include <catch2/catch.hpp>
#include <random>

using sluice::host::Code;
using sluice::host::CommitDetail;
using sluice::host::decode_detail;
using sluice::host::encode_detail;

TEST_CASE("commit detail: comes back as it went, bytes included", "[unit][pipeline]") {
  CommitDetail detail;
  detail.source = "dwd 0.1.0";
  detail.title = "Großenkneten.zip";
  detail.partition = "P";
  detail.validator = "2024-01-01 10:00 77";
  detail.read_validator = std::string("ETag: \"a\xff\0b\"", 12);
  detail.series = true;
  detail.from_us = -5;
  detail.to_us = 7;
  detail.resumable = true;
  detail.resume = std::string("\x00\xfe{\"row\":1}", 11);
  detail.state_version = 3;
  detail.keys = {{"k1", 1}, {"hex:41", 2}, {std::string("\xff\x01", 2), 3}};
  const auto back = decode_detail(encode_detail(detail));
  REQUIRE(back);
  CHECK(back->title == detail.title);
  CHECK(back->read_validator == detail.read_validator);
  CHECK(back->resume == detail.resume);
  CHECK(back->from_us == -5);
  CHECK(back->to_us == 7);
  CHECK(back->state_version == 3);
  REQUIRE(back->keys.size() == 3);
  CHECK(back->keys[1].key == "hex:41");
  CHECK(back->keys[2].key == detail.keys[2].key);
  CHECK(back->keys[2].outcome == 3);
}

TEST_CASE("commit detail: what is not ours is refused", "[unit][pipeline]") {
  for (const char* text :
       {"", "[]", "{", "7", R"({"from_us": "x"})", R"({"resume_hex": "abc"})", R"({"keys": [1]})",
        R"({"keys": [["hex:zz", 1]]})", R"({"title": 4})", "\xff"}) {
    CAPTURE(text);
    const auto refused = decode_detail(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::kCorrupt);
  }
  CommitDetail small;
  small.title = "t";
  const std::string whole = encode_detail(small);
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_detail(std::string_view(whole).substr(0, size)));
  }
}
