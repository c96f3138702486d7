// SPDX-License-Identifier: Apache-2.0
//
// The commit log beside the files: append-only lines "CRC32 JSON\n", each a whole step, made
// durable after the data it speaks of. A step is one of
//   bind    a stream got its file, with the header it was written with
//   commit  the durable size of each file, and the records that landed with it
//   forget  records of a slice, or of a stream, are void
//   rotate  a file was given another name; its old name begins anew
// A line that was cut off at the end never happened. One file per transaction, renamed into place,
// would be as safe, but half a million commits would be half a million files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "output.hpp"
#include "sink_config.hpp"
#include "sluice/cpp/binding.hpp"

namespace sluice::files {

struct FileState {
  uint64_t size = 0;   // bytes up to the last commit
  int64_t day = 0;     // of the last commit, since 1970-01-01
  std::string header;  // CSV
};

// What all steps together say.
struct LogState {
  std::string head;
  int64_t last_commit_id = 0;
  std::map<std::string, FileState> files;
  std::map<std::pair<std::string, std::string>, std::string> streams;  // pipeline, stream → file
  struct Part {
    uint64_t stream, slice;  // hashes
  };
  std::unordered_map<uint64_t, Part> parts;  // hash of pipeline, stream, slice, generation, part
  uint64_t log_size = 0;                     // bytes of whole lines
  std::pair<std::string, std::string>
      last_rotation;  // from, to; empty if the last step is no rotation
};

// The folder the files are in, and the log's path.
std::string folder_of(const SinkConfig& config);
std::string log_path_of(const SinkConfig& config);

// Reads the log; an empty state if there is none. Throws UNSUPPORTED for a damaged one.
LogState read_log(const SinkConfig& config);
// Whether the file holds all that was committed to it.
bool is_intact(const SinkConfig& config, const LogState& state, const std::string& file);

uint64_t part_hash(const CommitRecord& record);
void list_records(const SinkConfig& config, const CommitFilter& filter, const CommitVisitor& visit);

// Appends steps. Holds the lock that keeps a second writer out. One thread at a time.
class LogWriter {
 public:
  // Throws UNAVAILABLE if another process writes.
  explicit LogWriter(const SinkConfig& config);

  LogState& state() noexcept { return state_; }
  // Each is durable when it returns; a failed one is cut off by undo().
  void bind(std::string_view pipeline, std::string_view stream, const std::string& file,
            const std::string& header);
  void forget(const CommitFilter& filter);
  void rotate(const std::string& from, const std::string& to);
  // Collects records for commit().
  void add_record(const CommitRecord& record);
  void commit(const std::map<std::string, uint64_t>& sizes, int64_t last_commit_id, int64_t day);
  void undo();

 private:
  void append(const std::string& json_text);

  std::string path_;
  Descriptor file_;
  LogState state_;
  std::string records_;  // JSON objects with commas
  std::vector<std::pair<uint64_t, LogState::Part>> pending_;
};

}  // namespace sluice::files
