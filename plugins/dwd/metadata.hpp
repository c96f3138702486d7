// SPDX-License-Identifier: Apache-2.0
//
// What DWD publishes about a station: the members `Metadaten_*` of an archive, tables between
// semicolons whose rows hold for a span of days.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive.hpp"

namespace dwd {

// Both days included, as days since 1970-01-01; nothing = open or not known.
struct Span {
  std::optional<int32_t> from_day{}, to_day{};
};

struct PositionRow {
  Span span;
  std::optional<double> height;  // m above sea level
  double latitude = 0, longitude = 0;
  std::string name;
};
struct NameRow {
  Span span;
  bool is_operator = false;  // else the station
  std::string name;
};
struct ParameterRow {
  Span span;
  std::string code, station_name, description, unit, data_source, remarks, particulars, literature;
};
struct InstrumentRow {
  Span span;
  std::string component;  // of the member's name, such as "Lufttemperatur"
  std::string station_name, device, method;
  std::optional<double> latitude, longitude, station_height;
  std::optional<double> sensor_height;     // m above ground
  std::optional<double> barometer_height;  // m above sea level
};

enum class MemberKind : uint8_t { kPositions, kNames, kParameters, kInstruments };

struct Member {
  MemberKind kind = MemberKind::kPositions;
  std::string name;  // of the file, without folders
  std::string component{};
  std::string text{};  // as it stands there
};

// A member that a table is read from: a text; pages that show the same in HTML are not. Positions
// were called `Stationsmetadaten_*` until 2017, names `Metadaten_Stationsname_*` until 2018.
std::optional<Member> parse_member_name(std::string_view path);

// The next members of the archive, gathered: memory is bounded by limits on number and size, which
// throw sluice::Error (BAD_DATA). `name` is what the archive's next() gave; other members are left
// unread. Of two members with one name the first counts.
class MemberSet {
 public:
  void take(std::string_view name, Archive& archive);
  const std::vector<Member>& members() const noexcept { return members_; }
  bool has(MemberKind kind) const noexcept;
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::vector<Member> members_;
  std::size_t bytes_ = 0;
};

// Takes a line that cannot become a row.
using RejectLine = std::function<void(std::string_view reason, std::string_view line)>;

// The rows of a member, which must be of that kind, in its order. `station` is whose they are:
// lines of others are rejected, as are those without readable days or with an end before the
// beginning. Throws sluice::Error (BAD_DATA) for a text whose header lacks columns, or with more
// than 1000 rejected lines.
void parse_positions(const Member& member, int32_t station,
                     const std::function<void(const PositionRow&)>& tell, const RejectLine& reject);
void parse_names(const Member& member, int32_t station,
                 const std::function<void(const NameRow&)>& tell, const RejectLine& reject);
void parse_parameters(const Member& member, int32_t station,
                      const std::function<void(const ParameterRow&)>& tell,
                      const RejectLine& reject);
void parse_instruments(const Member& member, int32_t station,
                       const std::function<void(const InstrumentRow&)>& tell,
                       const RejectLine& reject);

// "YYYYMMDD" or "DD.MM.YYYY", with or without "-HH:MM" behind it → days since 1970-01-01. Nothing
// unless it is a date.
std::optional<int32_t> parse_any_day(std::string_view text) noexcept;

}  // namespace dwd
