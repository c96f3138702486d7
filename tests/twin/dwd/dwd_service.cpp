// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/dwd_service.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "tests/twin/dwd/catalog.hpp"
#include "tests/twin/dwd/content.hpp"
#include "tests/twin/dwd/expect.hpp"
#include "tests/twin/fault.hpp"
#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

using nlohmann::json;

constexpr std::size_t kShownLength = 50;  // longer names are cut in a listing's visible text

const char* content_type(const File& file) {
  switch (file.kind) {
    case FileKind::kStationList:
      return "text/plain";
    case FileKind::kDescription:
      return "application/pdf";
    default:
      return "application/zip";
  }
}

const char* kind_name(const File& file) {
  switch (file.kind) {
    case FileKind::kArchive:
      return "archive";
    case FileKind::kMeta:
      return "meta";
    case FileKind::kStationList:
      return "station_list";
    default:
      return "description";
  }
}

Response missing() {
  return make_response(404, "text/html",
                       "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n"
                       "<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n",
                       "missing");
}

std::string listing_row(const std::string& name, const std::string& date, const std::string& size) {
  const bool cut = name.size() > kShownLength;
  const std::string shown = cut ? name.substr(0, kShownLength - 3) + "..&gt;" : name;
  const std::size_t width = cut ? kShownLength : name.size();
  std::string row = "<a href=\"" + name + "\">" + shown + "</a>" +
                    std::string(kShownLength + 1 - width, ' ') + date;
  row.append(size.size() < 20 ? 20 - size.size() : 1, ' ');
  return row + size + "\r\n";
}

std::string entity_tag(std::int64_t mtime, std::uint64_t size) {
  std::array<char, 48> text;
  const int length =
      std::snprintf(text.data(), text.size(), "\"%llx-%llx\"",
                    static_cast<unsigned long long>(mtime), static_cast<unsigned long long>(size));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

// True if a list of entity tags names `tag`; weak tags compare as their strong ones.
bool names_tag(std::string_view list, std::string_view tag) {
  if (list == "*") {
    return true;
  }
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    while (!item.empty() && item.front() == ' ') {
      item.remove_prefix(1);
    }
    while (!item.empty() && item.back() == ' ') {
      item.remove_suffix(1);
    }
    if (item.substr(0, 2) == "W/") {
      item.remove_prefix(2);
    }
    if (item == tag) {
      return true;
    }
  }
  return false;
}

// "bytes=A-B", "bytes=A-" or "bytes=-N". Several ranges or anything else: the whole file, as the
// standard allows.
struct ByteRange {
  bool present = false;
  bool satisfiable = true;
  std::size_t first = 0;
  std::size_t count = 0;
};

ByteRange parse_range(std::string_view text, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (text.substr(0, kUnit.size()) != kUnit) {
    return {};
  }
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) {
    return {};
  }
  const auto number = [](std::string_view digits, std::size_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  std::size_t first = 0;
  std::size_t last = size - 1;
  if (dash == 0) {
    std::size_t suffix = 0;
    if (!number(text.substr(1), suffix)) {
      return {};
    }
    first = size - std::min(size, suffix);
  } else if (!number(text.substr(0, dash), first) ||
             (dash + 1 < text.size() && !number(text.substr(dash + 1), last))) {
    return {};
  }
  last = std::min(last, size - 1);
  if (size == 0 || first > last) {
    return {true, false, 0, 0};
  }
  return {true, true, first, last - first + 1};
}

json parse_body(const Request& request) {
  if (request.body.empty()) {
    return json::object();
  }
  json body = json::parse(request.body, nullptr, false);
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

class DwdService : public Service {
 public:
  DwdService(std::uint64_t seed, const DwdOptions& options)
      : catalog_(seed, options), content_(catalog_, options.cache_mib << 20U) {}

  std::string_view name() const override { return "dwd"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    if (request.method != "GET" && request.method != "HEAD") {
      return make_response(405, "text/html",
                           "<html><head><title>405 Not Allowed</title></head></html>\r\n",
                           "missing");
    }
    const std::string path = request.path.substr(kMount.size());
    if (path.empty() || path.back() == '/') {
      return serve_listing(path, request);
    }
    if (const std::optional<File> file = catalog_.find(path)) {
      return serve_file(path, *file, request);
    }
    if (catalog_.list(path + "/")) {
      Response response = make_response(
          301, "text/html", "<html><head><title>301 Moved Permanently</title></head></html>\r\n",
          "listing");
      response.headers.emplace_back("Location", request.path + "/");
      return response;
    }
    return missing();
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    const bool post = request.method == "POST";
    if (verb == "expect" && !post) {
      return expect(request);
    }
    if (verb == "expect-positions" && !post) {
      const Dataset& dataset = dataset_by_path(request.query_or("dataset", ""));
      return json_response(200, expect_positions_json(catalog_, dataset));
    }
    if (verb == "paths" && !post) {
      return json_response(200, json(catalog_.match(request.query_or("glob", "**"))).dump());
    }
    if (verb == "republish" && post) {
      return republish(parse_body(request));
    }
    if (verb == "rename-year" && post) {
      return rename_year(parse_body(request));
    }
    if (verb == "remove" && post) {
      return remove(parse_body(request));
    }
    if (verb == "advance" && post) {
      const int days = get(parse_body(request), "days", 1);
      if (days < 1 || days > 400) {
        throw std::invalid_argument("'days' must lie between 1 and 400");
      }
      catalog_.advance(days);
      return json_response(
          200, json{{"today", iso_time(catalog_.today() * kMinutesPerDay).substr(0, 10)}}.dump());
    }
    return std::nullopt;
  }

  void warm(std::string_view glob) override {
    std::vector<std::string> paths = catalog_.match("**");
    paths.erase(std::remove_if(paths.begin(), paths.end(),
                               [&](const std::string& path) {
                                 return !glob_match(glob, path) &&
                                        !glob_match(glob, std::string(kMount) + path);
                               }),
                paths.end());
    build_all(paths);
  }

 private:
  Response serve_file(const std::string& path, const File& file, const Request& request) {
    const std::uint64_t size = content_.size(path, file);
    const std::string tag = entity_tag(file.mtime, size);
    const std::string modified = http_date(file.mtime);
    Response response;
    response.kind = kind_name(file);
    response.headers = {{"Content-Type", content_type(file)},
                        {"Last-Modified", modified},
                        {"ETag", tag},
                        {"Accept-Ranges", "bytes"}};
    const std::string_view if_none_match = request.header("if-none-match");
    const bool unchanged = if_none_match.empty() ? request.header("if-modified-since") == modified
                                                 : names_tag(if_none_match, tag);
    if (unchanged) {
      response.status = 304;
      return response;
    }
    response.body = content_.get(path, file);
    response.length = response.body->size();
    const std::string_view if_range = request.header("if-range");
    const ByteRange range = parse_range(request.header("range"), response.length);
    if (!range.present || (!if_range.empty() && if_range != tag && if_range != modified)) {
      return response;
    }
    if (!range.satisfiable) {
      response = make_response(416, "text/html", "<html><head><title>416</title></head></html>\r\n",
                               kind_name(file));
      response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      return response;
    }
    response.status = 206;
    response.offset = range.first;
    response.length = range.count;
    response.headers.emplace_back("Content-Range",
                                  "bytes " + std::to_string(range.first) + "-" +
                                      std::to_string(range.first + range.count - 1) + "/" +
                                      std::to_string(size));
    return response;
  }

  // A listing shows every file's size, so it builds the archives of its folder; the page is kept
  // until the tree changes.
  Response serve_listing(const std::string& folder, const Request& request) {
    const std::uint64_t generation = catalog_.generation();
    Response response;
    response.kind = "listing";
    response.headers = {{"Content-Type", "text/html"}};
    {
      const std::lock_guard lock(mutex_);
      const auto found = pages_.find(folder);
      if (found != pages_.end() && found->second.generation == generation) {
        response.body = found->second.body;
      }
    }
    if (!response.body) {
      const auto children = catalog_.list(folder);
      if (!children) {
        return missing();
      }
      response.body =
          std::make_shared<const std::string>(render_listing(request.path, folder, *children));
      const std::lock_guard lock(mutex_);
      pages_[folder] = {generation, response.body};
    }
    response.length = response.body->size();
    return response;
  }

  std::string render_listing(const std::string& path, const std::string& folder,
                             const std::vector<Child>& children) {
    std::vector<std::string> paths;
    for (const Child& child : children) {
      if (child.file) {
        paths.push_back(folder + child.name);
      }
    }
    build_all(paths);
    std::string page = "<html>\r\n<head><title>Index of " + path +
                       "</title></head>\r\n<body>\r\n<h1>Index of " + path +
                       "</h1><hr><pre><a href=\"../\">../</a>\r\n";
    const std::string folder_date = listing_date(catalog_.today() * 86'400 + 5 * 3600);
    for (const Child& child : children) {
      page += child.file
                  ? listing_row(child.name, listing_date(child.file->mtime),
                                std::to_string(content_.size(folder + child.name, *child.file)))
                  : listing_row(child.name, folder_date, "-");
    }
    return page + "</pre><hr></body>\r\n</html>\r\n";
  }

  // Computes the sizes of files, and so their bytes, on all processors.
  void build_all(const std::vector<std::string>& paths) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < paths.size(); i = next++) {
        if (const std::optional<File> file = catalog_.find(paths[i])) {
          (void)content_.size(paths[i], *file);
        }
      }
    };
    std::vector<std::thread> helpers;
    for (unsigned i = 1; i < std::thread::hardware_concurrency() && paths.size() > 32; ++i) {
      helpers.emplace_back(work);
    }
    work();
    for (std::thread& helper : helpers) {
      helper.join();
    }
  }

  Response expect(const Request& request) {
    const Dataset& dataset = dataset_by_path(request.query_or("dataset", ""));
    const std::string ranges = request.query_or("ranges", "expand");
    if (ranges != "expand" && ranges != "keep") {
      throw std::invalid_argument("'ranges' must be expand or keep");
    }
    const std::string wanted = request.query_or("periods", "historical,recent,now,whole");
    // Whatever the order of asking: historical wins over recent, recent over now.
    std::vector<Period> periods;
    for (const Period period :
         {Period::kHistorical, Period::kWhole, Period::kRecent, Period::kNow}) {
      if (("," + wanted + ",").find("," + std::string(period_name(period)) + ",") !=
          std::string::npos) {
        periods.push_back(period);
      }
    }
    const auto commas = static_cast<std::size_t>(std::count(wanted.begin(), wanted.end(), ','));
    if (periods.size() != commas + 1) {
      throw std::invalid_argument(
          "'periods' is a list of historical, recent, now and whole, separated by commas");
    }
    return json_response(200, expect_json(catalog_, dataset, periods, ranges == "expand"));
  }

  // The paths a change is asked for: by name, or a number of archives drawn from those that match a
  // glob.
  std::vector<std::string> choose(const json& body) {
    auto paths = get(body, "paths", std::vector<std::string>());
    if (!paths.empty()) {
      for (std::string& path : paths) {
        path = relative(path);
        if (!catalog_.find(path)) {
          throw std::invalid_argument("there is no file '" + path + "'");
        }
      }
      return paths;
    }
    const std::string dataset = get<std::string>(body, "dataset", "");
    const std::string fallback =
        dataset.empty() ? "**/*_hist.zip" : dataset_by_path(dataset).path() + "/**.zip";
    std::vector<std::string> all = catalog_.match(get(body, "glob", fallback));
    const auto count = get<std::size_t>(body, "count", all.size());
    if (count > all.size()) {
      throw std::invalid_argument("only " + std::to_string(all.size()) + " files match, " +
                                  std::to_string(count) + " were asked for");
    }
    const std::uint64_t salt = hash_of(catalog_.seed(), catalog_.generation());
    std::sort(all.begin(), all.end(), [&](const std::string& a, const std::string& b) {
      return hash_of(salt, hash_text(a)) < hash_of(salt, hash_text(b));
    });
    all.resize(count);
    std::sort(all.begin(), all.end());
    return all;
  }

  static std::string relative(const std::string& path) {
    return path.compare(0, kMount.size(), kMount) == 0 ? path.substr(kMount.size()) : path;
  }

  Response republish(const json& body) {
    const std::string mode = get<std::string>(body, "mode", "values");
    const auto advance = get<std::int64_t>(body, "advance_s", 86'400);
    if (mode != "values" && mode != "touch") {
      throw std::invalid_argument("'mode' must be values or touch");
    }
    const std::vector<std::string> paths = choose(body);
    for (const std::string& path : paths) {
      const std::uint64_t old_size = content_.size(path, catalog_.find(path).value());
      (void)catalog_.republish(path, advance, mode == "touch");
      // A client may compare sizes only: take the next revision if this one has the same size by
      // accident.
      for (int attempt = 0; mode == "values" && attempt < 32; ++attempt) {
        const File file = catalog_.find(path).value();
        if (file.kind != FileKind::kArchive || content_.size(path, file) != old_size) {
          break;
        }
        (void)catalog_.republish(path, 0, false);
      }
    }
    return json_response(200, json{{"changed", paths}}.dump());
  }

  Response rename_year(const json& body) {
    const std::string dataset = get<std::string>(body, "dataset", "");
    json renames = json::array();
    for (const Rename& rename :
         catalog_.rename_year(dataset.empty() ? nullptr : &dataset_by_path(dataset))) {
      renames.push_back({{"from", rename.from}, {"to", rename.to}});
    }
    return json_response(200, json{{"renamed", std::move(renames)}}.dump());
  }

  Response remove(const json& body) {
    const std::string single = get<std::string>(body, "path", "");
    const std::vector<std::string> paths =
        single.empty() ? choose(body) : choose(json{{"paths", {single}}});
    for (const std::string& path : paths) {
      (void)catalog_.remove(path);
    }
    return json_response(200, json{{"removed", paths}}.dump());
  }

  struct Page {
    std::uint64_t generation = 0;
    std::shared_ptr<const std::string> body;
  };
  Catalog catalog_;
  ContentCache content_;
  std::mutex mutex_;  // guards pages_
  std::map<std::string, Page> pages_;
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, const DwdOptions& options) {
  return std::make_unique<DwdService>(seed, options);
}

}  // namespace sluice::twin::dwd
