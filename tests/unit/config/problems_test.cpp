// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

TEST_CASE("a problem reads file:line:column: what") {
  CHECK(Problem{"a.toml", 14, 1, "x"}.text() == "a.toml:14:1: x");
  CHECK(Problem{"a.toml", 0, 0, "x"}.text() == "a.toml: x");
}

}  // namespace
}  // namespace sluice::host::test
