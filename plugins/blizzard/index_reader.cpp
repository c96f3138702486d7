// SPDX-License-Identifier: Apache-2.0
#include "index_reader.hpp"

#include <algorithm>

namespace blizzard {
namespace {

using sluice::Code;
using sluice::Error;

}  // namespace

IndexReader::IndexReader(const Sources& sources, const sluice::Stream& stream,
                         const sluice::ReadRequest& request, const Words& words)
    : sources_(sources), request_(request), rows_(sources, stream, request), words_(words) {
  std::string_view rest;
  world_ = &sources.world_of(request.partition(), rest);
  after_ = request.state().value("after", int64_t{-1});
  absent_ = request.state().value("absent", uint64_t{0});
}

sluice::Next IndexReader::next(sluice::Batch& batch, sluice::json& state) {
  if (!listed_) {
    ids_ = list();
    ids_.erase(ids_.begin(), std::upper_bound(ids_.begin(), ids_.end(), after_));
    listed_ = true;
  }
  while (at_ < ids_.size()) {
    after_ = ids_[at_++];
    read(batch, after_);
    if (batch.full()) {
      return rows(state);
    }
  }
  if (absent_ == 0) {
    return sluice::Next::kEnd;
  }
  if (batch.rows() > 0) {
    return rows(state);  // with an error they would not land
  }
  throw Error(Code::kUnavailable,
              "Of the " + std::string(words_.many) + " in the index of " + world_->key() + ", " +
                  std::to_string(absent_) +
                  " are not there and were never read before. The others have landed, none is "
                  "taken for removed, and the next run asks again.");
}

sluice::Next IndexReader::rows(sluice::json& state) const {
  state = {{"after", after_}, {"absent", absent_}};
  return sluice::Next::kRows;
}

void IndexReader::read(sluice::Batch& batch, int64_t id) {
  const Found found = find(id);
  if (found.document) {
    append(batch, id, found);
  } else if (!append_listed(batch, id)) {
    ++absent_;
  }
}

bool IndexReader::append_listed(sluice::Batch& /*batch*/, int64_t /*id*/) {
  return false;
}

IndexReader::Found IndexReader::find(int64_t id, const std::string& url, std::size_t least,
                                     std::chrono::seconds cache) const {
  const auto holds = [&](Found& out) {
    return out.document &&
           out.document->root()[words_.list].get(out.entries) == simdjson::SUCCESS &&
           out.entries.size() >= least;
  };
  Found out{.document = sources_.client.find(url, cache), .entries = {}};
  if (holds(out)) {
    sources_.client.keep(url, *out.document);
    return out;
  }
  request_.note(words_.code, "The " + std::string(words_.one) + " " + std::to_string(id) +
                                 " is in the index, but is not there or has no " + words_.list +
                                 "; what was read of it before holds.");
  out.document = sources_.client.kept(url);
  if (!holds(out)) {
    out.document.reset();
  }
  return out;
}

}  // namespace blizzard
