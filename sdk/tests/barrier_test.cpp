// SPDX-License-Identifier: Apache-2.0
//
// A component that throws from every member: nothing gets past the barrier, and the text stays.
#include <catch2/catch.hpp>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

enum class What { kNothing, kError, kStd, kInt, kAlloc };
What g_what = What::kNothing;
std::string g_where;  // NOLINT: one test at a time

void maybe_throw(const char* where) {
  if (g_where != where) {
    return;
  }
  switch (g_what) {
    case What::kNothing:
      return;
    case What::kError:
      throw Error(Code::kRateLimited, std::string("thrown in ") + where).retry_after(1500);
    case What::kStd:
      throw std::runtime_error(std::string("thrown in ") + where);
    case What::kInt:
      throw 42;  // NOLINT: that is the point
    case What::kAlloc:
      throw std::bad_alloc();
  }
}

struct BadSource {
  static constexpr auto id = "bad-source", name = "Bad", version = "1.0.0";
  struct Instance {
    Instance(Host&, const NoConfig&) { maybe_throw("open"); }
  };
  static std::vector<Stream> discover(Host&, const NoConfig&) {
    maybe_throw("discover");
    return {Stream("s", Kind::kFiles).col("n", Type::kInt64)};
  }
  static void check(Host&, const NoConfig&) { maybe_throw("check"); }
  static void partitions(Host&, const NoConfig&, const ListRequest&, Lister&) {
    maybe_throw("partitions");
  }
  static void slices(Host&, const NoConfig&, Instance&, const ListRequest&, Lister&) {
    maybe_throw("slices");
  }
  struct Reader {
    Reader(Host&, const NoConfig&, const ReadRequest&) { maybe_throw("reader"); }
    bool next(Batch&, std::string&) {
      maybe_throw("next");
      return false;
    }
    void interrupt() { maybe_throw("interrupt"); }
  };
};

struct BadSink {
  static constexpr auto id = "bad-sink", name = "Bad", version = "1.0.0";
  struct Writer {
    Writer(Host&, const NoConfig&) { maybe_throw("writer"); }
    uint32_t bind(const Binding&) {
      maybe_throw("bind");
      return 1;
    }
    void begin() { maybe_throw("begin"); }
    int64_t reserve() {
      maybe_throw("reserve");
      return 1;
    }
    void write(uint32_t, int64_t, const BatchView&, Rejects&) { maybe_throw("write"); }
    void record(const CommitRecord&) { maybe_throw("record"); }
    void commit() { maybe_throw("commit"); }
    void rollback() { maybe_throw("rollback"); }
    void interrupt() { maybe_throw("interrupt"); }
  };
  static std::optional<std::string> head(Host&, const NoConfig&) {
    maybe_throw("head");
    return {};
  }
  static void list(Host&, const NoConfig&, const CommitFilter&, CommitVisitor&) {
    maybe_throw("list");
  }
  static void forget(Host&, const NoConfig&, const CommitFilter&) { maybe_throw("forget"); }
  static std::vector<std::string> diff(Host&, const NoConfig&, const Binding&) {
    maybe_throw("diff");
    return {};
  }
};

void drive_source() {
  FakeHost host;
  SourceSession source(Plugin::of<BadSource>(), host, json::object(), {}, SLUICE_OPEN_CHECK);
  (void)source.streams();
  (void)source.partitions("s");
  (void)source.slices("s");
  const auto run = source.read();
  if (run.error) {
    throw Error(*run.error);
  }
}

void drive_sink() {
  FakeHost host;
  const Stream stream = Stream("s", Kind::kFiles).col("n", Type::kInt64);
  SinkSession sink(Plugin::of<BadSink>(), host, json::object());
  sink.writer().interrupt(sink.writer().self);
  (void)sink.diff(stream);
  sink.land(stream, "a", from_rows(stream, {{{"n", 1}}}));
  (void)sink.head();
  (void)sink.list();
  sink.forget({});
  sink.begin();
  sink.rollback();
}

void expect_kept(void (*drive)(), const char* where) {
  INFO(where);
  g_where = where;
  const auto caught = [&](What what) {
    g_what = what;
    try {
      drive();
    } catch (const Error& e) {
      return e;
    }
    return Error(Code::kUnsupported, "nothing was told");
  };
  const Error ours = caught(What::kError);
  CHECK(ours.code() == Code::kRateLimited);
  CHECK(ours.message() == std::string("thrown in ") + where);
  CHECK(ours.retry_after_ms() == 1500);
  const Error standard = caught(What::kStd);
  CHECK(standard.code() == Code::kInternal);
  CHECK(standard.message() == std::string("thrown in ") + where);
  CHECK_THAT(caught(What::kInt).message(), Catch::Contains("not a std::exception"));
  CHECK_THAT(caught(What::kAlloc).message(), Catch::Contains("out of memory"));
  g_what = What::kNothing;
  CHECK_NOTHROW(drive());
}

}  // namespace

TEST_CASE("whatever a source throws arrives as an error with its text") {
  for (const char* where :
       {"open", "check", "discover", "partitions", "slices", "reader", "next"}) {
    expect_kept(&drive_source, where);
  }
}

TEST_CASE("whatever a sink throws arrives as an error with its text") {
  for (const char* where : {"writer", "bind", "begin", "reserve", "write", "record", "commit",
                            "head", "list", "forget", "diff"}) {
    expect_kept(&drive_sink, where);
  }
}

TEST_CASE("functions that cannot fail swallow what is thrown") {
  for (const char* where : {"rollback", "interrupt"}) {
    g_where = where;
    g_what = What::kInt;
    CHECK_NOTHROW(drive_sink());
    CHECK_NOTHROW(drive_source());
    g_what = What::kNothing;
  }
}

TEST_CASE("messages are cut at a character and cleaned of what is not UTF-8") {
  sluice_error_t error = make_error();
  std::string text(982, 'a');
  guard(&error, [&]() -> sluice_status_t { throw std::runtime_error(text + "äö"); });
  CHECK(std::string(error.message) == text);  // half an ä does not fit
  guard(&error, [&]() -> sluice_status_t { throw std::runtime_error("a\xff\xc0\xaf z"); });
  CHECK(std::string(error.message) == "a??? z");
  guard(&error, []() -> sluice_status_t {
    throw Error(Code::kBadData, "bad").sqlstate("23505").at_row(3);
  });
  CHECK(std::string(error.sqlstate) == "23505");
  CHECK(error.row == 3);
  CHECK(guard(nullptr, []() -> sluice_status_t { throw 1; }) == SLUICE_INTERNAL);
  error = sluice_error_t{};  // a caller that did not say how large its struct is
  CHECK(guard(&error, []() -> sluice_status_t { throw 1; }) == SLUICE_INTERNAL);
  CHECK(error.code == 0);
}
