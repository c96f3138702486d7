// SPDX-License-Identifier: Apache-2.0
//
// What was gained in a window: of a group one metric of all members, of a player all metrics that
// are wanted.
#include <charconv>
#include <cmath>

#include "metrics.hpp"
#include "names.hpp"
#include "readers.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/time_text.hpp"
#include "window.hpp"

namespace wiseoldman {

namespace {

using sluice::Batch;
using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::Next;

const json& member(const json& of, std::string_view key) {
  static const json kNothing;
  const auto found = of.is_object() ? of.find(key) : of.end();
  return of.is_object() && found != of.end() ? *found : kNothing;
}

std::optional<double> number(const json& value) {
  if (value.is_number()) {
    return value.get<double>();
  }
  double out = 0;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole && std::isfinite(out) ? std::optional(out) : std::nullopt;
}

// Experience is far below 2^53, so a double holds it exactly. -1 says unranked.
std::optional<int64_t> whole(const json& value) {
  const auto out = number(value);
  constexpr double kExact = 9007199254740992;
  const bool fits = out && *out == std::floor(*out) && std::abs(*out) <= kExact && *out != -1;
  return fits ? std::optional(static_cast<int64_t>(*out)) : std::nullopt;
}

std::optional<double> hours(const json& value) {
  const auto out = number(value);
  return out && *out != -1 ? std::optional(rounded(*out)) : std::nullopt;
}

std::optional<int64_t> micros(const json& value) {
  const auto time = value.is_string() ? sluice::parse_time(value.get<std::string>()) : std::nullopt;
  return time ? std::optional(time->time.time_since_epoch().count()) : std::nullopt;
}

bool is_computed(std::string_view metric) {
  return metric == "ehp" || metric == "ehb";
}

class GainedReader final : public SliceReader {
 public:
  GainedReader(const Service& service, const sluice::ReadRequest& request)
      : service_(service),
        request_(request),
        range_(to_dates(request.from_us(), request.to_us())) {}

  Next next(Batch& batch, json&) override {
    if (done_ || range_.empty()) {
      return Next::kEnd;
    }
    done_ = true;
    // "group/139/overall", "player/1135"
    const std::string_view partition = request_.partition();
    const std::string_view rest = partition.substr(partition.find('/') + 1);
    if (partition.starts_with("group/")) {
      read_group_window(batch, id_of(rest.substr(0, rest.find('/'))),
                        std::string(rest.substr(rest.find('/') + 1)));
    } else {
      read_player_window(batch, id_of(rest));
    }
    return Next::kEnd;
  }

 private:
  struct Seen {
    std::optional<int64_t> first_us, last_us;
  };

  void read_group_window(Batch& batch, int64_t group, const std::string& metric) {
    // Older servers give 20 unless told otherwise, newer ones give all.
    const std::string path = "/groups/" + std::to_string(group) +
                             "/gained?metric=" + encoded(metric) + "&" + range_.query() +
                             "&limit=100000";
    sluice::JsonStream items(service_.client.open(path), "");
    while (items.next()) {
      const json item = json::parse(items.text(), nullptr, false);
      const auto player = whole(member(member(item, "player"), "id"));
      if (!player) {
        request_.reject("required_field", "/player/id: is missing or of another type.",
                        items.text());
        continue;
      }
      const json& data = member(item, "data");
      const Seen seen{micros(member(item, "startDate")), micros(member(item, "endDate"))};
      put(batch, *player, metric, is_computed(metric) ? json() : data,
          is_computed(metric) ? data : json(), seen);
    }
    if (items.target() != sluice::JsonTarget::kArray) {
      throw Error(Code::kBadData, path + " answered something else than a list.").retryable();
    }
  }

  void read_player_window(Batch& batch, int64_t player) {
    service_.roster.with_name(player, [&](const std::string& name) {
      batch.truncate(0);
      const json answer =
          service_.client.open("/players/" + encoded(name) + "/gained?" + range_.query())
              .read_all()
              .parsed();
      const Seen seen{micros(member(answer, "startsAt")), micros(member(answer, "endsAt"))};
      const json& data = member(answer, "data");
      for (const std::string& metric : service_.selection.config.gained_metrics) {
        put_player(batch, player, metric, data, seen);
      }
      return Whose::kUnproven;  // the answer does not say
    });
  }

  void put_player(Batch& batch, int64_t player, const std::string& metric, const json& data,
                  const Seen& seen) {
    for (const SectionKind& kind : kSectionKinds) {
      const json& found = member(member(data, kind.key), metric);
      if (found.is_object()) {
        put(batch, player, metric, kind.value.empty() ? json() : member(found, kind.value),
            kind.hours.empty() ? json() : member(found, kind.hours), seen);
        return;
      }
    }
    request_.note("unknown_metric", metric);
  }

  // The service looks for the first snapshot after the start and the last before the end, each for
  // itself: of a player who was not seen in the window they cross.
  void put(Batch& batch, int64_t player, const std::string& metric, const json& value,
           const json& in_hours, const Seen& seen) const {
    if (!seen.first_us || !seen.last_us || *seen.first_us > *seen.last_us) {
      request_.note("not_seen", "A player was not looked at within a window of gained.");
      return;
    }
    batch.row(player, metric, request_.from_us(), request_.to_us(), whole(member(value, "gained")),
              whole(member(value, "start")), whole(member(value, "end")),
              hours(member(in_hours, "gained")), seen.first_us, seen.last_us);
  }

  Service service_;
  const sluice::ReadRequest& request_;
  DateRange range_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_gained(const Service& service,
                                         const sluice::ReadRequest& request) {
  return std::make_unique<GainedReader>(service, request);
}

}  // namespace wiseoldman
