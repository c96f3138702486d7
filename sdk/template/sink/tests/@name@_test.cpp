// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sluice/testing/testing.hpp>

#include "../@name@.hpp"

namespace {

int failures = 0;

void expect(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "failed: %s\n", what);
    ++failures;
  }
}

sluice::Stream items() {
  return sluice::Stream("items", sluice::Kind::kSnapshot)
      .key("id")
      .col("id", sluice::Type::kInt64)
      .col("name", sluice::Type::kUtf8);
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void writes_committed_rows() {
  const std::string path = "@name@_test.out";
  std::remove(path.c_str());
  const auto rows = [](int id) {
    return sluice::testing::from_rows(items(), {{{"id", id}, {"name", "x"}}});
  };
  {
    sluice::testing::FakeHost host;
    sluice::testing::SinkSession sink(sluice::testing::Plugin::of<@Name@>(), host, {{"path", path}});
    sink.land(items(), "slice-1", rows(1));
    const auto table = sink.bind(items());
    sink.begin();
    sink.write(table, sink.reserve(), rows(2));
    sink.rollback();
  }
  expect(content(path) == "{\"id\":1,\"name\":\"x\"}\n", "committed rows alone are in the file");
  std::remove(path.c_str());
}

}  // namespace

int main() {
  writes_committed_rows();
  return failures == 0 ? 0 : 1;
}
