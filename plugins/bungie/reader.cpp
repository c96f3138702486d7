// SPDX-License-Identifier: Apache-2.0
#include "reader.hpp"

#include <utility>

#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

using sluice::Code;
using sluice::Error;

constexpr uint64_t kLookEvery = 256;  // entries between two looks whether to stop

}  // namespace

SliceReader::SliceReader(const Shared& shared, const Table& table,
                         const sluice::ReadRequest& request)
    : shared_(shared), table_(table), request_(request), files_(from_token(request.token())) {
  if (files_.size() > 1) {
    texts_ = std::make_unique<Texts>(shared_.databases.workspace());
  }
  rows_ = std::make_unique<RowMaker>(table_, shared_.selection, request_, files_.front().language,
                                     texts_.get());
}

std::unique_ptr<Entries> SliceReader::open(const SliceFile& file, uint64_t skipped) const {
  if (shared_.selection.databases) {
    try {
      return open_table(shared_.databases.get(file.language, file.path), table_.table, skipped);
    } catch (const Error& error) {
      if (error.code() == Code::kNotFound) {
        shared_.missing.add(file, table_.table);
      }
      throw;
    }
  }
  auto entries = open_json(shared_.client, file.path);
  for (uint64_t i = 0; i < skipped; ++i) {
    if (!entries->next()) {
      throw Error(Code::kBadState, "The file has fewer entries than were read from it before.");
    }
  }
  return entries;
}

void SliceReader::gather_translations() {
  for (std::size_t i = 1; i < files_.size(); ++i) {
    const auto entries = open(files_[i], 0);
    Entry entry;
    for (uint64_t count = 1; entries->next(); ++count) {
      (void)entry.parse(entries->json());
      texts_->add(i - 1, entries->key(), translation_of(table_, entry));
      if (count % kLookEvery == 0) {
        shared_.host.check_cancel();
      }
    }
  }
  texts_->close();
}

// A file never changes under its path, so a place in it is a number of entries.
void SliceReader::start(const sluice::json& state) {
  if (state.is_object() && state.contains("entries")) {
    if (!state["entries"].is_number_unsigned() || !state.contains("path") ||
        state["path"] != files_.front().path) {
      throw Error(Code::kBadState, "The table was published anew; it is read from its start.");
    }
    read_ = state["entries"].get<uint64_t>();
  }
  if (texts_) {
    gather_translations();
  }
  entries_ = open(files_.front(), read_);
}

bool SliceReader::next(sluice::Batch& batch, sluice::json& state) {
  if (!entries_) {
    start(state);
  }
  while (entries_->next()) {
    ++read_;
    rows_->add(batch, entries_->key(), entries_->json());
    if (read_ % kLookEvery == 0) {
      shared_.host.check_cancel();
    }
    if (batch.full()) {
      state = {{"path", files_.front().path}, {"entries", read_}};
      return true;
    }
  }
  finish();
  return false;
}

void SliceReader::finish() const {
  if (texts_ && texts_->left() > 0 && table_.rows == Rows::kEntries) {
    request_.note("only_in_further_language",
                  "Entries of " + table_.table + " that " + files_.front().language +
                      ", the first of the languages, does not have are not stored.",
                  texts_->left());
  }
}

}  // namespace bungie
