// SPDX-License-Identifier: Apache-2.0
//
// Classes of items and their subclasses: the index, then a document for each class.
#include <map>

#include "index_reader.hpp"

namespace blizzard {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using sluice::Code;
using sluice::Error;

constexpr auto kCached = std::chrono::hours(1);  // both streams read the same documents

class ClassReader final : public IndexReader {
 public:
  ClassReader(const Sources& sources, const sluice::Stream& stream,
              const sluice::ReadRequest& request, bool subclasses)
      : IndexReader(sources, stream, request,
                    {"item class", "item classes", "item_subclasses", "item_class_not_found"}),
        subclasses_(subclasses) {
    for (const char* part : {"/_links", "/key", "/item_subclasses"}) {
      rows_.decoder().ignore(part);
    }
    if (!subclasses) {
      rows_.decoder().ignore("/id");  // in the index
    }
  }

 private:
  std::vector<int64_t> list() override {
    index_ = sources_.client.get(url("item-class/index"), kCached);
    array classes;
    if (index_->root()["item_classes"].get(classes) != simdjson::SUCCESS) {
      throw Error(Code::kBadData, "The index of item classes has no list of them.").retryable();
    }
    for (const element entry : classes) {
      if (const auto id = whole_number(entry["id"])) {
        entries_.emplace(*id, entry);
      } else {
        request_.reject("required_field", "/id: is missing.", simdjson::minify(entry));
      }
    }
    std::vector<int64_t> ids;
    for (const auto& [id, entry] : entries_) {
      ids.push_back(id);
    }
    return ids;
  }

  Found find(int64_t id) override {
    return IndexReader::find(id, url("item-class/" + std::to_string(id)), 0, kCached);
  }

  void append(sluice::Batch& batch, int64_t id, const Found& found) override {
    if (!subclasses_) {
      const auto count = static_cast<int64_t>(found.entries.size());
      rows_.append(batch, *world_, found.document->root(), {{"subclass_count", count}});
      return;
    }
    for (const element subclass : found.entries) {
      rows_.append(batch, *world_, subclass, {{"class_id", id}});
    }
  }

  bool append_listed(sluice::Batch& batch, int64_t id) override {
    if (!subclasses_) {
      rows_.append(batch, *world_, entries_.at(id), {{"class_id", id}});
    }
    return !subclasses_;
  }

  std::string url(const std::string& path) const {
    return sources_.client.localised_url(*world_, "static", path);
  }

  const bool subclasses_;
  DocumentPtr index_;
  std::map<int64_t, element> entries_;  // of index_
};

}  // namespace

ReaderPtr read_classes(const Sources& sources, const sluice::Stream& stream,
                       const sluice::ReadRequest& request, bool subclasses) {
  return std::make_unique<ClassReader>(sources, stream, request, subclasses);
}

}  // namespace blizzard
