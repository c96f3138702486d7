// SPDX-License-Identifier: Apache-2.0
//
// The verbs of the program, one file each, with their options parsed. Each gives the exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/cli/cassette_layer.hpp"
#include "host/cli/context.hpp"

namespace sluice::host {

struct RunOptions {
  std::vector<std::string> files;
  std::string report_file;  // JSON; "-" = standard output
  CassetteOptions cassette;
};
int run_verb(const HostOptions& host, const RunOptions& options);

// Lists up to `most_slices` of those to be read, for each stream.
int plan_verb(const HostOptions& host, const std::vector<std::string>& files, uint64_t most_slices);
int gaps_verb(const HostOptions& host, const std::vector<std::string>& files);
int check_verb(const HostOptions& host, const std::vector<std::string>& files);
int schema_verb(const HostOptions& host);

// `forget` empty: shows what is known of limits; else forgets what is known of that service.
int limits_verb(const HostOptions& host, const std::string& forget);

struct StateShowOptions {
  std::string pipeline, stream, state;  // empty = all; a state lists its slices
  std::string slice;                    // one slice in full
  bool rejected = false;                // rows in quarantine
  uint64_t after = 0;
  uint64_t limit = 50;
};
int state_show_verb(const HostOptions& host, const StateShowOptions& options);
int state_export_verb(const HostOptions& host, const std::string& file);  // "-" = standard output
int state_import_verb(const HostOptions& host, const std::string& file);  // "-" = standard input
int state_rebuild_verb(const HostOptions& host, const std::vector<std::string>& files);
struct TestOptions {
  std::vector<std::string> paths;  // pipelines, or folders of tests
  bool update = false;             // write what is expected anew
  bool record = false;             // ask the real service, and write the cassette anew
  bool strict = false;             // --replay-match
};
int test_verb(const HostOptions& host, const TestOptions& options);
int cassette_import_verb(const HostOptions& host, const std::string& file,
                         const std::string& folder);

int state_forget_verb(const HostOptions& host, const std::string& file, const std::string& stream,
                      const std::string& slice);

// The sealed store of the state directory. The value is read from standard input, or asked for.
int secret_set_verb(const HostOptions& host, const std::string& name);
int secret_list_verb(const HostOptions& host);
int secret_rm_verb(const HostOptions& host, const std::string& name);

}  // namespace sluice::host
