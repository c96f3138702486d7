// SPDX-License-Identifier: Apache-2.0
//
// Checked mode: each breach of the contract ends the process with a line that says who misbehaves.
// Built with -DSLUICE_SDK_CHECKED.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <thread>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

// What a child that runs `work` writes to stderr before it aborts; empty if it ends otherwise.
std::string last_words(const std::function<void()>& work) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::dup2(pipe_ends[1], STDERR_FILENO);
    work();
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? text : std::string{};
}

struct Opened {
  FakeHost host;
  PluginInstance instance{Plugin::of<sdk_test::Counter>(), host, SLUICE_KIND_SOURCE};
  SourceRun run;
  sluice_observer_t observer = observe(run);
  sluice_read_request_t request{};
  sluice_error_t error = make_error();

  Opened() {
    request.struct_size = sizeof(request);
    request.stream = to_c("numbers");
    instance.configure(json::object()).open();
  }
  sluice_reader_t reader() {
    sluice_reader_t out{};
    const auto& table = instance.table<sluice_source_t>(SLUICE_SOURCE_ID);
    throw_if_failed(table.open_reader(instance.self(), &request, &observer, &out, &error), error);
    return out;
  }
};

// Calls back into its own instance from within check().
struct Reentrant {
  static constexpr auto id = "reentrant", name = "Reentrant", version = "1.0.0";
  inline static const sluice_plugin_t* self = nullptr;
  static std::vector<Stream> streams() { return {}; }
  static void check(Host&, const NoConfig&) { self->close(self->self); }
  struct Reader {
    Reader(Host&, const NoConfig&, const ReadRequest&) {}
    bool next(Batch&) { return false; }
  };
};

// Answers UNCHANGED although nothing was asked for that way, and tells after next().
struct Sloppy {
  static constexpr auto id = "sloppy", name = "Sloppy", version = "1.0.0";
  static std::vector<Stream> streams() {
    return {Stream("s", Kind::kFiles).col("n", Type::kInt64)};
  }
  struct Reader {
    const ReadRequest& request;
    Reader(Host&, const NoConfig&, const ReadRequest& r) : request(r) {
      if (request.slice() == "early") {
        request.note("early", "from the constructor");
      }
    }
    Next next(Batch&) { return Next::kUnchanged; }
  };
};

}  // namespace

TEST_CASE("a host that keeps to the contract is left alone") {
  FakeHost host;
  const auto run = run_source(Plugin::of<sdk_test::Counter>(), host, json::object());
  CHECK(run.end == SLUICE_END);
  const Stream stream = sdk_test::Counter::streams().at(0);
  SinkSession sink(Plugin::of<sdk_test::Memory>(), host, json::object());
  sink.land(stream, "a", from_rows(stream, {{{"n", 1}}}));
}

TEST_CASE("life cycle") {
  CHECK_THAT(last_words([] {
               FakeHost host;
               PluginInstance(Plugin::of<sdk_test::Counter>(), host, SLUICE_KIND_SOURCE).open();
             }),
             Catch::Contains("host misbehaving: open()"));
  CHECK_THAT(last_words([] { Opened().instance.configure(json::object()); }),
             Catch::Contains("host misbehaving: configure()"));
  CHECK_THAT(last_words([] {
               Opened opened;
               opened.instance.close();
               (void)opened.reader();
             }),
             Catch::Contains("host misbehaving: open_reader()"));
  CHECK_THAT(last_words([] {
               Opened opened;
               (void)opened.reader();
               opened.instance.close();
             }),
             Catch::Contains("before all readers and writers were released"));
}

TEST_CASE("readers and writers") {
  CHECK_THAT(last_words([] {
               Opened opened;
               opened.host.cancel();
               const auto reader = opened.reader();
               sluice_batch_t batch{};
               reader.next(reader.self, &batch, &opened.error);
               reader.next(reader.self, &batch, &opened.error);
             }),
             Catch::Contains("host misbehaving: next() was called after a failure"));
  CHECK_THAT(last_words([] {
               FakeHost host;
               SinkSession sink(Plugin::of<sdk_test::Memory>(), host, json::object());
               sink.commit();
             }),
             Catch::Contains("host misbehaving: commit() was called outside of a transaction"));
  CHECK_THAT(last_words([] {
               FakeHost host;
               SinkSession sink(Plugin::of<sdk_test::Memory>(), host, json::object());
               sink.begin();
               sink.begin();
             }),
             Catch::Contains("host misbehaving: begin() was called inside a transaction"));
}

TEST_CASE("one call at a time") {
  CHECK_THAT(last_words([] {
               FakeHost host;
               PluginInstance instance(Plugin::of<Reentrant>(), host, SLUICE_KIND_SOURCE);
               Reentrant::self = &instance.c();
               instance.configure(json::object()).open(SLUICE_OPEN_CHECK);
             }),
             Catch::Contains("host misbehaving: close()"));
}

TEST_CASE("a plugin's own mistakes") {
  const auto read = [](const char* slice) {
    return last_words([=] {
      FakeHost host;
      (void)run_source(Plugin::of<Sloppy>(), host, json::object(), {.slice = slice});
    });
  };
  CHECK_THAT(read(""), Catch::Contains("plugin misbehaving: next() answered UNCHANGED"));
  CHECK_THAT(read("early"), Catch::Contains("plugin misbehaving: note()"));
}
