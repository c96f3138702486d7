// SPDX-License-Identifier: Apache-2.0
//
// Runs a source as the host does and gathers all that comes out.
//
//   FakeHost host;
//   host.http.on("https://example.org/trades", R"([{"id":1}])");
//   const auto run = run_source(Plugin::of<Trades>(), host, {{"base_url", "https://example.org"}});
//   REQUIRE(run.rows.size() == 1);
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/stream_parse.hpp"
#include "sluice/testing/instance.hpp"
#include "sluice/testing/rows.hpp"
#include "sluice/testing/source_run.hpp"

namespace sluice::testing {

// An open source. Failures are thrown, but for those of reading, which end up in the run.
class SourceSession {
 public:
  SourceSession(const Plugin& plugin, FakeHost& host, const json& config,
                const std::string& id = {}, uint32_t mode = SLUICE_OPEN_RUN)
      : instance_(plugin, host, SLUICE_KIND_SOURCE, id) {
    instance_.configure(config).open(mode);
  }

  std::vector<Stream> streams();
  std::vector<ListedPartition> partitions(const std::string& stream,
                                          int64_t from_us = SLUICE_TIME_MIN,
                                          int64_t to_us = SLUICE_TIME_MAX);
  // `partition`: of a series that cuts, whose missing interval it is.
  std::vector<ListedSlice> slices(const std::string& stream, int64_t from_us = SLUICE_TIME_MIN,
                                  int64_t to_us = SLUICE_TIME_MAX,
                                  const std::string& partition = {});
  SourceRun read(const ReadSpec& spec = {});

  PluginInstance& instance() noexcept { return instance_; }

 private:
  template <class F>
  void list(const std::string& stream, int64_t from_us, int64_t to_us, F&& call,
            const std::string& partition = {}) {
    sluice_list_request_t request{};
    request.struct_size = sizeof(request);
    request.stream = to_c(stream);
    request.from_us = from_us;
    request.to_us = to_us;
    request.partition = to_c(partition);
    sluice_error_t error = make_error();
    throw_if_failed(call(instance_.table<sluice_slices_t>(SLUICE_SLICES_ID), request, &error),
                    error);
  }
  static void pump(const sluice_reader_t& reader, const ReadSpec& spec, SourceRun& run);

  PluginInstance instance_;
};

inline std::vector<Stream> SourceSession::streams() {
  std::vector<Stream> out;
  const sluice_catalog_t catalog = {
      &out, [](void* ctx, sluice_str_t name, ArrowSchema* moved, sluice_error_t* error) noexcept {
        const Schema schema(moved);
        return guard(error, [&] {
          static_cast<std::vector<Stream>*>(ctx)->push_back(from_schema(schema.get(), view(name)));
          return SLUICE_OK;
        });
      }};
  sluice_error_t error = make_error();
  throw_if_failed(instance_.table<sluice_source_t>(SLUICE_SOURCE_ID)
                      .discover(instance_.self(), &catalog, &error),
                  error);
  return out;
}

inline std::vector<ListedPartition> SourceSession::partitions(const std::string& stream,
                                                              int64_t from_us, int64_t to_us) {
  std::vector<ListedPartition> out;
  const sluice_lister_t lister = {
      &out,
      [](void* ctx, const sluice_partition_t* p) noexcept -> sluice_status_t {
        static_cast<std::vector<ListedPartition>*>(ctx)->push_back(
            {std::string(view(p->key)), p->from_us, p->to_us});
        return SLUICE_OK;
      },
      [](void*, const sluice_slice_t*) noexcept -> sluice_status_t { return SLUICE_INTERNAL; }};
  list(stream, from_us, to_us, [&](const auto& table, const auto& request, auto* error) {
    return table.list_partitions == nullptr
               ? SLUICE_OK
               : table.list_partitions(instance_.self(), &request, &lister, error);
  });
  return out;
}

inline std::vector<ListedSlice> SourceSession::slices(const std::string& stream, int64_t from_us,
                                                      int64_t to_us, const std::string& partition) {
  std::vector<ListedSlice> out;
  const sluice_lister_t lister = {
      &out,
      [](void*, const sluice_partition_t*) noexcept -> sluice_status_t { return SLUICE_INTERNAL; },
      [](void* ctx, const sluice_slice_t* s) noexcept -> sluice_status_t {
        const auto text = [](auto part) { return std::string(view(part)); };
        static_cast<std::vector<ListedSlice>*>(ctx)->push_back(
            {text(s->key), text(s->title), text(s->partition), text(s->validator), text(s->token),
             s->from_us, s->to_us, s->estimated_rows, s->estimated_bytes});
        return SLUICE_OK;
      }};
  list(
      stream, from_us, to_us,
      [&](const auto& table, const auto& request, auto* error) {
        return table.list_slices == nullptr
                   ? SLUICE_OK
                   : table.list_slices(instance_.self(), &request, &lister, error);
      },
      partition);
  return out;
}

// An observer that writes into a run.
inline sluice_observer_t observe(SourceRun& run) {
  static constexpr auto run_of = [](void* ctx) -> SourceRun& {
    return *static_cast<SourceRun*>(ctx);
  };
  return {&run, [](void* ctx, sluice_str_t text) noexcept { run_of(ctx).validator = view(text); },
          [](void* ctx, sluice_str_t key, uint32_t outcome, sluice_str_t text) noexcept {
            run_of(ctx).outcomes.push_back(
                {std::string(view(key)), static_cast<Outcome>(outcome), std::string(view(text))});
          },
          [](void* ctx, sluice_str_t rule, sluice_str_t reason, sluice_bytes_t record) noexcept {
            run_of(ctx).rejects.push_back(
                {std::string(view(rule)), std::string(view(reason)), std::string(view(record))});
          },
          [](void* ctx, sluice_str_t code, sluice_str_t text, uint64_t count) noexcept {
            run_of(ctx).notes.push_back({std::string(view(code)), std::string(view(text)), count});
          }};
}

inline void SourceSession::pump(const sluice_reader_t& reader, const ReadSpec& spec,
                                SourceRun& run) {
  std::vector<Array> kept;  // released after the reader, as the contract allows
  while (kept.size() < spec.most_batches) {
    sluice_batch_t batch{};
    batch.struct_size = sizeof(batch);
    sluice_error_t error = make_error();
    const auto status = reader.next(reader.self, &batch, &error);
    if (status == SLUICE_IDLE && ++run.idles < 1000) {
      continue;
    }
    if (status != SLUICE_OK) {
      run.end = status;
      if (status < 0) {
        run.error = from_c(status, error);
      }
      break;
    }
    run.states.push_back((batch.flags & SLUICE_BATCH_RESUMABLE) != 0
                             ? std::optional(std::string(view(batch.state)))
                             : std::nullopt);
    kept.emplace_back(&batch.array);
  }
  reader.release(reader.self);
  for (const Array& array : kept) {
    auto rows = to_rows(run.stream, array.get());
    run.batch_rows.push_back(rows.size());
    run.rows.insert(run.rows.end(), std::make_move_iterator(rows.begin()),
                    std::make_move_iterator(rows.end()));
  }
}

inline SourceRun SourceSession::read(const ReadSpec& spec) {
  SourceRun run;
  for (Stream& stream : streams()) {
    if (spec.stream.empty() || spec.stream == stream.name()) {
      run.stream = std::move(stream);
      break;
    }
  }
  std::vector<sluice_str_t> keys;
  for (const auto& key : spec.keys) {
    keys.push_back(to_c(key));
  }
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  request.state_version = spec.state_version;
  request.stream = to_c(spec.stream.empty() ? run.stream.name() : spec.stream);
  request.partition = to_c(spec.partition);
  request.slice = to_c(spec.slice);
  request.token = to_c_bytes(spec.token);
  request.from_us = spec.from_us;
  request.to_us = spec.to_us;
  request.keys = keys.data();
  request.key_count = keys.size();
  request.state = spec.state ? to_c_bytes(*spec.state) : sluice_bytes_t{nullptr, 0};
  request.validator = to_c(spec.validator);
  request.target_batch_bytes = spec.target_batch_bytes;
  const sluice_observer_t observer = observe(run);
  sluice_reader_t reader{};
  sluice_error_t error = make_error();
  const auto status = instance_.table<sluice_source_t>(SLUICE_SOURCE_ID)
                          .open_reader(instance_.self(), &request, &observer, &reader, &error);
  if (status < 0) {
    run.end = status;
    run.error = from_c(status, error);
    return run;
  }
  pump(reader, spec, run);
  return run;
}

// One slice of one stream, from create() to destroy().
inline SourceRun run_source(const Plugin& plugin, FakeHost& host, const json& config,
                            const ReadSpec& spec = {}) {
  return SourceSession(plugin, host, config, spec.component).read(spec);
}

}  // namespace sluice::testing
