// SPDX-License-Identifier: Apache-2.0
//
// Plugins that break the contract: an error that says so, never a crash, never bad rows.
#include <thread>

#include "abi/host_fixture.hpp"
#include "host/plugin/text.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test
using Catch::Matchers::Contains;

namespace {

std::string doing(const std::string& what) {
  return R"({"do":")" + what + R"(","token":{"$secret":"token"}})";
}

// First answer that is not kIdle of a reader that misbehaves in this way.
Result<ReadStatus> first_answer(HostFixture& host, const std::string& what, ReadBatch& batch,
                                ReadRequest request = {}) {
  const auto source = host.source("misbehaving", "bad", doing(what));
  const auto streams = source->discover();
  REQUIRE(streams);
  request.stream = "s";
  auto reader = source->read(streams->at(0), request, {});
  if (!reader) {
    return std::move(reader).error();
  }
  return (*reader)->next(batch);
}

Error error_of(const std::string& what) {
  HostFixture host;
  ReadBatch batch;
  const auto answer = first_answer(host, what, batch);
  INFO(what);
  REQUIRE_FALSE(answer);
  return answer.error();
}

}  // namespace

TEST_CASE("misbehaviour: answers and arrays that cannot be are refused", "[abi][misbehaviour]") {
  const std::string what =
      GENERATE("children", "null_child", "short_column", "negative_length", "huge_offset",
               "no_buffers", "null_values", "backwards", "negative_offsets", "not_utf8",
               "null_in_required", "nulls_without_bitmap", "no_array", "rows_with_end",
               "huge_state", "null_state", "unchanged", "unknown_positive", "unknown_negative",
               "empty_reader", "early_observer", "foreign_key", "long_validator");
  if (what == "early_observer") {  // what is told too early is not taken, and is no reason to stop
    HostFixture host;
    ReadBatch batch;
    CHECK(first_answer(host, what, batch));
    return;
  }
  const Error error = error_of(what);
  CAPTURE(what);
  CHECK(error.code == Code::kInternal);
  CHECK_THAT(error.message, Contains("plugin bad misbehaved: "));
}

TEST_CASE("misbehaviour: a reader that failed is not called again", "[abi][misbehaviour]") {
  HostFixture host;
  const auto source = host.source("misbehaving", "bad", doing("late_unchanged"));
  const Stream stream = source->discover()->at(0);
  ReadRequest request;
  request.stream = "s";
  request.validator = "v1";
  auto reader = source->read(stream, request, {});
  REQUIRE(reader);
  ReadBatch batch;
  REQUIRE(*(*reader)->next(batch) == ReadStatus::kRows);
  CHECK_FALSE((*reader)->next(batch));
  CHECK_FALSE((*reader)->next(batch));  // the third call of the plugin would have been END
}

TEST_CASE("batches: offsets of the struct and nulls are understood", "[abi][misbehaviour]") {
  HostFixture host;
  ReadBatch batch;
  const auto answer = first_answer(host, "offset", batch);
  REQUIRE(answer);
  CHECK(batch.array.rows() == 3);
  CHECK(batch.bytes > 0);
}

TEST_CASE("batches: unchanged is an answer to a validator", "[abi][misbehaviour]") {
  HostFixture host;
  ReadBatch batch;
  ReadRequest request;
  request.validator = "v1";
  const auto answer = first_answer(host, "unchanged", batch, request);
  REQUIRE(answer);
  CHECK(*answer == ReadStatus::kUnchanged);
}

TEST_CASE("idling: is waited for and ends when cancelled", "[abi][misbehaviour]") {
  HostFixture host;
  ReadBatch batch;
  CHECK(*first_answer(host, "idle", batch) == ReadStatus::kIdle);
  std::thread stopper([&] { host.cancel.request(); });
  const auto answer = first_answer(host, "idle_forever", batch);
  stopper.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kCancelled);
}

TEST_CASE("errors: text of a plugin is cleaned and its numbers are kept", "[abi][misbehaviour]") {
  const Error error = error_of("dirty_error");
  CHECK(error.code == Code::kRateLimited);
  CHECK(error.retry_after_ms == 1500);
  CHECK(error.vendor_code == 429);
  CHECK(is_utf8(error.message));
  CHECK(error.message.find('\x1b') == std::string::npos);
  CHECK(error.message.find('\n') == std::string::npos);
  CHECK_THAT(error_of("silent_error").message, Contains("bad_data"));
}

TEST_CASE("errors: secrets leave neither by errors nor by the log", "[abi][misbehaviour]") {
  HostFixture host;
  ReadBatch batch;
  const auto answer = first_answer(host, "secret_error", batch);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kAuth);
  CHECK(answer.error().message == "the service refused ***");
  REQUIRE(host.log.size() == 1);
  CHECK_THAT(host.log[0], Contains("Used ***") && Contains(R"({"fields":"not json"})"));
}

TEST_CASE("components: tables that contradict the descriptor are refused", "[abi][misbehaviour]") {
  HostFixture host;
  const auto factory = load_library(library("misbehaving"));
  REQUIRE(factory);
  for (const std::string id : {"bad-caps", "bad-slots"}) {
    const auto source = create_source(**factory, id, "{}", host.services());
    REQUIRE_FALSE(source);
    CHECK_THAT(source.error().message, Contains("misbehaved"));
  }
  const auto bound = create_source(**factory, "bad-bound", "{}", host.services());
  REQUIRE_FALSE(bound);
  CHECK(bound.error().code == Code::kUnsupported);
  CHECK_FALSE(create_source(**factory, "nobody", "{}", host.services()));
  CHECK_FALSE(create_source(**factory, "bad", "[]", host.services()));
}

TEST_CASE("listing: a source that ignores the host's refusal does not hide it",
          "[abi][misbehaviour]") {
  HostFixture host;
  const auto visit = [](const sluice_slice_t&) { return Result<void>(); };
  for (const std::string what : {"null_slice", "long_key", "lost_key"}) {
    const auto source = host.source("misbehaving", "bad", doing(what));
    const auto listed = source->list_slices("s", "", INT64_MIN, INT64_MAX, visit);
    REQUIRE_FALSE(listed);
    CHECK_THAT(listed.error().message, Contains("misbehaved"));
  }
  const auto source = host.source("misbehaving", "bad", doing("nothing"));
  const auto full = source->list_slices("s", "", INT64_MIN, INT64_MAX, [](const sluice_slice_t&) {
    return Result<void>(Error{Code::kNoSpace, "disk full"});
  });
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::kNoSpace);
  const auto swallowing = host.source("misbehaving", "bad", doing("swallow"));
  const auto streams = swallowing->discover();
  REQUIRE_FALSE(streams);
  CHECK(streams.error().code == Code::kInvalidConfig);
}

TEST_CASE("listing: a call from within a visitor is refused instead of waiting for itself",
          "[abi][misbehaviour]") {
  HostFixture host;
  const auto source = host.source("misbehaving", "bad", doing("nothing"));
  Code inner = Code::kIo;
  REQUIRE(source->list_slices("s", "", INT64_MIN, INT64_MAX, [&](const sluice_slice_t&) {
    const auto streams = source->discover();
    inner = streams ? Code::kIo : streams.error().code;
    return Result<void>();
  }));
  CHECK(inner == Code::kInternal);
}

TEST_CASE("readers: without SPLITS the second waits for the first", "[abi][misbehaviour]") {
  HostFixture host;
  const auto source = host.source("misbehaving", "bad", doing("nothing"));
  const Stream stream = source->discover()->at(0);
  auto first = source->read(stream, {}, {});
  REQUIRE(first);
  std::atomic<bool> released{false};
  bool in_order = false;
  std::thread second([&] {
    const auto reader = source->read(stream, {}, {});
    in_order = reader.has_value() && released;
  });
  released = true;
  first->reset();
  second.join();
  CHECK(in_order);
  auto holder = source->read(stream, {}, {});
  host.cancel.request();
  const auto cancelled = source->read(stream, {}, {});
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == Code::kCancelled);
}

TEST_CASE("sinks: what a writer may not do is refused", "[abi][misbehaviour]") {
  HostFixture host;
  const auto rows = [&] {
    const auto source = host.source("misbehaving", "bad", doing("nothing"));
    auto reader = source->read(source->discover()->at(0), {}, {});
    ReadBatch batch;
    REQUIRE((*reader)->next(batch));
    return std::move(batch.array);
  };
  const auto factory = load_library(library("misbehaving"));
  REQUIRE(factory);
  const auto open = [&](const std::string& what) {
    auto sink = create_sink(**factory, "bad", doing(what), host.services());
    REQUIRE(sink);
    REQUIRE((*sink)->open(SLUICE_OPEN_RUN));
    return std::move(*sink);
  };
  std::vector<RejectedRow> rejected;
  const auto good = open("nothing");
  {
    auto writer = good->open_writer();
    REQUIRE(writer);
    CHECK_FALSE(good->open_writer());
    CHECK(*(*writer)->bind({}) == 7);
    CHECK((*writer)->write(7, 1, rows(), rejected));
    REQUIRE(rejected.size() == 1);
    CHECK(rejected[0].row == 1);
    CHECK(rejected[0].sqlstate == "23505");
    CHECK(rejected[0].reason == "twice ");
  }
  CHECK(good->open_writer());
  CHECK(good->head().error().code == Code::kUnsupported);
  CHECK(good->diff({}).error().code == Code::kUnsupported);
  const auto beyond = open("reject_beyond");
  CHECK_FALSE((*beyond->open_writer())->write(7, 1, rows(), rejected));
  const auto keeping = open("keep_array");
  CHECK_FALSE((*keeping->open_writer())->write(7, 1, rows(), rejected));
  const auto reserve = open("bad_reserve");
  CHECK_FALSE((*reserve->open_writer())->reserve());
}
