// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/plan.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "host/observe/log.hpp"
#include "host/pipeline/series.hpp"

namespace sluice::host {
namespace {

// A series of ten years and two thousand partitions has millions of intervals: they enter the
// ledger in portions.
constexpr uint64_t kMostIntervals = 50'000;
// Workers start as soon as the first few slices are known; later ones are flushed in larger
// portions.
constexpr uint64_t kFirstFlush = 16;
constexpr uint64_t kFlushEvery = 4096;
constexpr const char* kWholeSnapshot = "*";  // key of a snapshot that has no partitions

std::string_view view(sluice_str_t text) {
  return {text.data, text.size};
}

const StreamConfig* options_of(const PipelineConfig& config, const Stream& stream) {
  const auto it = config.stream.find(stream.name);
  return it == config.stream.end() ? nullptr : &it->second;
}

// Landed slices older than this are work again.
int64_t landed_stale_before(const PipelineConfig& config, const Stream& stream, int64_t now_us) {
  const StreamConfig* options = options_of(config, stream);
  if (options != nullptr && options->refresh) {
    return now_us - options->refresh->count() * 1'000'000;
  }
  if (stream.refresh_s) {
    return now_us - *stream.refresh_s * 1'000'000;
  }
  return stream.kind == StreamKind::kSnapshot ? now_us : INT64_MIN;
}

// And empty ones, if they are to be asked for again earlier.
int64_t empty_stale_before(const PipelineConfig& config, const Stream& stream, int64_t now_us) {
  const StreamConfig* options = options_of(config, stream);
  if (options != nullptr && options->retry_empty) {
    return now_us - options->retry_empty->count() * 1'000'000;
  }
  return stream.retry_empty_s ? now_us - *stream.retry_empty_s * 1'000'000 : INT64_MIN;
}

// Adds slices to a listing and lets workers know of them in good time.
class Adder {
 public:
  Adder(Listing& listing, const PlanRequest& request) : listing_(listing), request_(request) {}

  Result<void> add(const SliceListing& slice) {
    if (request_.stop.requested()) {
      return Error{Code::kCancelled, "stopped while listing"};
    }
    SLUICE_TRY(listing_.add(slice));
    ++added_;
    if (!request_.compare_only && (added_ == kFirstFlush || added_ % kFlushEvery == 0)) {
      SLUICE_TRY(listing_.flush());
      if (request_.may_claim) {
        request_.may_claim();
      }
    }
    return {};
  }
  [[nodiscard]] uint64_t added() const { return added_; }

 private:
  Listing& listing_;
  const PlanRequest& request_;
  uint64_t added_ = 0;
};

Result<void> list_snapshot(const PlanRequest& request, Adder& adder) {
  bool any = false;
  SLUICE_TRY(request.source.list_partitions(
      request.stream.name, request.config.from_us, request.config.to_us,
      [&](const sluice_partition_t& partition) {
        any = true;
        SliceListing slice;
        slice.key = view(partition.key).empty() ? kWholeSnapshot : view(partition.key);
        slice.partition = view(partition.key);
        return adder.add(slice);
      }));
  if (!any && !request.stream.partitioned) {
    SLUICE_TRY(adder.add(SliceListing{.key = kWholeSnapshot}));
  }
  return {};
}

Result<void> list_keys(const PlanRequest& request, const std::string& query, Adder& adder) {
  if (request.sink == nullptr) {
    return Error{Code::kInternal, "keys were to be asked of a sink that is not open"};
  }
  return request.sink->list_keys(query, [&](std::string_view key) -> Result<void> {
    return key.empty() ? Result<void>() : adder.add(SliceListing{.key = key});
  });
}

Result<void> list_slices(const PlanRequest& request, Adder& adder) {
  const StreamConfig* options = options_of(request.config, request.stream);
  if (options != nullptr && !options->keys_query.empty()) {
    if (request.stream.kind != StreamKind::kKeys) {
      return Error{Code::kInvalidConfig, request.config.file + ":" + std::to_string(options->line) +
                                             ": keys_query is for streams of keys; " +
                                             request.stream.name + " has " +
                                             to_string(request.stream.kind)};
    }
    return list_keys(request, options->keys_query, adder);
  }
  return request.source.list_slices(
      request.stream.name, "", request.config.from_us, request.config.to_us,
      [&](const sluice_slice_t& told) {
        SliceListing slice;
        slice.key = view(told.key);
        slice.title = view(told.title);
        slice.partition = view(told.partition);
        slice.validator = view(told.validator);
        slice.token = {static_cast<const char*>(told.token.data), told.token.size};
        slice.from_us = told.from_us;
        slice.to_us = told.to_us;
        slice.estimated_rows = told.estimated_rows;
        slice.estimated_bytes = told.estimated_bytes;
        return adder.add(slice);
      });
}

// Pending and quarantined intervals of earlier runs that are no longer wanted (a later `from`, a
// removed partition) are forgotten.
Result<void> forget_unwanted(const PlanRequest& request, SliceState state,
                             const std::map<std::string, IntervalSet>& wanted_by_partition) {
  constexpr size_t kPage = 1000;
  for (SliceNo after = 0;;) {
    auto page = request.ledger.page(request.stream_no, state, after, kPage);
    if (!page) {
      return std::move(page).error();
    }
    for (const Slice& slice : *page) {
      after = slice.no;
      const auto it = wanted_by_partition.find(slice.partition);
      const bool unwanted =
          it == wanted_by_partition.end() || !it->second.covers({slice.from_us, slice.to_us});
      if (unwanted && !slice.claimed) {
        if (auto forgotten = request.ledger.forget(request.stream_no, slice.key); !forgotten) {
          return std::move(forgotten).error();
        }
      }
    }
    if (page->size() < kPage) {
      return {};
    }
  }
}

// A slice of a series before it is listed.
struct Piece {
  Interval interval;
  std::string title, token;
  uint64_t estimated_rows = 0, estimated_bytes = 0;
};

// What the source makes of a gap, if it cuts.
Result<std::vector<Piece>> told_pieces(const PlanRequest& request, const std::string& partition,
                                       Interval gap) {
  std::vector<Piece> pieces;
  int64_t after = gap.from;
  auto told = request.source.list_slices(
      request.stream.name, partition, gap.from, gap.to,
      [&](const sluice_slice_t& slice) -> Result<void> {
        if (slice.from_us < after || slice.to_us > gap.to || slice.from_us >= slice.to_us) {
          return Error{Code::kInternal, "the source cut " + partition +
                                            " into slices that overlap, go backwards or "
                                            "lie outside of the interval that was asked for"};
        }
        after = slice.to_us;
        pieces.push_back({{slice.from_us, slice.to_us},
                          std::string(view(slice.title)),
                          {static_cast<const char*>(slice.token.data), slice.token.size},
                          slice.estimated_rows,
                          slice.estimated_bytes});
        return {};
      },
      true);
  if (!told) {
    return std::move(told).error();
  }
  return pieces;
}

// The slices of a gap, in order: as the source cuts it, the rest by max_span.
Result<std::vector<Piece>> cut_gap(const PlanRequest& request, const std::string& partition,
                                   Interval gap) {
  std::vector<Piece> pieces;
  if (request.stream.cuts) {
    auto told = told_pieces(request, partition, gap);
    if (!told) {
      return std::move(told).error();
    }
    pieces = *std::move(told);
  }
  IntervalSet rest(gap);
  for (const Piece& piece : pieces) {
    rest.subtract(piece.interval);
  }
  for (const Interval& interval : cut(rest, request.stream.max_span_us)) {
    pieces.push_back({interval, "", "", 0, 0});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.interval.from < b.interval.from; });
  return pieces;
}

Result<void> add_missing(const PlanRequest& request, const std::string& partition,
                         const IntervalSet& want, Adder& adder, bool& more) {
  auto landed = request.ledger.coverage(request.stream_no, partition);
  if (!landed) {
    return std::move(landed).error();
  }
  // What the source said is gone is listed again by the next run, not by this one.
  auto outstanding = request.ledger.outstanding(request.stream_no, partition, request.again);
  if (!outstanding) {
    return std::move(outstanding).error();
  }
  const int64_t lag = series_want(request.config, request.stream, 0).lag_us;
  IntervalSet left = missing(want, *landed, lag);
  left.subtract(*outstanding);
  for (const Interval& gap : left.intervals()) {
    auto pieces = cut_gap(request, partition, gap);
    if (!pieces) {
      return std::move(pieces).error();
    }
    for (const Piece& piece : *pieces) {
      if (!request.compare_only && adder.added() >= kMostIntervals) {
        more = true;
        return {};
      }
      const std::string key = interval_key(partition, piece.interval);
      SliceListing slice{.key = key,
                         .title = piece.title,
                         .partition = partition,
                         .token = piece.token,
                         .from_us = piece.interval.from,
                         .to_us = piece.interval.to,
                         .estimated_rows = piece.estimated_rows,
                         .estimated_bytes = piece.estimated_bytes};
      slice.series = true;
      SLUICE_TRY(adder.add(slice));
    }
  }
  return {};
}

Result<void> list_series(const PlanRequest& request, Adder& adder, bool& more) {
  if (request.stream.key.empty() && series_want(request.config, request.stream, 0).lag_us > 0) {
    return Error{Code::kInvalidConfig,
                 "stream " + request.stream.name +
                     " has no key, so reading its last steps again (lag) would land them twice; "
                     "set lag = \"0s\""};
  }
  std::map<std::string, IntervalSet> wanted_by_partition;
  SLUICE_TRY(
      each_partition(request.source, request.config, request.stream, request.clock.now_us(),
                     [&](const std::string& partition, const IntervalSet& want) -> Result<void> {
                       wanted_by_partition[partition] = want;
                       return {};
                     }));
  if (!request.compare_only) {
    for (const SliceState state : {SliceState::kPending, SliceState::kQuarantined}) {
      SLUICE_TRY(forget_unwanted(request, state, wanted_by_partition));
    }
  }
  for (const auto& [partition, want] : wanted_by_partition) {
    SLUICE_TRY(add_missing(request, partition, want, adder, more));
  }
  return {};
}

// Else nothing at all would be wanted of it, in silence.
Error no_beginning(const PipelineConfig& config, const Stream& stream,
                   const std::string& partition) {
  return {Code::kInvalidConfig, config.file + ": the source does not say when " + stream.name +
                                    (partition.empty() ? "" : " of " + partition) +
                                    " begins; set from in [want], for example from = 2020-01-01"};
}

}  // namespace

SeriesWant series_want(const PipelineConfig& config, const Stream& stream, int64_t now_us) {
  const StreamConfig* options = options_of(config, stream);
  int64_t lag = stream.lag_us;
  if (config.lag) {
    lag = config.lag->count();
  }
  if (options != nullptr && options->lag) {
    lag = options->lag->count();
  }
  return {config.from_us, config.to_us, lag, now_us};
}

Result<void> each_partition(Source& source, const PipelineConfig& config, const Stream& stream,
                            int64_t now_us,
                            const std::function<Result<void>(const std::string& partition,
                                                             const IntervalSet& wanted)>& visit) {
  const SeriesWant want = series_want(config, stream, now_us);
  // One partition without a beginning, a bad record of the source perhaps, must not cost the
  // others.
  std::optional<Error> unknown;
  bool known = false;
  const auto one = [&](const std::string& partition, int64_t from_us, int64_t to_us) {
    if (want.from_us == INT64_MIN && from_us == INT64_MIN) {
      unknown = no_beginning(config, stream, partition);
      log(LogLevel::kWarn, unknown->message, "stream=" + stream.name);
      return Result<void>();
    }
    known = true;
    return visit(partition, wanted(stream, want, from_us, to_us));
  };
  bool any = stream.partitioned;
  SLUICE_TRY(source.list_partitions(
      stream.name, want.from_us, want.to_us, [&](const sluice_partition_t& partition) {
        any = true;
        return one(std::string(view(partition.key)), partition.from_us, partition.to_us);
      }));
  if (!any) {
    SLUICE_TRY(one("", INT64_MIN, INT64_MAX));
  }
  return unknown && !known ? Result<void>(*std::move(unknown)) : Result<void>();
}

Result<Plan> plan_stream(const PlanRequest& request) {
  if (!request.compare_only && request.retry_failed) {
    if (auto retried = request.ledger.retry_failed(request.stream_no); !retried) {
      return std::move(retried).error();
    }
  }
  if (!request.compare_only && request.may_claim) {
    request.may_claim();
  }
  const int64_t now_us = request.clock.now_us();
  auto listing = request.ledger.begin_listing(
      request.stream_no, request.compare_only,
      {.landed_us = landed_stale_before(request.config, request.stream, now_us),
       .empty_us = empty_stale_before(request.config, request.stream, now_us)});
  if (!listing) {
    return std::move(listing).error();
  }
  (*listing)->on_work(request.on_work);
  Adder adder(**listing, request);
  Plan plan;
  switch (request.stream.kind) {
    case StreamKind::kSnapshot:
      SLUICE_TRY(list_snapshot(request, adder));
      break;
    case StreamKind::kKeys:
    case StreamKind::kFiles:
      SLUICE_TRY(list_slices(request, adder));
      break;
    case StreamKind::kSeries:
      SLUICE_TRY(list_series(request, adder, plan.more));
      break;
  }
  auto counts = (*listing)->finish(request.stream.kind != StreamKind::kSeries);
  if (!counts) {
    return std::move(counts).error();
  }
  plan.counts = *counts;
  return plan;
}

}  // namespace sluice::host
