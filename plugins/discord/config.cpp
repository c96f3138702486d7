// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include "sluice/cpp/error.hpp"
#include "snowflake.hpp"

namespace discord {
namespace {

sluice::Error wrong(const std::string& sentence) {
  return sluice::Error(sluice::Code::kInvalidConfig, sentence);
}

std::vector<int64_t> ids(const std::vector<std::string>& texts, const std::string& key) {
  std::vector<int64_t> out;
  for (const std::string& text : texts) {
    const auto id = parse_id(text);
    if (!id || *id == 0) {
      throw wrong("The key '" + key + "' holds '" + text +
                  "', which is no id; copy it with \"Copy ID\" in Discord's developer mode.");
    }
    out.push_back(*id);
  }
  return out;
}

std::string host_of(const std::string& url) {
  const std::string rest = url.substr(url.find("://") + 3);
  return rest.substr(0, rest.find_first_of("/:?#"));
}

}  // namespace

Selection::Selection(const Config& config)
    : files(!config.exports.empty()),
      base_url(config.base_url),
      scope(host_of(config.base_url)),
      guilds(ids(config.guilds, "guilds")),
      channels(ids(config.channels, "channels")),
      active_threads(config.threads != "none"),
      archived_threads(config.threads == "all") {
  while (base_url.ends_with('/')) {
    base_url.pop_back();
  }
  for (const int64_t id : ids(config.exclude, "exclude")) {
    exclude.insert(id);
  }
  const bool asks = !guilds.empty() || !channels.empty();
  if (files == asks) {
    throw wrong(files ? "Give either 'exports' or 'guilds' and 'channels', not both: files and the "
                        "service are sources of their own."
                      : "Nothing is selected; give 'guilds' or 'channels' with ids, or 'exports'.");
  }
  if (asks && config.credential.empty()) {
    throw wrong(
        "The key 'credential' is missing; name a [credential.NAME] with type = \"header\", "
        "header = \"Authorization\", prefix = \"Bot \" and the bot's token as key.");
  }
}

}  // namespace discord
