// SPDX-License-Identifier: Apache-2.0
//
// A source and a sink that break the contract in one way at a time: the configuration's "do" says
// which. Written against the C tables, since the C++ layer would not let it.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/sluice.h"

#define COMPONENT(kind, id)                                    \
  "{\"kind\":\"" kind "\",\"id\":\"" id                        \
  "\",\"name\":\"Bad\",\"version\":\"1.0.0\",\"vendor\":\"\"," \
  "\"license\":\"\",\"doc_url\":\"\",\"config_schema\":{}}"

SLUICE_NOTE("{\"abi\":[1,0],\"min_host_minor\":0,\"sdk\":\"0.1.0\",\"components\":[" COMPONENT(
    "source", "bad") "," COMPONENT("source", "bad-caps") "," COMPONENT("source", "bad-slots") ","
        COMPONENT("source", "bad-bound") "," COMPONENT("sink", "bad") "]}");

namespace {

sluice_descriptor_t describe(uint32_t kind, const char* id, uint64_t caps) {
  sluice_descriptor_t out{};
  out.struct_size = sizeof out;
  out.kind = kind;
  out.caps = caps;
  out.id = id;
  out.state_version = 1;
  return out;
}

const sluice_descriptor_t kDescriptors[] = {
    describe(SLUICE_KIND_SOURCE, "bad", SLUICE_CAP_SLICES),
    describe(SLUICE_KIND_SOURCE, "bad-caps", SLUICE_CAP_SPLITS),
    describe(SLUICE_KIND_SOURCE, "bad-slots", SLUICE_CAP_SLICES),
    describe(SLUICE_KIND_SOURCE, "bad-bound", SLUICE_CAP_SLICES | SLUICE_CAP_THREAD_BOUND),
    describe(SLUICE_KIND_SINK, "bad", 0),
};

sluice_str_t str(std::string_view text) {
  return {text.data(), text.size()};
}

struct Plugin {
  const sluice_host_t* host;
  const sluice_descriptor_t* descriptor;
  std::string what;  // the configuration's "do"
  [[nodiscard]] bool does(std::string_view name) const { return what == name; }
};

Plugin& of(void* self) {
  return *static_cast<Plugin*>(self);
}

void put(sluice_error_t* error, std::string_view message) {
  std::memset(error->message, 0, sizeof error->message);
  message.copy(error->message, sizeof error->message - 1);
}

// --- stream "s": id int64 required, text utf8 ---

struct Declaration {
  ArrowSchema columns[2]{};
  ArrowSchema* children[2]{};
  std::string metadata;
};

void add_pair(std::string& metadata, std::string_view key, std::string_view value) {
  for (const std::string_view text : {key, value}) {
    const auto size = static_cast<int32_t>(text.size());
    metadata.append(reinterpret_cast<const char*>(&size), sizeof size);
    metadata += text;
  }
}

sluice_status_t discover(void* self, const sluice_catalog_t* catalog, sluice_error_t* error) {
  auto* declared = new Declaration;
  const int32_t pairs = 1;
  declared->metadata.assign(reinterpret_cast<const char*>(&pairs), sizeof pairs);
  add_pair(declared->metadata, "sluice:kind", of(self).does("swallow") ? "heap" : "files");
  const auto release_child = [](ArrowSchema* schema) { schema->release = nullptr; };
  declared->columns[0] = {"l", "id", nullptr, 0, 0, nullptr, nullptr, release_child, nullptr};
  declared->columns[1] = {"u",     "text",        nullptr, ARROW_FLAG_NULLABLE, 0, nullptr,
                          nullptr, release_child, nullptr};
  declared->children[0] = &declared->columns[0];
  declared->children[1] = &declared->columns[1];
  const auto release = [](ArrowSchema* schema) {
    delete static_cast<Declaration*>(schema->private_data);
    schema->release = nullptr;
  };
  ArrowSchema schema = {
      "+s", "", declared->metadata.data(), 0, 2, declared->children, nullptr, release, declared};
  const sluice_status_t status = catalog->add_stream(catalog->ctx, str("s"), &schema, error);
  return of(self).does("swallow") ? SLUICE_OK : status;
}

struct Rows {
  ArrowArray columns[2]{};
  ArrowArray* children[2]{};
  const void* none[1]{};
  const void* id_buffers[2]{};
  const void* text_buffers[3]{};
  int64_t ids[4] = {1, 2, 3, 4};
  int32_t offsets[5] = {0, 1, 2, 3, 4};
  char text[5] = "abcd";
  uint8_t valid[1] = {0xFD};  // the second row is null
};

ArrowArray make_rows() {
  auto* rows = new Rows;
  const auto release_child = [](ArrowArray* array) { array->release = nullptr; };
  rows->id_buffers[1] = rows->ids;
  rows->text_buffers[1] = rows->offsets;
  rows->text_buffers[2] = rows->text;
  rows->columns[0] = {4, 0, 0, 2, 0, rows->id_buffers, nullptr, nullptr, release_child, nullptr};
  rows->columns[1] = {4, 0, 0, 3, 0, rows->text_buffers, nullptr, nullptr, release_child, nullptr};
  rows->children[0] = &rows->columns[0];
  rows->children[1] = &rows->columns[1];
  const auto release = [](ArrowArray* array) {
    delete static_cast<Rows*>(array->private_data);
    array->release = nullptr;
  };
  return {4, 0, 0, 1, 2, rows->none, rows->children, nullptr, release, rows};
}

// Breaks an array that was in order.
void spoil(ArrowArray& array, std::string_view what) {
  auto& rows = *static_cast<Rows*>(array.private_data);
  if (what == "children") {
    array.n_children = 1;
  } else if (what == "null_child") {
    rows.children[1] = nullptr;
  } else if (what == "short_column") {
    rows.columns[1].length = 3;
  } else if (what == "negative_length") {
    array.length = -1;
  } else if (what == "huge_offset") {
    array.offset = INT64_MAX;
  } else if (what == "no_buffers") {
    rows.columns[0].buffers = nullptr;
  } else if (what == "null_values") {
    rows.id_buffers[1] = nullptr;
  } else if (what == "backwards") {
    rows.offsets[2] = 0;
  } else if (what == "negative_offsets") {
    rows.offsets[0] = -9;
  } else if (what == "not_utf8") {
    rows.text[1] = '\xC3';
  } else if (what == "null_in_required") {
    rows.id_buffers[0] = rows.valid;
    rows.columns[0].null_count = 1;
  } else if (what == "nulls_without_bitmap") {
    rows.columns[1].null_count = 1;
  } else if (what == "offset") {  // legal: rows 1 to 3, the first of them null
    array.offset = 1;
    array.length = 3;
    rows.text_buffers[0] = rows.valid;
    rows.columns[1].null_count = 1;
  }
}

struct Reader {
  Plugin& plugin;
  const sluice_observer_t* observer;
  int calls = 0;
  std::string state;
};

sluice_status_t fail_dirty(sluice_error_t* error) {
  std::memset(error->message, 'x', sizeof error->message);  // no terminator
  std::memcpy(error->message, "red \x1b[31m\n\xFF\xE2\x80\xAE end", 18);
  error->retry_after_ms = 1500;
  error->vendor_code = 429;
  return SLUICE_RATE_LIMITED;
}

sluice_status_t fail_with_secret(const Plugin& plugin, sluice_error_t* error) {
  const auto* secret =
      static_cast<const sluice_secret_t*>(plugin.host->get_service(plugin.host, SLUICE_SECRET_ID));
  std::string value;
  const sluice_put_t out = {&value, [](void* ctx, const void* data, uint64_t size) {
                              static_cast<std::string*>(ctx)->assign(static_cast<const char*>(data),
                                                                     size);
                            }};
  if (secret->get(plugin.host, str("other"), &out, error) != SLUICE_UNSUPPORTED) {
    return SLUICE_BAD_DATA;
  }
  const sluice_status_t status = secret->get(plugin.host, str("token"), &out, error);
  if (status != SLUICE_OK) {
    return status;
  }
  const auto* log =
      static_cast<const sluice_log_t*>(plugin.host->get_service(plugin.host, SLUICE_LOG_ID));
  log->write(plugin.host, SLUICE_LOG_WARN, str("Used " + value + "\n"), str("not json"));
  put(error, "the service refused " + value);
  return SLUICE_AUTH;
}

sluice_status_t next(void* self, sluice_batch_t* out, sluice_error_t* error) {
  auto& reader = *static_cast<Reader*>(self);
  const Plugin& plugin = reader.plugin;
  ++reader.calls;
  if (plugin.does("unchanged") || (plugin.does("late_unchanged") && reader.calls == 2)) {
    return SLUICE_UNCHANGED;
  }
  if (plugin.does("idle") && reader.calls == 1) {
    out->idle_ms = 1;
    return SLUICE_IDLE;
  }
  if (plugin.does("idle_forever")) {
    out->idle_ms = UINT64_MAX;
    return SLUICE_IDLE;
  }
  if (plugin.does("dirty_error")) {
    return fail_dirty(error);
  }
  if (plugin.does("secret_error")) {
    return fail_with_secret(plugin, error);
  }
  if (plugin.does("silent_error")) {
    return SLUICE_BAD_DATA;
  }
  if (plugin.does("unknown_negative")) {
    return -4711;
  }
  if (plugin.does("unknown_positive")) {
    return 17;
  }
  if (plugin.does("no_array")) {
    return SLUICE_OK;
  }
  if (plugin.does("foreign_key")) {
    reader.observer->key_outcome(reader.observer->ctx, str("nobody"), SLUICE_OUTCOME_LANDED,
                                 str(""));
  }
  if (plugin.does("long_validator")) {
    reader.observer->validator(reader.observer->ctx, str(std::string(2000, 'v')));
  }
  if (reader.calls == 3) {
    return SLUICE_END;
  }
  out->array = make_rows();
  spoil(out->array, plugin.what);
  if (plugin.does("rows_with_end")) {
    return SLUICE_END;
  }
  if (plugin.does("huge_state")) {
    reader.state.assign(65537, 's');
  }
  out->flags = SLUICE_BATCH_RESUMABLE;
  out->state = {reader.state.data(), reader.state.size()};
  if (plugin.does("null_state")) {
    out->state = {nullptr, 5};
  }
  return SLUICE_OK;
}

sluice_status_t open_reader(void* self, const sluice_read_request_t*,
                            const sluice_observer_t* observer, sluice_reader_t* out,
                            sluice_error_t*) {
  if (of(self).does("empty_reader")) {
    return SLUICE_OK;
  }
  if (of(self).does("early_observer")) {
    observer->validator(observer->ctx, str("too soon"));
  }
  *out = {new Reader{of(self), observer, 0, {}}, next, nullptr,
          [](void* reader) { delete static_cast<Reader*>(reader); }};
  return SLUICE_OK;
}

sluice_status_t list_slices(void* self, const sluice_list_request_t*, const sluice_lister_t* lister,
                            sluice_error_t*) {
  const Plugin& plugin = of(self);
  if (plugin.does("null_slice")) {
    lister->slice(lister->ctx, nullptr);
    return SLUICE_OK;
  }
  const std::string key(plugin.does("long_key") ? 401 : 1, 'k');
  sluice_slice_t slice{};
  slice.struct_size = sizeof slice;
  slice.key = plugin.does("lost_key") ? sluice_str_t{nullptr, 9} : str(key);
  slice.from_us = SLUICE_TIME_MIN;
  slice.to_us = SLUICE_TIME_MAX;
  lister->slice(lister->ctx, &slice);
  return SLUICE_OK;  // whatever the host said
}

constexpr sluice_source_t kSource = {discover, open_reader};
constexpr sluice_slices_t kSlices = {nullptr, list_slices};

// --- sink ---

sluice_status_t ok(void*, sluice_error_t*) {
  return SLUICE_OK;
}

sluice_status_t write_rows(void* self, uint32_t, int64_t, ArrowArray* array,
                           const sluice_rejects_t* rejects, sluice_error_t*) {
  if (of(self).does("keep_array")) {
    // Never destroyed, so that it is no leak for those who look for them.
    static auto* const kept = new std::vector<ArrowArray>;
    kept->push_back(*array);
    return SLUICE_OK;
  }
  if (of(self).does("reject_beyond")) {
    rejects->reject(rejects->ctx, 99, str(""), str(""), str("no such row"));
  } else {
    rejects->reject(rejects->ctx, 1, str("text"), str("23505"), str("twice\x01"));
  }
  array->release(array);
  return SLUICE_OK;
}

sluice_status_t open_writer(void* self, sluice_writer_t* out, sluice_error_t*) {
  *out = {self,
          [](void*, const sluice_binding_t*, uint32_t* stream, sluice_error_t*) {
            *stream = 7;
            return SLUICE_OK;
          },
          ok,
          [](void* writer, int64_t* id, sluice_error_t*) {
            *id = of(writer).does("bad_reserve") ? 0 : 1;
            return SLUICE_OK;
          },
          write_rows,
          [](void*, const sluice_commit_record_t*, sluice_error_t*) { return SLUICE_OK; },
          ok,
          [](void*) {},
          nullptr,
          [](void*) {}};
  return SLUICE_OK;
}

constexpr sluice_sink_t kSink = {open_writer};

// --- instance ---

sluice_status_t configure(void* self, sluice_str_t json, sluice_error_t*) {
  const std::string_view text(json.data, json.size);
  constexpr std::string_view kKey = "\"do\":\"";
  if (const size_t at = text.find(kKey); at != std::string_view::npos) {
    const size_t begin = at + kKey.size();
    of(self).what = text.substr(begin, text.find('"', begin) - begin);
  }
  return SLUICE_OK;
}

const void* get_extension(void* self, const char* id) {
  const std::string_view wanted = id;
  if (of(self).descriptor->kind == SLUICE_KIND_SINK) {
    return wanted == SLUICE_SINK_ID ? &kSink : nullptr;
  }
  if (wanted == SLUICE_SOURCE_ID) {
    return &kSource;
  }
  return wanted == SLUICE_SLICES_ID ? &kSlices : nullptr;
}

sluice_status_t create(const sluice_host_t* host, uint32_t kind, const char* id,
                       sluice_plugin_t* out, sluice_error_t*) {
  for (const sluice_descriptor_t& descriptor : kDescriptors) {
    if (descriptor.kind == kind && std::strcmp(descriptor.id, id) == 0) {
      *out = {new Plugin{host, &descriptor, {}},
              &descriptor,
              configure,
              [](void*, uint32_t, sluice_error_t*) { return SLUICE_OK; },
              get_extension,
              [](void*) {},
              [](void* self) { delete &of(self); }};
      if (std::strcmp(id, "bad-slots") == 0) {
        out->get_extension = nullptr;
      }
      return SLUICE_OK;
    }
  }
  return SLUICE_UNSUPPORTED;
}

constexpr sluice_factory_t kFactory = {
    [] { return static_cast<uint32_t>(std::size(kDescriptors)); },
    [](uint32_t index) -> const sluice_descriptor_t* {
      return index < std::size(kDescriptors) ? &kDescriptors[index] : nullptr;
    },
    create};

const void* get_factory(const char* id) {
  return std::strcmp(id, SLUICE_FACTORY_ID) == 0 ? &kFactory : nullptr;
}

}  // namespace

extern "C" const sluice_entry_t* sluice_entry_v1(void) {
  static const sluice_entry_t entry = {
      sizeof(sluice_entry_t), SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR, 0, {}, get_factory};
  return &entry;
}
