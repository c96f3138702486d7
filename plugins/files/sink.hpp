// SPDX-License-Identifier: Apache-2.0
//
// The sink "files": rows appended to files, with a commit log beside them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commit_file.hpp"
#include "output.hpp"
#include "row_text.hpp"
#include "sink_config.hpp"
#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/binding.hpp"
#include "sluice/cpp/host.hpp"

namespace sluice::files {

class FilesWriter {
 public:
  FilesWriter(Host& host, const SinkConfig& config);

  uint32_t bind(const Binding& binding);
  void begin();
  int64_t reserve();
  void write(uint32_t stream, int64_t commit_id, const BatchView& rows, Rejects& rejects);
  void record(const CommitRecord& record);
  void commit();
  void rollback();

 private:
  struct Bound {
    std::string file;
    std::unique_ptr<RowText> text;
  };
  Output& output_of(const std::string& file);
  std::string path_of(const std::string& file) const;
  void finish_rotation();
  void rotate(const std::string& file);
  void rotate_if_due();
  void prepare_file(const Binding& binding, const std::string& file, const std::string& header);
  int64_t today() const;

  Host& host_;
  const SinkConfig& config_;
  std::optional<LogWriter> log_;  // none for the standard output
  std::map<std::string, std::unique_ptr<Output>> outputs_;
  std::vector<Bound> bound_;
  int64_t last_id_ = 0;
};

struct FilesSink {
  static constexpr std::string_view id = "files";
  static constexpr std::string_view name = "Local files";
  static constexpr std::string_view version = "0.1.0";
  static constexpr std::string_view vendor = "sluice";
  static constexpr std::string_view license = "Apache-2.0";
  static constexpr bool transactional = true;

  using Config = SinkConfig;
  using Writer = FilesWriter;

  void check(Host& host, const Config& config) const;
  std::optional<std::string> head(Host& host, const Config& config) const;
  void list(Host& host, const Config& config, const CommitFilter& filter,
            const CommitVisitor& visit) const;
  void forget(Host& host, const Config& config, const CommitFilter& filter) const;
  std::vector<std::string> diff(Host& host, const Config& config, const Binding& binding) const;
};

}  // namespace sluice::files
