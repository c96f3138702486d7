// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

twin::Options small() {
  twin::Options options;
  options.discord.channels = 2;
  options.discord.threads = 4;
  options.discord.messages = 300;
  return options;
}

std::string guild_of(twin::Twin& twin) {
  const json guild = json::parse(twin.control("GET", "/_twin/discord/guild"));
  return guild.at("id").is_string() ? guild.at("id").get<std::string>() : guild.at("id").dump();
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("discord")};
  out.config = {{"base_url", twin->base_url() + "/discord/api/v10"},
                {"credential", "bot"},
                {"guilds", {guild_of(*twin)}},
                {"threads", "all"},
                {"page_size", 20}};
  out.service = service_of(twin, with_headers({{"bot", {{"authorization", "Bot twin-token"}}}}));
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2026) / 4 / 1));
  out.from_us =
      Micros(std::chrono::sys_days(std::chrono::year(2021) / 1 / 1)).time_since_epoch().count();
  out.batch_bytes = 4096;
  out.most_slices = 6;
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "messages.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{
        {"DISCORD_BASE_URL", twin.base_url() + "/discord/api/v10"},
        {"DISCORD_GUILD", guild_of(twin)},
        {"DISCORD_TOKEN", "twin-token"}};
  };
  out.database = "MESSAGES_DB";
  out.set = {"want.to=2026-03-30", "source.0.reread=\"0s\""};
  out.lifted = {{"HOST", "global"}, {"HOST/messages/*", "route"}};
  out.asked_again = {
      {"**/guilds/**", "channels and threads come and go, and the service tells no validator"},
      {"**/threads/archived/**", "as above"},
      {"**/@me", "tells whether the token may read what it is about to read"}};
  out.paths = "/discord/**";
  out.wrong_environment = {{"DISCORD_TOKEN", "a-wrong-token"}};
  return out;
}

const Entry kEntry{Source{.name = "discord", .subject = &subject, .pipeline = pipeline()}};

}  // namespace

}  // namespace sluice::conformance
