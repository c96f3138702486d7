// SPDX-License-Identifier: Apache-2.0
//
// bench_abi PLUGINS [ROWS [RUNS]]: rows from an empty source through the C tables of two plugins
// into a sink that reads every value, on one thread. Beside it the limit: the same values written
// into flat vectors and read again, in one translation unit, without any boundary.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sluice/cpp/stream_parse.hpp"
#include "sluice/testing/testing.hpp"

namespace kit = sluice::testing;

namespace {

constexpr int64_t kRowsPerSlice = 1'000'000;

double ns_a_row(int64_t rows, const std::function<uint64_t()>& work, uint64_t& sum) {
  const auto start = std::chrono::steady_clock::now();
  sum = work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(rows);
}

sluice::Stream stream_of(const kit::OpenPlugin& source) {
  sluice::Stream stream;
  const sluice_catalog_t catalog = {
      &stream, [](void* ctx, sluice_str_t name, ArrowSchema* schema, sluice_error_t*) -> int32_t {
        const sluice::Schema owned(schema);
        *static_cast<sluice::Stream*>(ctx) = sluice::from_schema(owned.get(), sluice::view(name));
        return SLUICE_OK;
      }};
  const auto& table = source.table<sluice_source_t>(SLUICE_SOURCE_ID);
  kit::checked([&](auto* error) { return table.discover(source.self(), &catalog, error); });
  return stream;
}

int64_t read_slice(const kit::OpenPlugin& source, const std::string& slice, kit::SinkWriter& writer,
                   uint32_t number) {
  const sluice_observer_t observer = {nullptr, [](void*, sluice_str_t) {},
                                      [](void*, sluice_str_t, uint32_t, sluice_str_t) {},
                                      [](void*, sluice_str_t, sluice_str_t, sluice_bytes_t) {},
                                      [](void*, sluice_str_t, sluice_str_t, uint64_t) {}};
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  request.stream = sluice::to_c("rows");
  request.slice = sluice::to_c(slice);
  request.token = sluice::to_c_bytes(slice);
  request.target_batch_bytes = uint64_t{1} << 20U;
  sluice_reader_t reader{};
  const auto& table = source.table<sluice_source_t>(SLUICE_SOURCE_ID);
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
    if (!writer.write(number, 1, batch.array).empty()) {
      throw std::runtime_error("Rows were rejected.");
    }
  }
  reader.release(reader.self);
  return rows;
}

// The sum the sink tells in its log when its writer goes.
uint64_t across(const std::string& plugins, int64_t rows) {
  kit::FakeHost host;
  const std::string config = R"({"slices":)" + std::to_string(rows / kRowsPerSlice) +
                             R"(,"rows":)" + std::to_string(kRowsPerSlice) + "}";
  const kit::OpenPlugin source(kit::Plugin::load(plugins + "/empty_source.so"), host,
                               SLUICE_KIND_SOURCE, "bench-empty", sluice::json::parse(config));
  const kit::OpenPlugin sink(kit::Plugin::load(plugins + "/empty_sink.so"), host, SLUICE_KIND_SINK,
                             "bench-null", {{"read", true}});
  int64_t seen = 0;
  {
    kit::SinkWriter writer(sink);
    const uint32_t number = writer.bind(stream_of(source));
    writer.begin();
    for (int64_t slice = 0; slice < rows / kRowsPerSlice; ++slice) {
      seen += read_slice(source, std::to_string(slice), writer, number);
    }
    writer.commit();
  }
  const auto log = host.log();
  if (seen != rows || log.empty()) {
    throw std::runtime_error("Another number of rows came out.");
  }
  return std::stoull(log.back().message.substr(log.back().message.rfind(' ') + 1));
}

// By hand: columns of 16,384 rows (about 1 MiB), filled and summed up, used again.
uint64_t by_hand(int64_t rows) {
  static constexpr std::array<std::string_view, 4> kSymbols{"BTCUSDT", "ETHUSDT", "SOLUSDT",
                                                            "ADAEUR"};
  constexpr std::string_view kNote = "exchange trade";
  std::vector<int64_t> id, number;
  std::vector<double> value;
  std::vector<bool> flag;
  std::vector<int32_t> symbol_end, note_end;
  std::string symbol, note;
  uint64_t sum = 0;
  const auto add_texts = [&sum](const std::string& text, const std::vector<int32_t>& ends) {
    int32_t begin = 0;
    for (const int32_t end : ends) {
      sum += static_cast<uint64_t>(end - begin) +
             static_cast<unsigned char>(text[static_cast<std::size_t>(end) - 1]);
      begin = end;
    }
  };
  for (int64_t row = 0; row < rows;) {
    id.clear(), number.clear(), value.clear(), flag.clear();
    symbol_end.clear(), note_end.clear(), symbol.clear(), note.clear();
    for (const int64_t stop = std::min(rows, row + 16'384); row < stop; ++row) {
      id.push_back(row);
      number.push_back(row * 3);
      value.push_back(static_cast<double>(row) * 0.5);
      flag.push_back((row & 1) != 0);
      symbol += kSymbols[static_cast<std::size_t>(row & 3)];
      symbol_end.push_back(static_cast<int32_t>(symbol.size()));
      note += kNote;
      note_end.push_back(static_cast<int32_t>(note.size()));
    }
    for (std::size_t i = 0; i < id.size(); ++i) {
      sum += static_cast<uint64_t>(id[i]);
      sum += static_cast<uint64_t>(number[i]);
      sum += static_cast<uint64_t>(static_cast<int64_t>(value[i] * 2));
      sum += flag[i] ? 1 : 0;
    }
    add_texts(symbol, symbol_end);
    add_texts(note, note_end);
  }
  return sum;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_abi PLUGINS [ROWS [RUNS]]\n", stderr);
    return 2;
  }
  const std::string plugins = argv[1];
  const int64_t wanted = argc > 2 ? std::stoll(argv[2]) : 20'000'000;
  const int64_t rows = std::max<int64_t>(1, wanted / kRowsPerSlice) * kRowsPerSlice;
  const int runs = argc > 3 ? std::stoi(argv[3]) : 5;
  try {
    std::vector<double> through, hand;
    for (int run = 0; run < runs; ++run) {
      uint64_t sum = 0, expected = 0;
      hand.push_back(ns_a_row(
          rows, [&] { return by_hand(rows); }, expected));
      through.push_back(ns_a_row(
          rows, [&] { return across(plugins, rows); }, sum));
      if (sum != expected) {
        throw std::runtime_error("The values read are not the values written.");
      }
    }
    std::printf("%.1f %.1f\n", median(through), median(hand));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_abi: %s\n", error.what());
    return 1;
  }
  return 0;
}
