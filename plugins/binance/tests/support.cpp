// SPDX-License-Identifier: Apache-2.0
#include "plugins/binance/tests/support.hpp"

#include <libdeflate.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace binance::test {

using sluice::testing::Answer;

namespace {

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
}

std::string deflated(const std::string& text) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(6), &libdeflate_free_compressor);
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), out.data(),
                                         out.size()));
  return out;
}

// Eight fields between the open and the close time.
std::string price(int64_t open_ms, int64_t add) {
  const int64_t minute = open_ms / 60'000 % 10'000 + add;
  std::string part = std::to_string(minute % 100);
  part.insert(0, 2 - part.size(), '0');
  return std::to_string(60'000 + minute / 100) + "." + part + "000000";
}

}  // namespace

Answer json_answer(std::string body, uint32_t status) {
  return {.body = std::move(body),
          .status = status,
          .headers = {{"Content-Type", "application/json;charset=UTF-8"},
                      {"x-mbx-used-weight-1m", "2"}}};
}

std::string kline(int64_t open_ms, int64_t length_ms) {
  return "[" + std::to_string(open_ms) + ",\"" + price(open_ms, 5) + "\",\"" + price(open_ms, 9) +
         "\",\"" + price(open_ms, 1) + "\",\"" + price(open_ms, 6) + "\",\"12.50000000\"," +
         std::to_string(open_ms + length_ms - 1) +
         ",\"750000.12345678\",42,\"6.00000000\",\"360000.00000000\",\"0\"]";
}

std::string csv_line(int64_t open_ms, bool micros) {
  const std::string close = std::to_string(open_ms + 59'999) + (micros ? "999" : "");
  return std::to_string(open_ms) + (micros ? "000" : "") + "," + price(open_ms, 5) + "," +
         price(open_ms, 9) + "," + price(open_ms, 1) + "," + price(open_ms, 6) + ",12.50000000," +
         close + ",750000.12345678,42,6.00000000,360000.00000000,0\n";
}

std::string page(int64_t from_ms, int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + kline(from_ms + i * 60'000);
  }
  return out + "]";
}

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members,
                     bool deflate) {
  std::string out, directory;
  for (const auto& [name, text] : members) {
    const std::string data = deflate ? deflated(text) : text;
    std::string head;
    put(head, 20, 2);
    put(head, 0, 2);
    put(head, deflate ? 8 : 0, 2);
    put(head, 0, 4);
    put(head, libdeflate_crc32(0, text.data(), text.size()), 4);
    put(head, data.size(), 4);
    put(head, text.size(), 4);
    put(head, name.size(), 2);
    put(head, 0, 2);
    put(directory, 0x02014B50, 4);
    put(directory, 20, 2);
    directory += head;
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, 0, 4);
    put(directory, out.size(), 4);
    directory += name;
    put(out, 0x04034B50, 4);
    out += head + name + data;
  }
  const std::size_t begin = out.size();
  out += directory;
  put(out, 0x06054B50, 4);
  put(out, 0, 4);
  put(out, members.size(), 2);
  put(out, members.size(), 2);
  put(out, directory.size(), 4);
  put(out, begin, 4);
  put(out, 0, 2);
  return out;
}

std::string sha256_of(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> text{};
    std::snprintf(text.data(), text.size(), "%02x", hash.at(i));
    out += text.data();
  }
  return out;
}

Service::Service(int64_t now_ms) {
  host.set_time(sluice::Micros(std::chrono::milliseconds(now_ms)));
  const std::string info =
      R"({"timezone":"UTC","serverTime":)" + std::to_string(now_ms) +
      R"(,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},)"
      R"({"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}],"symbols":[]})";
  host.http.on_prefix("/api/v3/exchangeInfo?symbol=BTCUSDT", json_answer(info));
  host.http.on("/api/v3/time", json_answer(R"({"serverTime":)" + std::to_string(now_ms) + "}"));
}

std::string klines_path(const std::string& symbol, int64_t from_ms, int64_t end_ms,
                        const std::string& interval) {
  return "/api/v3/klines?symbol=" + symbol + "&interval=" + interval +
         "&startTime=" + std::to_string(from_ms) + "&endTime=" + std::to_string(end_ms - 1) +
         "&limit=1000";
}

void Service::on_page(const std::string& symbol, int64_t from_ms, int64_t end_ms, std::string body,
                      uint32_t status) {
  host.http.on(klines_path(symbol, from_ms, end_ms), json_answer(std::move(body), status));
}

std::vector<std::string> Service::paths() const {
  std::vector<std::string> out;
  for (const auto& request : host.http.requests()) {
    out.push_back(request.url);
  }
  return out;
}

sluice::testing::SourceRun read(Service& service, const sluice::json& config,
                                const sluice::testing::ReadSpec& spec) {
  return sluice::testing::SourceSession(sluice::testing::Plugin::load(BINANCE_PLUGIN_FILE),
                                        service.host, config)
      .read(spec);
}

std::vector<std::string> outcomes(const sluice::testing::SourceRun& run, sluice::Outcome outcome,
                                  int64_t base_us) {
  std::vector<std::string> out;
  for (const auto& told : run.outcomes) {
    if (told.outcome == outcome) {
      const auto slash = told.key.find('/');
      const auto minutes = [&](const std::string& text) {
        return std::to_string((std::stoll(text) - base_us) / kMinuteUs);
      };
      out.push_back(minutes(told.key.substr(0, slash)) + "/" + minutes(told.key.substr(slash + 1)));
    }
  }
  return out;
}

bool has_note(const sluice::testing::SourceRun& run, std::string_view code) {
  return std::any_of(run.notes.begin(), run.notes.end(),
                     [&](const auto& note) { return note.code == code; });
}

std::optional<std::filesystem::path> fixtures() {
  const char* told = std::getenv("SLUICE_FIXTURES");
  const std::filesystem::path root =
      (told != nullptr ? std::filesystem::path(told) : "../shared/fixtures") / "binance";
  return std::filesystem::is_directory(root) ? std::optional(root) : std::nullopt;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace binance::test
