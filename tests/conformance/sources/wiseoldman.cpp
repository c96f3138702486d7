// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;

twin::Options small() {
  twin::Options options;
  options.wiseoldman.players = 5;
  options.wiseoldman.now = "2026-08-01T00:00:00Z";
  return options;
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("wiseoldman")};
  out.config = {{"base_url", twin->base_url() + "/wiseoldman/v2"},
                {"contact", "tests@example.org"},
                {"groups", {139}},
                {"page_size", 7},
                {"metrics", {"overall", "attack", "zulrah", "ehp"}}};
  out.service = service_of(twin);
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2026) / 8 / 1));
  out.to_us = out.now.time_since_epoch().count();
  out.from_us = out.to_us - 30 * kDayUs;
  out.batch_bytes = 2048;
  out.most_slices = 6;
  out.asked_again = {{"/groups/139", "names of players change, and only the roster tells them"}};
  out.without_fields = {"gained"};  // rows are sums that the service makes, metric by metric
  out.never_empty = {"group"};      // a document without a list
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "clan.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{{"WOM_BASE_URL", twin.base_url() + "/wiseoldman/v2"},
                                              {"WOM_CONTACT", "tests@example.org"}};
  };
  out.database = "CLAN_DB";
  out.set = {"want.from=2026-07-01", "want.to=2026-08-01", "source.0.page_size=7",
             R"(pipeline.streams=["group", "members", "players", "snapshots", "gained", )"
             R"("achievements", "name_changes"])"};
  out.lifted = {{"127.0.0.1", "minute"}};
  out.asked_again = {{"**/groups/139", "only the roster tells who is a member"}};
  out.paths = "/wiseoldman/**";
  return out;
}

const Entry kEntry{Source{.name = "wiseoldman", .subject = &subject, .pipeline = pipeline()}};

}  // namespace

}  // namespace sluice::conformance
