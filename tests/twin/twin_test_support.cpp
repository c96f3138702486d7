// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/twin_test_support.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <httplib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <regex>

namespace sluice::twin::test {

Answer fetch(const Twin& twin, const std::string& path, const Headers& headers,
             const std::string& method) {
  httplib::Client client("127.0.0.1", twin.port());
  httplib::Request request;
  request.method = method;
  request.path = path;
  for (const auto& [name, value] : headers) {
    request.headers.emplace(name, value);
  }
  const httplib::Result result = client.send(request);
  INFO(method << " " << path);
  REQUIRE(result);
  Answer answer;
  answer.status = result->status;
  answer.body = result->body;
  for (const auto& [name, value] : result->headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[lower] = value;
  }
  return answer;
}

std::vector<Listed> parse_listing(const std::string& page) {
  static const std::regex row(
      R"rx(<a href="([^"]+)">([^<]+)</a> +(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d) +(\d+|-))rx");
  const std::vector<std::string> lines = split(page, "\r\n");
  REQUIRE(lines.size() >= 6);
  REQUIRE(lines[3].find("<pre><a href=\"../\">../</a>") != std::string::npos);
  std::vector<Listed> files;
  for (std::size_t i = 4; i < lines.size() && lines[i] != "</pre><hr></body>"; ++i) {
    std::smatch match;
    INFO(lines[i]);
    REQUIRE(std::regex_match(lines[i], match, row));
    files.push_back({match[1], match[2], match[3], match[4]});
  }
  return files;
}

std::vector<std::string> walk(const Twin& twin, const std::string& folder) {
  const Answer answer = fetch(twin, kRoot + folder);
  REQUIRE(answer.status == 200);
  std::vector<std::string> paths;
  for (const Listed& file : parse_listing(answer.body)) {
    if (file.href.back() != '/') {
      paths.push_back(folder + file.href);
      continue;
    }
    const auto below = walk(twin, folder + file.href);
    paths.insert(paths.end(), below.begin(), below.end());
  }
  return paths;
}

std::vector<std::pair<std::string, std::string>> unzip(const std::string& bytes) {
  archive* reader = archive_read_new();
  archive_read_support_format_zip(reader);
  REQUIRE(archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK);
  std::vector<std::pair<std::string, std::string>> members;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    REQUIRE(archive_read_data(reader, content.data(), content.size()) ==
            static_cast<la_ssize_t>(content.size()));
    members.emplace_back(archive_entry_pathname(entry), std::move(content));
  }
  REQUIRE(archive_errno(reader) == 0);
  archive_read_free(reader);
  return members;
}

std::pair<std::string, std::string> product_of(const std::string& bytes) {
  std::vector<std::pair<std::string, std::string>> products;
  for (auto& member : unzip(bytes)) {
    if (member.first.rfind("produkt_", 0) == 0) {
      products.push_back(std::move(member));
    }
  }
  REQUIRE(products.size() == 1);
  return products.front();
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t at = text.find(separator); at != std::string::npos;
       at = text.find(separator, start)) {
    parts.push_back(text.substr(start, at - start));
    start = at + separator.size();
  }
  if (start < text.size()) {
    parts.push_back(text.substr(start));
  }
  return parts;
}

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Options small_options(std::uint64_t seed) {
  Options options;
  options.seed = seed;
  options.dwd.stations = 6;
  options.dwd.rows_per_file = 60;
  return options;
}

}  // namespace sluice::twin::test
