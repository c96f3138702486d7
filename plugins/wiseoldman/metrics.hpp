// SPDX-License-Identifier: Apache-2.0
//
// The metrics that a snapshot has, as far as they were known when this was written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wiseoldman {

enum class Section : uint8_t { kSkills, kBosses, kActivities, kComputed };

// How the metrics of a section are written.
struct SectionKind {
  Section section;
  std::string_view key;    // in "data"
  std::string_view kind;   // in rows
  std::string_view value;  // member with the value
  std::string_view hours;  // member with the efficient hours; empty: none
  std::string_view unit;
};

inline constexpr std::array<SectionKind, 4> kSectionKinds{
    {{Section::kSkills, "skills", "skill", "experience", "ehp", "xp"},
     {Section::kBosses, "bosses", "boss", "kills", "ehb", "kills"},
     {Section::kActivities, "activities", "activity", "score", "", "points"},
     {Section::kComputed, "computed", "computed", "", "value", "h"}}};

inline const SectionKind* find_section(std::string_view key) {
  for (const SectionKind& kind : kSectionKinds) {
    if (kind.key == key) {
      return &kind;
    }
  }
  return nullptr;
}

struct Metric {
  std::string_view name;
  Section section;
};

std::span<const Metric> known_metrics();

// One metric of a snapshot; nothing where the service says -1.
struct MetricValue {
  std::optional<int64_t> value;  // experience, kills, score
  std::optional<int64_t> rank;
  std::optional<int64_t> level;
  std::optional<double> hours;  // ehp, ehb; of computed metrics the value
};

// To five digits behind the point, which is how exact the service is.
double rounded(double value);

}  // namespace wiseoldman
