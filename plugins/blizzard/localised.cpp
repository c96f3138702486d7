// SPDX-License-Identifier: Apache-2.0
#include "localised.hpp"

#include "canonical.hpp"

namespace blizzard {

namespace {

constexpr std::string_view kHashVersion = "2";  // another one makes every row of earlier ones new
constexpr const char* kUndetermined = "und";    // BCP 47

}  // namespace

std::vector<std::string> row_locales(const Selection& selection, simdjson::dom::element document) {
  if (!selection.locales.empty()) {
    return selection.locales;
  }
  auto out = locales_in(document);
  return out.empty() ? std::vector<std::string>{kUndetermined} : out;
}

std::string hash_seed(const sluice::Stream& stream) {
  std::string columns(kHashVersion);
  for (const auto& column : stream.columns()) {
    columns += "\n" + column.name + " " + column.options.source_name;
  }
  return content_hash(columns);
}

bool LocalisedRows::append(sluice::Batch& batch, const World& world, simdjson::dom::element record,
                           const std::vector<sluice::Fixed>& extra, std::string_view place) {
  bool whole = true;
  for (const std::string& locale : row_locales(selection_, record)) {
    text_.clear();
    write_canonical(record, locale, text_);
    const std::string hash = content_hash({seed_, place, text_});
    std::vector<sluice::Fixed> fixed{
        {"region", world.region}, {"game", world.game}, {"locale", locale}, {"content_hash", hash}};
    if (has_document_) {
      fixed.push_back({"document", std::string_view(text_)});
    }
    fixed.insert(fixed.end(), extra.begin(), extra.end());
    whole = decoder_.row(batch, text_, fixed) && whole;
  }
  return whole;
}

}  // namespace blizzard
