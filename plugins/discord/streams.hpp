// SPDX-License-Identifier: Apache-2.0
//
// What comes out: five streams, of the same columns whether they are read from the API or from
// exports.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/stream.hpp"

namespace discord {

enum class Part : uint8_t { kMessages, kAuthors, kReactions, kAttachments, kChannels };

constexpr std::array<std::string_view, 5> kPartNames = {"messages", "authors", "reactions",
                                                        "attachments", "channels"};

std::optional<Part> part_of(std::string_view stream);

// Where the fields stand: in answers of the API, or in files of DiscordChatExporter.
enum class Form : uint8_t { kApi, kExport };

// The columns alone, with the pointers of that form as source names.
sluice::Stream columns_of(Part part, Form form);
sluice::Stream make_stream(Part part, const Config& config, const Selection& selection);

}  // namespace discord
