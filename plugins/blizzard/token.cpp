// SPDX-License-Identifier: Apache-2.0
//
// The price of the WoW Token. The service tells the newest only, so that there is nothing to ask
// for before it: the series begins with it, and grows run by run.
#include "readers.hpp"
#include "sluice/cpp/records.hpp"

namespace blizzard {
namespace {

DocumentPtr token(const Client& client, const World& world) {
  return client.remembered(client.url(world, "dynamic", "token/index"));
}

class TokenReader final : public SliceReader {
 public:
  TokenReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request)
      : sources_(sources), decoder_(stream, request) {
    std::string_view rest;
    world_ = &sources.world_of(request.partition(), rest);
    decoder_.ignore("/_links").epoch("time", std::chrono::milliseconds(1));
  }

  sluice::Next next(sluice::Batch& batch, sluice::json&) override {
    const auto document = token(sources_.client, *world_);
    decoder_.row(batch, document->text(), {{"region", world_->region}, {"game", world_->game}});
    return sluice::Next::kEnd;
  }

 private:
  const Sources sources_;
  sluice::RecordDecoder decoder_;
  const World* world_ = nullptr;
};

}  // namespace

void list_tokens(const Sources& sources, const sluice::Lister& out) {
  for (const World& world : sources.selection.worlds) {
    try {
      const auto document = token(sources.client, world);
      const auto updated_ms = whole_number(document->root()["last_updated_timestamp"]);
      const int64_t now_us = sources.client.host().now().time_since_epoch().count();
      out.partition({.key = world.key(), .from_us = updated_ms ? *updated_ms * 1000 : now_us - 1});
    } catch (const sluice::Error& error) {
      if (error.code() != sluice::Code::kNotFound) {
        throw;
      }
      sources.client.host().info("There is no token price in " + world.key() + ".");
    }
  }
}

ReaderPtr read_token(const Sources& sources, const sluice::Stream& stream,
                     const sluice::ReadRequest& request) {
  return std::make_unique<TokenReader>(sources, stream, request);
}

}  // namespace blizzard
