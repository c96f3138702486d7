// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <utility>

#include "schema.hpp"
#include "sluice/cpp/json.hpp"

namespace sluice::files {

namespace {

constexpr std::size_t kMostKey = 400;  // bytes of a slice's key

// The path, or the end of it after a hash of the whole where it is longer than a key may be.
std::string key_of(const std::string& path) {
  if (path.size() <= kMostKey) {
    return path;
  }
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : path) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  std::string_view tail = std::string_view(path).substr(path.size() - (kMostKey - 24));
  while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xC0U) == 0x80U) {
    tail.remove_prefix(1);  // not from the middle of a character
  }
  return std::to_string(hash) + ":" + std::string(tail);
}

}  // namespace

FileReader::FileReader(Host& host, const SourceConfig& config, const ReadRequest& request)
    : host_(host),
      config_(config),
      request_(request),
      path_(request.token().empty() ? request.slice() : request.token()) {}

Next FileReader::next(Batch& batch, json& state) {
  if (input_ == nullptr) {
    const Next first = start(batch, state);
    if (first != Next::kRows) {
      return first;
    }
  }
  const bool more = fill(batch);
  tell_tally();
  if (!more) {
    check_version();
    return Next::kEnd;
  }
  keep_place(state);
  return Next::kRows;
}

Next FileReader::start(Batch& batch, const json& state) {
  version_ = version_of(path_);
  const std::string text = version_.text();
  if (!request_.resumed() && request_.last_validator() == text) {
    return Next::kUnchanged;
  }
  request_.validator(text);
  input_ = open_input(path_);
  if (request_.resumed()) {
    go_to(batch, state);
  } else {
    ended_ = !open_member(batch);
  }
  return Next::kRows;
}

bool FileReader::open_member(Batch& batch) {
  if (!input_->next_member(member_)) {
    return false;
  }
  ++member_number_;
  record_number_ = 0;
  const Format format = format_of(config_, member_);
  records_ = std::make_unique<RecordReader>(*input_, format, config_.max_record.count);
  if (format == Format::kCsv) {
    begin_csv(batch);
  } else {
    rows_ = make_json_rows(batch, config_);
  }
  return true;
}

void FileReader::begin_csv(Batch& batch) {
  Record header{};
  if (config_.header && !records_->next(header)) {
    header = {};
    rows_.reset();  // an empty file: there will be no record either
    return;
  }
  if (header.too_long || header.unfinished) {
    throw Error(Code::kBadData, "The header of '" + member_ +
                                    "' is longer than max_record, or has "
                                    "a quote that is not closed.");
  }
  rows_ = make_csv_rows(batch, config_, delimiter_of(config_, member_), header.text);
}

void FileReader::go_to(Batch& batch, const json& state) {
  const auto unusable = [&](const char* why) {
    return Error(Code::kBadState, "Reading of '" + path_ + "' cannot go on: " + why);
  };
  try {
    if (state.at("version").get<std::string>() != version_.text()) {
      throw unusable("the file changed meanwhile.");
    }
    for (int64_t left = state.at("member").get<int64_t>(); left >= 0; --left) {
      if (!open_member(batch)) {
        throw unusable("it has fewer members than the resume state.");
      }
    }
    if (state.contains("offset")) {
      const auto offset = state.at("offset").get<uint64_t>();
      if (!input_->can_seek() || offset > version_.size) {
        throw unusable("the resume state lies outside of it.");
      }
      input_->seek(offset);
      records_ = std::make_unique<RecordReader>(*input_, format_of(config_, member_),
                                                config_.max_record.count);
      records_->resume(offset, state.at("line").get<uint64_t>(), state.at("array").get<bool>());
    } else {
      const auto skip = state.at("records").get<uint64_t>();
      Record ignored{};
      while (record_number_ < skip && records_->next(ignored)) {
        ++record_number_;
      }
    }
  } catch (const json::exception&) {
    throw unusable("the resume state is none of this source.");
  }
}

bool FileReader::fill(Batch& batch) {
  constexpr int kLook = 64;  // records between two looks at the size of the batch
  Record record{};
  std::string why;
  for (int until_look = kLook; !ended_;) {
    if (!records_->next(record)) {
      ended_ = !open_member(batch);
      continue;
    }
    ++record_number_;
    if (record.too_long) {
      reject(record, "The record is longer than max_record.");
    } else if (record.unfinished) {
      reject(record, "A quote is opened and never closed.");
    } else if (!rows_->append(record.text, why)) {
      reject(record, why);
    }
    if (--until_look == 0) {
      until_look = kLook;
      host_.check_cancel();
      if (batch.full()) {
        return true;
      }
    }
  }
  return false;
}

void FileReader::reject(const Record& record, const std::string& why) {
  constexpr std::size_t kMostShown = 64 * 1024;
  request_.reject("decode", path_ + ":" + std::to_string(record.line) + ": " + why,
                  record.text.substr(0, kMostShown));
}

void FileReader::tell_tally() {
  const Tally tally = rows_ == nullptr ? Tally{} : rows_->take_tally();
  if (tally.unknown_fields > 0) {
    request_.note("unknown_field",
                  "The field '" + tally.unknown_example + "' of '" + path_ + "' has no column.",
                  tally.unknown_fields);
  }
  if (tally.nulled > 0) {
    request_.note("value_nulled", tally.nulled_example, tally.nulled);
  }
}

void FileReader::check_version() const {
  if (version_of(path_) != version_) {
    throw Error(Code::kBadState, "The file '" + path_ +
                                     "' changed while it was read; it is read again from its "
                                     "start.");
  }
}

void FileReader::keep_place(json& state) const {
  state = {{"version", version_.text()}, {"member", member_number_}};
  if (input_->can_seek()) {
    state["offset"] = records_->offset();
    state["line"] = records_->line();
    state["array"] = records_->in_array();
  } else {
    state["records"] = record_number_;
  }
}

std::vector<Stream> FilesSource::discover(Host& host, const Config& config) const {
  auto stream = stream_of(host, config);
  return stream ? std::vector<Stream>{std::move(*stream)} : std::vector<Stream>{};
}

void FilesSource::slices(Host& host, const Config& config, const ListRequest& /*request*/,
                         Lister& out) const {
  const auto paths = matching_files(config);
  if (paths.empty()) {
    host.warn("No file matches '" + config.paths.front() + "'.");
  }
  for (const std::string& path : paths) {
    FileVersion found;
    try {
      found = version_of(path);
    } catch (const Error&) {
      continue;  // gone since it was listed
    }
    out.slice({.key = key_of(path),
               .title = std::string_view(path).substr(path.rfind('/') + 1),
               .validator = found.text(),
               .token = path,
               .estimated_bytes = found.size});
  }
}

void FilesSource::check(Host& /*host*/, const Config& config) const {
  for (const std::string& path : matching_files(config)) {
    (void)open_input(path);
    (void)format_of(config, path);
    return;
  }
}

}  // namespace sluice::files
