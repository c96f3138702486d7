// SPDX-License-Identifier: Apache-2.0
//
// Rows of observations: the columns of their stream, and their way into a batch.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "history.hpp"
#include "parameters.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/stream.hpp"

namespace dwd {

constexpr std::size_t kMostCells = 24;

// One column's value; which member counts follows the parameter's cell.
struct Value {
  double number = 0;
  std::string_view text{};
};

struct Row {
  int32_t station = 0;
  int64_t time_us = 0;  // UTC; days and months: midnight UTC of their first day
  int64_t end_us = 0;   // ranges and months: as time_us, their last minute or day
  std::array<Value, kMostCells> values{};
  uint32_t present = 0;  // bit per parameter: it has a value
};

struct RowOptions {
  bool expand_ranges = true;  // one-minute ranges become a row per minute
  bool enrich = false;
};

sluice::Stream observation_stream(const Dataset& dataset, const RowOptions& options);

// Threads: those of the reader that owns the batch.
class RowWriter {
 public:
  // `batch` must be of observation_stream() for the same dataset and options, and outlive this.
  RowWriter(const Dataset& dataset, const RowOptions& options, int32_t rank, sluice::Batch& batch);

  // Where the station of the rows to come was. Requires, of enriched streams: set before the first
  // row; `timeline` outlives this.
  void set_timeline(const PlaceTimeline& timeline) noexcept { timeline_ = &timeline; }
  void append(const Row& row);
  // Bytes that a row takes, about.
  uint64_t row_bytes() const noexcept { return row_bytes_; }

 private:
  void append_value(std::size_t index, const Row& row);
  void append_place(int64_t time_us);
  void append_time(std::size_t column, int64_t time_us);

  using Int32s = sluice::FixedColumn<int32_t>;
  using Int64s = sluice::FixedColumn<int64_t>;
  using Numbers = sluice::FixedColumn<double>;
  using Texts = sluice::TextColumn<int32_t>;
  // One column under each type it may have; only the right one is set.
  struct Column {
    Cell cell = Cell::kNumber;
    Int32s* integers = nullptr;
    Numbers* numbers = nullptr;
    Texts* texts = nullptr;
    sluice::BoolColumn* bools = nullptr;
  };

  bool dates_;  // days instead of microseconds
  int32_t rank_;
  uint64_t row_bytes_ = 0;
  Int32s* station_;
  std::array<Int64s*, 2> instants_{};  // time, end
  std::array<Int32s*, 2> days_{};
  std::vector<Column> columns_;
  Int32s* rank_column_;
  std::array<Texts*, 2> place_texts_{};      // name, state
  std::array<Numbers*, 3> place_numbers_{};  // height, latitude, longitude
  const PlaceTimeline* timeline_ = nullptr;
  const PlaceTimeline::Segment* segment_ = nullptr;  // of the last row
};

}  // namespace dwd
