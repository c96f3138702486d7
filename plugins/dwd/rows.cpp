// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

namespace dwd {

namespace {

using sluice::Type;

constexpr int64_t kDayUs = 86'400'000'000;

Type column_type(Cell cell) noexcept {
  switch (cell) {
    case Cell::kNumber:
    case Cell::kCloudCover:
      return Type::kFloat64;
    case Cell::kInteger:
    case Cell::kQuality:
      return Type::kInt32;
    case Cell::kSkyObscured:
      return Type::kBool;
    case Cell::kText:
    case Cell::kSolarTime:
      break;
  }
  return Type::kUtf8;
}

struct TimeNames {
  std::string_view begin, end;  // empty end = there is no such column
};

TimeNames time_names(const Dataset& dataset, const RowOptions& options) noexcept {
  switch (dataset.stamp) {
    case Stamp::kMinute:
      return {"time", dataset.year_folders && !options.expand_ranges ? "time_end" : ""};
    case Stamp::kHour:
      return {"time", ""};
    case Stamp::kDay:
      return {"date", ""};
    case Stamp::kMonth:
      break;
  }
  return {"date", "date_end"};
}

bool has_dates(const Dataset& dataset) noexcept {
  return dataset.stamp == Stamp::kDay || dataset.stamp == Stamp::kMonth;
}

void add_place_columns(sluice::Stream& stream) {
  stream.col("station_name", Type::kUtf8, {.doc = "Name of the station"})
      .col("station_height", Type::kFloat64, {.unit = "m", .doc = "Height above sea level"})
      .col("station_latitude", Type::kFloat64, {.unit = "°", .doc = "Latitude, north"})
      .col("station_longitude", Type::kFloat64, {.unit = "°", .doc = "Longitude, east"})
      .col("station_state", Type::kUtf8, {.doc = "German state"});
}

}  // namespace

sluice::Stream observation_stream(const Dataset& dataset, const RowOptions& options) {
  const auto [begin, end] = time_names(dataset, options);
  const Type time_type = has_dates(dataset) ? Type::kDate32 : Type::kTimestamp;
  const bool pair = dataset.stamp == Stamp::kMonth || dataset.year_folders;
  sluice::Stream stream{std::string(dataset.stream), sluice::Kind::kFiles};
  stream.doc(std::string(dataset.doc)).key("station_id", begin).time(std::string(begin));
  stream.seq("period_rank").unordered();
  stream.col(
      "station_id", Type::kInt32,
      {.nullable = false, .doc = "DWD's number of the station", .source_name = "STATIONS_ID"});
  stream.col(std::string(begin), time_type,
             {.nullable = false,
              .doc = has_dates(dataset) ? "First day" : "Time of the reading, UTC",
              .source_name = pair ? "MESS_DATUM_BEGINN" : "MESS_DATUM"});
  if (!end.empty()) {
    stream.col(std::string(end), time_type,
               {.nullable = false,
                .doc = has_dates(dataset) ? "Last day" : "Last minute the values hold for, UTC",
                .source_name = "MESS_DATUM_ENDE"});
  }
  for (const Parameter& p : dataset.parameters) {
    stream.col(std::string(p.name), column_type(p.cell),
               {.unit = std::string(p.unit),
                .doc = std::string(p.doc),
                .source_name = std::string(p.code)});
  }
  stream.col("period_rank", Type::kInt32,
             {.nullable = false, .doc = "Where the row is from: 1 now, 2 recent, 3 historical"});
  if (options.enrich) {
    add_place_columns(stream);
  }
  return stream;
}

RowWriter::RowWriter(const Dataset& dataset, const RowOptions& options, int32_t rank,
                     sluice::Batch& batch)
    : dates_(has_dates(dataset)),
      rank_(rank),
      station_(&batch.col<int32_t>("station_id")),
      rank_column_(&batch.col<int32_t>("period_rank")) {
  const auto [begin, end] = time_names(dataset, options);
  std::size_t i = 0;
  for (const auto name : {begin, end}) {
    if (!name.empty()) {
      (dates_ ? days_[i] = &batch.col<int32_t>(name) : nullptr);
      (dates_ ? nullptr : instants_[i] = &batch.col<int64_t>(name));
    }
    ++i;
  }
  for (const Parameter& p : dataset.parameters) {
    Column column{.cell = p.cell};
    switch (column_type(p.cell)) {
      case Type::kFloat64:
        column.numbers = &batch.col<double>(p.name);
        break;
      case Type::kInt32:
        column.integers = &batch.col<int32_t>(p.name);
        break;
      case Type::kBool:
        column.bools = &batch.col<bool>(p.name);
        break;
      default:
        column.texts = &batch.col<std::string_view>(p.name);
        break;
    }
    columns_.push_back(column);
  }
  row_bytes_ = 8 * (columns_.size() + 3);
  if (options.enrich) {
    row_bytes_ += 96;
    place_texts_ = {&batch.col<std::string_view>("station_name"),
                    &batch.col<std::string_view>("station_state")};
    place_numbers_ = {&batch.col<double>("station_height"), &batch.col<double>("station_latitude"),
                      &batch.col<double>("station_longitude")};
  }
}

void RowWriter::append(const Row& row) {
  station_->append(row.station);
  append_time(0, row.time_us);
  append_time(1, row.end_us);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    append_value(i, row);
  }
  rank_column_->append(rank_);
  if (place_texts_[0] != nullptr) {
    append_place(row.time_us);
  }
}

void RowWriter::append_time(std::size_t column, int64_t time_us) {
  if (instants_[column] != nullptr) {
    instants_[column]->append(time_us);
  } else if (days_[column] != nullptr) {  // midnights, so the division is exact
    days_[column]->append(static_cast<int32_t>(time_us / kDayUs));
  }
}

void RowWriter::append_value(std::size_t index, const Row& row) {
  const Column& column = columns_[index];
  const bool present = (row.present >> index & 1U) != 0;
  const Value& value = row.values[index];
  if (column.numbers != nullptr) [[likely]] {
    present ? column.numbers->append(value.number) : column.numbers->append_null();
  } else if (column.integers != nullptr) {
    present ? column.integers->append(static_cast<int32_t>(value.number))
            : column.integers->append_null();
  } else if (column.texts != nullptr) {
    present ? column.texts->append(value.text) : column.texts->append_null();
  } else {
    present ? column.bools->append(value.number != 0) : column.bools->append_null();
  }
}

void RowWriter::append_place(int64_t time_us) {
  if (segment_ == nullptr || time_us < segment_->from_us || time_us >= segment_->to_us) {
    segment_ = &timeline_->at(time_us);
  }
  const Place& place = segment_->place;
  const bool known = segment_->known;
  const auto text = [](Texts& column, const std::string& value) {
    value.empty() ? column.append_null() : column.append(value);
  };
  const auto number = [](Numbers& column, bool present, double value) {
    present ? column.append(value) : column.append_null();
  };
  text(*place_texts_[0], place.name);
  text(*place_texts_[1], place.state);
  number(*place_numbers_[0], place.height.has_value(), place.height.value_or(0));
  number(*place_numbers_[1], known, place.latitude);
  number(*place_numbers_[2], known, place.longitude);
}

}  // namespace dwd
