// SPDX-License-Identifier: Apache-2.0
//
// Sources, sinks and transforms through their tables, against the fake host.
#include <catch2/catch.hpp>
#include <thread>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT
using sdk_test::Counter;
using sdk_test::Memory;

namespace {

struct Doubler {
  static constexpr auto id = "doubler", name = "Doubler", version = "1.0.0";
  static Stream bind(Host&, const NoConfig&, const Stream& in) {
    return Stream(in.name(), in.kind()).key("n").col("n", Type::kInt64);
  }
  struct Stage {
    Stage(Host&, const NoConfig&, const Stream&) {}
    void process(const BatchView& in, Emitter& out) {
      for (int64_t i = 0; i < in.rows(); ++i) {
        if (in.column(0).int64(i) == 13) {
          out.reject(static_cast<uint64_t>(i), "luck", "It is 13.");
        } else {
          out.batch().row(in.column(0).int64(i) * 2);
        }
      }
    }
  };
};

// Every way that next() can answer.
struct Answers {
  static constexpr auto id = "answers", name = "Answers", version = "1.0.0";
  static std::vector<Stream> streams() {
    return {Stream("s", Kind::kFiles).col("n", Type::kInt64)};
  }
  static void slices(Host&, const NoConfig&, const ListRequest& wanted, Lister& out) {
    out.slice({.key = "k", .title = "t", .token = "\x00\x01", .from_us = wanted.from_us()});
    out.slice({.key = "l"});
  }
  struct Reader {
    const ReadRequest& request;
    int calls = 0;
    Reader(Host&, const NoConfig&, const ReadRequest& r) : request(r) {}
    Result<Next> next(Batch& out) {
      const auto slice = request.slice();
      ++calls;
      if (slice == "unchanged") {
        request.validator(request.last_validator());
        return Next::kUnchanged;
      }
      if (slice == "idle" && calls < 4) {
        out.idle_for(5);
        return Next::kIdle;
      }
      if (slice == "error") {
        return Error(Code::kNotFound, "It is gone.").vendor(404);
      }
      if (slice == "rest") {
        out.row(1);
        out.resume_from("");
        request.reject("rule", "why", "record");
        request.note("seen", "example", 3);
        request.key_outcome("k", Outcome::kEmpty, "none");
      }
      return Next::kEnd;
    }
  };
};

SourceRun read(const std::string& slice, const std::string& validator = {}) {
  FakeHost host;
  return run_source(Plugin::of<Answers>(), host, json::object(),
                    {.slice = slice, .validator = validator});
}

}  // namespace

TEST_CASE("a source's members decide what its descriptor says") {
  const Plugin plugin = Plugin::of<Counter, Memory, Doubler, Answers>();
  const auto all = plugin.descriptors();
  REQUIRE(all.size() == 4);
  CHECK(all[0]->caps == SLUICE_CAP_SPLITS);
  CHECK(all[0]->state_version == 2);
  CHECK(view(all[0]->vendor) == "us");
  CHECK(all[1]->kind == SLUICE_KIND_SINK);
  CHECK(all[1]->caps == (SLUICE_CAP_TRANSACTION | SLUICE_CAP_UPSERT | SLUICE_CAP_COMMIT_LOG));
  CHECK(all[2]->kind == SLUICE_KIND_TRANSFORM);
  CHECK(all[3]->caps == (SLUICE_CAP_SPLITS | SLUICE_CAP_SLICES));
  CHECK(plugin.factory().descriptor(4) == nullptr);

  FakeHost host;
  PluginInstance sink(plugin, host, SLUICE_KIND_SINK);
  for (const char* id : {"", "sluice.sink/", "sluice.sink/10", "sluice.sink.schema/1"}) {
    CHECK(sink.c().get_extension(sink.self(), id) == nullptr);
  }
  CHECK(sink.c().get_extension(sink.self(), nullptr) == nullptr);
  sluice_plugin_t out{};
  sluice_error_t error = make_error();
  CHECK(plugin.factory().create(host.c(), SLUICE_KIND_SOURCE, "memory", &out, &error) ==
        SLUICE_UNSUPPORTED);
  CHECK(out.destroy == nullptr);
}

TEST_CASE("reading cut at every batch and resumed equals one run") {
  FakeHost host;
  const Plugin plugin = Plugin::of<Counter>();
  const json config = {{"until", 10}};
  const auto whole = run_source(plugin, host, config);
  REQUIRE(whole.end == SLUICE_END);
  CHECK(whole.batch_rows == std::vector<std::size_t>{3, 3, 3, 1});
  for (std::size_t cut = 1; cut <= whole.states.size(); ++cut) {
    auto first = run_source(plugin, host, config, {.most_batches = cut});
    REQUIRE(first.states.back());
    const auto second =
        run_source(plugin, host, config, {.state = first.states.back(), .state_version = 2});
    first.rows.insert(first.rows.end(), second.rows.begin(), second.rows.end());
    CHECK(first.rows == whole.rows);
  }
}

TEST_CASE("a resume state that cannot be used is told as such") {
  FakeHost host;
  const Plugin plugin = Plugin::of<Counter>();
  const auto with = [&](const char* state, uint32_t version) {
    return run_source(plugin, host, json::object(), {.state = state, .state_version = version});
  };
  CHECK(with("{}", 3).end == SLUICE_BAD_STATE);
  CHECK_THAT(with("{}", 3).error->message(), Catch::Contains("newer version of 'counter'"));
  CHECK(with("\xff{", 2).end == SLUICE_BAD_STATE);
  CHECK(run_source(plugin, host, json::object(), {.stream = "none"}).end == SLUICE_INVALID_CONFIG);
}

TEST_CASE("next() may answer in every way") {
  CHECK(read("").end == SLUICE_END);
  const auto unchanged = read("unchanged", "v1");
  CHECK(unchanged.end == SLUICE_UNCHANGED);
  CHECK(unchanged.validator == "v1");
  const auto idle = read("idle");
  CHECK(idle.end == SLUICE_END);
  CHECK(idle.idles == 3);
  const auto failed = read("error");
  CHECK(failed.end == SLUICE_NOT_FOUND);
  CHECK(failed.error->vendor_code() == 404);
  const auto rest = read("rest");  // rows that come with the end are not lost
  CHECK(rest.end == SLUICE_END);
  CHECK(rest.rows.size() == 1);
  CHECK(rest.states.at(0) == "");
  CHECK(rest.rejects.at(0).record == "record");
  CHECK(rest.notes.at(0).count == 3);
  CHECK(rest.outcomes.at(0).outcome == Outcome::kEmpty);
}

namespace {

struct Parts {
  static constexpr auto id = "parts", name = "Parts", version = "1.0.0";
  static std::vector<Stream> streams() {
    return {Stream("s", Kind::kSeries).time("t").col("t", Type::kTimestamp)};
  }
  static void partitions(Host&, const NoConfig&, const ListRequest&, Lister& out) {
    out.partition({.key = "a", .from_us = 7});
  }
  struct Reader {
    Reader(Host&, const NoConfig&, const ReadRequest&) {}
    static bool next(Batch&) { return false; }
  };
};

}  // namespace

TEST_CASE("a source with partitions alone fills the table of slices") {
  FakeHost host;
  SourceSession session(Plugin::of<Parts>(), host, json::object());
  const auto& table = session.instance().table<sluice_slices_t>(SLUICE_SLICES_ID);
  CHECK(table.list_partitions != nullptr);
  CHECK(table.list_slices != nullptr);
  CHECK(session.partitions("s").at(0).from_us == 7);
  CHECK(session.slices("s").empty());
}

TEST_CASE("listing stops with the host's status") {
  FakeHost host;
  SourceSession source(Plugin::of<Answers>(), host, json::object());
  const auto slices = source.slices("s", 5);
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].from_us == 5);
  int seen = 0;
  const sluice_lister_t lister = {&seen, nullptr,
                                  [](void* ctx, const sluice_slice_t*) noexcept -> sluice_status_t {
                                    ++*static_cast<int*>(ctx);
                                    return SLUICE_CANCELLED;
                                  }};
  sluice_list_request_t request{};
  request.struct_size = sizeof(request);
  sluice_error_t error = make_error();
  CHECK(source.instance()
            .table<sluice_slices_t>(SLUICE_SLICES_ID)
            .list_slices(source.instance().self(), &request, &lister, &error) == SLUICE_CANCELLED);
  CHECK(seen == 1);
}

TEST_CASE("a sink lands, refuses, rolls back and remembers") {
  FakeHost host;
  const Stream stream = Counter::streams().at(0);
  SinkSession sink(Plugin::of<Memory>(), host, json::object());
  const auto refused =
      sink.land(stream, "a", from_rows(stream, {{{"n", 1}}, {{"n", -1}}, {{"n", 2}}}));
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].row == 1);
  CHECK(refused[0].sqlstate == "23514");
  sink.begin();
  sink.record({.slice = "b"});
  sink.rollback();
  sink.rollback();  // legal without a transaction
  CHECK(sink.list().size() == 1);
  CHECK(sink.head() == "1");
  sink.forget({.slice = "a"});
  CHECK(sink.list().empty());
  CHECK_THROWS_WITH(sink.bind(Stream("x", Kind::kFiles).col("y", Type::kInt64)),
                    Catch::Contains("no column 'n'"));
  CHECK_THROWS_WITH(sink.diff(stream), Catch::Contains("sluice.sink.schema/1"));
  sink.begin();
  CHECK_THROWS_WITH(sink.write(99, 1, from_rows(stream, {{{"n", 1}}})),
                    Catch::Contains("never bound"));
}

TEST_CASE("a transform turns rows into rows and says which it refuses") {
  FakeHost host;
  PluginInstance instance(Plugin::of<Doubler>(), host, SLUICE_KIND_TRANSFORM);
  instance.configure(json::object()).open();
  const auto& table = instance.table<sluice_transform_t>(SLUICE_TRANSFORM_ID);
  const Stream stream = Counter::streams().at(0);
  const Schema schema = to_schema(stream);
  sluice_error_t error = make_error();
  sluice_stage_t stage{};
  REQUIRE(table.open_stage(instance.self(), to_c("numbers"), schema.get(), &stage, &error) ==
          SLUICE_OK);
  struct Out {
    std::vector<json> rows;
    std::vector<uint64_t> refused;
  } out;
  const sluice_emitter_t emitter = {
      &out,
      [](void* ctx, ArrowArray* array) noexcept -> sluice_status_t {
        const Array owned(array);
        static_cast<Out*>(ctx)->rows = to_rows(Counter::streams().at(0), owned.get());
        return SLUICE_OK;
      },
      [](void* ctx, uint64_t row, sluice_str_t, sluice_str_t) noexcept {
        static_cast<Out*>(ctx)->refused.push_back(row);
      }};
  ArrowArray input{};
  Array rows = from_rows(stream, {{{"n", 1}}, {{"n", 13}}, {{"n", 4}}});
  rows.move_to(&input);
  CHECK(stage.process(stage.self, &input, &emitter, &error) == SLUICE_OK);
  CHECK(out.rows == std::vector<json>{{{"n", 2}}, {{"n", 8}}});
  CHECK(out.refused == std::vector<uint64_t>{1});
  CHECK(input.release == nullptr);
  stage.release(stage.self);
}

TEST_CASE("batches live on after reader, instance and destroy, and end on any thread") {
  FakeHost host;
  std::vector<Array> kept;
  {
    PluginInstance instance(Plugin::of<Counter>(), host, SLUICE_KIND_SOURCE);
    instance.configure({{"until", 9}}).open();
    sluice_read_request_t request{};
    request.struct_size = sizeof(request);
    request.stream = to_c("numbers");
    SourceRun run;
    const sluice_observer_t observer = observe(run);
    sluice_reader_t reader{};
    sluice_error_t error = make_error();
    REQUIRE(instance.table<sluice_source_t>(SLUICE_SOURCE_ID)
                .open_reader(instance.self(), &request, &observer, &reader, &error) == SLUICE_OK);
    for (int i = 0; i < 3; ++i) {
      sluice_batch_t batch{};
      batch.struct_size = sizeof(batch);
      REQUIRE(reader.next(reader.self, &batch, &error) == SLUICE_OK);
      kept.emplace_back(&batch.array);
    }
    kept.pop_back();  // one before, two after
    reader.release(reader.self);
    instance.close();
  }
  CHECK(to_rows(Counter::streams().at(0), kept[1].get()).at(0)["n"] == 3);
  std::thread first([&] { kept[0].reset(); });
  std::thread second([&] { kept[1].reset(); });
  first.join();
  second.join();
  CHECK(!kept[0]);
}
