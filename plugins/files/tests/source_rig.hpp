// SPDX-License-Identifier: Apache-2.0
//
// Drives the source through its C tables, as the host does, and gives rows as text.
#pragma once

#include <fstream>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <string>
#include <vector>

#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/decimal.hpp"
#include "sluice/cpp/stream_parse.hpp"

namespace rig {

// The plugin under test, as the host loads it.
inline sluice::testing::Plugin tested() {
  return sluice::testing::Plugin::load(SLUICE_TEST_PLUGIN);
}

inline void put_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}
inline std::string get_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string cell_text(const sluice::ColumnView& column, int64_t row) {
  using sluice::Type;
  if (column.is_null(row)) {
    return "NULL";
  }
  switch (column.type()) {
    case Type::kBool:
      return column.boolean(row) ? "true" : "false";
    case Type::kInt32:
    case Type::kDate32:
      return std::to_string(column.int32(row));
    case Type::kInt64:
    case Type::kTimestamp:
      return std::to_string(column.int64(row));
    case Type::kFloat64: {
      char text[40];
      std::snprintf(text, sizeof(text), "%.17g", column.float64(row));
      return text;
    }
    case Type::kDecimal128:
      return sluice::to_text(column.decimal(row), column.decl().options.scale);
    default:
      return std::string(column.text(row));
  }
}

// What reading a slice gave.
struct Reading {
  std::vector<std::string> rows;  // "a|b|c"
  std::vector<std::string> rejects, notes, states;
  std::vector<std::size_t> rows_at_state;
  std::string validator;
  sluice_status_t end = SLUICE_OK;
};

struct ReadOptions {
  std::string state{};  // empty: from the start
  std::string last_validator{};
  uint64_t target_bytes = uint64_t{1} << 20U;
};

inline sluice::Stream discover(const sluice::testing::PluginInstance& source) {
  std::optional<sluice::Stream> out;
  const sluice_catalog_t catalog = {
      &out, [](void* ctx, sluice_str_t name, ArrowSchema* schema, sluice_error_t*) -> int32_t {
        sluice::Schema owned(schema);
        *static_cast<std::optional<sluice::Stream>*>(ctx) =
            sluice::from_schema(owned.get(), sluice::view(name));
        return SLUICE_OK;
      }};
  sluice::testing::checked([&](auto* error) {
    return source.table<sluice_source_t>(SLUICE_SOURCE_ID).discover(source.self(), &catalog, error);
  });
  if (!out) {
    throw std::logic_error("The source declared no stream.");
  }
  return *out;
}

struct ListedSlice {
  std::string key, validator, token;
};

inline std::vector<ListedSlice> slices(const sluice::testing::PluginInstance& source) {
  std::vector<ListedSlice> out;
  const sluice_lister_t lister = {
      &out, [](void*, const sluice_partition_t*) -> sluice_status_t { return SLUICE_OK; },
      [](void* ctx, const sluice_slice_t* s) -> sluice_status_t {
        static_cast<std::vector<ListedSlice>*>(ctx)->push_back(
            {std::string(sluice::view(s->key)), std::string(sluice::view(s->validator)),
             std::string(sluice::view(s->token))});
        return SLUICE_OK;
      }};
  sluice_list_request_t request{};
  request.struct_size = sizeof(request);
  sluice::testing::checked([&](auto* error) {
    return source.table<sluice_slices_t>(SLUICE_SLICES_ID)
        .list_slices(source.self(), &request, &lister, error);
  });
  return out;
}

inline Reading read_slice(const sluice::testing::PluginInstance& source, const std::string& path,
                          const ReadOptions& options = {}) {
  const sluice::Stream stream = discover(source);
  Reading out;
  const sluice_observer_t observer = {
      &out,
      [](void* ctx, sluice_str_t text) {
        static_cast<Reading*>(ctx)->validator = sluice::view(text);
      },
      [](void*, sluice_str_t, uint32_t, sluice_str_t) {},
      [](void* ctx, sluice_str_t, sluice_str_t reason, sluice_bytes_t) {
        static_cast<Reading*>(ctx)->rejects.emplace_back(sluice::view(reason));
      },
      [](void* ctx, sluice_str_t code, sluice_str_t text, uint64_t count) {
        static_cast<Reading*>(ctx)->notes.push_back(std::string(sluice::view(code)) + "×" +
                                                    std::to_string(count) + " " +
                                                    std::string(sluice::view(text)));
      }};
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  request.state_version = 1;
  request.stream = sluice::to_c(stream.name());
  request.slice = sluice::to_c(path);
  request.token = sluice::to_c_bytes(path);
  request.validator = sluice::to_c(options.last_validator);
  request.target_batch_bytes = options.target_bytes;
  if (!options.state.empty()) {
    request.state = sluice::to_c_bytes(options.state);
  }
  sluice_reader_t reader{};
  sluice::testing::checked([&](auto* error) {
    return source.table<sluice_source_t>(SLUICE_SOURCE_ID)
        .open_reader(source.self(), &request, &observer, &reader, error);
  });
  const struct Release {
    sluice_reader_t* reader;
    ~Release() { reader->release(reader->self); }
  } release{&reader};
  for (;;) {
    sluice_batch_t batch{};
    batch.struct_size = sizeof(batch);
    out.end = sluice::testing::checked(
        [&](auto* error) { return reader.next(reader.self, &batch, error); });
    if (out.end != SLUICE_OK) {
      return out;
    }
    const sluice::Array owned(&batch.array);
    const sluice::BatchView view(stream, owned.get());
    for (int64_t row = 0; row < view.rows(); ++row) {
      std::string line;
      for (const auto& column : view.columns()) {
        line +=
            (line.empty() && &column == view.columns().data() ? "" : "|") + cell_text(column, row);
      }
      out.rows.push_back(line);
    }
    if ((batch.flags & SLUICE_BATCH_RESUMABLE) != 0) {
      out.states.emplace_back(sluice::view(batch.state));
      out.rows_at_state.push_back(out.rows.size());
    }
  }
}

}  // namespace rig
