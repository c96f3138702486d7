// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/wiseoldman/wiseoldman_service.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/twin/hash.hpp"
#include "tests/twin/limits/gate.hpp"
#include "tests/twin/wiseoldman/documents.hpp"
#include "tests/twin/wiseoldman/world.hpp"

namespace sluice::twin::wiseoldman {
namespace {

using nlohmann::json;

constexpr std::string_view kMount = "/wiseoldman";
constexpr std::int64_t kMostOfList = 50;
constexpr std::int64_t kMostSnapshots = 200;
constexpr std::size_t kDefaultLimit = 20;

// An answer that is an error: thrown by whatever finds out.
struct Refusal {
  int status;
  const char* code;
  std::string message;
};

struct Window {
  std::int64_t from_ms = INT64_MIN / 2;
  std::int64_t to_ms = INT64_MAX;
  bool given = false;
};

Response to_response(const Refusal& refusal) {
  return make_response(refusal.status, "application/json; charset=utf-8",
                       json{{"code", refusal.code}, {"message", refusal.message}}.dump(), "error");
}

// Fast enough for bodies of megabytes; equal bodies, equal tags.
std::string weak_tag(const std::string& body) {
  std::uint64_t state = body.size();
  std::size_t at = 0;
  for (; at + 8 <= body.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, body.data() + at, 8);
    state = (state ^ word) * 0x9E3779B97F4A7C15ULL;
    state ^= state >> 29U;
  }
  state = mix(state ^ hash_text(std::string_view(body).substr(at)));
  std::array<char, 40> tag{};
  (void)std::snprintf(tag.data(), tag.size(), "W/\"%zx-%016llx\"", body.size(),
                      static_cast<unsigned long long>(state));
  return tag.data();
}

Response to_response(const Request& request, std::string body, std::string kind) {
  const std::string tag = weak_tag(body);
  Response out = make_response(200, "application/json; charset=utf-8", std::move(body), kind);
  if (request.header("if-none-match") == tag) {
    out = Response{};
    out.status = 304;
    out.kind = std::move(kind);
  }
  out.headers.emplace_back("ETag", tag);
  return out;
}

std::int64_t number_of(const Request& request, const char* name, std::int64_t fallback) {
  const std::string text = request.query_or(name, "");
  if (request.query.count(name) == 0) {
    return fallback;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Refusal{400, "VALIDATION_ERROR",
                  "Parameter '" + std::string(name) + "' is not a valid number."};
  }
  return value;
}

struct Page {
  std::size_t limit, offset;
};
Page page_of(const Request& request, std::int64_t most) {
  const std::int64_t limit = number_of(request, "limit", kDefaultLimit);
  const std::int64_t offset = number_of(request, "offset", 0);
  if (limit < 1) {
    throw Refusal{400, "VALIDATION_ERROR", "Parameter 'limit' must be > 0."};
  }
  if (limit > most) {
    throw Refusal{400, "VALIDATION_ERROR",
                  "The maximum results limit is " + std::to_string(most) +
                      ". Please consider using the 'offset' parameter to load more data."};
  }
  if (offset < 0) {
    throw Refusal{400, "VALIDATION_ERROR", "Parameter 'offset' must be >= 0."};
  }
  return {static_cast<std::size_t>(limit), static_cast<std::size_t>(offset)};
}

// Both dates or none count: one alone is not looked at. Either must be a date nevertheless.
Window window_of(const Request& request) {
  const auto date = [&](const char* name) -> std::optional<std::int64_t> {
    if (request.query.count(name) == 0) {
      return std::nullopt;
    }
    const auto at = parse_iso(request.query.at(name));
    if (!at) {
      throw Refusal{400, "VALIDATION_ERROR",
                    "Parameter '" + std::string(name) + "' is not a valid date."};
    }
    return at;
  };
  const auto from = date("startDate"), to = date("endDate");
  if (!from || !to) {
    return {};
  }
  if (*from >= *to) {
    throw Refusal{400, "VALIDATION_ERROR", "Min date must be before the max date."};
  }
  return {*from, *to, true};
}

template <class T>
json page_json(const std::vector<T>& all, const Page& page) {
  json out = json::array();
  for (std::size_t i = page.offset; i < all.size() && out.size() < page.limit; ++i) {
    out.push_back(all[i]);
  }
  return out;
}

json parse_body(const Request& request) {
  json body = request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    throw std::invalid_argument("the request's body must be a JSON object");
  }
  return body;
}

template <class T>
T get(const json& body, const char* key, T fallback) {
  try {
    return body.value(key, std::move(fallback));
  } catch (const json::exception&) {
    throw std::invalid_argument(std::string("key '") + key + "' has the wrong type");
  }
}

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) {
      out.emplace_back(path.substr(0, end));
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

// What happens to a player while pages of its snapshots are read.
struct Meanwhile {
  std::int64_t add = 0;    // a snapshot after each page, so often
  std::int64_t after = 0;  // the player is renamed after so many pages; 0: never
  std::string player, to;
  bool taken = false;
};

class WiseOldManService final : public Service {
 public:
  WiseOldManService(std::uint64_t seed, double scale, const WiseOldManOptions& options)
      : gate_("wom", scale, /*open=*/true),
        main_(seed, options),
        league_(hash_of(seed, 0x1EA6), options) {}

  std::string_view name() const override { return "wiseoldman"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    return gate_.pass(request, [&] { return answer(request); });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    if (verb == "limits") {
      return gate_.control(request);
    }
    const std::lock_guard lock(mutex_);
    if (request.method != "POST") {
      return verb == "expect"   ? std::optional(expect(request))
             : verb == "agents" ? std::optional(json_response(
                                      200, json{{"without_contact", without_contact_}}.dump()))
                                : std::nullopt;
    }
    return change(verb, parse_body(request));
  }

 private:
  Response answer(const Request& request) {
    try {
      return route(request);
    } catch (const Refusal& refusal) {
      return to_response(refusal);
    }
  }

  Response route(const Request& request) {
    auto path = segments(std::string_view(request.path).substr(kMount.size()));
    const std::lock_guard lock(mutex_);
    if (request.header("user-agent").find('(') == std::string_view::npos) {
      ++without_contact_;  // the real service bans for that
    }
    const bool known =
        request.method == "GET" && path.size() >= 2 && (path[0] == "v2" || path[0] == "league");
    if (known) {
      World& world = path[0] == "v2" ? main_ : league_;
      path.erase(path.begin());
      if (path[0] == "groups" && path.size() >= 2) {
        return group(world, request, path);
      }
      if (path[0] == "players" && path.size() >= 2) {
        return player(world, request, path);
      }
    }
    throw Refusal{404, "ENDPOINT_NOT_FOUND", "Endpoint was not found"};
  }

  Response group(World& world, const Request& request, const std::vector<std::string>& path) {
    if (path[1].find_first_not_of("0123456789") != std::string::npos) {
      throw Refusal{400, "VALIDATION_ERROR", "Parameter 'id' is not a valid number."};
    }
    if (path[1] != std::to_string(kGroupId)) {
      throw Refusal{404, "GROUP_NOT_FOUND", "Group not found."};
    }
    if (path.size() == 2) {
      return to_response(request, group_json(world).dump(), "group");
    }
    if (path[2] == "gained") {
      return group_gained(world, request);
    }
    std::vector<std::pair<std::int64_t, json>> rows;  // newest first
    for (const Player& one : world.players()) {
      if (!one.member) {
        continue;
      }
      if (path[2] == "achievements") {
        for (const Achievement& achievement : world.achievements(one)) {
          json row = achievement_json(one, achievement);
          row["player"] = player_json(world, one);
          rows.emplace_back(-achievement.at_ms, std::move(row));
        }
      } else if (path[2] == "name-changes" && !one.opted_out) {
        for (const NameChange& change : changes_of(world, one)) {
          json row = name_change_json(change);
          row["player"] = player_json(world, one);
          rows.emplace_back(-change.at_ms, std::move(row));
        }
      }
    }
    if (path[2] != "achievements" && path[2] != "name-changes") {
      throw Refusal{404, "ENDPOINT_NOT_FOUND", "Endpoint was not found"};
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<json> all;
    for (auto& row : rows) {
      all.push_back(std::move(row.second));
    }
    return to_response(request, page_json(all, page_of(request, kMostOfList)).dump(),
                       "group-" + path[2]);
  }

  static Response group_gained(World& world, const Request& request) {
    const std::string wanted = request.query_or("metric", "");
    const auto metric = std::find_if(world.metrics().begin(), world.metrics().end(),
                                     [&](const Metric& one) { return one.name == wanted; });
    if (metric == world.metrics().end()) {
      throw Refusal{400, "VALIDATION_ERROR", "Invalid enum value for 'metric'."};
    }
    const Window window = window_of(request);
    if (!window.given) {
      throw Refusal{400, "VALIDATION_ERROR", "Invalid period and start/end dates."};
    }
    return to_response(request,
                       group_gained_json(world, *metric, window.from_ms, window.to_ms).dump(),
                       "group-gained");
  }

  static std::vector<NameChange> changes_of(const World& world, const Player& player) {
    std::vector<NameChange> out;
    for (const NameChange& change : world.name_changes()) {
      if (change.player_id == player.id) {
        out.insert(out.begin(), change);
      }
    }
    return out;
  }

  Response player(World& world, const Request& request, const std::vector<std::string>& path) {
    const bool by_id = path[1] == "id" && path.size() == 3;
    std::int64_t id = 0;
    if (by_id) {
      std::from_chars(path[2].data(), path[2].data() + path[2].size(), id);
    }
    Player* one = by_id ? world.find(id) : world.find(path[1]);
    const bool whole = by_id || path.size() == 2;
    if (one == nullptr) {
      throw Refusal{404, whole ? "PLAYER_NOT_FOUND" : "UNEXPECTED_ERROR", "Player not found."};
    }
    if (whole) {
      return to_response(request, player_details_json(world, *one).dump(), "player");
    }
    if (path[2] == "snapshots" && path.size() == 3) {
      return snapshots(world, *one, request);
    }
    if (path[2] == "gained") {
      const Window window = window_of(request);
      if (!window.given) {
        throw Refusal{400, "VALIDATION_ERROR", "Invalid period and start/end dates."};
      }
      return to_response(request,
                         player_gained_json(world, *one, window.from_ms, window.to_ms).dump(),
                         "player-gained");
    }
    json list = json::array();
    if (path[2] == "achievements") {
      for (const Achievement& achievement : world.achievements(*one)) {
        list.push_back(achievement_json(*one, achievement));
      }
    } else if (path[2] == "names") {
      for (const NameChange& change : changes_of(world, *one)) {
        if (!one->opted_out) {
          list.push_back(name_change_json(change));
        }
      }
    } else {
      throw Refusal{404, "ENDPOINT_NOT_FOUND", "Endpoint was not found"};
    }
    return to_response(request, list.dump(), "player-" + path[2]);
  }

  Response snapshots(World& world, Player& one, const Request& request) {
    const Page page = page_of(request, kMostSnapshots);
    const Window window = window_of(request);
    auto all = world.snapshots(one, window.from_ms, window.to_ms);
    std::reverse(all.begin(), all.end());
    all.erase(all.begin(),
              all.begin() + static_cast<std::ptrdiff_t>(std::min(page.offset, all.size())));
    all.resize(std::min(page.limit, all.size()));
    std::string body = snapshots_text(world, one, all);
    happen(world, one);
    return to_response(request, std::move(body), "snapshots");
  }

  void happen(World& world, Player& one) {
    if (meanwhile_.add > 0) {
      --meanwhile_.add;
      world.add_snapshot(one);
    }
    if (meanwhile_.after > 0 && standard_name(one.display) == standard_name(meanwhile_.player) &&
        --meanwhile_.after == 0) {
      world.rename(one, meanwhile_.to, meanwhile_.taken);
    }
  }

  Response expect(const Request& request) {
    const auto time = [&](const char* name, std::int64_t fallback) {
      const std::string text = request.query_or(name, "");
      const auto at = parse_iso(text);
      if (!text.empty() && !at) {
        throw std::invalid_argument("'" + text + "' is no time such as 2026-08-01T00:00:00.000Z");
      }
      return at.value_or(fallback);
    };
    return json_response(200,
                         expect_json(request.query_or("world", "v2") == "league" ? league_ : main_,
                                     time("from", INT64_MIN / 2), time("to", INT64_MAX),
                                     request.query_or("strangers", "0") == "1")
                             .dump());
  }

  Player& chosen(const json& body) {
    const auto name = get<std::string>(body, "player", "");
    Player* one = name.empty() ? main_.find(std::int64_t{2}) : main_.find(name);
    if (one == nullptr) {
      throw std::invalid_argument("there is no player '" + name + "'");
    }
    return *one;
  }

  std::optional<Response> change(std::string_view verb, const json& body) {
    if (verb == "advance") {
      const auto hours = get<std::int64_t>(body, "hours", 24);
      if (hours < 1 || hours > 24 * 4000) {
        throw std::invalid_argument("'hours' must lie between 1 and 96000");
      }
      main_.advance(hours * 3'600'000);
    } else if (verb == "add-snapshots") {
      for (std::int64_t i = std::min<std::int64_t>(get<std::int64_t>(body, "count", 1), 10'000);
           i > 0; --i) {
        main_.add_snapshot(chosen(body));
      }
    } else if (verb == "while-paging") {
      meanwhile_ = {get<std::int64_t>(body, "add", 0), get<std::int64_t>(body, "after", 0),
                    get<std::string>(body, "player", ""), get<std::string>(body, "to", "Renamed"),
                    get(body, "taken", false)};
    } else if (verb == "rename") {
      main_.rename(chosen(body), get<std::string>(body, "to", "Renamed"),
                   get(body, "taken", false));
    } else if (verb == "archive") {
      main_.archive(chosen(body));
    } else if (verb == "opt-out") {
      chosen(body).opted_out = true;
    } else if (verb == "add-member") {
      main_.add_player(true, get<std::string>(body, "name", ""));
    } else if (verb == "remove-member") {
      chosen(body).member = false;
    } else if (verb == "add-metric") {
      main_.add_metric(get<std::string>(body, "metric", ""),
                       section_of(get<std::string>(body, "section", "bosses")));
    } else {
      return std::nullopt;
    }
    return json_response(200, json{{"now", iso_ms(main_.now_ms())}}.dump());
  }

  static Section section_of(const std::string& name) {
    if (name != "skills" && name != "bosses" && name != "activities") {
      throw std::invalid_argument("'section' must be skills, bosses or activities");
    }
    return name == "skills"   ? Section::kSkills
           : name == "bosses" ? Section::kBosses
                              : Section::kActivities;
  }

  limits::Gate gate_;
  std::mutex mutex_;  // guards all below
  World main_;
  World league_;
  Meanwhile meanwhile_;
  std::uint64_t without_contact_ = 0;
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, double limits_scale,
                                      const WiseOldManOptions& options) {
  return std::make_unique<WiseOldManService>(seed, limits_scale, options);
}

}  // namespace sluice::twin::wiseoldman
