// SPDX-License-Identifier: Apache-2.0
//
// Candles of one interval of time: page by page from the API, or from a file of the archive with
// the API for what that has not.
#include <algorithm>
#include <optional>
#include <utility>

#include "archive.hpp"
#include "kline.hpp"
#include "readers.hpp"
#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/time_text.hpp"

namespace binance {

namespace {

using sluice::Batch;
using sluice::Error;
using sluice::json;
using sluice::Outcome;
using sluice::ReadRequest;

// A candle that is not there so shortly after its end may still come.
constexpr int64_t kSettle = 60 * kSecond;
constexpr int64_t kUnknownSymbol = -1121;
// Of a gap in a file. They land with what the file has around it, so there is no resuming between.
constexpr int kMostFilledPages = 10;

std::string time_text(int64_t time_us) {
  return sluice::to_text(sluice::DateTime{sluice::Micros(std::chrono::microseconds(time_us))});
}

class CandleReader final : public SliceReader {
 public:
  CandleReader(const Sources& sources, const CandleKind& kind, const ReadRequest& request)
      : sources_(sources),
        interval_(*kind.interval),
        request_(request),
        symbol_(request.partition()),
        from_us_(request.from_us()),
        archive_(archive_period(request.token())) {}

  bool next(Batch& batch, json& state) override {
    if (!columns_) {
      columns_.emplace(batch, sources_.selection.config.exchange, symbol_, interval_.name,
                       "binance");
      start(state);
    }
    while (!done_ && batch.empty()) {
      done_ = archive_ ? read_archive(batch) : read_page(request_.to_us());
    }
    tell_flaws();
    state = {{"next", cursor_us_}};
    if (!archive_) {
      state["api"] = true;
    }
    return !done_;
  }

 private:
  // What ends a page or file early.
  enum class Taken : uint8_t { kYes, kBeyond, kOpen };

  void start(const json& state) {
    from_us_ = state.value("next", from_us_);
    cursor_us_ = interval_.floor(from_us_) == from_us_ ? from_us_ : interval_.next(from_us_);
    if (archive_ && !state.value("api", false)) {
      ArchiveFailure failure;
      file_ =
          fetch_archive(sources_.host, sources_.selection,
                        archive_url(sources_.selection, symbol_, interval_, *archive_), failure);
      if (file_ == nullptr) {
        request_.note(failure.code, failure.text);
      }
    }
    if (file_ == nullptr) {
      archive_.reset();
    }
  }

  // True once the slice is read.
  bool read_archive(const Batch& batch) {
    try {
      while (const auto line = file_->text->next_line()) {
        const bool header = file_->text->line() == 1 && line->find_first_of("0123456789") != 0;
        if (header || line->empty()) {
          continue;
        }
        const Taken taken = take(split_line(*line), "line " + std::to_string(file_->text->line()));
        if (!archive_) {
          return false;  // the file is given up
        }
        if (taken == Taken::kBeyond) {
          break;
        }
        if (batch.full()) {
          return false;
        }
      }
      return fill(request_.to_us());
    } catch (const ZipError& error) {
      request_.note("archive_broken", "The archive of " + symbol_ + " " + archive_->name +
                                          " is damaged: " + error.what() +
                                          "; the API is asked for the rest");
    }
    archive_.reset();
    return false;
  }

  // Reads a page of what opens before `end_us`; true once all that is known.
  bool read_page(int64_t end_us) {
    closed_before_us_ = sources_.client.service_time_us(symbol_, end_us);
    std::string page = sources_.client.get(page_path(end_us), kKlinesWeight, symbol_);
    const int64_t before_us = cursor_us_;
    std::size_t rows = 0;
    Taken last = Taken::kYes;
    end_us_ = end_us;
    binance::read_page(page, [&](const RawKline& raw, std::size_t number) {
      ++rows;
      last = last == Taken::kYes ? take(raw, "/" + std::to_string(number)) : last;
    });
    if (rows >= kPageRows && last == Taken::kYes && cursor_us_ < end_us) {
      if (cursor_us_ == before_us) {
        throw Error(sluice::Code::kBadData, "A full page of candles of " + symbol_ + " from " +
                                                time_text(before_us) + " on holds none of them.")
            .retryable();
      }
      return false;
    }
    finish(end_us, last == Taken::kOpen);
    return true;
  }

  // Both bounds are inclusive, in milliseconds.
  std::string page_path(int64_t end_us) const {
    const int64_t start_us = std::max(from_us_, cursor_us_);
    return "/api/v3/klines?symbol=" + encoded(symbol_) +
           "&interval=" + std::string(interval_.name) +
           "&startTime=" + std::to_string((start_us + kMillisecond - 1) / kMillisecond) +
           "&endTime=" + std::to_string((end_us - 1) / kMillisecond) +
           "&limit=" + std::to_string(kPageRows);
  }

  Taken take(const RawKline& raw, const std::string& place) {
    Kline kline;
    const std::string why = read_kline(raw, kline, flaws_);
    const int64_t open_us = kline.candle.open_time_us;
    if (open_us == 0) {
      ++lost_;
      request_.reject("candle", place + why, text_of(raw));
      return Taken::kYes;
    }
    if (open_us < from_us_ || open_us <= last_open_us_) {
      return Taken::kYes;  // of a file that holds more than is asked for, or told twice
    }
    if (open_us >= request_.to_us() || (!archive_ && open_us >= end_us_)) {
      return Taken::kBeyond;
    }
    const int64_t slot_us = interval_.floor(open_us);
    const int64_t close_us =
        kline.close_time_us != 0 ? kline.close_time_us : interval_.next(open_us) - kMillisecond;
    if (!archive_ && close_us >= closed_before_us_) {
      open_slot_us_ = slot_us;
      return Taken::kOpen;
    }
    if (slot_us > cursor_us_ && !fill(slot_us)) {
      return Taken::kBeyond;
    }
    cursor_us_ = std::max(cursor_us_, interval_.next(slot_us));
    last_open_us_ = open_us;
    if (why.empty()) {
      columns_->append(kline.candle);
    } else {
      request_.reject("candle", place + why, text_of(raw));
    }
    return Taken::kYes;
  }

  // There is nothing from the cursor to `to_us` where it is being read. That a file has a gap is no
  // proof: the API is asked. False if that is too much of it: the file is given up, and the API has
  // the rest from the cursor on.
  bool fill(int64_t to_us) {
    if (cursor_us_ >= to_us) {
      return true;
    }
    if (archive_) {
      const auto file = std::exchange(archive_, std::nullopt);
      const int64_t last_us = last_open_us_;
      try {
        for (int pages = 1; !read_page(to_us); ++pages) {
          if (pages == kMostFilledPages) {
            request_.note("archive_gaps", "The archive of " + symbol_ + " " + file->name +
                                              " lacks much; the API is asked for the rest");
            return false;
          }
        }
      } catch (const Error& error) {
        if (error.vendor_code() != kUnknownSymbol) {
          throw;
        }
        add_gap(cursor_us_, to_us);  // the pair was dropped: the archive is all there is
      }
      last_open_us_ = std::max(last_us, last_open_us_);
      archive_ = file;
    } else {
      add_gap(cursor_us_, to_us);
    }
    cursor_us_ = std::max(cursor_us_, to_us);
    return true;
  }

  // The last page was read: what of the interval is behind its last candle?
  void finish(int64_t end_us, bool open) {
    const int64_t known_us =
        std::min(end_us, open ? open_slot_us_ : interval_.floor(closed_before_us_ - kSettle));
    if (cursor_us_ < known_us) {
      add_gap(cursor_us_, known_us);
      cursor_us_ = known_us;
    }
    if (cursor_us_ < end_us) {
      request_.interval_outcome(cursor_us_, end_us, Outcome::kFailed,
                                "By Binance's clock the candle is not over yet.");
      cursor_us_ = end_us;
    }
  }

  void add_gap(int64_t from_us, int64_t to_us) {
    if (lost_ > 0) {  // a record without its time may be one of those that are missing
      request_.interval_outcome(from_us, to_us, Outcome::kFailed,
                                "A candle without a readable time was rejected.");
      return;
    }
    request_.interval_outcome(from_us, to_us, Outcome::kEmpty, "Binance has no candles there.");
    request_.note("gap", symbol_ + " has no candles from " + time_text(from_us) + " to " +
                             time_text(to_us) + ": there was no trading");
  }

  void tell_flaws() {
    if (flaws_.bad > 0) {
      request_.note("bad_field", symbol_ + ": a field of a candle became null, " + flaws_.example,
                    flaws_.bad);
    }
    if (flaws_.unknown > 0) {
      request_.note("unknown_field",
                    "Candles carried fields behind the twelfth that are not stored",
                    flaws_.unknown);
    }
    flaws_ = {};
  }

  const Sources sources_;
  const Interval& interval_;
  const ReadRequest& request_;
  const std::string symbol_;
  int64_t from_us_;                // what opens earlier is not asked for
  std::optional<Period> archive_;  // reading from file_
  std::unique_ptr<ArchiveFile> file_;
  std::optional<sluice::CandleColumns> columns_;
  bool done_ = false;
  int64_t cursor_us_ = 0;             // begin of the step that comes next
  int64_t last_open_us_ = INT64_MIN;  // of the last candle
  int64_t end_us_ = INT64_MAX;        // of what the page was asked for
  int64_t open_slot_us_ = 0;          // begin of the step whose candle is open
  int64_t closed_before_us_ = 0;      // candles that end before are closed
  uint64_t lost_ = 0;                 // records without a time
  KlineFlaws flaws_;
};

}  // namespace

sluice::Stream candles_stream(const Selection& selection, const CandleKind& kind) {
  const std::chrono::microseconds length(kind.interval->length_us);
  sluice::Stream stream = sluice::candle_stream(kind.stream);
  if (kind.interval->grid) {
    stream.step(length);
  }
  return stream.max_span(length * static_cast<int64_t>(kPageRows))
      .partitioned()
      .cuts(selection.config.archive);
}

std::string first_name(const Interval& interval) {
  return "candles_" + std::string(interval.suffix);
}

std::optional<int64_t> first_candle_us(const Sources& sources, const Interval& interval,
                                       const std::string& symbol) {
  const std::string path = "/api/v3/klines?symbol=" + encoded(symbol) +
                           "&interval=" + std::string(interval.name) + "&startTime=0&limit=1";
  return sources.client.first_us(
      first_name(interval), symbol, path, kKlinesWeight,
      [&](std::string page) -> std::optional<int64_t> {
        std::optional<int64_t> first;
        read_page(page, [&](const RawKline& raw, std::size_t) {
          int64_t time_us = 0;
          if (!first && raw.count > 0 && read_time(raw.fields[0], time_us)) {
            first = interval.floor(time_us);
          }
        });
        return first;
      });
}

std::unique_ptr<SliceReader> read_candles(const Sources& sources, const CandleKind& kind,
                                          const ReadRequest& request) {
  return std::make_unique<CandleReader>(sources, kind, request);
}

}  // namespace binance
