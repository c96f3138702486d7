// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

twin::Options small() {
  twin::Options options;
  options.blizzard.items = 60;
  options.blizzard.connected_realms = 3;
  options.blizzard.auctions = 40;
  options.blizzard.commodities = 60;
  return options;
}

// A bearer token for the client of the twin's defaults, fetched once.
Authorize with_token() {
  struct Token {
    std::mutex mutex;
    std::string value;
  };
  auto token = std::make_shared<Token>();
  return [token](twin::Twin& twin, const std::string&) {
    const std::lock_guard lock(token->mutex);
    if (token->value.empty()) {
      const twin::Answered answer =
          twin.ask("POST", "/blizzard/oauth/token",
                   {{"authorization", "Basic dHdpbi1jbGllbnQ6dHdpbi1jbGllbnQtc2VjcmV0"},
                    {"content-type", "application/x-www-form-urlencoded"}},
                   "grant_type=client_credentials");
      token->value = json::parse(answer.body).at("access_token").get<std::string>();
    }
    return std::map<std::string, std::string>{{"authorization", "Bearer " + token->value}};
  };
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("blizzard")};
  out.config = {{"base_url", twin->base_url() + "/blizzard"},
                {"regions", {"eu"}},
                {"locales", {"en_US", "de_DE"}},
                {"batch_size", 10}};
  out.service = service_of(twin, with_token());
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2025) / 1 / 7) + std::chrono::hours(12));
  out.from_us = out.now.time_since_epoch().count() - int64_t{86'400'000'000};
  out.batch_bytes = 4096;
  out.most_slices = 6;
  out.whole = {"items"};                       // keys are resumed one by one by the host
  out.never_empty = {"items", "token_price"};  // documents without a list
  for (const auto change : {check::JsonChange::kAddFields, check::JsonChange::kNumbersAsText,
                            check::JsonChange::kTextAsNumbers}) {
    out.allowed[change] = {{"*", {"content_hash"}, "it is a hash of what came"}};
  }
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "items.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{
        {"BLIZZARD_BASE_URL", twin.base_url() + "/blizzard"},
        {"BLIZZARD_TOKEN_URL", twin.base_url() + "/blizzard/oauth/token"},
        {"BLIZZARD_CLIENT_ID", "twin-client"},
        {"BLIZZARD_CLIENT_SECRET", "twin-client-secret"}};
  };
  out.database = "ITEMS_DB";
  out.set = {R"(pipeline.streams=["item_classes", "item_subclasses", "items", "connected_realms", )"
             R"("realms", "auctions", "commodities", "token_price"])"};
  out.asked_again = {{"**/oauth/token", "each process gets a token of its own"}};
  out.paths = "/blizzard/data/**";
  out.wrong_environment = {{"BLIZZARD_CLIENT_SECRET", "wrong-secret"}};
  return out;
}

const Entry kEntry{Source{.name = "blizzard", .subject = &subject, .pipeline = pipeline()}};

}  // namespace

}  // namespace sluice::conformance
