// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/rest/rest_service.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>

#include "tests/twin/hash.hpp"
#include "tests/twin/limits/gate.hpp"
#include "tests/twin/rest/rest_model.hpp"

namespace sluice::twin::rest {
namespace {

using Json = nlohmann::ordered_json;
using Ids = std::vector<std::uint64_t>;

constexpr std::uint64_t kMostSize = 100;  // records of a page

Response answer(const Json& body, const std::string& kind) {
  return make_response(200, "application/json", body.dump(), kind);
}

Response refusal(int status, const std::string& code, const std::string& message) {
  return make_response(status, "application/json",
                       Json{{"code", code}, {"message", message}}.dump(), "refusal");
}

// A whole number of the query. Throws std::invalid_argument.
std::int64_t number(const Request& request, const std::string& name, std::int64_t fallback) {
  const std::string text = request.query_or(name, "");
  std::int64_t value = fallback;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
      throw std::invalid_argument("'" + name + "' must be a whole number");
    }
  }
  return value;
}

// A part of a list.
struct Part {
  std::size_t first = 0, count = 0, all = 0;
  bool last() const { return first + count >= all; }
};

Part part_of(const Request& request, std::size_t all, std::int64_t first) {
  const auto size = static_cast<std::uint64_t>(number(request, "limit", 20));
  if (size < 1 || size > kMostSize) {
    throw std::invalid_argument("'limit' must lie between 1 and 100");
  }
  const std::size_t begin = std::min(static_cast<std::size_t>(first), all);
  return {begin, std::min<std::size_t>(size, all - begin), all};
}

class RestService : public Service {
 public:
  RestService(std::uint64_t seed, const RestOptions& options, double scale)
      : model_(seed, options), seed_(seed), options_(options), gate_("wom", scale, /*open=*/true) {
    if (options.shelves == 0) {
      throw std::invalid_argument("--rest-shelves must be at least 1");
    }
  }

  std::string_view name() const override { return "rest"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    return gate_.pass(request, [&] {
      if (!options_.key.empty() && request.header("x-key") != options_.key) {
        return refusal(401, "NO_KEY", "The header X-Key does not hold a valid key.");
      }
      if (auto said = next_saying(request)) {
        return std::move(*said);
      }
      try {
        return dispatch(request);
      } catch (const std::invalid_argument& error) {
        return refusal(400, "BAD_PARAMETER", error.what());
      }
    });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    if (verb == "limits") {
      return gate_.control(request);
    }
    if (verb == "expect") {
      return expect(request);
    }
    const auto body = request.body.empty() ? nlohmann::json::object()
                                           : nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object()) {
      throw std::invalid_argument("the request's body must be a JSON object");
    }
    if (verb == "add-items") {
      model_.add_items(body.value("count", std::uint64_t{1}));
    } else if (verb == "edit-item") {
      model_.edit_item(body.value("id", std::uint64_t{1}));
    } else if (verb == "add-events") {
      model_.add_events(body.value("count", std::uint64_t{1}));
    } else if (verb == "say") {
      const std::lock_guard lock(mutex_);
      saying_ = body;
    } else {
      return std::nullopt;
    }
    return json_response(200, "{}");
  }

 private:
  using Handler = Response (RestService::*)(const Request&);

  Response dispatch(const Request& request) {
    static const std::map<std::string, Handler, std::less<>> kHandlers = {
        {"shelves", &RestService::shelves},
        {"page", &RestService::by_page},
        {"offset", &RestService::by_offset},
        {"cursor", &RestService::by_cursor},
        {"header-cursor", &RestService::by_header},
        {"after", &RestService::by_last},
        {"link", &RestService::by_link},
        {"next", &RestService::by_next},
        {"search", &RestService::search},
        {"items", &RestService::batch},
        {"events", &RestService::events},
        {"candles", &RestService::candles},
        {"catalog", &RestService::catalog},
        {"ignores-page", &RestService::ignores_page},
        {"circle", &RestService::circle},
        {"elsewhere", &RestService::elsewhere}};
    const std::string path = request.path.substr(kMount.size());
    if (const auto handler = kHandlers.find(path); handler != kHandlers.end()) {
      return (this->*handler->second)(request);
    }
    const std::size_t slash = path.find('/');
    const std::string rest = slash == std::string::npos ? "" : path.substr(slash + 1);
    if (path.starts_with("items/")) {
      return one(rest);
    }
    if (path.starts_with("rates/")) {
      return rates(request, rest);
    }
    if (path.starts_with("files/")) {
      return file(request, rest);
    }
    return refusal(404, "NO_SUCH_PATH", "There is nothing at " + request.path + ".");
  }

  Json items(const Ids& ids, const Part& part) const {
    Json out = Json::array();
    for (std::size_t i = part.first; i < part.first + part.count; ++i) {
      out.push_back(to_json(model_.item(ids[i])));
    }
    return out;
  }
  Ids wanted(const Request& request) const {
    return model_.ids(static_cast<std::uint32_t>(number(request, "shelf", 0)));
  }

  // ---- lists ----
  Response shelves(const Request& request) {
    Json list = Json::array();
    for (std::uint32_t id = 1; id <= model_.shelves(); ++id) {
      list.push_back({{"id", id},
                      {"code", "S/" + std::to_string(id)},
                      {"openedAt", iso(kEpoch)},
                      {"version", "v" + std::to_string(model_.revision())}});
    }
    Response out = answer({{"data", {{"shelves", list}}}}, "shelves");
    return conditional(request, std::move(out));
  }
  Response by_page(const Request& request) {
    const Ids ids = wanted(request);
    const std::int64_t page = std::max<std::int64_t>(number(request, "page", 1), 1);
    const std::int64_t size = number(request, "limit", 20);
    const Part part = part_of(request, ids.size(), (page - 1) * size);
    const auto pages = (static_cast<std::int64_t>(ids.size()) + size - 1) / size;
    return answer({{"page", page},
                   {"pageCount", pages},
                   {"total", ids.size()},
                   {"results", items(ids, part)}},
                  "page");
  }
  Response by_offset(const Request& request) {
    const Ids ids = wanted(request);
    return answer(items(ids, part_of(request, ids.size(), number(request, "offset", 0))), "offset");
  }
  // The cursor is opaque: a number that is mixed with the seed.
  std::string cursor_of(std::size_t first) const {
    return first == 0 ? "" : "c" + std::to_string(first) + "-" + std::to_string(check(first));
  }
  std::uint64_t check(std::size_t first) const { return hash_of(seed_, 4, first) % 10'000; }
  std::int64_t from_cursor(const std::string& cursor) const {
    if (cursor.empty()) {
      return 0;
    }
    std::size_t first = 0;
    const char* end = cursor.data() + cursor.size();
    std::from_chars(cursor.data() + 1, end, first);
    if (cursor != cursor_of(first)) {
      throw std::invalid_argument("the cursor is not one of ours");
    }
    return static_cast<std::int64_t>(first);
  }
  Response by_cursor(const Request& request) {
    const Ids ids = wanted(request);
    const Part part = part_of(request, ids.size(), from_cursor(request.query_or("cursor", "")));
    Json next = part.last() ? Json() : Json(cursor_of(part.first + part.count));
    return answer({{"items", items(ids, part)}, {"paging", {{"next", next}}}}, "cursor");
  }
  Response by_header(const Request& request) {
    const Ids ids = wanted(request);
    const Part part = part_of(request, ids.size(), from_cursor(request.query_or("cursor", "")));
    Response out = answer(items(ids, part), "header-cursor");
    if (!part.last()) {
      out.headers.emplace_back("X-Next-Cursor", cursor_of(part.first + part.count));
    }
    return out;
  }
  Response by_last(const Request& request) {
    const Ids ids = wanted(request);
    const auto after = static_cast<std::uint64_t>(number(request, "after", 0));
    const auto first = std::upper_bound(ids.begin(), ids.end(), after) - ids.begin();
    return answer(items(ids, part_of(request, ids.size(), first)), "after");
  }
  std::string page_target(const Request& request, const std::string& path, std::int64_t page) {
    return std::string(kMount) + path + "?limit=" + request.query_or("limit", "20") +
           "&shelf=" + request.query_or("shelf", "0") + "&page=" + std::to_string(page);
  }
  Response by_link(const Request& request) {
    const Ids ids = wanted(request);
    const std::int64_t page = number(request, "page", 1);
    const Part part = part_of(request, ids.size(), (page - 1) * number(request, "limit", 20));
    Response out = answer(items(ids, part), "link");
    std::string link = "<" + page_target(request, "link", 1) + ">; rel=\"first\"";
    if (!part.last()) {
      link += ", <" + page_target(request, "link", page + 1) + ">; rel=\"next\"; title=\"a, b\"";
    }
    out.headers.emplace_back("Link", link);
    return out;
  }
  Response by_next(const Request& request) {
    const Ids ids = wanted(request);
    const std::int64_t page = number(request, "page", 1);
    const Part part = part_of(request, ids.size(), (page - 1) * number(request, "limit", 20));
    const Json next = part.last() ? Json() : Json(page_target(request, "next", page + 1));
    return answer({{"links", {{"next", next}}}, {"items", items(ids, part)}}, "next");
  }
  // POST {"page": 1, "size": 20, "filter": {"shelf": 1}}
  Response search(const Request& request) {
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    const bool fine = request.method == "POST" && body.is_object() &&
                      body.value("page", nlohmann::json()).is_number_integer() &&
                      body.value("size", nlohmann::json()).is_number_integer();
    if (!fine) {
      return refusal(422, "BAD_BODY", "A JSON body with the numbers page and size is needed.");
    }
    Request asked = request;
    asked.query["limit"] = body.at("size").dump();
    asked.query["page"] = body.at("page").dump();
    asked.query["shelf"] = std::to_string(
        body.value("filter", nlohmann::json::object()).value("shelf", std::uint32_t{0}));
    Response out = by_page(asked);
    out.kind = "search";
    return out;
  }

  // ---- single things ----
  Response one(const std::string& text) {
    std::uint64_t id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    if (id < 1 || id > model_.items()) {
      return refusal(404, "NOT_FOUND", "There is no item " + text + ".");
    }
    return answer(to_json(model_.item(id)), "item");
  }
  // /items?ids=1,2,3: an object of those that there are, by id.
  Response batch(const Request& request) {
    Json out = Json::object();
    std::string text = request.query_or("ids", "");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      std::uint64_t id = 0;
      std::from_chars(text.data() + at, text.data() + comma, id);
      if (id >= 1 && id <= model_.items()) {
        out[std::to_string(id)] = to_json(model_.item(id));
      }
      at = comma + 1;
    }
    return answer({{"items", out}}, "items");
  }
  // The items of a shelf, by its code, as one file.
  Response file(const Request& request, const std::string& code) {
    std::uint32_t shelf = 0;
    if (code.starts_with("S/")) {
      std::from_chars(code.data() + 2, code.data() + code.size(), shelf);
    }
    if (shelf < 1 || shelf > model_.shelves()) {
      return refusal(404, "NOT_FOUND", "There is no shelf " + code + ".");
    }
    const Ids ids = model_.ids(shelf);
    return conditional(request, answer(items(ids, {0, ids.size(), ids.size()}), "file"));
  }
  Response catalog(const Request& request) {
    return conditional(
        request,
        answer({{"name", "shop"}, {"items", model_.items()}, {"owner", {{"name", "twin"}}}},
               "catalog"));
  }

  // ---- times: from and to are inclusive, and in seconds ----
  Response events(const Request& request) {
    const auto shelf = static_cast<std::uint32_t>(number(request, "shelf", 1));
    auto list = model_.events(shelf, number(request, "from", 0), number(request, "to", kEpoch * 2));
    if (request.query_or("order", "asc") == "desc") {
      std::reverse(list.begin(), list.end());
    }
    const Part part = part_of(request, list.size(), number(request, "offset", 0));
    Json out = Json::array();
    for (std::size_t i = part.first; i < part.first + part.count; ++i) {
      out.push_back(to_json(list[i]));
    }
    return answer({{"events", out}}, "events");
  }
  // [milliseconds, value] for every second event.
  Response candles(const Request& request) {
    const auto shelf = static_cast<std::uint32_t>(number(request, "shelf", 1));
    Json out = Json::array();
    for (const Event& event : model_.events(shelf, number(request, "from", 0) / 1000,
                                            number(request, "to", kEpoch * 2000) / 1000)) {
      if (event.id % 2 == 1) {
        out.push_back({event.time_s * 1000, event.value});
      }
    }
    return answer({{"prices", out}}, "candles");
  }

  // /rates/2024-01-01..2024-01-31?symbols=USD: exchange rates of working days, both ends inclusive,
  // 1999-01-04 to what the option says. A day without rates is left out.
  Response rates(const Request& request, const std::string& span) {
    const std::int64_t from = day_of(span.substr(0, 10));
    const std::int64_t to = day_of(span.size() == 22 ? span.substr(12) : "");
    if (from < 0 || to < 0 || span.substr(10, 2) != "..") {
      return refusal(404, "NOT_FOUND", "not found");
    }
    Json out = Json::object();
    const std::string symbols = "," + request.query_or("symbols", "USD,GBP") + ",";
    for (std::int64_t day = std::max<std::int64_t>(from, kFirstRate);
         day <= std::min<std::int64_t>(to, last_rate()); ++day) {
      if ((day + 4) % 7 % 6 == 0) {  // 1970-01-01 was a Thursday; no Sunday, no Saturday
        continue;
      }
      for (const char* symbol : {"USD", "GBP"}) {
        if (symbols.find(std::string(",") + symbol + ",") != std::string::npos) {
          out[iso(day * 86'400).substr(0, 10)][symbol] = rate(day, symbol);
        }
      }
    }
    return answer({{"amount", 1.0},
                   {"base", "EUR"},
                   {"start_date", span.substr(0, 10)},
                   {"end_date", span.substr(12)},
                   {"rates", out}},
                  "rates");
  }
  static constexpr std::int64_t kFirstRate = 10'595;  // 1999-01-04
  std::int64_t last_rate() const { return kFirstRate + options_.rate_days - 1; }
  double rate(std::int64_t day, std::string_view symbol) const {
    return static_cast<double>(5'000 + hash_of(seed_, 5, day, symbol[0]) % 10'000) / 10'000;
  }
  static std::int64_t day_of(const std::string& text) {
    std::tm parts{};
    if (text.size() != 10 || strptime(text.c_str(), "%Y-%m-%d", &parts) == nullptr) {
      return -1;
    }
    return timegm(&parts) / 86'400;
  }

  // ---- what services get wrong ----
  Response ignores_page(const Request& request) {
    const Ids ids = model_.ids(0);
    return answer(items(ids, part_of(request, ids.size(), 0)), "fault");
  }
  Response circle(const Request& request) {
    const Ids ids = model_.ids(0);
    const bool second = request.query_or("cursor", "") == "a";
    return answer({{"items", items(ids, {0, std::min<std::size_t>(2, ids.size()), ids.size()})},
                   {"paging", {{"next", second ? "b" : "a"}}}},
                  "fault");
  }
  Response elsewhere(const Request&) {
    return answer({{"items", Json::array({Json{{"id", 1}}})},
                   {"links", {{"next", "http://127.0.0.2:9/steal"}}}},
                  "fault");
  }

  // ---- around ----
  static Response conditional(const Request& request, Response out) {
    const std::string tag = "\"" + std::to_string(hash_text(*out.body)) + "\"";
    if (request.header("if-none-match") == tag) {
      out.status = 304;
      out.body = std::make_shared<const std::string>();
      out.length = 0;
    }
    out.headers.emplace_back("ETag", tag);
    return out;
  }

  // What the verb `say` has put in the place of the next answers.
  std::optional<Response> next_saying(const Request& request) {
    const std::lock_guard lock(mutex_);
    const auto times = saying_.value("times", 0);
    const std::string path = saying_.value("path", std::string());
    if (times <= 0 || (!path.empty() && request.path != std::string(kMount) + path)) {
      return std::nullopt;
    }
    saying_["times"] = times - 1;
    Response out = make_response(saying_.value("status", 200), "application/json",
                                 saying_.value("body", nlohmann::json::object()).dump(), "said");
    const nlohmann::json headers = saying_.value("headers", nlohmann::json::object());
    for (const auto& [name, value] : headers.items()) {
      out.headers.emplace_back(name, value.get<std::string>());
    }
    return out;
  }

  // The ground truth: rows and sums. ?what=items&shelf=1, ?what=events&shelf=1&from=S&to=S, `to`
  // exclusive.
  Response expect(const Request& request) {
    const auto shelf = static_cast<std::uint32_t>(number(request, "shelf", 0));
    if (request.query_or("what", "items") == "items") {
      std::uint64_t ids = 0;
      std::int64_t cents = 0;
      const Ids all = model_.ids(shelf);
      for (const std::uint64_t id : all) {
        ids += id;
        cents += model_.item(id).price_cents;
      }
      return answer({{"rows", all.size()}, {"ids", ids}, {"cents", cents}}, "");
    }
    std::uint64_t rows = 0;
    std::int64_t sum = 0;
    if (request.query_or("what", "") == "rates") {
      for (std::int64_t day = kFirstRate; day <= last_rate(); ++day) {
        const bool working = (day + 4) % 7 % 6 != 0;
        rows += working ? 1 : 0;
        sum += working ? static_cast<std::int64_t>(rate(day, "USD") * 10'000 + 0.5) : 0;
      }
      return answer({{"rows", rows}, {"usd", sum}}, "");
    }
    for (std::uint32_t one = shelf == 0 ? 1 : shelf; one <= (shelf == 0 ? model_.shelves() : shelf);
         ++one) {
      for (const Event& event :
           model_.events(one, number(request, "from", 0), number(request, "to", kEpoch * 2) - 1)) {
        ++rows;
        sum += event.value;
      }
    }
    return answer({{"rows", rows}, {"values", sum}}, "");
  }

  Model model_;
  std::uint64_t seed_;
  RestOptions options_;
  limits::Gate gate_;
  std::mutex mutex_;  // guards saying_
  nlohmann::json saying_ = nlohmann::json::object();
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, const RestOptions& options,
                                      double scale) {
  return std::make_unique<RestService>(seed, options, scale);
}

}  // namespace sluice::twin::rest
