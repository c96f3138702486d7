// SPDX-License-Identifier: Apache-2.0
//
// A source for tests that asks an HTTP service with a credential and is careless with what comes
// back: it repeats the bodies of errors in its own errors, log lines, notes, rejected records and
// resume states, as plugins do.
#include <sluice/cpp/plugin.hpp>
#include <sstream>

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

struct Asker {
  static constexpr auto id = "asker", name = "Asks a service with a credential", version = "1.0.0";

  struct Config {
    std::string url, credentials, paths;  // lists with blanks between
    static constexpr auto fields() {
      return std::tuple{sluice::required("url", &Config::url),
                        sluice::required("credentials", &Config::credentials),
                        sluice::required("paths", &Config::paths)};
    }
  };

  static std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string word; in >> word;) {
      out.push_back(word);
    }
    return out;
  }

  std::vector<Stream> discover(Host&, const Config&) {
    return {Stream("answers", sluice::Kind::kFiles)
                .key("slice", "row")
                .col("slice", Type::kUtf8)
                .col("row", Type::kInt64)
                .col("status", Type::kInt64)};
  }

  void slices(Host&, const Config& config, const ListRequest&, Lister& lister) {
    for (const std::string& credential : words(config.credentials)) {
      for (const std::string& path : words(config.paths)) {
        const std::string key = credential + " " + path;
        lister.slice({.key = key});
      }
    }
  }

  struct Reader {
    Host& host;
    const Config& config;
    const ReadRequest& request;
    Reader(Host& h, const Config& c, const ReadRequest& r) : host(h), config(c), request(r) {}

    bool next(Batch& out, json& state) {
      const int64_t row = state.value("row", int64_t{0});
      if (row >= 2) {
        return false;
      }
      const std::vector<std::string> parts = words(std::string(request.slice()));
      sluice::HttpOptions options;
      options.credential = parts.at(0);
      options.accept_errors = true;
      options.no_retry = parts.at(1) == "/raw500";
      const auto answer = host.get(config.url + parts.at(1), options);
      host.info("The service said: " + answer.text(), json{{"body", answer.text()}}.dump());
      request.note("said", answer.text());
      if (parts.at(1) == "/reject") {
        request.reject("careless", "it said " + answer.text(), answer.text());
      }
      if (answer.status() >= 400) {
        throw Error(Code::kBadData, "The service said: " + answer.text());
      }
      if (parts.at(1) == "/garbage") {
        answer.parsed();
        throw Error(Code::kBadData, std::string(900, '.') + answer.text());
      }
      out.row(request.slice(), row, static_cast<int64_t>(answer.status()));
      state["row"] = row + 1;
      state["said"] = answer.text();
      return true;
    }
  };
};

}  // namespace

SLUICE_PLUGIN(Asker)
