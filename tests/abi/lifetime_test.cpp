// SPDX-License-Identifier: Apache-2.0
//
// What must keep working whatever order and thread things end in, with plugins of several makers.
#include <cstring>
#include <thread>

#include "abi/host_fixture.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test

namespace {

int64_t id_of(const ArrayHandle& array, int64_t row) {
  const ArrowArray& ids = *array.get().children[0];
  return static_cast<const int64_t*>(ids.buffers[1])[ids.offset + array.get().offset + row];
}

}  // namespace

TEST_CASE("plain C source: is read end to end", "[abi][plain-c]") {
  HostFixture host;
  const auto source = host.source("plain_c", "plain-c", R"({"rows":5})");
  const auto streams = source->discover();
  REQUIRE(streams);
  REQUIRE(streams->size() == 1);
  const Stream& stream = (*streams)[0];
  CHECK(stream.kind == StreamKind::kSnapshot);
  CHECK(stream.key == std::vector<std::string>{"id"});
  const Reading whole = read_all(*source, stream);
  CHECK(whole.rows == 5);
  CHECK(whole.states == std::vector<std::string>{"2", "4", "5"});
}

TEST_CASE("plain C source: cut at every batch and resumed gives the same rows", "[abi][plain-c]") {
  HostFixture host;
  const auto source = host.source("plain_c", "plain-c", R"({"rows":7})");
  const Stream stream = source->discover()->at(0);
  const Reading whole = read_all(*source, stream);
  for (size_t cut = 0; cut < whole.states.size(); ++cut) {
    ReadRequest request;
    request.has_state = true;
    request.state = whole.states[cut];
    request.state_version = 1;
    const Reading rest = read_all(*source, stream, request);
    int64_t before = 0;
    for (size_t i = 0; i <= cut; ++i) {
      before += whole.arrays[i].rows();
    }
    CHECK(before + rest.rows == whole.rows);
    if (rest.rows > 0) {
      CHECK(id_of(rest.arrays[0], 0) == before);
    }
  }
}

TEST_CASE("plain C source: a bad or newer state is refused as such", "[abi][plain-c]") {
  HostFixture host;
  const auto source = host.source("plain_c", "plain-c", R"({"rows":7})");
  const Stream stream = source->discover()->at(0);
  for (const auto& [state, version] :
       {std::pair<std::string, uint32_t>{"rubbish", 1}, {"", 1}, {"2", 2}}) {
    ReadRequest request;
    request.stream = stream.name;
    request.has_state = true;
    request.state = state;
    request.state_version = version;
    const auto reader = source->read(stream, request, {});
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == Code::kBadState);
  }
}

TEST_CASE("arrays: are released after their instance and on another thread", "[abi][lifetime]") {
  HostFixture host;
  Reading reading;
  {
    const auto source = host.source("plain_c", "plain-c", R"({"rows":6})");
    reading = read_all(*source, source->discover()->at(0));
  }
  CHECK(id_of(reading.arrays[2], 1) == 5);
  std::thread other([&] { reading.arrays.clear(); });
  other.join();
}

TEST_CASE("readers: keep their instance alive and move between threads", "[abi][lifetime]") {
  HostFixture host;
  auto source = host.source("plain_c", "plain-c", R"({"rows":4})");
  const Stream stream = source->discover()->at(0);
  auto reader = source->read(stream, {}, {});
  REQUIRE(reader);
  source.reset();
  int64_t rows = 0;
  for (int i = 0; i < 2; ++i) {
    std::thread([&] {
      ReadBatch batch;
      const auto status = (*reader)->next(batch);
      rows += status && *status == ReadStatus::kRows ? batch.array.rows() : -1000;
    }).join();
  }
  CHECK(rows == 4);
}

TEST_CASE("cancellation: a reader that asks the host stops", "[abi][lifetime]") {
  HostFixture host;
  const auto source = host.source("plain_c", "plain-c", R"({"rows":4})");
  const Stream stream = source->discover()->at(0);
  auto reader = source->read(stream, {}, {});
  REQUIRE(reader);
  host.cancel.request();
  ReadBatch batch;
  const auto status = (*reader)->next(batch);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Code::kCancelled);
}

TEST_CASE("two instances of one library do not know each other", "[abi][lifetime]") {
  HostFixture host;
  const auto one = host.source("plain_c", "plain-c", R"({"rows":1})");
  const auto three = host.source("plain_c", "plain-c", R"({"rows":3})");
  CHECK(read_all(*one, one->discover()->at(0)).rows == 1);
  CHECK(read_all(*three, three->discover()->at(0)).rows == 3);
}
