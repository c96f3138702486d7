// SPDX-License-Identifier: Apache-2.0
//
// The declarative source, told to read what the sources `wiseoldman` and `coingecko` read: a series
// over each record of a parent with pages by offset, and pages of a list. Its whole runs are in
// tests/pipeline and in plugins/rest/tests/cases.
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;

json field(const char* name, const char* type, const char* from, json more = json::object()) {
  json out = {{"name", name}, {"type", type}, {"from", from}};
  out.update(more);
  return out;
}

json members() {
  return {{"name", "members"},
          {"path", "/wiseoldman/v2/groups/139"},
          {"records", "/memberships"},
          {"key", {"player_id"}},
          {"ignore", {"/groupId", "/createdAt"}},
          {"fields",
           {field("player_id", "int64", "/playerId"),
            field("username", "text", "/player/username", {{"required", true}}),
            field("role", "text", "/role"), field("ehp", "float64", "/player/ehp"),
            field("updated_at", "timestamp", "/updatedAt")}}};
}

json snapshots() {
  return {
      {"name", "snapshots"},
      {"kind", "series"},
      {"over", {{"stream", "members"}, {"by", {"username"}}}},
      {"path", "/wiseoldman/v2/players/{parent.username}/snapshots"},
      {"query", {{"startDate", "{from:iso_ms}"}, {"endDate", "{to-1ms:iso_ms}"}}},
      {"pages", {{"style", "offset"}, {"size", 5}}},
      {"key", {"player_id", "created_at"}},
      {"time", "created_at"},
      {"order", "descending"},
      {"ignore", {"/id", "/importedAt", "/data"}},
      {"fields",
       {field("player_id", "int64", "/playerId"), field("created_at", "timestamp", "/createdAt"),
        field("overall", "int64", "/data/skills/overall/experience"),
        field("zulrah", "int64", "/data/bosses/zulrah/kills", {{"null", {-1}}}),
        field("ehp", "float64", "/data/computed/ehp/value"),
        field("skills", "json", "/data/skills")}}};
}

json markets() {
  return {
      {"name", "markets"},
      {"path", "/coingecko/api/v3/coins/markets"},
      {"query", {{"vs_currency", "usd"}, {"order", "id_asc"}}},
      {"pages", {{"style", "page"}, {"size", 7}, {"size_param", "per_page"}}},
      {"key", {"id"}},
      {"fields",
       {field("id", "text", "/id"), field("symbol", "text", "/symbol"),
        field("price", "decimal", "/current_price", {{"scale", 12}}),
        field("market_cap", "float64", "/market_cap"), field("rank", "int64", "/market_cap_rank"),
        field("updated_at", "timestamp", "/last_updated")}}};
}

check::Subject subject() {
  twin::Options options;
  options.wiseoldman.players = 4;
  options.wiseoldman.now = "2026-08-01T00:00:00Z";
  options.coingecko.coins = 30;
  options.coingecko.now_s = 1'785'542'400;  // the same
  options.coingecko.demo_key = "";
  const auto twin = std::make_shared<twin::Twin>(options);
  check::Subject out{.library = plugin_file("rest")};
  out.config = {{"base_url", twin->base_url()}, {"streams", {members(), snapshots(), markets()}}};
  out.service = service_of(twin);
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2026) / 8 / 1));
  out.to_us = out.now.time_since_epoch().count();
  out.from_us = out.to_us - 14 * kDayUs;
  out.batch_bytes = 2048;
  out.most_slices = 5;
  out.asked_again = {{"/groups/139", "over which players to read is told by the parent alone"}};
  return out;
}

const Entry kEntry{Source{.name = "rest", .subject = &subject}};

}  // namespace

}  // namespace sluice::conformance
