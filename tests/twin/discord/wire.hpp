// SPDX-License-Identifier: Apache-2.0
//
// Objects of the guild as the service writes them.
#pragma once

#include <string>

#include "tests/twin/discord/guild.hpp"

namespace sluice::twin::discord {

// "2021-01-01T00:00:00.123000+00:00"
std::string iso_time(std::int64_t unix_ms);

struct Reading {
  bool content = true;          // the MESSAGE_CONTENT intent
  std::uint64_t signature = 0;  // of attachments' URLs: another one at each reading
};

// Appends the message to `out`.
void write_message(std::string& out, const Guild& guild, const Channel& channel,
                   const Message& message, const Reading& reading);
std::string channel_json(const Guild& guild, const Channel& channel);
std::string user_json(const Author& author);

}  // namespace sluice::twin::discord
