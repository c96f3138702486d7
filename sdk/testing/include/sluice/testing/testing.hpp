// SPDX-License-Identifier: Apache-2.0
//
// The testing kit, whole: a fake host, and runners for sources and sinks.
#pragma once

#include "sluice/testing/fake_host.hpp"
#include "sluice/testing/instance.hpp"
#include "sluice/testing/rows.hpp"
#include "sluice/testing/run_sink.hpp"
#include "sluice/testing/run_source.hpp"
#include "sluice/testing/sink_writer.hpp"
