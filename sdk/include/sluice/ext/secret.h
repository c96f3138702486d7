// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.secret/1": values of the secrets that the component's configuration refers to.
#pragma once

#include "sluice/error.h"
#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SECRET_ID "sluice.secret/1"

typedef struct sluice_secret_t {
  // Puts the value behind {"$secret": name}. Ask when it is needed and keep it short: it may be
  // rotated. A plugin never writes it to a log, an error or a state. AUTH when it is not to be had,
  // UNSUPPORTED for a name that the configuration does not refer to.
  sluice_status_t (*get)(const sluice_host_t* host, sluice_str_t name, const sluice_put_t* out,
                         sluice_error_t* error);  // [any-thread] [blocks] [may-fail]
} sluice_secret_t;

#ifdef __cplusplus
}
#endif
