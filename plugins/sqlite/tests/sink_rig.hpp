// SPDX-License-Identifier: Apache-2.0
//
// Drives a sink through its C tables, as the host does. Failures are thrown as sluice::Error.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/binding.hpp"
#include "sluice/cpp/stream_schema.hpp"
#include "sluice/sluice.h"

namespace rig {

// A host with log, cancel, clock and state. One thread at a time.
class Host {
 public:
  Host() : c_{sizeof(sluice_host_t), SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR, this, &service} {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const sluice_host_t* c() const noexcept { return &c_; }
  bool cancelled = false;
  int64_t now_us = 1'704'067'200'000'000;  // 2024-01-01T00:00:00Z
  std::map<std::string, std::string> state{};
  std::vector<std::string> log{};

 private:
  static Host& of(const sluice_host_t* host) { return *static_cast<Host*>(host->ctx); }
  static const void* service(const sluice_host_t*, const char* id) {
    static constexpr sluice_log_t log = {
        [](const sluice_host_t*, uint32_t) { return uint32_t{1}; },
        [](const sluice_host_t* host, uint32_t, sluice_str_t text, sluice_str_t) {
          of(host).log.emplace_back(sluice::view(text));
        }};
    static constexpr sluice_cancel_t cancel = {
        [](const sluice_host_t* host) { return of(host).cancelled ? 1U : 0U; },
        [](const sluice_host_t* host, uint64_t) { return of(host).cancelled ? 1U : 0U; },
        [](const sluice_host_t*) { return int32_t{-1}; }};
    static constexpr sluice_clock_t clock = {
        [](const sluice_host_t* host) { return of(host).now_us; },
        [](const sluice_host_t* host) { return of(host).now_us; }};
    static constexpr sluice_state_t state = {
        [](const sluice_host_t* host, sluice_str_t name, const sluice_put_t* out,
           sluice_error_t*) -> sluice_status_t {
          const auto found = of(host).state.find(std::string(sluice::view(name)));
          if (found == of(host).state.end()) {
            return SLUICE_END;
          }
          out->put(out->ctx, found->second.data(), found->second.size());
          return SLUICE_OK;
        },
        [](const sluice_host_t* host, sluice_str_t name, sluice_bytes_t value,
           sluice_error_t*) -> sluice_status_t {
          of(host).state[std::string(sluice::view(name))] = std::string(sluice::view(value));
          return SLUICE_OK;
        }};
    const std::string_view wanted(id);
    return wanted == SLUICE_LOG_ID      ? static_cast<const void*>(&log)
           : wanted == SLUICE_CANCEL_ID ? static_cast<const void*>(&cancel)
           : wanted == SLUICE_CLOCK_ID  ? static_cast<const void*>(&clock)
           : wanted == SLUICE_STATE_ID  ? static_cast<const void*>(&state)
                                        : nullptr;
  }

  sluice_host_t c_;
};

// Calls `f(&error)` and throws what it failed with.
template <class F>
sluice_status_t checked(F&& f) {
  sluice_error_t error = sluice::make_error();
  const sluice_status_t status = f(&error);
  sluice::throw_if_failed(status, error);
  return status;
}

// Loads a plugin library as the host does, never to unload it.
inline const sluice_entry_t* load(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* entry = library == nullptr ? nullptr : ::dlsym(library, "sluice_entry_v1");
  if (entry == nullptr) {
    throw std::runtime_error("The plugin '" + path + "' cannot be loaded.");
  }
  return reinterpret_cast<const sluice_entry_t* (*)()>(entry)();
}

// The plugin under test.
inline const sluice_entry_t* tested() {
#ifdef SLUICE_TEST_PLUGIN
  return load(SLUICE_TEST_PLUGIN);
#else
  throw std::logic_error("No plugin is under test.");
#endif
}

// A component of a library, configured and opened.
class Component {
 public:
  Component(Host& host, uint32_t kind, const char* id, const std::string& config,
            uint32_t mode = SLUICE_OPEN_RUN, const sluice_entry_t* entry = tested())
      : host_(host) {
    const auto* factory =
        static_cast<const sluice_factory_t*>(entry->get_factory(SLUICE_FACTORY_ID));
    checked([&](auto* error) { return factory->create(host.c(), kind, id, &plugin_, error); });
    try {
      checked([&](auto* error) {
        return plugin_.configure(plugin_.self, sluice::to_c(config), error);
      });
      checked([&](auto* error) { return plugin_.open(plugin_.self, mode, error); });
    } catch (...) {
      plugin_.destroy(plugin_.self);
      throw;
    }
  }
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  ~Component() {
    plugin_.close(plugin_.self);
    plugin_.destroy(plugin_.self);
  }

  void* self() const noexcept { return plugin_.self; }
  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(plugin_.get_extension(plugin_.self, id));
  }
  const sluice_descriptor_t& descriptor() const noexcept { return *plugin_.descriptor; }
  Host& host() const noexcept { return host_; }

 private:
  Host& host_;
  sluice_plugin_t plugin_{};
};

// A commit record that owns its text.
struct Record {
  int64_t id = 0;
  std::string pipeline = "p", stream = "s", slice;
  int64_t generation = 1, part = 1;
  uint64_t rows = 0;
  bool final = true, empty = false;
  int64_t committed_us = 1'704'067'200'000'000;
  std::string run = "run-1", detail = R"({"validator":"v1"})";

  friend bool operator==(const Record&, const Record&) = default;
};

struct Refusal {
  uint64_t row;
  std::string column, sqlstate, reason;
};

// How a stream is bound.
struct Bind {
  std::string pipeline = "p";
  std::string table{};
  bool lineage = false;
};

class BindingStruct {
 public:
  BindingStruct(const sluice::Stream& stream, const Bind& bind)
      : bind_(bind), stream_(stream.name()), schema_(sluice::to_schema(stream)) {
    c_.struct_size = sizeof(c_);
    c_.flags = bind_.lineage ? SLUICE_WRITE_LINEAGE : 0;
    c_.pipeline = sluice::to_c(bind_.pipeline);
    c_.stream = sluice::to_c(stream_);
    c_.table = sluice::to_c(bind_.table);
    c_.schema = schema_.get();
  }
  const sluice_binding_t* c() const noexcept { return &c_; }

 private:
  Bind bind_;
  std::string stream_;
  sluice::Schema schema_;
  sluice_binding_t c_{};
};

class Writer {
 public:
  explicit Writer(const Component& sink) {
    const auto* table = sink.table<sluice_sink_t>(SLUICE_SINK_ID);
    checked([&](auto* error) { return table->open_writer(sink.self(), &c_, error); });
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { c_.release(c_.self); }

  uint32_t bind(const sluice::Stream& stream, const Bind& options = {}) {
    const BindingStruct binding(stream, options);
    uint32_t number = 0;
    checked([&](auto* error) { return c_.bind(c_.self, binding.c(), &number, error); });
    return number;
  }
  void begin() {
    checked([&](auto* error) { return c_.begin(c_.self, error); });
  }
  int64_t reserve() {
    int64_t id = 0;
    checked([&](auto* error) { return c_.reserve(c_.self, &id, error); });
    return id;
  }
  std::vector<Refusal> write(uint32_t stream, int64_t id, sluice::Batch& batch) {
    sluice::Array array = batch.finish();
    ArrowArray moved{};
    array.move_to(&moved);
    return write(stream, id, moved);
  }
  std::vector<Refusal> write(uint32_t stream, int64_t id, ArrowArray& moved) {
    std::vector<Refusal> refused;
    const sluice_rejects_t rejects = {
        &refused, [](void* ctx, uint64_t row, sluice_str_t column, sluice_str_t sqlstate,
                     sluice_str_t reason) {
          static_cast<std::vector<Refusal>*>(ctx)->push_back(
              {row, std::string(sluice::view(column)), std::string(sluice::view(sqlstate)),
               std::string(sluice::view(reason))});
        }};
    checked([&](auto* error) { return c_.write(c_.self, stream, id, &moved, &rejects, error); });
    return refused;
  }
  void record(const Record& r) {
    sluice::CommitRecord record;
    record.final = r.final;
    record.empty = r.empty;
    record.commit_id = r.id;
    record.pipeline = r.pipeline;
    record.stream = r.stream;
    record.slice = r.slice;
    record.generation = r.generation;
    record.part = r.part;
    record.rows = r.rows;
    record.committed_us = r.committed_us;
    record.run = r.run;
    record.detail = r.detail;
    const sluice_commit_record_t c = sluice::to_c(record);
    checked([&](auto* error) { return c_.record(c_.self, &c, error); });
  }
  void commit() {
    checked([&](auto* error) { return c_.commit(c_.self, error); });
  }
  void rollback() { c_.rollback(c_.self); }
  const sluice_writer_t& c() const noexcept { return c_; }

 private:
  sluice_writer_t c_{};
};

inline std::string head(const Component& sink) {
  sluice::PutText out;
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID)->head(sink.self(), out.c(), error);
  });
  return out.take();
}

inline std::vector<Record> list(const Component& sink, const std::string& pipeline = "p",
                                const std::string& stream = {}, const std::string& slice = {}) {
  std::vector<Record> out;
  const sluice_commit_visitor_t visitor = {
      &out, [](void* ctx, const sluice_commit_record_t* c) -> sluice_status_t {
        const auto r = sluice::from_c(*c);
        static_cast<std::vector<Record>*>(ctx)->push_back(
            {r.commit_id, std::string(r.pipeline), std::string(r.stream), std::string(r.slice),
             r.generation, r.part, r.rows, r.final, r.empty, r.committed_us, std::string(r.run),
             std::string(r.detail)});
        return SLUICE_OK;
      }};
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID)
        ->list(sink.self(), sluice::to_c(pipeline), sluice::to_c(stream), sluice::to_c(slice),
               &visitor, error);
  });
  return out;
}

inline void forget(const Component& sink, const std::string& stream, const std::string& slice) {
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID)
        ->forget(sink.self(), sluice::to_c("p"), sluice::to_c(stream), sluice::to_c(slice), error);
  });
}

inline std::vector<std::string> diff(const Component& sink, const sluice::Stream& stream,
                                     const Bind& options = {}) {
  const BindingStruct binding(stream, options);
  std::vector<std::string> out;
  const sluice_put_t put = {&out, [](void* ctx, const void* data, uint64_t size) {
                              static_cast<std::vector<std::string>*>(ctx)->emplace_back(
                                  static_cast<const char*>(data), size);
                            }};
  checked([&](auto* error) {
    return sink.table<sluice_schema_t>(SLUICE_SCHEMA_ID)
        ->diff(sink.self(), binding.c(), &put, error);
  });
  return out;
}

// The code of the Error that `f` throws; fails the test if it throws none.
template <class F>
sluice::Code code_of(F&& f) {
  try {
    f();
  } catch (const sluice::Error& error) {
    return error.code();
  }
  throw std::logic_error("Nothing was thrown where an Error was expected.");
}

// A folder that is removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("No temporary folder can be made.");
    }
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rig
