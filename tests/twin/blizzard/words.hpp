// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::twin::blizzard {

// The languages of the service, in the order in which its documents list them.
constexpr std::array<std::string_view, 12> kLocales = {"en_US", "es_MX", "pt_BR", "de_DE",
                                                       "en_GB", "es_ES", "fr_FR", "it_IT",
                                                       "ru_RU", "ko_KR", "zh_TW", "zh_CN"};

// Position in kLocales of a locale in any case, or -1.
int find_locale(std::string_view name);

enum class Word : std::uint8_t { kItem, kDescription, kClass, kSubclass, kQuality, kSlot, kOther };

// The name of the n-th thing of a kind in a language; no two of a kind are alike.
std::string word(Word kind, std::uint64_t n, std::size_t locale);

}  // namespace sluice::twin::blizzard
