// SPDX-License-Identifier: Apache-2.0
//
// Files of the archive (data.binance.vision): candles of a day or month, zipped, with a checksum
// beside them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"
#include "zip.hpp"

namespace binance {

// What the token of a slice says: read the file of that period.
std::string archive_token(const Period& period);
// Nothing if the token is no such one. Throws BAD_STATE for a period that is none.
std::optional<Period> archive_period(std::string_view token);

// ".../data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip"
std::string archive_url(const Selection& selection, std::string_view symbol,
                        const Interval& interval, const Period& period);

// Cuts what is missing of a partition as far as files hold it. What it leaves out is the API's.
void list_archive_slices(const Selection& selection, const Interval& interval, int64_t now_us,
                         const sluice::ListRequest& wanted, const sluice::Lister& out);

// A file, verified, and its text.
struct ArchiveFile {
  Spool spool;
  std::unique_ptr<ZipText> text;
};

// Why there is no file to read: what the report counts, and a sentence.
struct ArchiveFailure {
  const char* code = "";
  std::string text;
};

// Fetches the checksum and the file. Null, with the reason, if it is not there, is another one than
// its checksum says, or cannot be had. Throws CANCELLED.
std::unique_ptr<ArchiveFile> fetch_archive(const sluice::Host& host, const Selection& selection,
                                           const std::string& url, ArchiveFailure& failure);

}  // namespace binance
