// SPDX-License-Identifier: Apache-2.0
//
// The base of the plugin ABI: versions, scalar types, status codes, and the rules every other
// header keeps.
//
// Rules. (1) C11, fixed-width integers, pointers and double only; no padding. (2) Data structs lead
// with `struct_size`, grow only at their end, and a zero in a new field means the old behaviour.
// Function tables and objects
// (`self` + functions) never change once released: new behaviour is a new table id. (3) Growable
// structs never travel in arrays; lists travel by callback. (4) No pointer changes owner, except
// Arrow structs, which move. (5) Everything can be proxied to another process: what a call receives
// is valid during that call unless its comment says otherwise.
//
// Tags. Every function pointer names its thread class, then what it may do:
//   [ctl]         one call at a time per plugin instance, from any OS thread
//   [reader]      one call at a time per reader; different readers of one instance may run at once
//   with CAP_SPLITS [writer]      one call at a time per writer; different writers may run at once
//   with CAP_PARALLEL_WRITE [any-thread]  concurrent with everything [blocks]      may wait for
//   network, disk or peers; observes cancellation [may-fail]    fills the caller's sluice_error_t
//   when it returns a negative status
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SLUICE_ABI_MAJOR 1
#define SLUICE_ABI_MINOR 0
#define SLUICE_SDK_VERSION "0.1.0"

#if defined(__GNUC__)
#define SLUICE_EXPORT __attribute__((visibility("default")))
#else
#define SLUICE_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

// What a call ended with: 0 done, positive flow control, negative failure. A receiver treats an
// unknown negative code as SLUICE_INTERNAL. The comment says what the caller does next.
typedef int32_t sluice_status_t;

#define SLUICE_OK 0
#define SLUICE_END 1   // no more, for good
#define SLUICE_IDLE 2  // nothing yet: call again after `idle_ms`
#define SLUICE_UNCHANGED \
  3  // the source confirmed that what landed before is still current (HTTP 304)
#define SLUICE_INVALID_CONFIG (-1)  // stop; show the user
#define SLUICE_UNSUPPORTED (-2)     // stop; show the user
#define SLUICE_AUTH \
  (-3)  // refresh the secret once, then stop: never storm a service with bad credentials
#define SLUICE_UNAVAILABLE (-4)   // back off and retry
#define SLUICE_RATE_LIMITED (-5)  // wait `retry_after_ms`, then retry
#define SLUICE_BAD_DATA \
  (-6)  // retrying will not help: quarantine the slice (or `row`), or stop, by policy
#define SLUICE_BAD_STATE (-7)       // resume state unusable: the slice is read again from its start
#define SLUICE_CANCELLED (-8)       // the normal end of a cancelled call
#define SLUICE_SCHEMA_CHANGED (-9)  // discover again, then apply the schema policy
#define SLUICE_INTERNAL (-10)       // a defect: count it, retry the slice, then stop
#define SLUICE_NOT_FOUND (-11)      // the slice no longer exists at the source: list again

// UTF-8 text without a terminator. `data` may be NULL when `size` (bytes) is 0.
typedef struct sluice_str_t {
  const char* data;
  uint64_t size;
} sluice_str_t;

// Opaque bytes. `data` may be NULL when `size` (bytes) is 0.
typedef struct sluice_bytes_t {
  const void* data;
  uint64_t size;
} sluice_bytes_t;

// Receives text or bytes that the other side owns; the callee copies what it wants to keep before
// it returns.
typedef struct sluice_put_t {
  void* ctx;
  void (*put)(void* ctx, const void* data, uint64_t size);  // [any-thread]
} sluice_put_t;

// Times are microseconds since 1970-01-01T00:00:00Z without leap seconds; these two mean unbounded.
#define SLUICE_TIME_MIN INT64_MIN
#define SLUICE_TIME_MAX INT64_MAX

#ifdef __cplusplus
}
#endif
