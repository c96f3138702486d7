// SPDX-License-Identifier: Apache-2.0
//
// A whole source in C11, with nothing but the contract's headers: what a plugin in any language
// comes down to. It declares one stream of numbers with their names, reads it in batches of two
// rows, and resumes after any of them.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice/sluice.h"

#define CONFIG_SCHEMA                                                    \
  "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" \
  "\"rows\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000000,"    \
  "\"default\":5,\"description\":\"How many rows there are.\"}}}"

SLUICE_NOTE(
    "{\"abi\":[1,0],\"min_host_minor\":0,\"sdk\":\"0.1.0\",\"components\":[{\"kind\":\"source\","
    "\"id\":\"plain-c\",\"name\":\"Numbers\",\"version\":\"1.0.0\",\"vendor\":\"sluice\","
    "\"license\":\"Apache-2.0\",\"doc_url\":\"\",\"config_schema\":" CONFIG_SCHEMA "}]}");

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static const sluice_descriptor_t descriptor = {.struct_size = sizeof(sluice_descriptor_t),
                                               .kind = SLUICE_KIND_SOURCE,
                                               .caps = SLUICE_CAP_SPLITS,
                                               .id = "plain-c",
                                               .name = TEXT("Numbers"),
                                               .version = TEXT("1.0.0"),
                                               .vendor = TEXT("sluice"),
                                               .license = TEXT("Apache-2.0"),
                                               .config_schema = TEXT(CONFIG_SCHEMA),
                                               .state_version = 1};

struct instance {
  const sluice_host_t* host;
  int64_t rows;
};

static sluice_status_t fail(sluice_error_t* error, sluice_status_t status, const char* message) {
  error->code = status;
  snprintf(error->message, sizeof error->message, "%s", message);
  return status;
}

// --- declaring the stream ---

struct declaration {
  struct ArrowSchema columns[2];
  struct ArrowSchema* children[2];
  char metadata[256];
};

static void release_column(struct ArrowSchema* schema) {
  schema->release = NULL;
}

static void release_declaration(struct ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != NULL) {
      schema->children[i]->release(schema->children[i]);
    }
  }
  free(schema->private_data);
  schema->release = NULL;
}

// Arrow's metadata: the number of pairs, then each key and value behind its length.
static char* put_number(char* at, int32_t number) {
  memcpy(at, &number, sizeof number);
  return at + sizeof number;
}
static char* put_text(char* at, const char* text) {
  at = put_number(at, (int32_t)strlen(text));
  memcpy(at, text, strlen(text));
  return at + strlen(text);
}

static struct ArrowSchema column(const char* name, const char* format, int64_t flags) {
  return (struct ArrowSchema){
      .format = format, .name = name, .flags = flags, .release = release_column};
}

static sluice_status_t discover(void* self, const sluice_catalog_t* catalog,
                                sluice_error_t* error) {
  (void)self;
  struct declaration* declared = calloc(1, sizeof *declared);
  if (declared == NULL) {
    return fail(error, SLUICE_INTERNAL, "out of memory");
  }
  char* at = put_number(declared->metadata, 2);
  at = put_text(put_text(at, "sluice:kind"), "snapshot");
  put_text(put_text(at, "sluice:key"), "[\"id\"]");
  declared->columns[0] = column("id", "l", 0);
  declared->columns[1] = column("name", "u", ARROW_FLAG_NULLABLE);
  declared->children[0] = &declared->columns[0];
  declared->children[1] = &declared->columns[1];
  struct ArrowSchema schema = {.format = "+s",
                               .name = "",
                               .metadata = declared->metadata,
                               .n_children = 2,
                               .children = declared->children,
                               .release = release_declaration,
                               .private_data = declared};
  const sluice_str_t name = TEXT("numbers");
  return catalog->add_stream(catalog->ctx, name, &schema, error);
}

// --- reading it ---

#define BATCH_ROWS 2
#define NAME_BYTES 24

struct rows {
  struct ArrowArray columns[2];
  struct ArrowArray* children[2];
  const void* buffers[1];
  const void* id_buffers[2];
  const void* name_buffers[3];
  int64_t ids[BATCH_ROWS];
  int32_t offsets[BATCH_ROWS + 1];
  char names[BATCH_ROWS * NAME_BYTES];
};

static void release_child(struct ArrowArray* array) {
  array->release = NULL;
}

// Needs nothing but the array: it may run on any thread, after everything else is gone.
static void release_rows(struct ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != NULL) {
      array->children[i]->release(array->children[i]);
    }
  }
  free(array->private_data);
  array->release = NULL;
}

static int make_rows(int64_t first, int64_t count, struct ArrowArray* out) {
  struct rows* rows = calloc(1, sizeof *rows);
  if (rows == NULL) {
    return 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    char* name = rows->names + rows->offsets[i];
    rows->ids[i] = first + i;
    rows->offsets[i + 1] = rows->offsets[i] + snprintf(name, NAME_BYTES, "n%" PRId64, first + i);
  }
  rows->id_buffers[1] = rows->ids;
  rows->name_buffers[1] = rows->offsets;
  rows->name_buffers[2] = rows->names;
  rows->columns[0] = (struct ArrowArray){
      .length = count, .n_buffers = 2, .buffers = rows->id_buffers, .release = release_child};
  rows->columns[1] = (struct ArrowArray){
      .length = count, .n_buffers = 3, .buffers = rows->name_buffers, .release = release_child};
  rows->children[0] = &rows->columns[0];
  rows->children[1] = &rows->columns[1];
  *out = (struct ArrowArray){.length = count,
                             .n_buffers = 1,
                             .n_children = 2,
                             .buffers = rows->buffers,
                             .children = rows->children,
                             .release = release_rows,
                             .private_data = rows};
  return 1;
}

struct reader {
  const struct instance* instance;
  int64_t next_row;
  char state[NAME_BYTES];  // number of the next row
};

static sluice_status_t next(void* self, sluice_batch_t* out, sluice_error_t* error) {
  struct reader* reader = self;
  const sluice_cancel_t* cancel =
      reader->instance->host->get_service(reader->instance->host, SLUICE_CANCEL_ID);
  if (cancel->requested(reader->instance->host) != 0) {
    return fail(error, SLUICE_CANCELLED, "cancelled");
  }
  const int64_t left = reader->instance->rows - reader->next_row;
  if (left <= 0) {
    return SLUICE_END;
  }
  const int64_t count = left < BATCH_ROWS ? left : BATCH_ROWS;
  if (!make_rows(reader->next_row, count, &out->array)) {
    return fail(error, SLUICE_INTERNAL, "out of memory");
  }
  reader->next_row += count;
  const int length = snprintf(reader->state, sizeof reader->state, "%" PRId64, reader->next_row);
  out->flags = SLUICE_BATCH_RESUMABLE;
  out->state = (sluice_bytes_t){reader->state, (uint64_t)length};
  return SLUICE_OK;
}

static void release_reader(void* self) {
  free(self);
}

static sluice_status_t open_reader(void* self, const sluice_read_request_t* request,
                                   const sluice_observer_t* observer, sluice_reader_t* out,
                                   sluice_error_t* error) {
  (void)observer;
  struct reader* reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    return fail(error, SLUICE_INTERNAL, "out of memory");
  }
  reader->instance = self;
  if (request->state.data != NULL) {
    char text[NAME_BYTES] = {0};
    char* end = NULL;
    if (request->state.size == 0 || request->state.size >= sizeof text) {
      free(reader);
      return fail(error, SLUICE_BAD_STATE, "the state is not the number of a row");
    }
    memcpy(text, request->state.data, request->state.size);
    reader->next_row = strtoll(text, &end, 10);
    if (*end != '\0' || reader->next_row < 0) {
      free(reader);
      return fail(error, SLUICE_BAD_STATE, "the state is not the number of a row");
    }
  }
  *out = (sluice_reader_t){reader, next, NULL, release_reader};
  return SLUICE_OK;
}

static const sluice_source_t source = {discover, open_reader};

// --- life of an instance ---

// The host has checked the configuration against the schema and filled in the default: what is left
// is to find the number.
static sluice_status_t configure(void* self, sluice_str_t json, sluice_error_t* error) {
  struct instance* instance = self;
  static const char key[] = "\"rows\":";
  for (uint64_t i = 0; i + sizeof key <= json.size; ++i) {
    if (memcmp(json.data + i, key, sizeof key - 1) == 0) {
      instance->rows = 0;
      for (i += sizeof key - 1; i < json.size && json.data[i] >= '0' && json.data[i] <= '9'; ++i) {
        instance->rows = instance->rows * 10 + (json.data[i] - '0');
      }
      return SLUICE_OK;
    }
  }
  return fail(error, SLUICE_INVALID_CONFIG, "rows is missing");
}

static sluice_status_t open_instance(void* self, uint32_t mode, sluice_error_t* error) {
  (void)self;
  (void)mode;
  (void)error;
  return SLUICE_OK;
}

static const void* get_extension(void* self, const char* id) {
  (void)self;
  return strcmp(id, SLUICE_SOURCE_ID) == 0 ? &source : NULL;
}

static void close_instance(void* self) {
  (void)self;
}
static void destroy(void* self) {
  free(self);
}

static uint32_t count(void) {
  return 1;
}
static const sluice_descriptor_t* descriptor_at(uint32_t index) {
  return index == 0 ? &descriptor : NULL;
}

static sluice_status_t create(const sluice_host_t* host, uint32_t kind, const char* id,
                              sluice_plugin_t* out, sluice_error_t* error) {
  if (kind != SLUICE_KIND_SOURCE || strcmp(id, descriptor.id) != 0) {
    return fail(error, SLUICE_UNSUPPORTED, "no such component");
  }
  struct instance* instance = calloc(1, sizeof *instance);
  if (instance == NULL) {
    return fail(error, SLUICE_INTERNAL, "out of memory");
  }
  instance->host = host;
  *out = (sluice_plugin_t){instance,      &descriptor,    configure, open_instance,
                           get_extension, close_instance, destroy};
  return SLUICE_OK;
}

static const sluice_factory_t factory = {count, descriptor_at, create};

static const void* get_factory(const char* id) {
  return strcmp(id, SLUICE_FACTORY_ID) == 0 ? &factory : NULL;
}

const sluice_entry_t* sluice_entry_v1(void) {
  static const sluice_entry_t entry = {.struct_size = sizeof(sluice_entry_t),
                                       .abi_major = SLUICE_ABI_MAJOR,
                                       .abi_minor = SLUICE_ABI_MINOR,
                                       .min_host_minor = 0,
                                       .get_factory = get_factory};
  return &entry;
}
