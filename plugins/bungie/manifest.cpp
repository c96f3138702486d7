// SPDX-License-Identifier: Apache-2.0
#include "manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/text.hpp"

namespace bungie {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

int64_t number(const json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end()) {
    return 0;
  }
  if (found->is_string()) {  // a number as text is a number
    const auto& text = found->get_ref<const std::string&>();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
  }
  return found->is_number_integer() ? found->get<int64_t>() : 0;
}

std::string text(const json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The service's own word, short and without anything that could spoil a line.
std::string quote(const std::string& said) {
  std::string out = said.substr(0, 200);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return out;
}

// A path below the service, never another host's address.
bool is_path(const json& value) {
  if (!value.is_string()) {
    return false;
  }
  const auto& path = value.get_ref<const std::string&>();
  return path.size() > 1 && path.size() < 500 && path[0] == '/' && path[1] != '/' &&
         path.find("..") == std::string::npos && std::all_of(path.begin(), path.end(), [](char c) {
           return c > ' ' && c < 0x7F && c != '\\';
         });
}

std::map<std::string, std::string, std::less<>> read_paths(const json& in) {
  std::map<std::string, std::string, std::less<>> out;
  if (in.is_object()) {
    for (const auto& [name, path] : in.items()) {
      if (is_path(path)) {
        out.emplace(name, path.get<std::string>());
      }
    }
  }
  return out;
}

template <class Map>
std::optional<std::string> find_in(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Envelope read_envelope(const json& answer) {
  if (!answer.is_object() || !answer.contains("ErrorCode")) {
    return {};
  }
  return {.code = number(answer, "ErrorCode"),
          .throttle_seconds = number(answer, "ThrottleSeconds"),
          .status = text(answer, "ErrorStatus"),
          .message = text(answer, "Message")};
}

bool is_throttle(int64_t error_code) noexcept {
  constexpr std::array<int64_t, 10> kThrottles{31, 35, 36, 37, 51, 54, 55, 56, 57, 1672};
  return std::find(kThrottles.begin(), kThrottles.end(), error_code) != kThrottles.end();
}

Error platform_error(const Envelope& envelope, uint32_t http_status, const std::string& url) {
  constexpr int64_t kSystemDisabled = 5;
  constexpr std::array<int64_t, 3> kKey{2101, 2102, 2107};
  if (envelope.code == 0) {
    return Error(Code::kUnavailable, url + " answered with status " + std::to_string(http_status) +
                                         " and something else than its envelope.")
        .retryable();
  }
  const std::string said = "ErrorCode " + std::to_string(envelope.code) + " (" +
                           quote(envelope.status) + "): " + quote(envelope.message);
  if (std::find(kKey.begin(), kKey.end(), envelope.code) != kKey.end()) {
    return Error(Code::kAuth, "The service refuses the API key, " + said +
                                  " Name a [credential.NAME] of type \"header\" with header = "
                                  "\"X-API-Key\" as credential of the source, with a key from "
                                  "https://www.bungie.net/en/Application.")
        .vendor(envelope.code);
  }
  if (is_throttle(envelope.code)) {
    return Error(Code::kRateLimited, "The service asks to slow down, " + said)
        .retryable()
        .vendor(envelope.code);
  }
  if (envelope.code == kSystemDisabled) {
    return Error(Code::kUnavailable, "The service is under maintenance, " + said)
        .retryable()
        .vendor(envelope.code);
  }
  return Error(Code::kUnavailable, "The service could not tell what it has, " + said)
      .retryable()
      .vendor(envelope.code);
}

Manifest::Manifest(const json& response) {
  const auto part = [&](const char* name) {
    const auto found = response.is_object() ? response.find(name) : response.end();
    return found == response.end() ? json() : *found;
  };
  const json version = part("version");
  version_ = version.is_string() ? version.get<std::string>() : std::string();
  const json tables = part("jsonWorldComponentContentPaths");
  if (tables.is_object()) {
    for (const auto& [language, paths] : tables.items()) {
      tables_.emplace(language, read_paths(paths));
    }
  }
  databases_ = read_paths(part("mobileWorldContentPaths"));
  const bool any = std::any_of(tables_.begin(), tables_.end(),
                               [](const auto& of) { return !of.second.empty(); });
  if (!any && databases_.empty()) {
    throw Error(Code::kBadData,
                "The manifest names no files: neither jsonWorldComponentContentPaths nor "
                "mobileWorldContentPaths hold paths.")
        .retryable();
  }
}

std::optional<std::string> Manifest::table_path(std::string_view language,
                                                std::string_view table) const {
  const auto of = tables_.find(language);
  return of == tables_.end() ? std::nullopt : find_in(of->second, table);
}

std::optional<std::string> Manifest::database_path(std::string_view language) const {
  return find_in(databases_, language);
}

}  // namespace bungie
