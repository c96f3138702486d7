// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/bungie/bungie_service.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <utility>

#include "tests/twin/bungie/content.hpp"
#include "tests/twin/bungie/world.hpp"
#include "tests/twin/limits/gate.hpp"

namespace sluice::twin::bungie {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kManifest = "/Platform/Destiny2/Manifest/";
constexpr const char* kJsonType = "application/json; charset=utf-8";

// What the site answers where there is nothing: its single page, with a good conscience.
Response page() {
  return make_response(200, "text/html; charset=utf-8",
                       "<!doctype html><html lang=\"en\"><head><title>A site</title></head><body>"
                       "<noscript>Scripts are needed here.</noscript><div id=\"root\"></div>"
                       "</body></html>",
                       "page");
}

Response absent() {
  Response response = make_response(
      404, "text/html", "<html><body>404 - File or directory not found.</body></html>", "absent");
  response.headers.emplace_back("Cache-Control", "public, max-age=86400");
  return response;
}

const char* status_name(int code) {
  switch (code) {
    case 1:
      return "Success";
    case 5:
      return "SystemDisabled";
    case 31:
      return "ThrottleLimitExceeded";
    case 36:
      return "ThrottleLimitExceededMomentarily";
    case 51:
      return "PerEndpointRequestThrottleExceeded";
    case 1651:
      return "DestinyShardRelayClientTimeout";
    case 1672:
      return "DestinyThrottledByGameServer";
    case 2101:
      return "ApiInvalidOrExpiredKey";
    case 2102:
      return "ApiKeyMissingFromRequest";
    default:
      return "UnhandledException";
  }
}

ordered_json envelope(int code, int throttle_seconds, const std::string& message) {
  return {{"ErrorCode", code},
          {"ThrottleSeconds", throttle_seconds},
          {"ErrorStatus", status_name(code)},
          {"Message", message},
          {"MessageData", ordered_json::object()}};
}

Response failure(int status, int code, int throttle_seconds) {
  const std::string message =
      code == 5 ? "This system is temporarily disabled for maintenance." : "It did not work.";
  return make_response(status, kJsonType, envelope(code, throttle_seconds, message).dump(),
                       "refused");
}

json parse_body(const Request& request) {
  json body = request.body.empty() ? json::object() : json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    throw std::invalid_argument("the request's body must be a JSON object");
  }
  return body;
}

template <typename T>
T get(const json& body, const char* key, T fallback) {
  try {
    return body.value(key, std::move(fallback));
  } catch (const json::exception&) {
    throw std::invalid_argument(std::string("key '") + key + "' has the wrong type");
  }
}

// The next answers to the manifest's path.
struct Failing {
  int code = 0;
  int times = 0;
  int status = 200;
  int throttle_seconds = 0;
};

class BungieService final : public Service {
 public:
  BungieService(std::uint64_t seed, const BungieOptions& options, double scale)
      : api_key_(options.api_key),
        world_(seed, options),
        content_(world_, options.cache_mib << 20U),
        gate_("bungie", scale, /*open=*/true) {}

  std::string_view name() const override { return "bungie"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    const std::string path = request.path.substr(kMount.size() - 1);
    if (path.compare(0, 10, "/Platform/") == 0) {
      return gate_.pass(request, [&] { return platform(path, request); });
    }
    if (!request.header("x-api-key").empty()) {
      return make_response(403, "text/html", "<html><body>403 Forbidden</body></html>",
                           "key_on_content");
    }
    const std::shared_lock lock(mutex_);
    const auto file = find_file(world_, path);
    if (!file || file->build < first_served_) {
      return page();
    }
    return is_absent(*file, request.target) ? absent() : whole(*file);
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    const bool post = request.method == "POST";
    if (verb == "limits") {
      return gate_.control(request);
    }
    if (verb == "expect" && !post) {
      const std::shared_lock lock(mutex_);
      return expect(request);
    }
    if (!post) {
      return std::nullopt;
    }
    const std::unique_lock lock(mutex_);
    return change(verb, request);
  }

 private:
  Response whole(const ContentFile& file) {
    Response response;
    response.kind = file.table ? "table" : "database";
    response.headers = {
        {"Content-Type", file.table ? "application/json" : "application/octet-stream"},
        {"Cache-Control", "public, max-age=86400"}};
    response.body = content_.get(file);
    response.length = response.body->size();
    return response;
  }

  // A path that was answered 404 once stays so in the caches between, until they forget; another
  // query is another address to them.
  bool is_absent(const ContentFile& file, const std::string& target) {
    const bool newest = file.build + 1 == world_.builds();
    const bool missing =
        newest && (absent_all_ || (file.table && absent_.count(world_.tables()[*file.table]) > 0));
    const std::lock_guard lock(cache_mutex_);
    if (missing) {
      cached_404_.insert(target);
    }
    return missing || cached_404_.count(target) > 0;
  }

  Response platform(const std::string& path, const Request& request) {
    if (!api_key_.empty() && request.header("x-api-key") != api_key_) {
      return failure(401, request.header("x-api-key").empty() ? 2102 : 2101, 0);
    }
    if (path != kManifest) {
      return failure(404, 18, 0);
    }
    const std::unique_lock lock(mutex_);
    if (failing_.times > 0) {
      --failing_.times;
      return failure(failing_.status, failing_.code, failing_.throttle_seconds);
    }
    ++manifests_;
    const bool old = alternating_ && manifests_ % 2 == 0 && current_ > 0;
    return make_response(200, kJsonType, manifest(world_.build(old ? current_ - 1 : current_)),
                         "manifest");
  }

  std::string manifest(const Build& build) const {
    ordered_json databases = ordered_json::object();
    ordered_json whole = ordered_json::object();
    ordered_json tables = ordered_json::object();
    for (std::size_t l = 0; l < languages().size(); ++l) {
      const std::string& code = languages()[l];
      databases[code] = database_path(build, l);
      whole[code] = "/common/destiny2_content/json/" + code + "/aggregate-" + build.guid + ".json";
      ordered_json& of = tables[code] = ordered_json::object();
      for (std::size_t t = 0; t < world_.tables().size(); ++t) {
        if (build.tables[t].present) {
          of[world_.tables()[t]] = table_path(build, world_.tables()[t], l);
        }
      }
    }
    ordered_json out = {
        {"Response",
         {{"version", build.version},
          {"mobileAssetContentPath", "/common/destiny2_content/sqlite/asset/a.content"},
          {"mobileGearAssetDataBases", ordered_json::array()},
          {"mobileWorldContentPaths", std::move(databases)},
          {"jsonWorldContentPaths", std::move(whole)},
          {"jsonWorldComponentContentPaths", std::move(tables)},
          {"mobileGearCDN", ordered_json::object()},
          {"iconImagePyramidInfo", ordered_json::array()}}}};
    out.update(envelope(1, 0, "Ok"));
    return out.dump();
  }

  Response expect(const Request& request) {
    const std::size_t table = world_.table(request.query_or("table", ""));
    const std::string code = request.query_or("language", "en");
    std::size_t language = 0;
    while (language < languages().size() && languages()[language] != code) {
      ++language;
    }
    if (language == languages().size()) {
      throw std::invalid_argument("there is no language '" + code + "'");
    }
    const Build& build = world_.build(current_);
    std::uint64_t hashes = 0;
    std::int64_t signed_hashes = 0;
    std::uint64_t entries = 0;
    std::uint64_t redacted = 0;
    std::uint64_t name_bytes = 0;
    std::uint64_t description_bytes = 0;
    std::uint64_t currencies = 0;
    std::uint64_t sales = 0;
    for (const std::uint32_t i : world_.entries(build, table)) {
      const bool hidden = world_.redacted(build, table, i);
      const Shown shown = world_.shown(build, table, i, language);
      ++entries;
      hashes += world_.hash(table, i);
      signed_hashes += static_cast<std::int32_t>(world_.hash(table, i));
      redacted += hidden ? 1 : 0;
      name_bytes += shown.name.size();
      description_bytes += shown.description.size();
      currencies += !hidden && World::is_currency(i) ? 1 : 0;
      sales += hidden ? 0 : World::sales(i);
    }
    return json_response(200, json{{"present", build.tables[table].present},
                                   {"path", table_path(build, world_.tables()[table], language)},
                                   {"entries", entries},
                                   {"hashes", hashes},
                                   {"signed_hashes", signed_hashes},
                                   {"redacted", redacted},
                                   {"name_bytes", name_bytes},
                                   {"description_bytes", description_bytes},
                                   {"currencies", currencies},
                                   {"sales", sales}}
                                  .dump());
  }

  std::optional<Response> change(std::string_view verb, const Request& request) {
    const json body = parse_body(request);
    if (verb == "publish") {
      return publish(body);
    }
    if (verb == "rollback") {
      if (current_ == 0) {
        throw std::invalid_argument("there is no earlier build");
      }
      --current_;
    } else if (verb == "alternate") {
      alternating_ = get(body, "on", true);
      manifests_ = 0;
    } else if (verb == "forget") {  // files of earlier builds
      first_served_ = current_;
    } else if (verb == "absent") {
      for (const auto& table : get(body, "tables", std::vector<std::string>())) {
        (void)world_.table(table);
        absent_.insert(table);
      }
      absent_all_ = absent_.empty();
    } else if (verb == "arrive") {
      absent_.clear();
      absent_all_ = false;
    } else if (verb == "purge") {
      const std::lock_guard lock(cache_mutex_);
      cached_404_.clear();
    } else if (verb == "fail") {
      failing_ = {get(body, "error_code", 5), get(body, "times", 1), get(body, "status", 200),
                  get(body, "throttle_seconds", 0)};
    } else {
      return std::nullopt;
    }
    return json_response(200, "{}");
  }

  Response publish(const json& body) {
    Changes changes;
    changes.changed = get(body, "changed", changes.changed);
    changes.added = get(body, "added", changes.added);
    changes.vanished = get(body, "vanished", changes.vanished);
    changes.revealed = get(body, "revealed", changes.revealed);
    changes.reorder = get(body, "reorder", false);
    changes.same_version = get(body, "same_version", false);
    changes.tables = get(body, "tables", changes.tables);
    changes.drop = get(body, "drop", changes.drop);
    changes.restore = get(body, "restore", changes.restore);
    const auto done = world_.publish(changes);
    current_ = world_.builds() - 1;
    json answer(done);
    answer["build"] = current_;
    answer["version"] = world_.newest().version;
    return json_response(200, answer.dump());
  }

  const std::string api_key_;
  std::shared_mutex mutex_;  // guards all below but what has a lock of its own
  World world_;
  Content content_;
  limits::Gate gate_;
  std::size_t current_ = 0;
  std::size_t first_served_ = 0;
  std::uint64_t manifests_ = 0;
  bool alternating_ = false;
  bool absent_all_ = false;
  std::set<std::string> absent_;
  Failing failing_;
  std::mutex cache_mutex_;
  std::set<std::string> cached_404_;  // guarded by cache_mutex_
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, const BungieOptions& options,
                                      double limits_scale) {
  return std::make_unique<BungieService>(seed, options, limits_scale);
}

}  // namespace sluice::twin::bungie
