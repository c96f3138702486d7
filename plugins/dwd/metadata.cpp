// SPDX-License-Identifier: Apache-2.0
#include "metadata.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "names.hpp"
#include "sluice/cpp/error.hpp"
#include "text.hpp"

namespace dwd {

namespace {

constexpr std::size_t kMostMembers = 200;                     // about a dozen are usual
constexpr std::size_t kMostText = std::size_t{1} << 20U;      // bytes of a member; 20 KB are usual
constexpr std::size_t kMostTexts = std::size_t{4} << 20U;     // bytes of all
constexpr std::size_t kLongestLine = std::size_t{16} << 10U;  // bytes; 600 are usual
constexpr std::size_t kMostRejected = 1000;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

sluice::Error bad(const Member& member, const std::string& what) {
  return {sluice::Code::kBadData, "The member " + to_utf8(member.name) + " " + what};
}

// A row under the header that stands above it.
class Line {
 public:
  Line(const std::vector<std::string>& header, std::vector<std::string_view> fields)
      : header_(header), fields_(std::move(fields)) {}

  // The column of that name, else the first whose name holds one of the words; kNone if there is
  // none.
  std::size_t find(std::initializer_list<std::string_view> words) const {
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (std::find(words.begin(), words.end(), header_[i]) != words.end()) {
        return i;
      }
    }
    for (std::size_t i = 0; i < header_.size(); ++i) {
      for (const auto word : words) {
        if (header_[i].find(word) != std::string::npos) {
          return i;
        }
      }
    }
    return kNone;
  }
  std::string_view field(std::initializer_list<std::string_view> words) const {
    const auto column = find(words);
    return column < fields_.size() ? fields_[column] : std::string_view{};
  }
  std::string text(std::initializer_list<std::string_view> words) const {
    return to_utf8(field(words));
  }
  // False if there is something else than a number between the limits. Blank is nothing.
  bool number(std::initializer_list<std::string_view> words, double least, double most,
              std::optional<double>& out) const {
    const auto value = field(words);
    out.reset();
    if (value.empty()) {
      return true;
    }
    double parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size() ||
        !(parsed >= least && parsed <= most)) {
      return false;
    }
    out = parsed;
    return true;
  }
  bool height(std::initializer_list<std::string_view> words, std::optional<double>& out) const {
    return number(words, -1000, 10'000, out);
  }
  bool station(int32_t wanted) const {
    const auto value = fields_[0];
    int32_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    return error == std::errc{} && end == value.data() + value.size() && parsed == wanted;
  }
  // Blank days are open, and so is an end that is further than any calendar's need.
  bool span(Span& out) const {
    constexpr int32_t kNever = 376'200;  // the year 2999
    const auto from = field({"von_datum"});
    const auto to = field({"bis_datum"});
    out.from_day = parse_any_day(from);
    out.to_day = parse_any_day(to);
    if ((!from.empty() && !out.from_day) || (!to.empty() && !out.to_day)) {
      return false;
    }
    if (out.to_day && *out.to_day >= kNever) {
      out.to_day.reset();
    }
    return !out.from_day || !out.to_day || *out.from_day <= *out.to_day;
  }
  bool whole() const noexcept { return fields_.size() == header_.size(); }

 private:
  const std::vector<std::string>& header_;
  std::vector<std::string_view> fields_;
};

// Trailing blank fields come and go with the last semicolon.
std::vector<std::string_view> fields_of(std::string_view line) {
  auto fields = split_fields(line);
  if (fields.size() > 1 && fields.back().empty() && fields[fields.size() - 2] == "eor") {
    fields.pop_back();
  }
  return fields;
}

bool is_note(std::string_view line) {
  const std::string start = lower(line.substr(0, 12));
  return start.starts_with("generiert:") || start.starts_with("legende:");
}

// Walks the tables of a member. `row` returns why a line is none, or null.
class Walker {
 public:
  Walker(const Member& member, int32_t station, const RejectLine& reject)
      : member_(member), station_(station), reject_(reject) {}

  // Every header must have a column for each of `needed`.
  template <class Row>
  void walk(std::initializer_list<std::string_view> needed, const Row& row) {
    std::string_view rest = member_.text;
    if (rest.starts_with("\xEF\xBB\xBF")) {
      rest.remove_prefix(3);
    }
    while (!rest.empty()) {
      const auto line = trim(take_line(rest));
      if (line.empty() || is_note(line)) {
        continue;
      }
      if (line.size() > kLongestLine) {
        reject("the line is longer than 16 KiB", line.substr(0, 200));
        continue;
      }
      auto fields = fields_of(line);
      if (lower(fields[0]) == "stations_id") {
        begin(fields, needed);
      } else if (header_.empty()) {
        reject("a line stands above the table's header", line);
      } else if (const char* why = judge(Line(header_, std::move(fields)), row)) {
        reject(why, line);
      }
    }
  }

 private:
  void begin(const std::vector<std::string_view>& fields,
             std::initializer_list<std::string_view> needed) {
    header_.clear();
    for (const auto field : fields) {
      header_.push_back(lower(field));
    }
    const Line header(header_, {});
    for (const auto word : needed) {
      if (header.find({word}) == kNone) {
        throw bad(member_, "has no column '" + std::string(word) + "', so it is another table.");
      }
    }
  }
  template <class Row>
  const char* judge(const Line& line, const Row& row) const {
    if (!line.whole()) {
      return "the line does not have the fields of its header";
    }
    if (!line.station(station_)) {
      return "the line is not of the archive's station";
    }
    Span span;
    if (!line.span(span)) {
      return "the days cannot be read, or end before they begin";
    }
    return row(line, span);
  }
  void reject(std::string_view why, std::string_view line) {
    if (++rejected_ > kMostRejected) {
      throw bad(member_, "has more than 1000 lines that cannot be read; it is no table.");
    }
    reject_(why, line);
  }

  const Member& member_;
  int32_t station_;
  const RejectLine& reject_;
  std::vector<std::string> header_;
  std::size_t rejected_ = 0;
};

constexpr const char* kBlankName = "the name is missing";

}  // namespace

std::optional<Member> parse_member_name(std::string_view path) {
  struct Prefix {
    std::string_view text;
    MemberKind kind;
  };
  constexpr Prefix kPrefixes[] = {{"Metadaten_Geographie", MemberKind::kPositions},
                                  {"Stationsmetadaten", MemberKind::kPositions},
                                  {"Metadaten_Stationsname", MemberKind::kNames},
                                  {"Metadaten_Parameter", MemberKind::kParameters},
                                  {"Metadaten_Geraete", MemberKind::kInstruments}};
  const auto slash = path.find_last_of("/\\");
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (!name.ends_with(".txt")) {
    return std::nullopt;
  }
  for (const auto& [text, kind] : kPrefixes) {
    const std::string_view rest = name.starts_with(text) ? name.substr(text.size()) : "";
    if (!rest.starts_with('_') && !rest.starts_with('.')) {
      continue;
    }
    Member out{kind, std::string(name)};
    if (kind == MemberKind::kInstruments) {  // _Lufttemperatur_00044.txt
      const auto end = rest.rfind('_');
      if (end == 0 || end == std::string_view::npos) {
        return std::nullopt;
      }
      out.component = to_utf8(rest.substr(1, end - 1));
    }
    return out;
  }
  return std::nullopt;
}

void MemberSet::take(std::string_view name, Archive& archive) {
  auto member = parse_member_name(name);
  const bool known = member && std::any_of(members_.begin(), members_.end(),
                                           [&](const Member& m) { return m.name == member->name; });
  if (!member || known) {
    return;
  }
  if (members_.size() == kMostMembers) {
    throw sluice::Error(sluice::Code::kBadData,
                        "The archive holds more than " + std::to_string(kMostMembers) +
                            " tables of metadata; it is not one of a station.");
  }
  std::array<char, 16384> part{};
  while (const std::size_t size = archive.read(part.data(), part.size())) {
    bytes_ += size;
    if (member->text.size() + size > kMostText || bytes_ > kMostTexts) {
      throw bad(*member, "is longer than a station's metadata can be (1 MiB, all of them 4 MiB).");
    }
    member->text.append(part.data(), size);
  }
  members_.push_back(std::move(*member));
}

bool MemberSet::has(MemberKind kind) const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Member& m) { return m.kind == kind; });
}

void parse_positions(const Member& member, int32_t station,
                     const std::function<void(const PositionRow&)>& tell,
                     const RejectLine& reject) {
  Walker(member, station, reject)
      .walk({"stationshoehe", "breite", "laenge", "von_datum", "bis_datum"},
            [&](const Line& line, const Span& span) -> const char* {
              PositionRow row{span, {}, 0, 0, line.text({"stationsname", "stations_name"})};
              std::optional<double> latitude, longitude;
              if (!line.height({"stationshoehe"}, row.height) ||
                  !line.number({"breite"}, -90, 90, latitude) ||
                  !line.number({"laenge"}, -180, 180, longitude) || !latitude || !longitude) {
                return "the position cannot be read";
              }
              row.latitude = *latitude;
              row.longitude = *longitude;
              tell(row);
              return nullptr;
            });
}

void parse_names(const Member& member, int32_t station,
                 const std::function<void(const NameRow&)>& tell, const RejectLine& reject) {
  Walker(member, station, reject)
      .walk({"name", "von_datum", "bis_datum"},
            [&](const Line& line, const Span& span) -> const char* {
              NameRow row{span, line.find({"betreiber"}) != kNone, line.text({"name"})};
              if (row.name.empty()) {
                return kBlankName;
              }
              tell(row);
              return nullptr;
            });
}

void parse_parameters(const Member& member, int32_t station,
                      const std::function<void(const ParameterRow&)>& tell,
                      const RejectLine& reject) {
  Walker(member, station, reject)
      .walk({"parameter", "von_datum", "bis_datum"},
            [&](const Line& line, const Span& span) -> const char* {
              ParameterRow row{span,
                               line.text({"parameter"}),
                               line.text({"stationsname", "stations_name"}),
                               line.text({"beschreibung"}),
                               line.text({"einheit"}),
                               line.text({"datenquelle"}),
                               line.text({"zusatz"}),
                               line.text({"besonderheit"}),
                               line.text({"literatur"})};
              if (row.code.empty()) {
                return kBlankName;
              }
              tell(row);
              return nullptr;
            });
}

void parse_instruments(const Member& member, int32_t station,
                       const std::function<void(const InstrumentRow&)>& tell,
                       const RejectLine& reject) {
  Walker(member, station, reject)
      .walk({"geraetetyp", "von_datum", "bis_datum"},
            [&](const Line& line, const Span& span) -> const char* {
              InstrumentRow row{span,
                                member.component,
                                line.text({"stationsname", "stations_name"}),
                                line.text({"geraetetyp"}),
                                line.text({"messverfahren"}),
                                {},
                                {},
                                {},
                                {},
                                {}};
              if (!line.number({"breite"}, -90, 90, row.latitude) ||
                  !line.number({"laenge"}, -180, 180, row.longitude) ||
                  !line.height({"stationshoehe"}, row.station_height) ||
                  !line.height({"geberhoehe"}, row.sensor_height) ||
                  !line.height({"barometerhoehe"}, row.barometer_height)) {
                return "the position cannot be read";
              }
              tell(row);
              return nullptr;
            });
}

std::optional<int32_t> parse_any_day(std::string_view text) noexcept {
  if (text.size() == 16 && text[10] == '-' && text[13] == ':') {
    text = text.substr(0, 10);
  }
  if (text.size() != 10 || text[2] != '.' || text[5] != '.') {
    return parse_day(text);
  }
  std::array<char, 8> turned{};
  text.copy(turned.data(), 4, 6);
  text.copy(turned.data() + 4, 2, 3);
  text.copy(turned.data() + 6, 2, 0);
  return parse_day({turned.data(), turned.size()});
}

}  // namespace dwd
