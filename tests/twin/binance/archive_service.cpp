// SPDX-License-Identifier: Apache-2.0
//
// data.binance.vision: a zip file of candles for each day and month, and its checksum.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "tests/twin/binance/binance_service.hpp"
#include "tests/twin/binance/text.hpp"
#include "tests/twin/binance/world.hpp"
#include "tests/twin/dwd/zip_writer.hpp"

namespace sluice::twin::binance {
namespace {

constexpr Millis kMicrosFrom = 1'735'689'600'000;  // 2025-01-01: times are in microseconds
constexpr Millis kMonday = 4 * kDayMs;
constexpr Millis kDailyAfter = 8 * 3'600'000;     // of the next day
constexpr Millis kMonthlyAfter = 12 * 3'600'000;  // of the first Monday of the next month

std::string sha256(const std::string& bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  constexpr const char* kHex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hash) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

// A file as its path names it.
struct File {
  const Symbol* symbol = nullptr;
  const Interval* interval = nullptr;
  std::string period;  // "2024-03" or "2024-03-15"
  Millis from = 0, to = 0;
  Millis published = 0;
  bool checksum = false;

  std::string stem() const {
    return symbol->name + "-" + std::string(interval->archive) + "-" + period;
  }
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> out(1);
  for (const char c : path) {
    if (c == '/') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip[.CHECKSUM]
std::optional<File> parse_path(const Market& market, const std::string& path) {
  const std::vector<std::string> parts = split(path);
  if (parts.size() != 7 || parts[0] != "data" || parts[1] != "spot" || parts[3] != "klines" ||
      (parts[2] != "daily" && parts[2] != "monthly")) {
    return std::nullopt;
  }
  const bool monthly = parts[2] == "monthly";
  File out;
  out.symbol = market.find(parts[4]);
  out.interval = find_archive_interval(parts[5]);
  std::string name = parts[6];
  constexpr std::string_view kChecksum = ".CHECKSUM";
  if (name.size() > kChecksum.size() &&
      name.compare(name.size() - kChecksum.size(), kChecksum.size(), kChecksum) == 0) {
    out.checksum = true;
    name.resize(name.size() - kChecksum.size());
  }
  const std::string before = parts[4] + "-" + parts[5] + "-";
  const std::size_t length = monthly ? 7 : 10;
  if (out.symbol == nullptr || out.interval == nullptr ||
      name.size() != before.size() + length + 4 || name.compare(0, before.size(), before) != 0 ||
      name.compare(name.size() - 4, 4, ".zip") != 0) {
    return std::nullopt;
  }
  out.period = name.substr(before.size(), length);
  try {
    out.from = parse_time(monthly ? out.period + "-01" : out.period);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  out.to = monthly ? month_end(out.from) : out.from + kDayMs;
  const Millis days = (out.to - kMonday) % (7 * kDayMs);
  const Millis monday = out.to + (days == 0 ? 0 : 7 * kDayMs - days);
  out.published = monthly ? monday + kMonthlyAfter : out.to + kDailyAfter;
  return out;
}

class Archive final : public Service {
 public:
  Archive(std::shared_ptr<World> world, std::size_t cache_bytes)
      : world_(std::move(world)), most_bytes_(cache_bytes) {}

  std::string_view name() const override { return "binance-archive"; }
  std::string_view mount() const override { return kArchiveMount; }

  Response serve(const Request& request) override {
    const auto file = parse_path(world_->market, request.path.substr(kArchiveMount.size()));
    if (!file || !is_there(*file)) {
      return make_response(404, "application/xml",
                           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey"
                           "</Code><Message>The specified key does not exist.</Message></Error>",
                           "missing");
    }
    const FileFault fault = fault_of(*file);
    const auto bytes = get(*file, fault == FileFault::kHole);
    if (file->checksum) {
      return make_response(200, "binary/octet-stream",
                           sha256(fault == FileFault::kWrongChecksum ? "other bytes" : *bytes) +
                               "  " + file->stem() + ".zip\n",
                           "checksum");
    }
    Response response;
    response.kind = "archive";
    response.headers = {{"Content-Type", "application/zip"}};
    response.body = bytes;
    response.length = bytes->size();
    return response;
  }

 private:
  FileFault fault_of(const File& file) const {
    return world_->fault_of(file.symbol->name + " " + file.period);
  }
  bool is_there(const File& file) const {
    return world_->clock.now() >= file.published && file.to > file.symbol->listed_ms &&
           file.from < file.symbol->delisted_ms && fault_of(file) != FileFault::kMissing;
  }

  std::shared_ptr<const std::string> get(const File& file, bool hole) {
    const std::string key = file.stem() + (hole ? "!" : "");
    {
      const std::lock_guard lock(mutex_);
      const auto found = built_.find(key);
      if (found != built_.end()) {
        return found->second;
      }
    }
    auto made = std::make_shared<const std::string>(build(file, hole));
    const std::lock_guard lock(mutex_);
    if (built_.emplace(key, made).second) {
      order_.push_back(key);
      bytes_ += made->size();
      while (bytes_ > most_bytes_ && order_.size() > 1) {
        const auto oldest = built_.find(order_.front());
        bytes_ -= oldest->second->size();
        built_.erase(oldest);
        order_.pop_front();
      }
    }
    return made;
  }

  std::string build(const File& file, bool hole) const {
    std::string text;
    const Millis middle = file.from + (file.to - file.from) / 2;
    for (Millis slot = file.interval->floor(file.from); slot < file.to;
         slot = file.interval->next(slot)) {
      const bool left_out = hole && slot >= middle && slot < middle + 3 * 3'600'000;
      const auto candle =
          world_->market.candle(*file.symbol, *file.interval, slot, world_->clock.now());
      if (candle && candle->open_ms >= file.from && !left_out) {
        append_csv(text, *candle, file.from >= kMicrosFrom);
      }
    }
    dwd::ZipWriter zip(file.to / 1000);
    zip.add(file.stem() + ".csv", text, false);
    return zip.finish();
  }

  std::shared_ptr<World> world_;
  std::size_t most_bytes_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, std::shared_ptr<const std::string>> built_;
  std::list<std::string> order_;  // keys, oldest first
  std::size_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Service> make_archive(std::shared_ptr<World> world, std::size_t cache_bytes) {
  return std::make_unique<Archive>(std::move(world), cache_bytes);
}

}  // namespace sluice::twin::binance
