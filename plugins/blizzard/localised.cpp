// SPDX-License-Identifier: Apache-2.0
#include "localised.hpp"

#include "canonical.hpp"

namespace blizzard {

namespace {

// Goes before what is hashed: another number makes every row of earlier versions new.
constexpr std::string_view kHashVersion = "1 ";
constexpr const char* kUndetermined = "und";  // BCP 47

}  // namespace

std::vector<std::string> row_locales(const Selection& selection, simdjson::dom::element document) {
  if (!selection.locales.empty()) {
    return selection.locales;
  }
  auto out = locales_in(document);
  return out.empty() ? std::vector<std::string>{kUndetermined} : out;
}

void LocalisedRows::append(sluice::Batch& batch, const World& world, simdjson::dom::element record,
                           const std::vector<sluice::Fixed>& extra) {
  for (const std::string& locale : row_locales(selection_, record)) {
    text_ = kHashVersion;
    write_canonical(record, locale, text_);
    const std::string hash = content_hash(text_);
    const std::string_view document = std::string_view(text_).substr(kHashVersion.size());
    std::vector<sluice::Fixed> fixed{
        {"region", world.region}, {"game", world.game}, {"locale", locale}, {"content_hash", hash}};
    if (has_document_) {
      fixed.push_back({"document", document});
    }
    fixed.insert(fixed.end(), extra.begin(), extra.end());
    decoder_.row(batch, document, fixed);
  }
}

}  // namespace blizzard
