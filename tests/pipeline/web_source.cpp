// SPDX-License-Identifier: Apache-2.0
//
// A source for tests that makes the HTTP requests its configuration lists, one slice each, and
// lands what came of them: status, a header, the begin of the body.
#include <algorithm>
#include <sluice/cpp/plugin.hpp>

namespace {

using sluice::Batch;
using sluice::Host;
using sluice::Lister;
using sluice::ListRequest;
using sluice::ReadRequest;
using sluice::Stream;
using sluice::Type;

constexpr std::size_t kFragment = 120;

struct Request {
  std::string name, url, method, body, header, credential, endpoint;
  int64_t times = 1, range_start = 0, read = -1;
  bool revalidate = false;  // later times are conditional
  static constexpr auto fields() {
    return std::tuple{sluice::required("name", &Request::name),
                      sluice::required("url", &Request::url),
                      sluice::optional("method", &Request::method),
                      sluice::optional("body", &Request::body),
                      sluice::optional("header", &Request::header),
                      sluice::optional("credential", &Request::credential),
                      sluice::optional("endpoint", &Request::endpoint),
                      sluice::optional("times", &Request::times),
                      sluice::optional("range_start", &Request::range_start),
                      sluice::optional("read", &Request::read),
                      sluice::optional("revalidate", &Request::revalidate)};
  }
};

struct Web {
  static constexpr auto id = "web", name = "Requests from a list", version = "1.0.0";

  struct Config {
    std::vector<Request> requests;
    std::vector<std::string> bases;  // of the endpoint "api"
    sluice::Secret token;
    static constexpr auto fields() {
      return std::tuple{sluice::optional("requests", &Config::requests),
                        sluice::optional("bases", &Config::bases),
                        sluice::optional("token", &Config::token)};
    }
  };

  static std::vector<Stream> streams() {
    return {Stream("answers", sluice::Kind::kFiles)
                .key("name", "turn")
                .col("name", Type::kUtf8)
                .col("turn", Type::kInt64)
                .col("status", Type::kInt64)
                .col("type", Type::kUtf8)
                .col("url", Type::kUtf8)
                .col("size", Type::kInt64)
                .col("sum", Type::kInt64)
                .col("body", Type::kUtf8)};
  }

  void slices(Host&, const Config& config, const ListRequest&, Lister& lister) {
    for (const Request& request : config.requests) {
      lister.slice({.key = request.name});
    }
  }

  struct Reader {
    Host& host;
    const Config& config;
    const ReadRequest& request;
    Reader(Host& h, const Config& c, const ReadRequest& r) : host(h), config(c), request(r) {}

    bool next(Batch& out) {
      const auto it = std::find_if(config.requests.begin(), config.requests.end(),
                                   [&](const Request& r) { return r.name == request.slice(); });
      if (!config.bases.empty()) {
        host.declare({.limits = {}, .endpoints = {{"api", {.urls = config.bases}}}});
      }
      std::string validator(request.last_validator());
      for (int64_t turn = 0; turn < it->times; ++turn) {
        validator = ask(*it, turn, turn == 0 || it->revalidate ? validator : "", out);
      }
      request.validator(validator);
      return false;
    }

    // With {token} in URL and header replaced by the secret.
    std::string filled(std::string text) const {
      const std::size_t at = text.find("{token}");
      return at == std::string::npos ? text : text.replace(at, 7, host.secret(config.token));
    }

    std::string ask(const Request& asked, int64_t turn, const std::string& validator, Batch& out) {
      sluice::HttpOptions options;
      options.method = asked.method;
      options.body = asked.body;
      options.validator = validator;
      options.range_start = static_cast<uint64_t>(asked.range_start);
      options.credential = asked.credential;
      options.endpoint = asked.endpoint;
      options.accept_errors = true;
      options.repeatable = true;
      if (!asked.header.empty()) {
        const std::size_t colon = asked.header.find(':');
        options.headers = {{asked.header.substr(0, colon), filled(asked.header.substr(colon + 2))}};
      }
      auto answer = host.open(filled(asked.url), options);
      std::string begin, chunk(65536, '\0');
      int64_t size = 0, sum = 0;
      for (std::size_t got = 1; got != 0 && (asked.read < 0 || size < asked.read);) {
        got = answer.read(chunk.data(), chunk.size());
        for (std::size_t i = 0; i < got; ++i) {
          sum = (sum * 31 + static_cast<unsigned char>(chunk[i])) % 1'000'000'007;
        }
        begin.append(chunk, 0, std::min(got, kFragment - std::min(kFragment, begin.size())));
        size += static_cast<int64_t>(got);
      }
      out.row(asked.name, turn, static_cast<int64_t>(answer.status()),
              answer.header("Content-Type"), answer.url(), size, sum, printable(begin));
      return answer.validator();
    }

    static std::string printable(std::string text) {
      std::replace_if(
          text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '.');
      return text;
    }
  };
};

}  // namespace

SLUICE_PLUGIN(Web)
