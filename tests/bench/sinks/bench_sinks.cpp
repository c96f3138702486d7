// SPDX-License-Identifier: Apache-2.0
//
// bench_sinks PLUGINS FOLDER ROWS JOB: one job, once, its time in seconds on the standard output.
// run.sh runs the jobs and the peers in turns and makes the tables.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include "by_hand.hpp"
#include "sluice/cpp/stream_parse.hpp"
#include "sluice/testing/testing.hpp"

namespace kit = sluice::testing;

namespace {

std::string g_plugins;

kit::Plugin load(const std::string& name) {
  return kit::Plugin::load(g_plugins + "/" + name + ".so");
}

constexpr const char* kColumns =
    R"("stream":"candles","key":["symbol","time"],"columns":[
       {"name":"symbol","nullable":false},{"name":"time","type":"timestamp","nullable":false},
       {"name":"open","type":"float64"},{"name":"high","type":"float64"},
       {"name":"low","type":"float64"},{"name":"close","type":"float64"},
       {"name":"volume","type":"float64"},{"name":"trades","type":"int64"}])";

// Reads the file batch by batch; `take` gets each array and must release or move it.
int64_t read_candles(kit::FakeHost& host, const std::string& path, sluice::Stream* stream,
                     const std::function<void(const sluice::Stream&, ArrowArray&)>& take) {
  const kit::OpenPlugin source(
      load("files"), host, SLUICE_KIND_SOURCE, "files",
      sluice::json::parse(R"({"paths":[")" + path + "\"]," + kColumns + "}"));
  const sluice_catalog_t catalog = {
      stream, [](void* ctx, sluice_str_t name, ArrowSchema* schema, sluice_error_t*) -> int32_t {
        const sluice::Schema owned(schema);
        *static_cast<sluice::Stream*>(ctx) = sluice::from_schema(owned.get(), sluice::view(name));
        return SLUICE_OK;
      }};
  const auto& table = source.table<sluice_source_t>(SLUICE_SOURCE_ID);
  kit::checked([&](auto* error) { return table.discover(source.self(), &catalog, error); });
  int64_t rejects = 0;
  const sluice_observer_t observer = {
      &rejects, [](void*, sluice_str_t) {}, [](void*, sluice_str_t, uint32_t, sluice_str_t) {},
      [](void* ctx, sluice_str_t, sluice_str_t, sluice_bytes_t) { ++*static_cast<int64_t*>(ctx); },
      [](void*, sluice_str_t, sluice_str_t, uint64_t) {}};
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  request.stream = sluice::to_c("candles");
  request.slice = sluice::to_c(path);
  request.token = sluice::to_c_bytes(path);
  request.target_batch_bytes = uint64_t{1} << 20U;
  sluice_reader_t reader{};
  kit::checked([&](auto* error) {
    return table.open_reader(source.self(), &request, &observer, &reader, error);
  });
  int64_t rows = 0;
  for (;;) {
    sluice_batch_t batch{};
    batch.struct_size = sizeof(batch);
    if (kit::checked([&](auto* error) { return reader.next(reader.self, &batch, error); }) !=
        SLUICE_OK) {
      break;
    }
    rows += batch.array.length;
    take(*stream, batch.array);
  }
  reader.release(reader.self);
  if (rejects > 0) {
    throw std::runtime_error("Records were rejected.");
  }
  return rows;
}

// From the file through both plugins into `sink`, a commit per 200,000 rows, on one thread.
int64_t through(const std::string& in, const char* library, const std::string& config,
                bool lineage) {
  kit::FakeHost host;
  const kit::OpenPlugin sink(load(library), host, SLUICE_KIND_SINK, library,
                             sluice::json::parse(config));
  kit::SinkWriter writer(sink);
  sluice::Stream stream;
  uint32_t number = UINT32_MAX;
  kit::LoggedCommit record;
  record.stream = "candles";
  int64_t part = 0, open_rows = 0;
  const auto end = [&] {
    record.slice = in;
    record.part = ++part;
    record.rows = static_cast<uint64_t>(open_rows);
    writer.record(record);
    writer.commit();
    open_rows = 0;
  };
  const int64_t rows =
      read_candles(host, in, &stream, [&](const sluice::Stream& s, ArrowArray& array) {
        if (number == UINT32_MAX) {
          number = writer.bind(s, {.lineage = lineage});
        }
        if (open_rows == 0) {
          writer.begin();
          record.commit_id = writer.reserve();
        }
        open_rows += array.length;
        if (!writer.write(number, record.commit_id, array).empty()) {
          throw std::runtime_error("Rows were rejected.");
        }
        if (open_rows >= 200'000) {
          end();
        }
      });
  if (open_rows > 0) {
    end();
  }
  return rows;
}

void generate(const std::string& folder, int64_t rows) {
  std::FILE* json = std::fopen((folder + "/candles.ndjson").c_str(), "w");
  std::FILE* csv = std::fopen((folder + "/candles.csv").c_str(), "w");
  std::fputs("symbol,time,open,high,low,close,volume,trades\n", csv);
  std::mt19937_64 random(42);
  const int64_t per_symbol = (rows + 39) / 40;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t minute = i % per_symbol;
    const std::chrono::sys_seconds time(std::chrono::seconds(1'577'836'800 + minute * 60));
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day ymd(day);
    const std::chrono::hh_mm_ss clock(time - day);
    char stamp[32];
    std::snprintf(stamp, sizeof(stamp), "%04d-%02u-%02uT%02d:%02d:00Z",
                  static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                  static_cast<unsigned>(ymd.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()));
    const double open = 20'000 + static_cast<double>(random() % 1'000'000) / 100;
    const double volume = static_cast<double>(random() % 100'000'000) / 1e5;
    const auto trades = static_cast<int>(random() % 5000);
    char symbol[16];
    std::snprintf(symbol, sizeof(symbol), "COIN%02dUSDT", static_cast<int>(i / per_symbol));
    std::fprintf(json,
                 "{\"symbol\":\"%s\",\"time\":\"%s\",\"open\":%.2f,\"high\":%.2f,\"low\":%.2f,"
                 "\"close\":%.2f,\"volume\":%.5f,\"trades\":%d}\n",
                 symbol, stamp, open, open + 12.5, open - 9.25, open + 1.75, volume, trades);
    std::fprintf(csv, "%s,%s,%.2f,%.2f,%.2f,%.2f,%.5f,%d\n", symbol, stamp, open, open + 12.5,
                 open - 9.25, open + 1.75, volume, trades);
  }
  std::fclose(json);
  std::fclose(csv);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_sinks PLUGINS FOLDER ROWS JOB\n", stderr);
    return 2;
  }
  g_plugins = argv[1];
  const std::string folder = argv[2];
  const int64_t rows = std::stoll(argv[3]);
  const std::string in = folder + "/candles.ndjson";
  const std::string out = folder + "/out.db";
  const auto read = [&](const std::string& path) {
    kit::FakeHost host;
    sluice::Stream stream;
    return read_candles(host, path, &stream,
                        [](const sluice::Stream&, ArrowArray& array) { array.release(&array); });
  };
  const std::map<std::string, std::function<int64_t()>> jobs{
      {"generate", [&] { return generate(folder, rows), rows; }},
      {"hand-parse", [&] { return bench::ndjson_only(in); }},
      {"hand-sqlite", [&] { return bench::ndjson_to_sqlite(in, out, 200'000), rows; }},
      {"read-ndjson", [&] { return read(in); }},
      {"read-csv", [&] { return read(folder + "/candles.csv"); }},
      {"sqlite", [&] { return through(in, "sqlite", "{\"path\":\"" + out + "\"}", false); }},
      {"sqlite-lineage", [&] { return through(in, "sqlite", "{\"path\":\"" + out + "\"}", true); }},
      {"ndjson", [&] { return through(in, "files", "{\"path\":\"" + folder + "/out\"}", false); }}};
  try {
    const auto start = std::chrono::steady_clock::now();
    if (jobs.at(argv[4])() != rows) {
      throw std::runtime_error("Another number of rows came out.");
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%.3f\n", took.count());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_sinks: %s\n", error.what());
    return 1;
  }
  return 0;
}
