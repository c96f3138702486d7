// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

#include <charconv>
#include <utility>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace bungie {

namespace {

constexpr std::size_t kMostVendor = std::size_t{16} << 20U;  // bytes of one vendor's list

constexpr std::string_view kHashVersion = "2";  // another one makes every row of earlier ones new

// Goes before what the content hash of a row is of: which columns the row has and where in the
// entry they stand. Sinks leave rows alone whose hash is the same, so that a new column would stay
// empty in all that did not change.
Fingerprint seed_of(const sluice::Stream& stream) {
  std::string columns(kHashVersion);
  for (const auto& column : stream.columns()) {
    columns += "\n" + column.name + " " + column.options.source_name;
  }
  return fingerprint(columns);
}

sluice::RecordDecoder make_decoder(const Table& table, const Selection& selection,
                                   const sluice::ReadRequest& request) {
  const sluice::Stream stream = make_stream(table, selection);
  sluice::RecordDecoder out(stream, request);
  if (selection.definitions) {
    out.whole("definition");
  } else {
    out.ignore("");  // what no column takes
  }
  // Definitions leave out what does not apply to them: that is nothing to report.
  for (const auto& column : stream.columns()) {
    if (!column.options.source_name.empty()) {
      out.optional(column.name);
    }
  }
  return out;
}

// Texts of databases come unchecked; those of files are JSON already.
bool is_json(std::string_view text) {
  try {
    auto members = sluice::JsonStream::over(text, "", {.name = {}, .max_element = text.size() + 1});
    while (members.next()) {
    }
    return true;
  } catch (const sluice::Error&) {
    return false;
  }
}

}  // namespace

Translation translation_of(const Table& table, const Entry& entry) {
  Translation out{.texts = {}, .digest = entry.digest()};
  for (const Field& field : translated_fields(table)) {
    out.texts.push_back(entry.has_text(field.pointer)
                            ? std::optional(std::string(entry.text(field.pointer)))
                            : std::nullopt);
  }
  return out;
}

RowMaker::RowMaker(const Table& table, const Selection& selection,
                   const sluice::ReadRequest& request, const std::string& language, Texts* texts)
    : table_(table),
      selection_(selection),
      request_(request),
      language_(language),
      texts_(texts),
      translated_(translated_fields(table)),
      decoder_(make_decoder(table, selection, request)),
      seed_(seed_of(make_stream(table, selection))) {
  for (const Field& field : table.fields) {
    if (field.column.ends_with("_hash")) {
      references_.emplace_back(field.column);
    }
  }
  for (std::size_t i = 1; texts_ != nullptr && i < selection.languages.size(); ++i) {
    auto& names = columns_.emplace_back();
    for (const Field& field : translated_) {
      names.push_back(column_of(field, selection.languages[i], selection));
    }
  }
}

// The entry's hash; nothing if what names it is no number of 32 bits.
std::optional<uint32_t> RowMaker::hash_of(std::string_view key, std::string_view json) {
  uint32_t hash = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), hash);
  if (key.empty() || error != std::errc() || end != key.data() + key.size()) {
    request_.reject("entry_hash",
                    "The entry is named '" + std::string(key.substr(0, 100)) +
                        "', which is no hash of 32 bits. If the table " + table_.table +
                        " has text keys, add it to text_keys.",
                    json);
    return std::nullopt;
  }
  return hash;
}

bool RowMaker::is_wanted() const {
  constexpr int64_t kCurrencyType = 1;
  constexpr int64_t kCurrencyCategory = 18;
  return table_.rows != Rows::kCurrencies || entry_.number("/itemType") == kCurrencyType ||
         entry_.holds("/itemCategoryHashes", kCurrencyCategory);
}

void RowMaker::add(sluice::Batch& batch, std::string_view key, std::string_view json) {
  // Whether it is a currency cannot be told without a tree; it must not be left out in silence.
  const bool needs_tree = table_.rows == Rows::kCurrencies;
  if (!entry_.parse(json) && (needs_tree || !is_json(json))) {
    request_.reject("entry_json",
                    "The entry '" + std::string(key.substr(0, 100)) + "' of " + table_.table +
                        (needs_tree ? " cannot be looked into." : " is not JSON."),
                    json);
  } else if (table_.rows != Rows::kSales) {
    if (is_wanted()) {
      add_entry(batch, key, json);
    }
  } else if (const auto vendor = hash_of(key, json)) {
    add_sales(batch, *vendor, json);
  }
}

void RowMaker::add_entry(sluice::Batch& batch, std::string_view key, std::string_view json) {
  Values values;
  if (table_.text_keys) {
    values.push_back({"key", key});
  } else {
    const auto hash = hash_of(key, json);
    if (!hash) {
      return;
    }
    if (const int64_t own = entry_.number("/hash"); own != 0 && own != *hash) {
      request_.note("other_hash",
                    "An entry is named otherwise than its member hash says; the name "
                    "of " +
                        table_.table + "/" + std::string(key) + " holds.");
    }
    values.push_back({"hash", int64_t{*hash}});
    values.push_back({"hash_signed", static_cast<int32_t>(*hash)});
  }
  Fingerprint digest = entry_.digest();
  add_translations(key, values, digest);
  append(batch, json, values, digest);
}

void RowMaker::add_translations(std::string_view key, Values& values, Fingerprint& digest) {
  found_.clear();
  found_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto found = texts_->find(i, key);
    if (found) {
      found_[i] = std::move(*found);
    }
    found_[i].texts.resize(translated_.size());
    digest = digest.then(found_[i].digest);
    for (std::size_t f = 0; f < translated_.size(); ++f) {
      const auto& text = found_[i].texts[f];
      values.push_back({columns_[i][f], text ? sluice::FixedValue(std::string_view(*text))
                                             : sluice::FixedValue(std::nullopt)});
    }
  }
}

void RowMaker::add_sales(sluice::Batch& batch, uint32_t vendor, std::string_view json) {
  auto list = sluice::JsonStream::over(
      json, "/itemList",
      {.name = "A vendor's list", .max_element = kMostVendor, .max_rest = kMostVendor});
  while (list.next()) {
    (void)entry_.parse(list.text());
    Values values{{"vendor_hash", int64_t{vendor}}};
    append(batch, list.text(), values, entry_.digest());
  }
}

void RowMaker::append(sluice::Batch& batch, std::string_view json, Values& values,
                      const Fingerprint& digest) {
  digest_ = seed_.then(digest).text();
  values.push_back({"content_hash", std::string_view(digest_)});
  if (!selection_.columns) {
    values.push_back({"language", std::string_view(language_)});
  }
  if (!decoder_.row(batch, json, values)) {
    return;
  }
  for (const auto& column : references_) {
    if (decoder_.value(column).text == "0") {
      auto& cells = batch.column(column);
      cells.truncate(batch.rows() - 1);
      cells.append_null();
    }
  }
}

}  // namespace bungie
