// SPDX-License-Identifier: Apache-2.0
#include "archive.hpp"

#include <algorithm>
#include <vector>

#include "client.hpp"
#include "sluice/cpp/error.hpp"

namespace binance {

namespace {

using sluice::Code;
using sluice::Error;

constexpr std::string_view kToken = "archive ";
constexpr std::size_t kPiece = std::size_t{64} << 10U;  // bytes read at once
constexpr uint64_t kLargestFile = uint64_t{2} << 30U;   // bytes; a month of seconds has 100 MB
constexpr uint64_t kLargestChecksum = 4096;             // bytes
constexpr std::size_t kHashDigits = 64;

sluice::HttpOptions options_for(const Selection& selection, uint64_t max_bytes) {
  sluice::HttpOptions out;
  out.scope = selection.archive_scope;
  out.max_bytes = max_bytes;
  return out;
}

// "3e5c…  BTCUSDT-1m-2024-03.zip" as sha256sum writes it; empty if it is none.
std::string parse_checksum(std::string_view text) {
  std::string out(text.substr(0, text.find_first_of(" \t\r\n")));
  for (char& c : out) {
    c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex && out.size() == kHashDigits ? out : std::string();
}

void download(const sluice::Host& host, const Selection& selection, const std::string& url,
              Spool& spool) {
  sluice::HttpBody body = host.open(url, options_for(selection, kLargestFile));
  std::vector<char> piece(kPiece);
  for (std::size_t size = body.read(piece.data(), piece.size()); size != 0;
       size = body.read(piece.data(), piece.size())) {
    spool.append({piece.data(), size});
  }
}

}  // namespace

std::string archive_token(const Period& period) {
  return std::string(kToken) + period.name;
}

std::optional<Period> archive_period(std::string_view token) {
  return token.starts_with(kToken) ? std::optional(period_of(token.substr(kToken.size())))
                                   : std::nullopt;
}

std::string archive_url(const Selection& selection, std::string_view symbol,
                        const Interval& interval, const Period& period) {
  const std::string name = encoded(symbol);
  const std::string length(interval.archive);
  return selection.archive + "/data/spot/" + (period.name.size() == 7 ? "monthly" : "daily") +
         "/klines/" + name + "/" + length + "/" + name + "-" + length + "-" + period.name + ".zip";
}

void list_archive_slices(const Selection& selection, const Interval& interval, int64_t now_us,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
  const std::string symbol(wanted.partition());
  for (int64_t at = wanted.from_us(); at < wanted.to_us();) {
    const Period month = month_of(at);
    const Period period = published_us(month) <= now_us ? month : day_of(at);
    if (published_us(period) > now_us) {
      return;
    }
    const int64_t end = std::min(period.to_us, wanted.to_us());
    const int64_t rows = (end - at + interval.length_us - 1) / interval.length_us;
    if (rows >= selection.config.archive_min_rows) {
      const std::string title = symbol + " " + period.name + " from the archive";
      const std::string token = archive_token(period);
      out.slice({.key = title,
                 .title = title,
                 .partition = symbol,
                 .token = token,
                 .from_us = at,
                 .to_us = end,
                 .estimated_rows = static_cast<uint64_t>(rows)});
    }
    at = end;
  }
}

std::unique_ptr<ArchiveFile> fetch_archive(const sluice::Host& host, const Selection& selection,
                                           const std::string& url, ArchiveFailure& failure) {
  try {
    const std::string told = parse_checksum(
        host.get(url + ".CHECKSUM", options_for(selection, kLargestChecksum)).text());
    auto out = std::make_unique<ArchiveFile>();
    download(host, selection, url, out->spool);
    const std::string got = out->spool.sha256();
    if (got != told) {
      failure = {"archive_checksum", url + " has the checksum " + got + ", but " +
                                         (told.empty() ? "none is told" : told + " is told") +
                                         "; the API is asked instead"};
      return nullptr;
    }
    out->text = std::make_unique<ZipText>(out->spool);
    return out;
  } catch (const ZipError& error) {
    failure = {"archive_broken",
               url + " is no zip file: " + error.what() + "; the API is asked instead"};
  } catch (const Error& error) {
    if (error.code() == Code::kCancelled) {
      throw;
    }
    const bool missing = error.code() == Code::kNotFound;
    failure = {missing ? "archive_missing" : "archive_unavailable",
               (missing ? url + " is not there" : std::string(error.message())) +
                   "; the API is asked instead"};
  }
  return nullptr;
}

}  // namespace binance
