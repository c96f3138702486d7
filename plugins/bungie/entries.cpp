// SPDX-License-Identifier: Apache-2.0
#include "entries.hpp"

#include <utility>

#include "sluice/cpp/json_stream.hpp"

namespace bungie {

namespace {

class JsonEntries final : public Entries {
 public:
  explicit JsonEntries(sluice::HttpBody&& body) : stream_(std::move(body), "") {}
  bool next() override {
    if (stream_.next()) {
      return true;
    }
    if (stream_.target() != sluice::JsonTarget::kObject) {
      throw sluice::Error(sluice::Code::kBadData, "The file holds no JSON object of entries.")
          .retryable();
    }
    return false;
  }
  std::string_view key() const override { return stream_.key(); }
  std::string_view json() const override { return stream_.text(); }

 private:
  sluice::JsonStream stream_;
};

class TableEntries final : public Entries {
 public:
  TableEntries(std::shared_ptr<const DatabaseFile> file, const std::string& table, uint64_t skipped)
      : rows_(std::move(file), table, skipped) {}
  bool next() override { return rows_.next(); }
  std::string_view key() const override { return rows_.key(); }
  std::string_view json() const override { return rows_.json(); }

 private:
  DatabaseRows rows_;
};

}  // namespace

std::unique_ptr<Entries> open_json(const Client& client, const std::string& path) {
  return std::make_unique<JsonEntries>(client.open_file(path));
}

std::unique_ptr<Entries> open_table(std::shared_ptr<const DatabaseFile> file,
                                    const std::string& table, uint64_t skipped) {
  return std::make_unique<TableEntries>(std::move(file), table, skipped);
}

}  // namespace bungie
