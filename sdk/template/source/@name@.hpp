// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/cpp/plugin.hpp>

// Reads the list of items that the service answers with, as a whole, when it is older than a day.
struct @Name@ {
  static constexpr auto id = "@name@", name = "@Name@", version = "0.1.0";

  struct Config {
    std::string url;
    static constexpr auto fields() {
      return std::tuple{sluice::required("url", &Config::url, R"("format":"uri")")
                            .doc("Where the list is, a JSON array of objects.")};
    }
  };

  static std::vector<sluice::Stream> streams() {
    return {sluice::Stream("items", sluice::Kind::kSnapshot)
                .key("id")
                .refresh(std::chrono::hours(24))
                .doc("The service's items.")
                .col("id", sluice::Type::kInt64)
                .col("name", sluice::Type::kUtf8, {.doc = "For people."})};
  }

  struct Reader {
    sluice::Host& host;
    const Config& config;
    Reader(sluice::Host& h, const Config& c, const sluice::ReadRequest&) : host(h), config(c) {}

    bool next(sluice::Batch& out) {
      const auto answer = host.get(config.url, {.expect = "application/json"}).parsed();
      for (const auto& item : answer) {
        out.row(item.at("id"), item.at("name"));
      }
      return false;  // all of it is in this batch
    }
  };
};
