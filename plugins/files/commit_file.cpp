// SPDX-License-Identifier: Apache-2.0
#include "commit_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "sluice/cpp/json.hpp"

namespace sluice::files {

namespace {

constexpr int kVersion = 1;

uint64_t hash_of(std::initializer_list<std::string_view> texts) noexcept {
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a over the texts and their sizes
  for (const std::string_view text : texts) {
    const uint64_t size = text.size();
    for (std::size_t i = 0; i < sizeof(size) + text.size(); ++i) {
      const auto byte = i < sizeof(size) ? size >> (8 * i) & 0xFFU
                                         : static_cast<unsigned char>(text[i - sizeof(size)]);
      hash = (hash ^ byte) * 0x100000001b3U;
    }
  }
  return hash;
}

std::string random_token() {
  uint64_t bytes[2] = {0, 0};
  while (getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) {
  }
  char text[40];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(bytes[0]),
                static_cast<unsigned long long>(bytes[1]));
  return text;
}

std::string checksum(std::string_view text) {
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  char out[16];
  std::snprintf(out, sizeof(out), "%08lx", crc);
  return out;
}

// The JSON of a line, or a discarded value if it is not whole.
json parse_line(std::string_view line) {
  if (line.size() < 10 || line[8] != ' ' || checksum(line.substr(9)) != line.substr(0, 8)) {
    return json(json::value_t::discarded);
  }
  return json::parse(line.substr(9), nullptr, false);
}

// Calls `step(json, offset of the line)` for every whole line; gives the bytes they take.
uint64_t each_step(const std::string& path,
                   const std::function<void(const json&, uint64_t)>& step) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  uint64_t offset = 0;
  bool torn = false;
  while (in && std::getline(in, line)) {
    const json content = in.eof() ? json(json::value_t::discarded) : parse_line(line);
    if (torn && !content.is_discarded()) {
      throw Error(Code::kUnsupported, "The commit log '" + path + "' is damaged before byte " +
                                          std::to_string(offset) +
                                          ", and not at its end. Restore a backup of it and "
                                          "of its files, or remove both.");
    }
    torn |= content.is_discarded();
    if (!torn) {
      if (content.value("v", 0) > kVersion) {
        throw Error(Code::kUnsupported,
                    "The commit log '" + path + "' was written by a newer plugin. Use that one.");
      }
      step(content, offset);
      offset += line.size() + 1;
    }
  }
  return offset;
}

std::string text_of(const json& step, const char* key) {
  return step.at(key).get<std::string>();
}

void apply_forget(LogState& state, const std::string& pipeline, const std::string& stream,
                  const std::string& slice) {
  const uint64_t wanted =
      slice.empty() ? hash_of({pipeline, stream}) : hash_of({pipeline, stream, slice});
  std::erase_if(state.parts, [&](const auto& part) {
    return (slice.empty() ? part.second.stream : part.second.slice) == wanted;
  });
}

LogState::Part part_of(const std::string& pipeline, const std::string& stream,
                       const std::string& slice) {
  return {.stream = hash_of({pipeline, stream}), .slice = hash_of({pipeline, stream, slice})};
}

void apply(LogState& state, const json& step) {
  const std::string kind = text_of(step, "step");
  state.head = text_of(step, "head");
  state.last_rotation = {};
  if (kind == "bind") {
    state.streams[{text_of(step, "pipeline"), text_of(step, "stream")}] = text_of(step, "file");
    state.files[text_of(step, "file")].header = text_of(step, "header");
  } else if (kind == "forget") {
    apply_forget(state, text_of(step, "pipeline"), text_of(step, "stream"), text_of(step, "slice"));
  } else if (kind == "rotate") {
    FileState& file = state.files[text_of(step, "from")];
    file.size = 0;
    state.last_rotation = {text_of(step, "from"), text_of(step, "to")};
  } else if (kind == "commit") {
    state.last_commit_id = step.at("last").get<int64_t>();
    for (const auto& [file, size] : step.at("files").items()) {
      state.files[file].size = size.get<uint64_t>();
      state.files[file].day = step.at("day").get<int64_t>();
    }
    for (const auto& r : step.at("records")) {
      const std::string pipeline = text_of(r, "pipeline"), stream = text_of(r, "stream");
      const std::string slice = text_of(r, "slice");
      CommitRecord record;
      record.pipeline = pipeline;
      record.stream = stream;
      record.slice = slice;
      record.generation = r.at("generation").get<int64_t>();
      record.part = r.at("part").get<int64_t>();
      state.parts[part_hash(record)] = part_of(pipeline, stream, slice);
    }
  }
}

json json_of(const CommitRecord& r) {
  return {{"id", r.commit_id},
          {"pipeline", r.pipeline},
          {"stream", r.stream},
          {"slice", r.slice},
          {"generation", r.generation},
          {"part", r.part},
          {"rows", r.rows},
          {"final", r.final},
          {"empty", r.empty},
          {"committed_us", r.committed_us},
          {"run", r.run},
          {"detail", r.detail}};
}

void show(const json& r, const CommitVisitor& visit) {
  const std::string pipeline = text_of(r, "pipeline"), stream = text_of(r, "stream");
  const std::string slice = text_of(r, "slice"), run = text_of(r, "run");
  const std::string detail = text_of(r, "detail");
  CommitRecord record;
  record.final = r.at("final").get<bool>();
  record.empty = r.at("empty").get<bool>();
  record.commit_id = r.at("id").get<int64_t>();
  record.pipeline = pipeline;
  record.stream = stream;
  record.slice = slice;
  record.generation = r.at("generation").get<int64_t>();
  record.part = r.at("part").get<int64_t>();
  record.rows = r.at("rows").get<uint64_t>();
  record.committed_us = r.at("committed_us").get<int64_t>();
  record.run = run;
  record.detail = detail;
  visit(record);
}

// Where a record stands, so that a listing holds no more than this of each.
struct Place {
  std::string stream;
  int64_t id;
  uint64_t slice;  // hash
  uint64_t line;   // offset
  std::size_t index;
};

}  // namespace

uint64_t part_hash(const CommitRecord& r) {
  return hash_of(
      {r.pipeline, r.stream, r.slice, std::to_string(r.generation), std::to_string(r.part)});
}

std::string folder_of(const SinkConfig& config) {
  if (!config.single_file()) {
    return config.path;
  }
  const auto folder = std::filesystem::path(config.path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string log_path_of(const SinkConfig& config) {
  return config.single_file() ? config.path + ".commits"
                              : (std::filesystem::path(config.path) / ".sluice/commits").string();
}

LogState read_log(const SinkConfig& config) {
  LogState state;
  const std::string path = log_path_of(config);
  try {
    state.log_size = each_step(path, [&](const json& step, uint64_t) { apply(state, step); });
  } catch (const json::exception&) {
    throw Error(Code::kUnsupported, "The commit log '" + path + "' holds a step that is none.");
  }
  return state;
}

bool is_intact(const SinkConfig& config, const LogState& state, const std::string& file) {
  const auto known = state.files.find(file);
  if (known == state.files.end() || known->second.size == 0) {
    return true;
  }
  std::error_code missing;
  const auto size =
      std::filesystem::file_size(std::filesystem::path(folder_of(config)) / file, missing);
  return !missing && size >= known->second.size;
}

void list_records(const SinkConfig& config, const CommitFilter& filter,
                  const CommitVisitor& visit) {
  const std::string path = log_path_of(config);
  const LogState state = read_log(config);
  std::vector<Place> places;
  each_step(path, [&](const json& step, uint64_t offset) {
    const std::string kind = text_of(step, "step");
    if (kind == "forget" && text_of(step, "pipeline") == filter.pipeline) {
      const std::string stream = text_of(step, "stream"), slice = text_of(step, "slice");
      const uint64_t hash = hash_of({filter.pipeline, stream, slice});
      std::erase_if(places, [&](const Place& place) {
        return place.stream == stream && (slice.empty() || place.slice == hash);
      });
    }
    for (std::size_t i = 0; kind == "commit" && i < step.at("records").size(); ++i) {
      const json& r = step.at("records")[i];
      const std::string stream = text_of(r, "stream"), slice = text_of(r, "slice");
      if (text_of(r, "pipeline") == filter.pipeline &&
          (filter.stream.empty() || filter.stream == stream) &&
          (filter.slice.empty() || filter.slice == slice)) {
        places.push_back({stream, r.at("id").get<int64_t>(),
                          hash_of({filter.pipeline, stream, slice}), offset, i});
      }
    }
  });
  std::erase_if(places, [&](const Place& place) {
    const auto file = state.streams.find({std::string(filter.pipeline), place.stream});
    return file == state.streams.end() || !is_intact(config, state, file->second);
  });
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.stream, a.id) < std::tie(b.stream, b.id);
  });
  std::ifstream in(path, std::ios::binary);
  std::string line;
  json step;
  uint64_t at = UINT64_MAX;
  for (const Place& place : places) {
    if (place.line != at) {
      in.seekg(static_cast<std::streamoff>(place.line));
      std::getline(in, line);
      step = parse_line(line);
      at = place.line;
    }
    show(step.at("records")[place.index], visit);
  }
}

LogWriter::LogWriter(const SinkConfig& config)
    : path_(log_path_of(config)), file_(open_for_append(path_)) {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(Code::kUnavailable, "Another process writes to '" + config.path +
                                        "'. Wait for its end, or name another path.")
        .retryable();
  }
  state_ = read_log(config);
  undo();
  sync_folder(path_);
}

void LogWriter::append(const std::string& json_text) {
  const std::string line = checksum(json_text) + " " + json_text + "\n";
  write_all(file_.get(), line, path_);
  if (::fdatasync(file_.get()) != 0) {
    throw_disk(path_, "made durable");
  }
  state_.log_size += line.size();
}

void LogWriter::undo() {
  records_.clear();
  pending_.clear();
  const auto size = static_cast<off_t>(state_.log_size);
  if (::ftruncate(file_.get(), size) != 0 || ::lseek(file_.get(), size, SEEK_SET) < 0) {
    throw_disk(path_, "cut to its last whole line");
  }
}

void LogWriter::bind(std::string_view pipeline, std::string_view stream, const std::string& file,
                     const std::string& header) {
  const json step = {{"v", kVersion},        {"step", "bind"},   {"head", random_token()},
                     {"pipeline", pipeline}, {"stream", stream}, {"file", file},
                     {"header", header}};
  append(step.dump());
  apply(state_, step);
}

void LogWriter::forget(const CommitFilter& filter) {
  const json step = {{"v", kVersion},           {"step", "forget"},
                     {"head", random_token()},  {"pipeline", filter.pipeline},
                     {"stream", filter.stream}, {"slice", filter.slice}};
  append(step.dump());
  apply(state_, step);
}

void LogWriter::rotate(const std::string& from, const std::string& to) {
  const json step = {
      {"v", kVersion}, {"step", "rotate"}, {"head", random_token()}, {"from", from}, {"to", to}};
  append(step.dump());
  apply(state_, step);
}

void LogWriter::add_record(const CommitRecord& record) {
  const uint64_t hash = part_hash(record);
  const bool taken = state_.parts.contains(hash) ||
                     std::any_of(pending_.begin(), pending_.end(),
                                 [&](const auto& part) { return part.first == hash; });
  if (taken) {
    throw Error(Code::kBadState, "Part " + std::to_string(record.part) + " of slice '" +
                                     std::string(record.slice) +
                                     "' is recorded already: another run has landed it. Roll back "
                                     "and read the commit log again.");
  }
  pending_.emplace_back(hash, part_of(std::string(record.pipeline), std::string(record.stream),
                                      std::string(record.slice)));
  records_ += (records_.empty() ? "" : ",") + json_of(record).dump();
}

void LogWriter::commit(const std::map<std::string, uint64_t>& sizes, int64_t last_commit_id,
                       int64_t day) {
  const std::string head = random_token();
  std::string text = json{{"v", kVersion},          {"step", "commit"}, {"head", head},
                          {"last", last_commit_id}, {"files", sizes},   {"day", day}}
                         .dump();
  text.pop_back();
  append(text + ",\"records\":[" + records_ + "]}");
  state_.head = head;
  state_.last_commit_id = last_commit_id;
  state_.last_rotation = {};
  for (const auto& [file, size] : sizes) {
    state_.files[file].size = size;
    state_.files[file].day = day;
  }
  state_.parts.insert(pending_.begin(), pending_.end());
  pending_.clear();
  records_.clear();
}

}  // namespace sluice::files
