// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/blizzard_service.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/twin/blizzard/documents.hpp"
#include "tests/twin/blizzard/expect.hpp"
#include "tests/twin/blizzard/model.hpp"
#include "tests/twin/blizzard/tokens.hpp"
#include "tests/twin/hash.hpp"
#include "tests/twin/limits/gate.hpp"

namespace sluice::twin::blizzard {
namespace {

using nlohmann::json;

constexpr std::string_view kRoot = "/data/wow/";
constexpr std::uint64_t kMostMatches = 1000;  // a search tells no more, however many pages
constexpr const char* kJson = "application/json;charset=UTF-8";

// "Mon, 9 Mar 2026 02:13:49 GMT": days of one digit stand alone, as the service writes them.
std::string http_date(std::int64_t seconds) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  (void)gmtime_r(&time, &parts);
  char text[48];
  std::snprintf(text, sizeof(text), "%s, %d %s %d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

// Seconds of an HTTP date; -1 if it is none.
std::int64_t parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return end == nullptr ? -1 : static_cast<std::int64_t>(timegm(&parts));
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional(value) : std::nullopt;
}

Response failure(int code, const char* detail) {
  char type[32];
  std::snprintf(type, sizeof(type), "BLZWEBAPI%08d", code);
  const json body{{"code", code}, {"type", type}, {"detail", detail}};
  return make_response(code, kJson, body.dump(), code == 404 ? "missing" : "refused");
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    out.emplace_back(part);
  }
  return out;
}

// A filter of the search: "[1000,]", "[,9]", "[1,9]", "5" or "5||7".
struct Ids {
  std::int64_t first = 0;
  std::int64_t last = INT64_MAX;
  std::vector<std::int64_t> listed;
  bool admits(std::int64_t id) const {
    return id >= first && id <= last &&
           (listed.empty() || std::find(listed.begin(), listed.end(), id) != listed.end());
  }
};

Ids parse_ids(std::string text) {
  Ids out;
  const auto comma = text.find(',');
  if (text.size() > 2 && text.front() == '[' && text.back() == ']' && comma != std::string::npos) {
    out.first = number(std::string_view(text).substr(1, comma - 1)).value_or(out.first);
    out.last = number(std::string_view(text).substr(comma + 1, text.size() - comma - 2))
                   .value_or(out.last);
    return out;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const auto bars = std::min(rest.find("||"), rest.size());
    if (const auto id = number(rest.substr(0, bars))) {
      out.listed.push_back(*id);
    }
    rest.remove_prefix(std::min(rest.size(), bars + 2));
  }
  return out;
}

class BlizzardService : public Service {
 public:
  BlizzardService(std::uint64_t seed, double scale, const BlizzardOptions& options)
      : options_(options),
        world_(seed, options),
        tokens_(seed, options),
        gate_("blizzard", scale, true) {}

  std::string_view name() const override { return "blizzard"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    const std::string path = request.path.substr(kMount.size());
    if (path == "/token" || path == "/oauth/token") {
      return tokens_.issue(request);
    }
    return gate_.pass(request, [&] { return serve_data(path, request); });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override;

 private:
  Response serve_data(const std::string& path, const Request& request) {
    if (!tokens_.admits(request)) {
      return failure(401, "Unauthorized");
    }
    if (request.method != "GET" || path.substr(0, kRoot.size()) != kRoot) {
      return failure(404, "Not Found");
    }
    std::string wanted(request.header("battlenet-namespace"));
    wanted = request.query_or("namespace", wanted);
    const auto ns = parse_namespace(wanted);
    if (!ns) {
      return failure(404, "Not Found");
    }
    View view{*ns, full_namespace(*ns, world_.build(ns->game)), std::nullopt};
    if (const int locale = find_locale(request.query_or("locale", "")); locale >= 0) {
      view.locale = static_cast<std::size_t>(locale);
    }
    Response response = route(split(path.substr(kRoot.size())), view, request);
    response.headers.emplace_back("Battlenet-Namespace", view.full_namespace);
    return response;
  }

  Response route(std::vector<std::string> parts, const View& view, const Request& request) {
    if (parts.size() > 1 && parts.back() == "index") {
      parts.pop_back();
    }
    const bool fixed = view.ns.kind == "static";
    const std::string first = parts.empty() ? "" : parts[0];
    if (fixed && first == "item" && parts.size() == 2) {
      return item(parts[1], view, request, false);
    }
    if (fixed && first == "media" && parts.size() == 3 && parts[1] == "item") {
      return item(parts[2], view, request, true);
    }
    if (fixed && first == "item-class") {
      return item_class(parts, view, request);
    }
    if (fixed && first == "search" && parts.size() == 2 && parts[1] == "item") {
      return search(view, request);
    }
    if (!fixed && first == "token" && parts.size() == 1) {
      return document(token_document(view, world_.token_price(view.ns.region, view.ns.game),
                                     world_.token_time()),
                      "token", world_.token_time(), 300, request);
    }
    if (!fixed && first == "auctions" && parts.size() == 2 && parts[1] == "commodities" &&
        view.ns.game == "retail") {
      return auctions(view, 0, 0, "commodities", request);
    }
    if (!fixed && (first == "connected-realm" || first == "realm")) {
      return realm(parts, view, request);
    }
    return failure(404, "Not Found");
  }

  Response item(const std::string& id_text, const View& view, const Request& request, bool media) {
    const auto id = number(id_text);
    const auto found = id ? world_.find_item(view.ns.game, *id) : std::nullopt;
    if (!found || world_.hidden(*found)) {
      return failure(404, "Not Found");
    }
    return document(media ? item_media_document(view, *found) : item_document(view, *found),
                    media ? "media" : "item", world_.patch_time(), 86'400, request);
  }

  Response item_class(const std::vector<std::string>& parts, const View& view,
                      const Request& request) {
    if (parts.size() == 1) {
      return document(item_class_index(view, world_.classes()), "item-class", world_.patch_time(),
                      86'400, request);
    }
    for (const ItemClass& one : world_.classes()) {
      if (parts.size() == 2 && number(parts[1]) == one.id) {
        return document(item_class_document(view, one), "item-class", world_.patch_time(), 86'400,
                        request);
      }
    }
    return failure(404, "Not Found");
  }

  // Matches in the order of their ids if that is asked for, else in one that says nothing.
  Response search(const View& view, const Request& request) {
    const Ids ids = parse_ids(request.query_or("id", "[0,]"));
    const auto most = static_cast<std::int64_t>(options_.search_page);
    const std::int64_t size = std::clamp<std::int64_t>(
        number(request.query_or("_pageSize", "100")).value_or(100), 1, most);
    const std::int64_t page =
        std::max<std::int64_t>(1, number(request.query_or("_page", "1")).value_or(1));
    std::vector<Item> matches;
    const std::uint64_t count = world_.item_count();
    // Ids rise with the numbers: begin where the filter does.
    auto no = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(ids.first / 3 - 20, 0, static_cast<std::int64_t>(count)));
    for (; no < count && matches.size() < kMostMatches; ++no) {
      const Item one = world_.item(view.ns.game, no);
      if (ids.admits(one.id)) {
        matches.push_back(one);
      }
    }
    if (request.query_or("orderby", "") != "id") {
      std::sort(matches.begin(), matches.end(),
                [](const Item& a, const Item& b) { return hash_of(1, a.no) < hash_of(1, b.no); });
    }
    const auto total = static_cast<std::int64_t>(matches.size());
    Document results = Document::array();
    for (std::int64_t i = (page - 1) * size; i < std::min(total, page * size); ++i) {
      results.push_back(item_hit(view, matches[static_cast<std::size_t>(i)]));
    }
    return document(Document{{"page", page},
                             {"pageSize", size},
                             {"maxPageSize", most},
                             {"pageCount", (total + size - 1) / size},
                             {"results", std::move(results)}},
                    "search", world_.patch_time(), 86'400, request);
  }

  Response realm(const std::vector<std::string>& parts, const View& view, const Request& request) {
    const auto all = world_.realms(view.ns.region, view.ns.game);
    const bool connected = parts[0] == "connected-realm";
    if (parts.size() == 1) {
      return document(connected ? connected_realm_index(view, all) : realm_index(view, all),
                      connected ? "connected-realm-index" : "realm-index", world_.patch_time(),
                      86'400, request);
    }
    for (const ConnectedRealm& one : all) {
      if (connected && number(parts[1]) == one.id) {
        return connected_realm(parts, one, view, request);
      }
      for (const Realm& single : one.realms) {
        if (!connected && parts.size() == 2 &&
            (parts[1] == single.slug || number(parts[1]) == single.id)) {
          return document(realm_document(view, one, single), "realm", world_.patch_time(), 86'400,
                          request);
        }
      }
    }
    return failure(404, "Not Found");
  }

  Response connected_realm(const std::vector<std::string>& parts, const ConnectedRealm& one,
                           const View& view, const Request& request) {
    if (parts.size() == 2) {
      return document(connected_realm_document(view, one), "connected-realm", world_.dump_time(),
                      30, request);
    }
    const auto houses = world_.houses(view.ns.game);
    const int house = parts.size() == 4 ? static_cast<int>(number(parts[3]).value_or(-1)) : 0;
    if (parts[2] != "auctions" || std::find(houses.begin(), houses.end(), house) == houses.end()) {
      return failure(404, "Not Found");
    }
    return auctions(view, one.id, house, "auctions", request);
  }

  // The text of a list is made once for each state of the world.
  Response auctions(const View& view, std::int64_t connected_realm, int house, const char* kind,
                    const Request& request) {
    const std::uint64_t generation = world_.generation();
    const auto key = std::make_tuple(view.full_namespace, connected_realm, house);
    Response response = make_response(200, kJson, "", kind);
    if (!finish(response, kind, world_.dump_time(), 0, request)) {
      return response;
    }
    const std::lock_guard lock(mutex_);
    Dump& dump = dumps_[key];
    if (!dump.text || dump.generation != generation || dump.changes != changes_) {
      std::string path = "/data/wow/auctions/commodities";
      if (connected_realm != 0) {
        path = "/data/wow/connected-realm/" + std::to_string(connected_realm) + "/auctions" +
               (house == 0 ? "" : "/" + std::to_string(house));
      }
      const auto list = connected_realm == 0
                            ? world_.commodities(view.ns.region)
                            : world_.auctions(view.ns.region, view.ns.game, connected_realm, house);
      dump = {
          generation, changes_,
          std::make_shared<const std::string>(auctions_text(view, path, connected_realm, list))};
    }
    response.body = dump.text;
    response.length = dump.text->size();
    return response;
  }

  // Headers of an answer; false if it became a 304.
  static bool finish(Response& response, const std::string& schema, std::int64_t modified,
                     int max_age, const Request& request) {
    response.headers.emplace_back("Battlenet-Schema", schema);
    response.headers.emplace_back("Battlenet-Schema-Revision", "1");
    response.headers.emplace_back("Last-Modified", http_date(modified));
    if (max_age > 0) {
      response.headers.emplace_back("Cache-Control", "public, max-age=" + std::to_string(max_age));
    }
    const auto since = request.header("if-modified-since");
    if (since.empty() || parse_http_date(since) < modified) {
      return true;
    }
    response.status = 304;
    response.body = std::make_shared<const std::string>();
    response.length = 0;
    return false;
  }

  static Response document(const Document& body, const char* kind, std::int64_t modified,
                           int max_age, const Request& request) {
    Response response = make_response(200, kJson, body.dump(), kind);
    (void)finish(response, kind, modified, max_age, request);
    return response;
  }

  struct Dump {
    std::uint64_t generation = 0;
    std::uint64_t changes = 0;
    std::shared_ptr<const std::string> text;
  };

  const BlizzardOptions options_;
  World world_;
  Tokens tokens_;
  limits::Gate gate_;
  std::mutex mutex_;  // guards all below
  std::map<std::tuple<std::string, std::int64_t, int>, Dump> dumps_;
  std::uint64_t changes_ = 0;
};

json body_of(const Request& request) {
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

std::optional<Response> BlizzardService::control(std::string_view verb, const Request& request) {
  if (verb == "limits") {
    return gate_.control(request);
  }
  if (verb == "expect" && request.method == "GET") {
    const auto ns = parse_namespace("static-" + request.query_or("game", "retail") + "-" +
                                    request.query_or("region", "eu"));
    if (!ns) {
      throw std::invalid_argument("no such region or game");
    }
    return json_response(200, expect(world_, ns->region, ns->game).dump());
  }
  if (request.method != "POST") {
    return std::nullopt;
  }
  const json body = body_of(request);
  json answer = json::object();
  if (verb == "patch") {
    answer["changed"] =
        world_.patch(get<std::string>(body, "game", "retail"), get<std::uint64_t>(body, "edit", 0),
                     get<std::uint64_t>(body, "add", 0));
  } else if (verb == "advance") {
    world_.advance(get<std::uint64_t>(body, "hours", 1));
  } else if (verb == "heal") {
    world_.heal();
  } else if (verb == "merge-realms") {
    world_.merge_realms();
  } else if (verb == "close-auctions") {
    world_.close_auctions(get(body, "closed", true));
  } else if (verb == "expire-tokens") {
    tokens_.expire();
  } else {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  ++changes_;
  return json_response(200, answer.dump());
}

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, double scale,
                                      const BlizzardOptions& options) {
  return std::make_unique<BlizzardService>(seed, scale, options);
}

}  // namespace sluice::twin::blizzard
