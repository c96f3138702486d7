// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/text.hpp"

#include <catch2/catch.hpp>

#include "host/plugin/status.hpp"

using namespace sluice::host;  // NOLINT(google-build-using-namespace): a test

TEST_CASE("utf8: only well-formed sequences are accepted", "[unit][plugin]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("plain text that is longer than eight bytes"));
  CHECK(is_utf8("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8C\xA7"));
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "12345678\xFF"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("clean text: is short valid and without controls", "[unit][plugin]") {
  CHECK(clean_text("a\nb\x1b[0m\x7F", 100) == "a b [0m ");
  CHECK(clean_text("\xFFok\xC3", 100) == "\xEF\xBF\xBDok\xEF\xBF\xBD");
  CHECK(clean_text("\xE2\x80\xAE"
                   "evil",
                   100) ==
        "\xEF\xBF\xBD"
        "evil");
  CHECK(clean_text("\xC2\x9B", 100) == " ");
  CHECK(clean_text("abcdefgh", 8) == "abcdefgh");
  CHECK(clean_text("abcdefghi", 8) == "abcde\xE2\x80\xA6");
  for (size_t size = 3; size < 20; ++size) {
    const std::string cut = clean_text(
        "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
        size);
    CHECK(cut.size() <= size);
    CHECK(is_utf8(cut));
  }
}

TEST_CASE("statuses: codes survive the way there and back", "[unit][plugin]") {
  for (const Code code : {Code::kInternal, Code::kInvalidConfig, Code::kUnsupported, Code::kAuth,
                          Code::kUnavailable, Code::kRateLimited, Code::kBadData, Code::kBadState,
                          Code::kCancelled, Code::kSchemaChanged, Code::kNotFound}) {
    ErrorSlot slot;
    const sluice_status_t status = write_error(slot.get(), Error{code, "why", 17, 503});
    const Error back = slot.take(status, "x");
    CHECK(back.code == code);
    CHECK(back.message == "why");
    CHECK(back.retry_after_ms == 17);
    CHECK(back.vendor_code == 503);
  }
  CHECK(to_status(Code::kNoSpace) == SLUICE_UNAVAILABLE);
  CHECK(to_status(Code::kCorrupt) == SLUICE_INTERNAL);
}

TEST_CASE("statuses: long messages end at a character and small structs stay whole",
          "[unit][plugin]") {
  std::string text;
  while (text.size() < 2000) {
    text += "\xE2\x82\xAC";
  }
  ErrorSlot slot;
  write_error(slot.get(), Error{Code::kBadData, text});
  CHECK(is_utf8(slot.get()->message));
  sluice_error_t small{};
  small.struct_size = 8;
  CHECK(write_error(&small, Error{Code::kBadData, "no room"}) == SLUICE_BAD_DATA);
  CHECK(small.code == 0);
  CHECK(write_error(nullptr, Error{Code::kBadData, "no room"}) == SLUICE_BAD_DATA);
}

TEST_CASE("statuses: flags sharpen a vague code", "[unit][plugin]") {
  const auto with = [](uint32_t flags, sluice_status_t status) {
    ErrorSlot slot;
    slot.get()->flags = flags;
    return slot.take(status, "x").code;
  };
  CHECK(with(SLUICE_ERROR_AUTH, SLUICE_UNAVAILABLE) == Code::kAuth);
  CHECK(with(SLUICE_ERROR_THROTTLED, SLUICE_UNAVAILABLE) == Code::kRateLimited);
  CHECK(with(SLUICE_ERROR_RETRYABLE, SLUICE_BAD_DATA) == Code::kUnavailable);
  CHECK(with(0, SLUICE_BAD_DATA) == Code::kBadData);
}
