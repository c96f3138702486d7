// SPDX-License-Identifier: Apache-2.0
//
// Messages of Discord, from its API or from files of DiscordChatExporter, as a source.
#include <memory>
#include <optional>
#include <sluice/cpp/plugin.hpp>
#include <variant>

#include "exports.hpp"
#include "history.hpp"
#include "snowflake.hpp"

namespace discord {

// The list of channels, as it is. Where something of it was refused, what is known lands, and then
// reading fails: rows that are missing would be taken for removed.
class ChannelReader {
 public:
  ChannelReader(const Directory& directory, const sluice::ReadRequest& request)
      : directory_(directory),
        request_(request),
        decoder_(make_decoder(Part::kChannels, Form::kApi, request)) {}

  bool next(sluice::Batch& batch) {
    if (!listing_) {
      listing_ = directory_.listing(Part::kChannels);
      put(batch);
      if (listing_->gaps.empty() || !batch.empty()) {
        return !listing_->gaps.empty();
      }
    }
    throw sluice::Error(
        sluice::Code::kUnavailable,
        "The list of channels is not whole (" + std::to_string(listing_->gaps.size()) +
            " refused), so that none is taken for removed. The first: " + listing_->gaps.front() +
            " If the bot is to do without, name such channels in 'exclude', or leave "
            "'private_threads' off.");
  }

 private:
  void put(sluice::Batch& batch) {
    for (const std::string& gap : listing_->gaps) {
      request_.note("refused_list", gap);
    }
    for (const std::string& gone : listing_->gone) {
      request_.note("gone_channel", gone);
    }
    for (const auto& [id, channel] : listing_->channels) {
      if (!channel.raw.empty()) {
        decoder_.row(batch, channel.raw);
      }
    }
  }

  const Directory& directory_;
  const sluice::ReadRequest& request_;
  sluice::RecordDecoder decoder_;
  std::shared_ptr<const Listing> listing_;
};

struct Source {
  static constexpr auto id = "discord", name = "Discord", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://discord.com/developers/docs/reference";
  static constexpr bool parallel_read = true;

  using Config = discord::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    Directory directory;
    KeptPages pages;
    Shared shared;

    Instance(sluice::Host& host, const Config& config)
        : selection(config),
          client(host, config, selection),
          directory(host, config, selection, client),
          pages(config.share.count),
          shared{config, selection, client, directory, pages} {}
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config& config,
                                              Instance& instance) {
    std::vector<sluice::Stream> out;
    for (const Part part :
         {Part::kChannels, Part::kMessages, Part::kAuthors, Part::kReactions, Part::kAttachments}) {
      out.push_back(make_stream(part, config, instance.selection));
    }
    return out;
  }

  static void check(sluice::Host& host, const Config& config, Instance& instance) {
    if (instance.selection.files) {
      const sluice_lister_t nobody = {
          nullptr, nullptr,
          [](void*, const sluice_slice_t*) noexcept -> sluice_status_t { return SLUICE_OK; }};
      list_exports(host, config, sluice::Lister(&nobody));
    } else {
      (void)instance.directory.last();
    }
  }

  // A channel's messages begin with the channel, and end, for now, with the listing: all streams of
  // a run have the same upper bound.
  static void partitions(sluice::Host&, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (instance.selection.files || wanted.stream() == "channels") {
      return;
    }
    const auto listing =
        instance.directory.listing(part_of(wanted.stream()).value_or(Part::kMessages));
    for (const auto& [channel_id, channel] : listing->channels) {
      if (channel.has_messages()) {
        out.partition({.key = std::to_string(channel_id),
                       .from_us = time_us(channel_id),
                       .to_us = listing->as_of_us});
      }
    }
  }

  static void slices(sluice::Host& host, const Config& config, Instance& instance,
                     const sluice::ListRequest&, const sluice::Lister& out) {
    if (instance.selection.files) {
      list_exports(host, config, out);
    }
  }

  struct Reader {
    std::variant<std::monostate, HistoryReader, ExportReader, ChannelReader> reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request) {
      const Part part = part_of(request.stream()).value_or(Part::kMessages);
      if (instance.selection.files) {
        reader.emplace<ExportReader>(host, part, request);
      } else if (part == Part::kChannels) {
        reader.emplace<ChannelReader>(instance.directory, request);
      } else {
        reader.emplace<HistoryReader>(host, instance.shared, part, request);
      }
    }

    bool next(sluice::Batch& batch, sluice::json& state) {
      if (auto* history = std::get_if<HistoryReader>(&reader)) {
        return history->next(batch, state);
      }
      if (auto* exported = std::get_if<ExportReader>(&reader)) {
        return exported->next(batch, state);
      }
      return std::get<ChannelReader>(reader).next(batch);
    }
  };
};

}  // namespace discord

SLUICE_PLUGIN(discord::Source)
