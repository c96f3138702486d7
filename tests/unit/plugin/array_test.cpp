// SPDX-License-Identifier: Apache-2.0
//
// Arrays that are in order: the misbehaving plugin of tests/abi covers the others.
#include <catch2/catch.hpp>
#include <cstring>

#include "host/plugin/validate.hpp"

using namespace sluice::host;  // NOLINT(google-build-using-namespace): a test

namespace {

// A batch with one column of any type whose buffers the test owns.
struct OneColumn {
  Stream stream;
  const void* buffers[3] = {nullptr, nullptr, nullptr};
  const void* none[1] = {nullptr};
  ArrowArray child{};
  ArrowArray* children[1] = {&child};
  ArrowArray batch{};

  OneColumn(const std::string& format, int64_t rows, int64_t buffer_count) {
    stream.name = "s";
    Column column;
    column.name = "c";
    column.format = format;
    stream.columns.push_back(column);
    child.length = rows;
    child.n_buffers = buffer_count;
    child.buffers = buffers;
    batch.length = rows;
    batch.n_buffers = 1;
    batch.buffers = none;
    batch.n_children = 1;
    batch.children = children;
  }
  [[nodiscard]] Result<uint64_t> check(Depth depth = Depth::kFull) const {
    return check_batch(batch, stream, depth);
  }
};

}  // namespace

TEST_CASE("arrays: bytes are those of the rows in view", "[unit][plugin]") {
  const int64_t numbers[10] = {};
  OneColumn wide("l", 10, 2);
  wide.buffers[1] = numbers;
  CHECK(*wide.check() == 80);
  wide.batch.offset = 4;
  wide.batch.length = 6;
  CHECK(*wide.check() == 48);
  const uint8_t bits[2] = {0xFF, 0xFF};
  OneColumn flags("b", 10, 2);
  flags.buffers[0] = bits;
  flags.buffers[1] = bits;
  CHECK(*flags.check() == 4);
  const int32_t offsets[3] = {2, 3, 5};
  OneColumn text("u", 2, 3);
  text.buffers[1] = offsets;
  text.buffers[2] = "..abc";
  CHECK(*text.check() == 15);
  const int64_t large[2] = {0, 3};
  OneColumn large_text("U", 1, 3);
  large_text.buffers[1] = large;
  large_text.buffers[2] = "abc";
  CHECK(*large_text.check() == 19);
}

TEST_CASE("arrays: no rows need no buffers", "[unit][plugin]") {
  const OneColumn empty("u", 0, 3);
  CHECK(*empty.check() == 0);
}

TEST_CASE("arrays: what stands behind a null is not read as text", "[unit][plugin]") {
  const int32_t offsets[3] = {0, 1, 2};
  const uint8_t second_is_null[1] = {0x01};
  OneColumn text("u", 2, 3);
  text.buffers[0] = second_is_null;
  text.buffers[1] = offsets;
  text.buffers[2] = "a\xFF";
  text.child.null_count = 1;
  CHECK(text.check());
  text.child.null_count = -1;
  CHECK(text.check());
  text.buffers[0] = nullptr;
  CHECK_FALSE(text.check());
  CHECK(text.check(Depth::kShape));
  text.stream.columns[0].format = "z";
  CHECK(text.check());
}

TEST_CASE("arrays: a null outside of the view is no null of the batch", "[unit][plugin]") {
  const int64_t numbers[2] = {};
  const uint8_t first_is_null[1] = {0x02};
  OneColumn column("l", 2, 2);
  column.stream.columns[0].nullable = false;
  column.buffers[0] = first_is_null;
  column.buffers[1] = numbers;
  column.child.null_count = 1;
  CHECK_FALSE(column.check());
  CHECK_FALSE(column.check(Depth::kShape));
  column.batch.offset = 1;
  column.batch.length = 1;
  CHECK(column.check());
  CHECK(column.check(Depth::kShape));
}
