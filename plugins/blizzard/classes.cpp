// SPDX-License-Identifier: Apache-2.0
//
// Classes of items and their subclasses: the index, then a document for each class.
#include "localised.hpp"

namespace blizzard {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using sluice::Code;
using sluice::Error;

constexpr auto kCached = std::chrono::hours(1);  // both streams read the same documents

class ClassReader final : public SliceReader {
 public:
  ClassReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request, bool subclasses)
      : sources_(sources),
        request_(request),
        subclasses_(subclasses),
        rows_(sources, stream, request) {
    std::string_view rest;
    world_ = &sources.world_of(request.partition(), rest);
    for (const char* part : {"/_links", "/key", "/item_subclasses"}) {
      rows_.decoder().ignore(part);
    }
    at_ = request.state().value("at", std::size_t{0});
  }

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (ids_.empty()) {
      list();
    }
    while (at_ < ids_.size()) {
      read(batch, ids_[at_++]);
      if (batch.full()) {
        state["at"] = at_;
        return sluice::Next::kRows;
      }
    }
    return sluice::Next::kEnd;
  }

 private:
  void list() {
    const auto index = sources_.client.get(url("item-class/index"), kCached);
    array classes;
    if (index->root()["item_classes"].get(classes) != simdjson::SUCCESS) {
      throw Error(Code::kBadData, "The index of item classes has no list of them.").retryable();
    }
    for (const element entry : classes) {
      if (const auto id = whole_number(entry["id"])) {
        ids_.push_back(*id);
      } else {
        request_.reject("required_field", "/id: is missing.", simdjson::minify(entry));
      }
    }
  }

  void read(sluice::Batch& batch, int64_t id) {
    const auto document = sources_.client.find(url("item-class/" + std::to_string(id)), kCached);
    if (!document) {
      request_.note("item_class_not_found",
                    "Class " + std::to_string(id) + " is in the index, but is not there.");
      return;
    }
    array subclasses;
    const bool listed = document->root()["item_subclasses"].get(subclasses) == simdjson::SUCCESS;
    if (!subclasses_) {
      const auto count = listed ? static_cast<int64_t>(subclasses.size()) : 0;
      return rows_.append(batch, *world_, document->root(), {{"subclass_count", count}});
    }
    for (std::size_t i = 0; listed && i < subclasses.size(); ++i) {
      rows_.append(batch, *world_, subclasses.at(i).value_unsafe(), {{"class_id", id}});
    }
  }

  std::string url(const std::string& path) const {
    return sources_.client.localised_url(*world_, "static", path);
  }

  const Sources sources_;
  const sluice::ReadRequest& request_;
  const bool subclasses_;
  LocalisedRows rows_;
  const World* world_ = nullptr;
  std::vector<int64_t> ids_;
  std::size_t at_ = 0;
};

}  // namespace

ReaderPtr read_classes(const Sources& sources, const sluice::Stream& stream,
                       const sluice::ReadRequest& request, bool subclasses) {
  return std::make_unique<ClassReader>(sources, stream, request, subclasses);
}

}  // namespace blizzard
