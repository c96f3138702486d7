// SPDX-License-Identifier: Apache-2.0
//
// C++ plugins of other compilers and runtimes in this host: exceptions stop at the barrier, rows
// arrive whole.
#include "abi/host_fixture.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;

namespace {

// The builds of throwing.cpp that this build tree has; clang's only where clang is installed.
std::vector<std::string> builds() {
  std::vector<std::string> out = {"throwing"};
  for (const std::string name : {"throwing_static", "throwing_clang"}) {
    if (std::filesystem::exists(library(name))) {
      out.push_back(name);
    }
  }
  return out;
}

std::string config(const std::string& where, const std::string& what) {
  return R"({"where":")" + where + R"(","what":")" + what + R"("})";
}

// The error of doing everything with a source, in order.
Error walk(HostFixture& host, const std::string& build, const std::string& where,
           const std::string& what) {
  const auto factory = load_library(library(build));
  INFO((factory ? "" : factory.error().message));
  REQUIRE(factory);
  auto source = create_source(**factory, "throwing", config(where, what), host.services());
  REQUIRE(source);
  if (auto opened = (*source)->open(SLUICE_OPEN_CHECK); !opened) {
    return opened.error();
  }
  auto streams = (*source)->discover();
  if (!streams) {
    return streams.error();
  }
  const auto listed = (*source)->list_slices("words", "", INT64_MIN, INT64_MAX,
                                             [](const sluice_slice_t&) { return Result<void>(); });
  if (!listed) {
    return listed.error();
  }
  ReadRequest request;
  request.stream = "words";
  request.slice = "only";
  auto reader = (*source)->read(streams->at(0), request, {});
  if (!reader) {
    return reader.error();
  }
  ReadBatch batch;
  auto status = (*reader)->next(batch);
  return status ? Error{Code::kIo, "nothing was thrown"} : status.error();
}

}  // namespace

TEST_CASE("toolchains: a plugin that throws everywhere only gives errors", "[abi][toolchain]") {
  for (const std::string& build : builds()) {
    for (const std::string where : {"check", "discover", "slices", "reader", "next"}) {
      CAPTURE(build, where);
      HostFixture host;
      const Error runtime = walk(host, build, where, "runtime_error");
      CHECK(runtime.code == Code::kInternal);
      CHECK_THAT(runtime.message, Contains("thrown in " + where));
      CHECK(walk(host, build, where, "int").code == Code::kInternal);
      CHECK(walk(host, build, where, "bad_alloc").code == Code::kInternal);
      const Error error = walk(host, build, where, "error");
      CHECK(error.code == Code::kRateLimited);
      CHECK(error.retry_after_ms == 250);
    }
  }
}

TEST_CASE("toolchains: rows of every build arrive whole", "[abi][toolchain]") {
  for (const std::string& build : builds()) {
    CAPTURE(build);
    HostFixture host;
    Reading reading;
    {
      const auto source = host.source(build, "throwing", config("nowhere", ""));
      const auto streams = source->discover();
      REQUIRE(streams);
      ReadRequest request;
      request.slice = "only";
      reading = read_all(*source, streams->at(0), request);
    }
    REQUIRE(reading.rows == 3);  // and they are still there after the instance
    const ArrowArray& words = *reading.arrays[0].get().children[1];
    const auto* offsets = static_cast<const int32_t*>(words.buffers[1]);
    CHECK(offsets[words.offset + 1] - offsets[words.offset] == 40);
  }
}
