// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"

namespace discord {

struct Config {
  std::string base_url = "https://discord.com/api/v10";
  std::string credential;
  std::string bot_url = "https://sluice.example";
  std::vector<std::string> guilds;
  std::vector<std::string> channels;
  std::vector<std::string> exclude;
  std::string threads = "none";
  bool private_threads = false;
  sluice::Seconds reread{86'400};
  std::string content = "required";
  std::string empty_history = "fail";
  int page_size = 100;
  sluice::Bytes share{uint64_t{32} << 20U};
  std::vector<std::string> exports;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("base_url", &Config::base_url, R"("pattern":"^https?://")")
            .doc("Where the API answers, with its version."),
        optional("credential", &Config::credential)
            .doc("Name of the [credential.NAME] that holds the bot's token."),
        optional("bot_url", &Config::bot_url, R"("pattern":"^https?://[^ ()]+$")")
            .doc("Address of the bot's page, for the User-Agent that Discord asks for."),
        optional("guilds", &Config::guilds, R"("items":{"type":"string","pattern":"^[0-9]+$"})")
            .doc("Ids of guilds whose channels are all read."),
        optional("channels", &Config::channels, R"("items":{"type":"string","pattern":"^[0-9]+$"})")
            .doc("Ids of single channels or threads to read."),
        optional("exclude", &Config::exclude, R"("items":{"type":"string","pattern":"^[0-9]+$"})")
            .doc("Ids of channels that are not read, nor their threads."),
        optional("threads", &Config::threads, R"("enum":["none","active","all"])")
            .doc("Which threads are read: none, those that are active, or archived ones too."),
        optional("private_threads", &Config::private_threads)
            .doc("With threads = \"all\": also archived private ones, which needs MANAGE_THREADS."),
        optional("reread", &Config::reread)
            .doc("The newest stretch that is read again in each run, for edits, reactions, pins."),
        optional("content", &Config::content, R"("enum":["required","optional"])")
            .doc("Whether texts must come; optional for a bot without the MESSAGE_CONTENT intent."),
        optional("empty_history", &Config::empty_history, R"("enum":["fail","land"])")
            .doc("What a channel becomes that shows nothing although there were messages."),
        optional("page_size", &Config::page_size, R"("minimum":1,"maximum":100)")
            .doc("Messages asked for at once."),
        optional("share", &Config::share)
            .doc("Memory for pages that one stream has fetched and others will need."),
        optional("exports", &Config::exports)
            .doc("Files of DiscordChatExporter (JSON) to read instead of the API; * and ? match.")};
  }
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  bool files = false;    // exports are read, the API is not asked
  std::string base_url;  // without a slash at its end
  std::string scope;     // of the limit of all requests: the host
  std::vector<int64_t> guilds;
  std::vector<int64_t> channels;
  std::set<int64_t> exclude;
  bool active_threads = false;
  bool archived_threads = false;
};

}  // namespace discord
