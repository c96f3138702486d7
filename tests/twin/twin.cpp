// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/twin.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "tests/twin/bungie/bungie_service.hpp"
#include "tests/twin/dwd/dwd_service.hpp"
#include "tests/twin/fault.hpp"
#include "tests/twin/request_log.hpp"
#include "tests/twin/services.hpp"
#include "tests/twin/wire_server.hpp"

namespace sluice::twin {
namespace {

constexpr std::string_view kControl = "/_twin/";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::size_t parse_count(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("'" + text + "' is not a whole number");
  }
  return value;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// As the server on the wire parses it.
Request parse_target(const std::string& method, const std::string& target,
                     const std::string& body) {
  Request request;
  request.method = method;
  request.target = target;
  const std::size_t path_size = std::min(target.find('?'), target.size());
  request.path = percent_decoded(std::string_view(target).substr(0, path_size));
  request.body = body;
  std::string_view rest = path_size < target.size() ? std::string_view(target).substr(path_size + 1)
                                                    : std::string_view();
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    request.query.insert_or_assign(
        percent_decoded(pair.substr(0, equals)),
        equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1)));
  }
  return request;
}

}  // namespace

std::string_view Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string Request::query_or(const std::string& name, const std::string& fallback) const {
  const auto found = query.find(name);
  return found == query.end() ? fallback : found->second;
}

Response make_response(int status, std::string content_type, std::string body, std::string kind) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  response.length = body.size();
  response.body = std::make_shared<const std::string>(std::move(body));
  response.kind = std::move(kind);
  return response;
}

Response json_response(int status, std::string json) {
  json += '\n';
  return make_response(status, "application/json", std::move(json), "control");
}

Response error_response(int status, const std::string& sentence) {
  using nlohmann::json;
  return json_response(
      status, json{{"error", sentence}}.dump(-1, ' ', false, json::error_handler_t::replace));
}

class Twin::Impl {
 public:
  explicit Impl(const Options& options) : faults_(options.seed), services_(make_services(options)) {
    if (!options.faults.empty()) {
      (void)faults_.add(options.faults);
    }
    if (!options.warm.empty()) {
      for (const auto& service : services_) {
        service->warm(options.warm);
      }
    }
    WireServer::Callbacks callbacks;
    callbacks.answer = [this](const Request& request) { return answer(request); };
    // Ticket 0: a control request, which is not counted.
    callbacks.answering = [this](const Request& request, const WireServer::Answer& given,
                                 std::uint64_t bytes) -> std::uint64_t {
      const bool control = starts_with(request.path, kControl);
      return control ? 0 : log_.count(request, given.response, given.fault.rule, bytes);
    };
    callbacks.finishing = [this](std::uint64_t ticket) {
      if (ticket != 0) {
        log_.leave();
      }
    };
    callbacks.cut_short = [this](std::uint64_t ticket, std::uint64_t announced,
                                 std::uint64_t sent) { log_.correct(ticket, announced, sent); };
    callbacks.opened = [this] { log_.connection_opened(); };
    callbacks.closed = [this] { log_.connection_closed(); };
    server_ = std::make_unique<WireServer>(options.port, std::move(callbacks));
  }

  WireServer& server() { return *server_; }

  Answered ask(const Request& request) {
    const WireServer::Answer given = answer(request);
    const Response& response = given.response;
    Answered out{response.status, response.headers, {}, {}};
    if (response.body && request.method != "HEAD" && response.status != 304) {
      out.body = response.body->substr(response.offset, response.length);
    }
    break_as_on_the_wire(given.fault, out);
    if (!starts_with(request.path, kControl)) {
      const std::uint64_t ticket = log_.count(request, response, given.fault.rule, out.body.size());
      log_.leave();
      if (out.breaks_after) {
        log_.correct(ticket, out.body.size(), *out.breaks_after);
      }
    }
    return out;
  }

  Response control(const Request& request) {
    try {
      return dispatch_control(std::string_view(request.path).substr(kControl.size()), request);
    } catch (const std::invalid_argument& error) {
      return error_response(400, error.what());
    } catch (const std::exception& error) {
      return error_response(500, error.what());
    }
  }

 private:
  static void break_as_on_the_wire(const Fault& fault, Answered& out) {
    const auto after = [&](std::int64_t bytes) {
      const auto most = out.body.empty() ? 0 : static_cast<std::int64_t>(out.body.size()) - 1;
      out.breaks_after = static_cast<std::size_t>(std::clamp<std::int64_t>(bytes, 0, most));
    };
    switch (fault.kind) {
      case FaultKind::kReset:
        if (fault.after_bytes < 0) {
          out = {};
        } else {
          after(fault.after_bytes);
        }
        break;
      case FaultKind::kTruncate:
        after(fault.after_bytes);
        break;
      case FaultKind::kWrongLength:
        after(static_cast<std::int64_t>(out.body.size()));
        break;
      case FaultKind::kBadChunked:
        after(static_cast<std::int64_t>(out.body.size() / 2));
        break;
      case FaultKind::kHang:
        out = {};
        break;
      default:
        break;
    }
  }

  WireServer::Answer answer(const Request& request) {
    if (starts_with(request.path, kControl)) {
      return {control(request), {}};
    }
    log_.begin();
    WireServer::Answer result;
    result.fault = faults_.pick(request);
    try {
      result.response = apply_to_response(result.fault, serve(request));
    } catch (const std::exception& error) {
      result.response = error_response(500, error.what());
      result.response.kind = "error";
    }
    return result;
  }

  Response serve(const Request& request) {
    Service* best = nullptr;
    for (const auto& service : services_) {
      if (starts_with(request.path, service->mount()) &&
          (best == nullptr || service->mount().size() > best->mount().size())) {
        best = service.get();
      }
    }
    if (best == nullptr) {
      return make_response(404, "text/html",
                           "<html><head><title>404 Not Found</title></head></html>\r\n", "missing");
    }
    return best->serve(request);
  }

  Response dispatch_control(std::string_view verb, const Request& request) {
    const bool post = request.method == "POST";
    if (verb == "faults") {
      return control_faults(request);
    }
    if (verb == "stats" && !post) {
      return json_response(200, log_.stats());
    }
    if (verb == "reset-stats" && post) {
      log_.reset();
      return json_response(200, "{}");
    }
    if (verb == "log" && !post) {
      return json_response(200, log_.tail(parse_count(request.query_or("tail", "100"))));
    }
    if (verb == "services" && !post) {
      nlohmann::json list = nlohmann::json::array();
      for (const auto& service : services_) {
        list.push_back({{"name", service->name()}, {"mount", service->mount()}});
      }
      return json_response(200, list.dump());
    }
    for (const auto& service : services_) {
      const std::string folder = std::string(service->name()) + "/";
      const std::string_view rest = starts_with(verb, folder) ? verb.substr(folder.size()) : verb;
      if (std::optional<Response> response = service->control(rest, request)) {
        return std::move(*response);
      }
    }
    return error_response(404, "no control endpoint " + request.method + " " + request.path);
  }

  Response control_faults(const Request& request) {
    if (request.method == "POST") {
      const std::size_t added = faults_.add(request.body);
      return json_response(200, nlohmann::json{{"added", added}}.dump());
    }
    if (request.method == "DELETE") {
      faults_.clear();
      return json_response(200, "{}");
    }
    return json_response(200, faults_.describe());
  }

  FaultInjector faults_;
  RequestLog log_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<WireServer> server_;  // last: its threads use all above
};

Twin::Twin(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Twin::~Twin() = default;

std::uint16_t Twin::port() const {
  return impl_->server().port();
}
std::string Twin::base_url() const {
  return "http://127.0.0.1:" + std::to_string(port());
}
std::string Twin::dwd_url() const {
  return base_url() + std::string(dwd::kMount);
}

std::string Twin::bungie_url() const {
  return base_url() + std::string(bungie::kMount.substr(0, bungie::kMount.size() - 1));
}

std::string Twin::control(const std::string& method, const std::string& target,
                          const std::string& body) {
  if (!starts_with(target, kControl)) {
    throw std::invalid_argument("'" + target + "' is no control endpoint; they begin with /_twin/");
  }
  const Response response = impl_->control(parse_target(method, target, body));
  if (response.status < 200 || response.status > 299) {
    throw std::invalid_argument(*response.body);
  }
  return *response.body;
}

Answered Twin::ask(const std::string& method, const std::string& target,
                   const std::map<std::string, std::string>& headers, const std::string& body) {
  Request request = parse_target(method, target, body);
  request.headers = headers;
  return impl_->ask(request);
}

void Twin::stop() {
  impl_->server().stop();
}

}  // namespace sluice::twin
