// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/words.hpp"

#include <algorithm>
#include <cctype>

namespace sluice::twin::blizzard {
namespace {

using Row = std::array<const char*, 7>;  // by Word

// By locale.
constexpr std::array<Row, 12> kNouns = {{
    {"Blade", "It hums when \"touched\".", "Goods", "Kind", "Grade", "Slot", "State"},
    {"Cuchilla", "Zumba al \"tocarla\".", "Bienes", "Tipo", "Grado", "Casilla", "Estado"},
    {"Lâmina", "Zune quando \"tocada\".", "Bens", "Espécie", "Grau", "Espaço", "Situação"},
    {"Klinge", "Sie summt bei \"Berührung\".", "Güter", "Art", "Güte", "Platz", "Zustand"},
    {"Blade", "It hums when \"touched\".", "Goods", "Kind", "Grade", "Slot", "State"},
    {"Hoja", "Zumba si se \"toca\".", "Bienes", "Clase", "Grado", "Hueco", "Estado"},
    {"Lame", "Elle vibre, même \"posée\".", "Biens", "Genre", "Degré", "Place", "État"},
    {"Lama", "Ronza se \"toccata\".", "Beni", "Genere", "Grado", "Posto", "Stato"},
    {"Клинок", "Гудит, если \"тронуть\".", "Товары", "Вид", "Класс", "Место", "Состояние"},
    {"칼날", "닿으면 \"울린다\".", "물품", "종류", "등급", "자리", "상태"},
    {"刀刃", "觸之則「鳴」。", "貨物", "種類", "等級", "位置", "狀態"},
    {"刀刃", "触之则“鸣”。", "货物", "种类", "等级", "位置", "状态"},
}};

}  // namespace

int find_locale(std::string_view name) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  for (std::size_t i = 0; i < kLocales.size(); ++i) {
    if (std::equal(name.begin(), name.end(), kLocales[i].begin(), kLocales[i].end(), same)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

std::string word(Word kind, std::uint64_t n, std::size_t locale) {
  return std::string(kNouns.at(locale).at(static_cast<std::size_t>(kind))) + " " +
         std::to_string(n);
}

}  // namespace sluice::twin::blizzard
