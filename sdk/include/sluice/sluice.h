// SPDX-License-Identifier: Apache-2.0
//
// The whole contract between sluice and its plugins. The rules that all of it keeps stand in
// sluice/abi.h.
#pragma once

#include "sluice/abi.h"
#include "sluice/arrow.h"
#include "sluice/batch.h"
#include "sluice/commits.h"
#include "sluice/descriptor.h"
#include "sluice/entry.h"
#include "sluice/error.h"
#include "sluice/ext/alloc.h"
#include "sluice/ext/cancel.h"
#include "sluice/ext/clock.h"
#include "sluice/ext/http.h"
#include "sluice/ext/log.h"
#include "sluice/ext/metrics.h"
#include "sluice/ext/secret.h"
#include "sluice/ext/state.h"
#include "sluice/host.h"
#include "sluice/keys.h"
#include "sluice/note.h"
#include "sluice/plugin.h"
#include "sluice/reader.h"
#include "sluice/schema.h"
#include "sluice/sink.h"
#include "sluice/slices.h"
#include "sluice/source.h"
#include "sluice/transform.h"
#include "sluice/writer.h"
