// SPDX-License-Identifier: Apache-2.0
//
// A source for tests that reads pages of a limited service of the twin (tests/twin/README.md,
// "Limits"), as the plugin of the real service would: its requests have a scope and a cost, its
// limits are declared when it is opened, a throttle told in a body is handed on.
//
// Streams: `pages`, `slices` files of `pages` requests each, without a key, so that a row that
// landed twice is there twice; `items`, `slices` keys of a request each.

#include <algorithm>
#include <cstdio>
#include <sluice/cpp/plugin.hpp>

namespace {

using sluice::Batch;
using sluice::Code;
using sluice::Error;
using sluice::Host;
using sluice::json;
using sluice::Lister;
using sluice::ListRequest;
using sluice::ReadRequest;
using sluice::Stream;
using sluice::Type;

constexpr uint32_t kKeysAtOnce = 5;

struct Limit {
  std::string scope, name;
  int64_t amount = 0, per_ms = 0;
  std::string window = "sliding";
  int64_t concurrent = 0;
  std::string used_header, limit_header;
  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{sluice::required("scope", &Limit::scope),
                      optional("name", &Limit::name),
                      optional("amount", &Limit::amount),
                      optional("per_ms", &Limit::per_ms),
                      optional("window", &Limit::window),
                      optional("concurrent", &Limit::concurrent),
                      optional("used_header", &Limit::used_header),
                      optional("limit_header", &Limit::limit_header)};
  }
};

struct Config {
  std::string base_url, path, scope, prefix = "s";
  int64_t slices = 1, pages = 1, rows = 5, cost = 1, channels = 1;
  bool throttled_in_body = false;
  std::vector<Limit> limits;
  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        sluice::required("base_url", &Config::base_url),
        sluice::required("path", &Config::path).doc("{channel} becomes one of `channels` numbers."),
        optional("scope", &Config::scope).doc("As path. Empty: the host of the URL."),
        optional("prefix", &Config::prefix).doc("Of the slices' names."),
        optional("slices", &Config::slices),
        optional("pages", &Config::pages),
        optional("rows", &Config::rows),
        optional("cost", &Config::cost),
        optional("channels", &Config::channels),
        optional("throttled_in_body", &Config::throttled_in_body),
        optional("limits", &Config::limits)};
  }
};

struct Quota {
  static constexpr auto id = "quota", name = "Pages of a limited service", version = "1.0.0";
  static constexpr bool parallel_read = true;
  using Config = ::Config;

  struct Instance {
    Instance(Host& host, const Config& config) {
      sluice::HttpService service;
      for (const Limit& limit : config.limits) {
        service.limits.push_back({.scope = limit.scope,
                                  .name = limit.name,
                                  .amount = static_cast<double>(limit.amount),
                                  .per = std::chrono::milliseconds(limit.per_ms),
                                  .window = limit.window,
                                  .concurrent = static_cast<uint32_t>(limit.concurrent),
                                  .used_header = limit.used_header,
                                  .limit_header = limit.limit_header});
      }
      if (!service.limits.empty() && !host.offline()) {
        host.declare(service);
      }
    }
  };

  std::vector<Stream> discover(Host&, const Config&) {
    using sluice::Kind;
    return {Stream("pages", Kind::kFiles).col("id", Type::kUtf8).col("value", Type::kInt64),
            Stream("items", Kind::kKeys)
                .key("id")
                .max_keys(kKeysAtOnce)
                .col("id", Type::kUtf8)
                .col("value", Type::kInt64)};
  }

  void slices(Host&, const Config& config, const ListRequest&, Lister& lister) {
    for (int64_t i = 0; i < config.slices; ++i) {
      std::string number = std::to_string(i);
      number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
      const std::string key = config.prefix + number;
      lister.slice({.key = key, .validator = "1"});
    }
  }

  struct Reader {
    Host& host;
    const Config& config;
    const ReadRequest& request;
    bool begun = false;
    Reader(Host& h, const Config& c, const ReadRequest& r) : host(h), config(c), request(r) {}

    bool next(Batch& out, json& state) {
      if (request.stream() == "items") {
        if (begun) {
          return false;
        }
        begun = true;
        for (const std::string& key : request.keys()) {
          const json rows = page(key, 0);
          out.row(key, rows.at(0).at("value").get<int64_t>());
        }
        return true;
      }
      const int64_t number = state.value("page", int64_t{0});
      if (number >= config.pages) {
        return false;
      }
      for (const json& row : page(std::string(request.slice()), number)) {
        out.row(row.at("id").get<std::string>(), row.at("value").get<int64_t>());
      }
      state["page"] = number + 1;
      return true;
    }

    std::string filled(std::string text, const std::string& slice) const {
      uint64_t sum = 0;
      for (const char c : slice) {
        sum = sum * 31 + static_cast<unsigned char>(c);
      }
      const std::string channel = std::to_string(sum % static_cast<uint64_t>(config.channels));
      for (size_t at = text.find("{channel}"); at != std::string::npos;
           at = text.find("{channel}")) {
        text.replace(at, 9, channel);
      }
      return text;
    }

    json page(const std::string& slice, int64_t number) const {
      const std::string url = config.base_url + filled(config.path, slice) + "?slice=" + slice +
                              "&page=" + std::to_string(number) +
                              "&rows=" + std::to_string(config.rows);
      json body = host.get(url, {.expect = "application/json",
                                 .scope = filled(config.scope, slice),
                                 .cost = static_cast<uint32_t>(config.cost)})
                      .parsed();
      if (config.throttled_in_body) {
        body = unwrapped(std::move(body));
      }
      const auto rows = body.is_object() ? body.find("rows") : body.end();
      if (rows == body.end() || !rows->is_array()) {
        throw Error(Code::kBadData, "The page has no rows.");
      }
      return *rows;
    }

    // The envelope of a service that throttles with status 200.
    json unwrapped(json body) const {
      if (body.value("ErrorCode", 0) != 1) {
        const auto wait = std::chrono::seconds(body.value("ThrottleSeconds", 0));
        if (wait.count() > 0) {
          host.throttle(config.scope, wait);
        }
        throw Error(Code::kRateLimited, "The service throttles.");
      }
      return body.at("Response");
    }
  };
};

}  // namespace

SLUICE_PLUGIN(Quota)
