// SPDX-License-Identifier: Apache-2.0
//
// The source "files": each file a slice, its path the key, its version the validator.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "records.hpp"
#include "rows.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"
#include "source_config.hpp"

namespace sluice::files {

class FileReader {
 public:
  FileReader(Host& host, const SourceConfig& config, const ReadRequest& request);

  // The state: {"version": of the file, "member", "offset", "line", "array"} for plain files,
  // {"version", "member", "records"} for packed ones, in which reading cannot begin anywhere.
  Next next(Batch& batch, json& state);

 private:
  Next start(Batch& batch, const json& state);
  bool open_member(Batch& batch);
  void begin_csv(Batch& batch);
  void go_to(Batch& batch, const json& state);
  bool fill(Batch& batch);
  void reject(const Record& record, const std::string& why);
  void tell_tally();
  void check_version() const;
  void keep_place(json& state) const;

  Host& host_;
  const SourceConfig& config_;
  ReadRequest request_;
  std::string path_;
  FileVersion version_;
  std::unique_ptr<Input> input_;
  std::unique_ptr<RecordReader> records_;
  std::unique_ptr<Rows> rows_;
  std::string member_;
  int64_t member_number_ = -1;
  uint64_t record_number_ = 0;  // records of the member so far
  bool ended_ = false;
};

struct FilesSource {
  static constexpr std::string_view id = "files";
  static constexpr std::string_view name = "Local files";
  static constexpr std::string_view version = "0.1.0";
  static constexpr std::string_view vendor = "sluice";
  static constexpr std::string_view license = "Apache-2.0";
  static constexpr bool parallel_read = true;

  using Config = SourceConfig;
  using Reader = FileReader;

  std::vector<Stream> discover(Host& host, const Config& config) const;
  void slices(Host& host, const Config& config, const ListRequest& request, Lister& out) const;
  void check(Host& host, const Config& config) const;
};

}  // namespace sluice::files
