// SPDX-License-Identifier: Apache-2.0
//
// The library "files": a source that reads local files, and a sink that writes them.
#include "sink.hpp"
#include "sluice/cpp/plugin.hpp"
#include "source.hpp"

SLUICE_PLUGIN(sluice::files::FilesSource, sluice::files::FilesSink)
