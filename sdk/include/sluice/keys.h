// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.sink.keys/1": keys that the target knows, so that a `keys` stream can be told to
// read what other rows name (the items of all auctions, say).
#pragma once

#include "sluice/abi.h"
#include "sluice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_KEYS_ID "sluice.sink.keys/1"

// Host object, valid during list(). A status other than OK ends the listing; return it.
typedef struct sluice_key_visitor_t {
  void* ctx;
  sluice_status_t (*visit)(void* ctx, sluice_str_t key);  // [ctl]
} sluice_key_visitor_t;

typedef struct sluice_keys_t {
  // Tells the first column of each row that `query` gives, as text; nulls are left out. The query
  // is in the target's own language and may only read; nothing is told while the target does not
  // exist. INVALID_CONFIG when the target refuses it, or it would change something.
  sluice_status_t (*list)(void* self, sluice_str_t query, const sluice_key_visitor_t* visitor,
                          sluice_error_t* error);  // [ctl] [blocks] [may-fail]
} sluice_keys_t;

#ifdef __cplusplus
}
#endif
