// SPDX-License-Identifier: Apache-2.0
//
// The streams beside the observations: station lists, and what the columns mean.
#include <string>

#include "readers.hpp"
#include "stations.hpp"
#include "text.hpp"

namespace dwd {

namespace {

using sluice::Next;
using sluice::Type;

class StationReader final : public SliceReader {
 public:
  StationReader(const Sources& sources, const sluice::ReadRequest& request)
      : sources_(sources), request_(request), path_(request.token()) {}

  // A list has at most a few thousand lines, so it is one batch.
  Next next(sluice::Batch& batch, sluice::json&) override {
    if (done_) {
      return Next::kEnd;
    }
    done_ = true;
    sluice::HttpOptions options = sources_.server.options();
    options.validator = request_.last_validator();
    const std::string url = sources_.server.url(path_);
    const auto answer = sources_.host.get(url, options);
    if (answer.not_modified()) {
      return Next::kUnchanged;
    }
    if (!answer.validator().empty()) {
      request_.validator(answer.validator());
    }
    const auto [dataset, period] = split_folder(path_);
    parse_station_list(
        answer.text(), url,
        [&, dataset = dataset, period = period](const Station& s) {
          append(batch, dataset, period, s);
        },
        [&](std::string_view line) {
          request_.reject("station", "the line of the station list cannot be read", line);
        });
    return batch.empty() ? Next::kEnd : Next::kRows;
  }

 private:
  static void append(sluice::Batch& batch, std::string_view dataset, std::string_view period,
                     const Station& s) {
    const auto text = [](const std::string& value) {
      return value.empty() ? std::optional<std::string>{} : std::optional(value);
    };
    const auto day = [](int32_t value) { return sluice::Days{std::chrono::days{value}}; };
    batch.row(dataset, period, s.id, s.name, text(s.state), s.height, s.latitude, s.longitude,
              day(s.from_day), day(s.to_day), text(s.access));
  }

  Sources sources_;
  const sluice::ReadRequest& request_;
  std::string path_;
  bool done_ = false;
};

class ParameterReader final : public SliceReader {
 public:
  explicit ParameterReader(const Sources& sources) : selection_(sources.selection) {}

  Next next(sluice::Batch& batch, sluice::json&) override {
    if (done_) {
      return Next::kEnd;
    }
    done_ = true;
    for (const Dataset* dataset : selection_.datasets) {
      const std::string folder =
          std::string(dataset->resolution) + "/" + std::string(dataset->name);
      for (const Parameter& p : dataset->parameters) {
        batch.row(dataset->stream, p.name, folder, p.code,
                  p.unit.empty() ? std::optional<std::string_view>{} : std::optional(p.unit),
                  p.doc);
      }
    }
    return Next::kRows;
  }

 private:
  const Selection& selection_;
  bool done_ = false;
};

}  // namespace

sluice::Stream station_stream() {
  sluice::Stream stream{"stations", sluice::Kind::kFiles};
  stream.doc("Station lists of the chosen data sets and periods")
      .key("dataset", "period", "station_id")
      .col("dataset", Type::kUtf8, {.doc = "Folders of resolution and data set"})
      .col("period", Type::kUtf8, {.doc = "historical, recent, now, or row for whole series"})
      .col("station_id", Type::kInt32,
           {.doc = "DWD's number of the station", .source_name = "Stations_id"})
      .col("name", Type::kUtf8, {.nullable = false, .doc = "Name", .source_name = "Stationsname"})
      .col("state", Type::kUtf8, {.doc = "German state", .source_name = "Bundesland"})
      .col("height", Type::kFloat64,
           {.nullable = false,
            .unit = "m",
            .doc = "Above sea level",
            .source_name = "Stationshoehe"})
      .col("latitude", Type::kFloat64,
           {.nullable = false, .unit = "°", .doc = "North", .source_name = "geoBreite"})
      .col("longitude", Type::kFloat64,
           {.nullable = false, .unit = "°", .doc = "East", .source_name = "geoLaenge"})
      .col("from_date", Type::kDate32,
           {.nullable = false, .doc = "First day with data", .source_name = "von_datum"})
      .col("to_date", Type::kDate32,
           {.nullable = false, .doc = "Last day with data", .source_name = "bis_datum"})
      .col("access", Type::kUtf8,
           {.doc = "Terms of release; null in lists before 2025", .source_name = "Abgabe"});
  return stream;
}

std::unique_ptr<SliceReader> read_stations(const Sources& sources,
                                           const sluice::ReadRequest& request) {
  return std::make_unique<StationReader>(sources, request);
}

sluice::Stream parameter_stream() {
  sluice::Stream stream{"parameters", sluice::Kind::kSnapshot};
  stream.doc("What the columns of the chosen data sets mean, as this plugin translates them")
      .key("stream", "column_name")
      .refresh(std::chrono::hours{24 * 30})
      .col("stream", Type::kUtf8, {.doc = "Stream"})
      .col("column_name", Type::kUtf8, {.doc = "Column of the stream"})
      .col("dataset", Type::kUtf8, {.nullable = false, .doc = "Folders of resolution and data set"})
      .col("code", Type::kUtf8, {.nullable = false, .doc = "DWD's name of the column"})
      .col("unit", Type::kUtf8, {.doc = "Unit; null for codes and text"})
      .col("description", Type::kUtf8, {.nullable = false, .doc = "What it is"});
  return stream;
}

std::unique_ptr<SliceReader> read_parameters(const Sources& sources) {
  return std::make_unique<ParameterReader>(sources);
}

}  // namespace dwd
