// SPDX-License-Identifier: Apache-2.0
//
// Entries into rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "fingerprint.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/records.hpp"
#include "texts.hpp"

namespace bungie {

// The texts of an entry, for another language's columns. `entry` was parsed.
Translation translation_of(const Table& table, const Entry& entry);

// Threads: that of the reader. `table`, `selection`, `request` and `texts` must outlive it.
class RowMaker {
 public:
  // `language` is that of the entries; `texts`, of the further ones, may be null.
  RowMaker(const Table& table, const Selection& selection, const sluice::ReadRequest& request,
           const std::string& language, Texts* texts);

  // Appends what becomes of one entry: a row, several, or none.
  void add(sluice::Batch& batch, std::string_view key, std::string_view json);

 private:
  using Values = std::vector<sluice::Fixed>;
  std::optional<uint32_t> hash_of(std::string_view key, std::string_view json);
  void add_entry(sluice::Batch& batch, std::string_view key, std::string_view json);
  void add_sales(sluice::Batch& batch, uint32_t vendor, std::string_view json);
  void add_translations(std::string_view key, Values& values, Fingerprint& digest);
  void append(sluice::Batch& batch, std::string_view json, Values& values,
              const Fingerprint& digest);
  bool is_wanted() const;

  const Table& table_;
  const Selection& selection_;
  const sluice::ReadRequest& request_;
  const std::string language_;
  Texts* const texts_;
  std::vector<Field> translated_;
  std::vector<std::vector<std::string>> columns_;  // of translated fields, by further language
  std::vector<std::string> references_;            // columns in which 0 means none
  sluice::RecordDecoder decoder_;
  const Fingerprint seed_;
  Entry entry_;
  std::vector<Translation> found_;  // of the entry at hand; values refer to it
  std::string digest_;
};

}  // namespace bungie
