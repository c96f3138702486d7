// SPDX-License-Identifier: Apache-2.0
#include "plugins/wiseoldman/tests/support.hpp"

#include <fstream>
#include <iterator>

#include "window.hpp"

namespace wiseoldman::test {

using sluice::json;

std::string iso(int64_t us) {
  const std::string query = DateRange{0, us / 1000}.query();
  return query.substr(query.find("endDate=") + 8);
}

json player(int64_t id, const std::string& name, const std::string& more) {
  json out{{"id", id},
           {"username", name},
           {"displayName", name},
           {"type", "regular"},
           {"build", "main"},
           {"country", nullptr},
           {"status", "active"},
           {"patron", false},
           {"exp", 4'800'000'000},
           {"ehp", 13.257969999999998},
           {"ehb", 0},
           {"ttm", 1766.99048},
           {"tt200m", 20532.41442699797},
           {"registeredAt", iso(kJune - 100 * kDay)},
           {"updatedAt", iso(kJune + kDay / 2)},
           {"lastChangedAt", iso(kJune)},
           {"lastImportedAt", nullptr}};
  out.update(json::parse(more));
  return out;
}

json group(const std::vector<json>& players) {
  json out{{"id", 139},
           {"name", "A Clan"},
           {"clanChat", nullptr},
           {"homeworld", nullptr},
           {"verified", true},
           {"score", 330},
           {"memberCount", players.size()},
           {"createdAt", iso(kJune - 400 * kDay)},
           {"updatedAt", iso(kJune)},
           {"memberships", json::array()}};
  for (const json& one : players) {
    out["memberships"].push_back({{"playerId", one.at("id")},
                                  {"groupId", 139},
                                  {"role", "member"},
                                  {"clientSyncJoinedAt", nullptr},
                                  {"createdAt", iso(kJune - 50 * kDay)},
                                  {"updatedAt", iso(kJune - 50 * kDay)},
                                  {"player", one}});
  }
  return out;
}

json snapshot(int64_t player, int64_t at_us, int64_t overall) {
  return {
      {"id", -1},
      {"playerId", player},
      {"createdAt", iso(at_us)},
      {"importedAt", nullptr},
      {"data",
       {{"skills",
         {{"overall",
           {{"metric", "overall"},
            {"experience", overall},
            {"rank", 948'821},
            {"level", 1422},
            {"ehp", 13.257969999999998}}}}},
        {"bosses", {{"zulrah", {{"metric", "zulrah"}, {"kills", -1}, {"rank", -1}, {"ehb", 0}}}}},
        {"activities",
         {{"soul_wars_zeal", {{"metric", "soul_wars_zeal"}, {"score", 7}, {"rank", -1}}}}},
        {"computed", {{"ehp", {{"metric", "ehp"}, {"value", 13.25797}, {"rank", 289'382}}}}}}}};
}

std::string page_url(const std::string& name, int64_t from_us, int64_t to_us, int limit) {
  return std::string(kBase) + "/players/" + name + "/snapshots?" +
         DateRange{from_us / 1000, to_us / 1000}.query() + "&limit=" + std::to_string(limit);
}

json config(const std::string& more) {
  json out{{"base_url", kBase}, {"contact", "me@example.org"}, {"groups", {139}}};
  out.update(json::parse(more));
  return out;
}

sluice::testing::Answer answer(std::string body, uint32_t status, std::string validator) {
  const std::string type = body.starts_with("<") ? "text/html" : "application/json; charset=utf-8";
  return {.body = std::move(body),
          .status = status,
          .headers = {{"Content-Type", type}},
          .validator = std::move(validator)};
}

Source::Source() {
  host.set_time(sluice::Micros(std::chrono::microseconds(kJune + kDay)));
}

sluice::testing::SourceSession Source::open() {
  return {sluice::testing::Plugin::load(WISEOLDMAN_PLUGIN_FILE), host, settings};
}

void Source::on(const std::string& path, const json& body, const std::string& validator) {
  host.http.on(kBase + path, answer(body.dump(), 200, validator));
}

std::vector<std::string> Source::urls() const {
  std::vector<std::string> out;
  for (const auto& request : host.http.requests()) {
    out.push_back(request.url.substr(std::string(kBase).size()));
  }
  return out;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace wiseoldman::test
