// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

twin::Options small() {
  twin::Options options;
  options.bungie.items = 60;
  options.bungie.entries = 25;
  options.bungie.api_key = "0123456789abcdef";
  return options;
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("bungie")};
  out.config = {{"base_url", twin->bungie_url()},
                {"credential", "bungie"},
                {"languages", {"en", "de", "ja"}}};
  out.service =
      service_of(twin, with_headers({{"bungie", {{"x-api-key", small().bungie.api_key}}}}));
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2026) / 3 / 30));
  out.batch_bytes = 4096;
  out.most_slices = 6;
  // A table is an object of entries by hash: a new member there would be a new entry.
  out.depths[check::JsonChange::kAddFields] = {{"/common/destiny2_content/json/", 1}};
  out.depths[check::JsonChange::kEmpty] = {{"/common/destiny2_content/json/", 0}};
  out.without_fields = {"*"};  // definitions are kept whole
  out.refusal = [](const check::Request& request) -> std::optional<check::Answer> {
    if (request.url.find("/Platform/") == std::string::npos) {
      return std::nullopt;  // content files look at no key
    }
    return check::Answer{.body =
                             R"({"ErrorCode":2101,"ThrottleSeconds":0,"ErrorStatus":)"
                             R"("ApiInvalidOrExpiredKey","Message":"Bad key.","MessageData":{}})",
                         .status = 401,
                         .headers = {{"Content-Type", "application/json; charset=utf-8"}}};
  };
  for (const auto change : {check::JsonChange::kAddFields, check::JsonChange::kNumbersAsText,
                            check::JsonChange::kTextAsNumbers}) {
    out.allowed[change] = {{"*", {"content_hash"}, "it is a hash of what came"}};
  }
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "manifest.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{{"BUNGIE_BASE_URL", twin.bungie_url()},
                                              {"BUNGIE_API_KEY", small().bungie.api_key}};
  };
  out.database = "MANIFEST_DB";
  out.asked_again = {{"**/Manifest/", "it alone tells what has changed, and has no validator"}};
  out.paths = "/bungie/**";
  out.wrong_environment = {{"BUNGIE_API_KEY", "a-wrong-key"}};
  return out;
}

const Entry kEntry{Source{.name = "bungie", .subject = &subject, .pipeline = pipeline()}};

}  // namespace

}  // namespace sluice::conformance
