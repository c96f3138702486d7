// SPDX-License-Identifier: Apache-2.0
#include "sink.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <utility>

#include "sluice/cpp/value_text.hpp"

namespace sluice::files {

namespace {

namespace fs = std::filesystem;

// Name of the stream's file in the folder.
std::string file_of(const SinkConfig& config, std::string_view table) {
  if (config.to_stdout()) {
    return "-";
  }
  if (config.single_file()) {
    return fs::path(config.path).filename().string();
  }
  if (table.empty() || table.front() == '.' || table.size() > 200 ||
      table.find('/') != std::string_view::npos || table.find('\0') != std::string_view::npos) {
    throw Error(Code::kInvalidConfig, "The name '" + std::string(table) +
                                          "' cannot be a file's. Set another with `table`.");
  }
  return std::string(table) + config.ending();
}

bool has_content(const std::string& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  return !missing && size > 0;
}

// Where bind() finds the stream's file.
enum class Finding : uint8_t {
  kNew,      // there is none yet
  kFits,     // it is ours and whole
  kRenewed,  // it is ours, but its CSV header is another
  kBroken,   // it does not hold all that was committed to it
};

struct Look {
  Finding finding;
  bool records_are_void;
};

Look look(const SinkConfig& config, const LogState& state, const Binding& binding,
          const std::string& file, const std::string& header) {
  const std::pair key(std::string(binding.pipeline()), binding.stream().name());
  const auto before = state.streams.find(key);
  const bool moved = before != state.streams.end() && before->second != file;
  const auto known = state.files.find(file);
  if (known == state.files.end()) {
    const std::string path = (fs::path(folder_of(config)) / file).string();
    if (has_content(path)) {
      throw Error(Code::kSchemaChanged, "The file '" + path +
                                            "' exists and was not written by this sink. Move it "
                                            "away, or set another path.");
    }
    return {Finding::kNew, moved};
  }
  if (!is_intact(config, state, file)) {
    return {Finding::kBroken, true};
  }
  const bool other_header = known->second.size > 0 && known->second.header != header;
  return {other_header ? Finding::kRenewed : Finding::kFits, moved};
}

// "20240131T120000Z"
std::string stamp(int64_t us) {
  char iso[kValueTextSize];
  const std::string_view text(
      iso, static_cast<std::size_t>(put_time(iso, us / 1'000'000 * 1'000'000) - iso));
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c != '-' && c != ':'; });
  return out;
}

// "a.ndjson.gz" → "a-20240131T120000Z-7.ndjson.gz"
std::string rotated_name(const std::string& file, int64_t now_us, int64_t commit_id) {
  const auto dot =
      std::min(file.rfind(".ndjson"), std::min(file.rfind(".jsonl"), file.rfind(".csv")));
  const std::size_t at = dot == std::string::npos ? file.size() : dot;
  return file.substr(0, at) + "-" + stamp(now_us) + "-" + std::to_string(commit_id) +
         file.substr(at);
}

}  // namespace

FilesWriter::FilesWriter(Host& host, const SinkConfig& config) : host_(host), config_(config) {
  if (!config.to_stdout()) {
    log_.emplace(config);
    finish_rotation();
  }
}

std::string FilesWriter::path_of(const std::string& file) const {
  return config_.to_stdout() ? file : (fs::path(folder_of(config_)) / file).string();
}

int64_t FilesWriter::today() const {
  return host_.now().time_since_epoch().count() / 86'400'000'000;
}

// A rotation is logged before the file is renamed, so that a death in between is made good here.
void FilesWriter::finish_rotation() {
  const auto [from, to] = log_->state().last_rotation;
  if (!from.empty() && !fs::exists(path_of(to)) && has_content(path_of(from))) {
    fs::rename(path_of(from), path_of(to));
    sync_folder(path_of(to));
  }
}

void FilesWriter::rotate(const std::string& file) {
  const std::string to =
      rotated_name(file, host_.now().time_since_epoch().count(), log_->state().last_commit_id);
  output_of(file).rollback();  // nothing behind the last commit may move along
  outputs_.erase(file);
  log_->rotate(file, to);
  finish_rotation();
}

void FilesWriter::rotate_if_due() {
  std::vector<std::string> due;
  for (const auto& [file, output] : outputs_) {
    const FileState& state = log_->state().files[file];
    const bool large = config_.rotate_size.count > 0 && state.size >= config_.rotate_size.count;
    if (state.size > 0 && (large || (config_.rotate_daily && state.day != today()))) {
      due.push_back(file);
    }
  }
  std::for_each(due.begin(), due.end(), [&](const std::string& file) { rotate(file); });
}

Output& FilesWriter::output_of(const std::string& file) {
  auto& output = outputs_[file];
  if (output == nullptr) {
    const uint64_t size = log_ ? log_->state().files[file].size : 0;
    output = std::make_unique<Output>(path_of(file), size, config_.compression);
    if (log_) {
      sync_folder(path_of(file));
    }
  }
  return *output;
}

void FilesWriter::prepare_file(const Binding& binding, const std::string& file,
                               const std::string& header) {
  const std::string& stream = binding.stream().name();
  const Look found = look(config_, log_->state(), binding, file, header);
  outputs_.erase(file);
  if (found.records_are_void) {
    log_->forget({binding.pipeline(), stream, {}});
  }
  if (found.finding == Finding::kBroken) {
    // What is left is kept aside: it may be somebody's work.
    const std::string aside =
        rotated_name(file, host_.now().time_since_epoch().count(), log_->state().last_commit_id);
    log_->rotate(file, aside);
    finish_rotation();
  } else if (found.finding == Finding::kRenewed) {
    rotate(file);
  }
  const std::pair key(std::string(binding.pipeline()), stream);
  const auto before = log_->state().streams.find(key);
  if (found.finding != Finding::kFits || before == log_->state().streams.end() ||
      before->second != file) {
    log_->bind(binding.pipeline(), stream, file, header);
  }
}

uint32_t FilesWriter::bind(const Binding& binding) {
  const std::string file = file_of(config_, binding.table());
  const bool shared = file == "-" || config_.single_file();
  const bool taken = std::any_of(bound_.begin(), bound_.end(),
                                 [&](const Bound& bound) { return bound.file == file; });
  if (shared && taken && !bound_.empty()) {
    throw Error(Code::kInvalidConfig, "The stream '" + binding.stream().name() +
                                          "' needs a file of its own: name a folder as 'path'.");
  }
  auto text =
      std::make_unique<RowText>(binding.stream(), config_.format == "csv", binding.lineage());
  if (log_) {
    prepare_file(binding, file, text->header());
  }
  output_of(file);
  bound_.push_back({file, std::move(text)});
  return static_cast<uint32_t>(bound_.size() - 1);
}

void FilesWriter::begin() {
  if (log_) {
    last_id_ = log_->state().last_commit_id;
    rotate_if_due();
  }
}

int64_t FilesWriter::reserve() {
  return ++last_id_;
}

void FilesWriter::write(uint32_t stream, int64_t commit_id, const BatchView& rows,
                        Rejects& rejects) {
  Bound& bound = bound_.at(stream);
  Output& output = output_of(bound.file);
  if (output.empty()) {
    output.buffer() += bound.text->header();
  }
  for (int64_t row = 0; row < rows.rows(); ++row) {
    bound.text->append(rows, row, commit_id, output.buffer(), rejects);
    output.flush_if_large();
  }
}

void FilesWriter::record(const CommitRecord& record) {
  if (log_) {
    log_->add_record(record);
  }
}

void FilesWriter::commit() {
  std::map<std::string, uint64_t> sizes;
  for (const auto& [file, output] : outputs_) {
    if (output->touched()) {
      sizes[file] = output->sync();
    }
  }
  if (log_) {
    log_->commit(sizes, last_id_, today());
  }
  for (const auto& [file, size] : sizes) {
    outputs_.at(file)->committed_to(size);
  }
}

void FilesWriter::rollback() {
  for (const auto& [file, output] : outputs_) {
    output->rollback();
  }
  if (log_) {
    log_->undo();
  }
}

void FilesSink::check(Host& /*host*/, const Config& config) const {
  if (config.to_stdout()) {
    return;
  }
  (void)read_log(config);
  std::error_code ignored;
  fs::path folder = fs::absolute(folder_of(config), ignored);
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (!fs::is_directory(folder, ignored) || ::access(folder.c_str(), W_OK) != 0) {
    throw Error(Code::kInvalidConfig, "The files of '" + config.path + "' cannot be made: '" +
                                          folder.string() +
                                          "' is no folder that this user may write to.");
  }
}

std::optional<std::string> FilesSink::head(Host& /*host*/, const Config& config) const {
  if (config.to_stdout()) {
    return std::nullopt;
  }
  const LogState state = read_log(config);
  if (state.head.empty()) {
    return std::nullopt;
  }
  std::string head = state.head;
  for (const auto& [file, ignored] : state.files) {
    if (!is_intact(config, state, file)) {
      head = head.substr(0, 32) + "!" + std::to_string(std::hash<std::string>()(head + file));
    }
  }
  return head;
}

void FilesSink::list(Host& /*host*/, const Config& config, const CommitFilter& filter,
                     const CommitVisitor& visit) const {
  if (!config.to_stdout()) {
    list_records(config, filter, visit);
  }
}

void FilesSink::forget(Host& /*host*/, const Config& config, const CommitFilter& filter) const {
  std::error_code ignored;
  if (!config.to_stdout() && fs::exists(log_path_of(config), ignored)) {
    LogWriter(config).forget(filter);
  }
}

std::vector<std::string> FilesSink::diff(Host& /*host*/, const Config& config,
                                         const Binding& binding) const {
  std::vector<std::string> out;
  const std::string file = file_of(config, binding.table());
  const RowText text(binding.stream(), config.format == "csv", binding.lineage());
  if (config.to_stdout()) {
    return out;
  }
  const std::string where = "'" + (fs::path(folder_of(config)) / file).string() + "'";
  const Look found = look(config, read_log(config), binding, file, text.header());
  if (found.finding == Finding::kNew) {
    out.push_back("The file " + where + " is created.");
  } else if (found.finding == Finding::kRenewed) {
    out.push_back("The file " + where + " is put aside and begun anew, as its columns change.");
  } else if (found.finding == Finding::kBroken) {
    out.push_back("The file " + where + " is begun anew, as committed rows are missing from it.");
  }
  if (found.records_are_void) {
    out.push_back("The commit log's records of stream '" + binding.stream().name() +
                  "' are removed, as their rows are not in this file; its slices are read again.");
  }
  return out;
}

}  // namespace sluice::files
