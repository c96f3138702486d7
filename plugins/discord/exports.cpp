// SPDX-License-Identifier: Apache-2.0
#include "exports.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>

#include "members.hpp"

namespace discord {
namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

constexpr std::size_t kAtOnce = 100;  // messages, as many as a page of the API
constexpr std::size_t kLongestKey = 400;

struct KindName {
  std::string_view name;
  int32_t type;
};
constexpr std::array<KindName, 14> kKindNames{{{"GuildTextChat", 0},
                                               {"DirectTextChat", 1},
                                               {"GuildVoiceChat", 2},
                                               {"DirectGroupTextChat", 3},
                                               {"GuildCategory", 4},
                                               {"GuildNews", 5},
                                               {"GuildNewsThread", 10},
                                               {"GuildPublicThread", 11},
                                               {"GuildPrivateThread", 12},
                                               {"GuildStageVoice", 13},
                                               {"GuildDirectory", 14},
                                               {"GuildForum", 15},
                                               {"GuildMedia", 16},
                                               {"GuildThreadsOnly", 15}}};

std::string version_of(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    throw Error(errno == ENOENT ? Code::kNotFound : Code::kUnavailable,
                path + " cannot be read: " + std::strerror(errno) + ".");
  }
  return std::to_string(facts.st_size) + " " + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}

sluice::JsonStream::Read reader_of(const std::string& path) {
  auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    throw Error(Code::kUnavailable, path + " cannot be opened: " + std::strerror(errno) + ".");
  }
  return [file, path](char* buffer, std::size_t capacity) {
    file->read(buffer, static_cast<std::streamsize>(capacity));
    if (file->bad()) {
      throw Error(Code::kUnavailable, path + " cannot be read on.").retryable();
    }
    return static_cast<std::size_t>(file->gcount());
  };
}

// Where there is no such thing, exports have 0.
std::optional<int64_t> real_id(const json& object, const char* name) {
  const auto id = id_in(object, name);
  return id && *id != 0 ? id : std::nullopt;
}

template <class T>
sluice::FixedValue or_null(const std::optional<T>& value) {
  return value ? sluice::FixedValue(*value) : sluice::FixedValue(std::nullopt);
}

}  // namespace

std::optional<int32_t> channel_type_of_name(std::string_view name) {
  for (const KindName& known : kKindNames) {
    if (known.name == name) {
      return known.type;
    }
  }
  return std::nullopt;
}

void list_exports(const sluice::Host& host, const Config& config, const sluice::Lister& out) {
  std::set<std::string> paths;
  for (const std::string& pattern : config.exports) {
    glob_t found{};
    const int done = glob(pattern.c_str(), GLOB_MARK, nullptr, &found);
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      const std::string path = found.gl_pathv[i];
      if (!path.ends_with('/')) {
        paths.insert(path);
      }
    }
    globfree(&found);
    if (done == GLOB_NOMATCH) {
      throw Error(Code::kInvalidConfig, "No file matches '" + pattern + "' in 'exports'.");
    }
    if (done != 0) {
      throw Error(Code::kUnavailable, "The files of '" + pattern + "' cannot be listed.");
    }
  }
  for (const std::string& path : paths) {
    host.check_cancel();
    if (path.size() > kLongestKey) {
      throw Error(Code::kInvalidConfig, "The path '" + path + "' is longer than " +
                                            std::to_string(kLongestKey) + " bytes.");
    }
    const std::string version = version_of(path);
    out.slice({.key = path,
               .title = std::string_view(path).substr(path.find_last_of('/') + 1),
               .validator = version,
               .token = path,
               .estimated_bytes = std::stoull(version)});
  }
}

ExportReader::ExportReader(const sluice::Host& host, Part part, const sluice::ReadRequest& request)
    : host_(host), part_(part), request_(request), path_(request.token()) {}

sluice::JsonStream ExportReader::messages() const {
  return {reader_of(path_), "/messages", {.name = path_}};
}

void ExportReader::begin(const json& state) {
  begun_ = true;
  version_ = version_of(path_);
  if (state.contains("read")) {
    if (state.value("version", std::string()) != version_) {
      throw Error(Code::kBadState, path_ + " has changed since it was read in part.");
    }
    to_skip_ = state["read"].is_number_unsigned() ? state["read"].get<uint64_t>() : 0;
  }
  request_.validator(version_);
  read_around();
  if (part_ != Part::kChannels) {
    items_.emplace(messages());
    rows_.emplace(part_, Form::kExport, request_, false);
  }
}

void ExportReader::read_around() {
  auto all = messages();
  for (uint64_t i = 0; all.next(); ++i) {
    if (i % 4096 == 0) {
      host_.check_cancel();
    }
  }
  around_ = all.rest();
  const auto channel = real_id(member(around_, "channel"), "id");
  if (!channel || all.target() != sluice::JsonTarget::kArray) {
    throw Error(Code::kBadData, path_ +
                                    " is no JSON file of DiscordChatExporter: it lacks 'messages' "
                                    "or the id of 'channel'.");
  }
  place_ = {*channel, real_id(member(around_, "guild"), "id")};
  const auto told = id_in(around_, "messageCount");
  if (part_ == Part::kMessages && told && *told != static_cast<int64_t>(all.count())) {
    request_.note("message_count", path_ + " says that it has " + std::to_string(*told) +
                                       " messages, but holds " + std::to_string(all.count()) + ".");
  }
}

void ExportReader::channel_row(sluice::Batch& batch) {
  const json channel = member(around_, "channel");
  const auto type = channel_type_of_name(text_in(channel, "type").value_or(""));
  const auto guild_name = text_in(member(around_, "guild"), "name");
  if (!type) {
    request_.note("unknown_type", "A channel's type has a name that is not known.");
  }
  // Nothing is read from the record itself: names differ too much.
  sluice::RecordDecoder decoder(columns_of(Part::kChannels, Form::kExport), request_);
  decoder.row(batch, "{}",
              {{"id", place_.channel_id},
               {"guild_id", or_null(place_.guild_id)},
               {"guild_name", or_null(guild_name)},
               {"parent_id", or_null(real_id(channel, "categoryId"))},
               {"type", or_null(type)},
               {"name", or_null(text_in(channel, "name"))},
               {"topic", or_null(text_in(channel, "topic"))}});
}

bool ExportReader::next(sluice::Batch& batch, json& state) {
  if (!begun_) {
    begin(state);
  }
  if (part_ == Part::kChannels) {
    channel_row(batch);
    return false;
  }
  while (!ended_ && !batch.full()) {
    host_.check_cancel();
    fill(batch);
  }
  if (!ended_) {
    state = {{"version", version_}, {"read", items_->count()}};
  }
  return !ended_;
}

// As many messages as a page has, in the order of the file.
void ExportReader::fill(sluice::Batch& batch) {
  Messages page;
  while (page.size() < kAtOnce && !ended_) {
    if (!items_->next()) {
      ended_ = true;
    } else if (items_->count() > to_skip_) {
      page.push_back(scanner_.scan(items_->text()));
    }
  }
  rows_->write(batch, page, 0, page.size(), place_);
}

}  // namespace discord
