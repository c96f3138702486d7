// SPDX-License-Identifier: Apache-2.0
#include "metadata_streams.hpp"

#include <string>
#include <utility>

namespace dwd {

namespace {

using sluice::Stream;
using sluice::Type;

constexpr std::pair<MemberKind, std::string_view> kStreams[] = {
    {MemberKind::kPositions, "station_positions"},
    {MemberKind::kNames, "station_names"},
    {MemberKind::kParameters, "parameter_history"},
    {MemberKind::kInstruments, "instruments"}};

void add_begin(Stream& stream) {
  stream.col("dataset", Type::kUtf8, {.doc = "Folders of resolution and data set"})
      .col("station_id", Type::kInt32,
           {.doc = "DWD's number of the station", .source_name = "Stations_ID"});
}

void add_span(Stream& stream, const std::string& within) {
  stream
      .col("span", Type::kInt32,
           {.doc = "Number of the row within " + within + ", from 1 in DWD's order"})
      .col("from_date", Type::kDate32,
           {.doc = "First day; null: not known", .source_name = "Von_Datum"})
      .col("to_date", Type::kDate32,
           {.doc = "Last day; null: until today", .source_name = "Bis_Datum"});
}

void add_positions(Stream& stream) {
  stream.doc("Where a station stood from when to when").key("dataset", "station_id", "span");
  add_begin(stream);
  add_span(stream, "the station");
  stream
      .col("height", Type::kFloat64,
           {.unit = "m", .doc = "Above sea level", .source_name = "Stationshoehe"})
      .col("latitude", Type::kFloat64,
           {.nullable = false, .unit = "°", .doc = "North", .source_name = "Geogr.Breite"})
      .col("longitude", Type::kFloat64,
           {.nullable = false, .unit = "°", .doc = "East", .source_name = "Geogr.Laenge"})
      .col("name", Type::kUtf8, {.doc = "The station's name today", .source_name = "Stationsname"});
}

void add_names(Stream& stream) {
  stream.doc("What a station was called, and who ran it, from when to when")
      .key("dataset", "station_id", "kind", "span");
  add_begin(stream);
  stream.col("kind", Type::kUtf8,
             {.doc = "station: the name is the station's; operator: its operator's"});
  add_span(stream, "station and kind");
  stream.col("name", Type::kUtf8,
             {.nullable = false, .doc = "Name", .source_name = "Stationsname, Betreibername"});
}

void add_parameters(Stream& stream) {
  stream.doc("How the values of a column came about, from when to when")
      .key("dataset", "station_id", "code", "span");
  add_begin(stream);
  stream.col("code", Type::kUtf8, {.doc = "DWD's name of the column", .source_name = "Parameter"});
  add_span(stream, "station and code");
  stream
      .col("column_name", Type::kUtf8,
           {.doc = "Column of the data set's stream; null if there is none"})
      .col("station_name", Type::kUtf8,
           {.doc = "The station's name today", .source_name = "Stationsname"})
      .col("description", Type::kUtf8,
           {.doc = "What it is, in German", .source_name = "Parameterbeschreibung"})
      .col("unit", Type::kUtf8, {.doc = "Unit as DWD writes it", .source_name = "Einheit"})
      .col("data_source", Type::kUtf8,
           {.doc = "Where the values are from, in German", .source_name = "Datenquelle"})
      .col("remarks", Type::kUtf8,
           {.doc = "Clock, hours or way of averaging, in German", .source_name = "Zusatz-Info"})
      .col("particulars", Type::kUtf8,
           {.doc = "What is peculiar, in German", .source_name = "Besonderheiten"})
      .col("literature", Type::kUtf8,
           {.doc = "Where to read more", .source_name = "Literaturhinweis"});
}

void add_instruments(Stream& stream) {
  stream.doc("What was measured with which device, from when to when")
      .key("dataset", "station_id", "component", "span");
  add_begin(stream);
  stream.col("component", Type::kUtf8,
             {.doc = "What was measured, as DWD's file is named: Lufttemperatur for example"});
  add_span(stream, "station and component");
  stream
      .col("station_name", Type::kUtf8,
           {.doc = "The station's name then", .source_name = "Stationsname"})
      .col("latitude", Type::kFloat64,
           {.unit = "°", .doc = "North, to two decimals", .source_name = "Geo. Breite [Grad]"})
      .col("longitude", Type::kFloat64,
           {.unit = "°", .doc = "East, to two decimals", .source_name = "Geo. Laenge [Grad]"})
      .col("station_height", Type::kFloat64,
           {.unit = "m",
            .doc = "Of the station above sea level",
            .source_name = "Stationshoehe [m]"})
      .col("sensor_height", Type::kFloat64,
           {.unit = "m",
            .doc = "Of the sensor above ground",
            .source_name = "Geberhoehe ueber Grund [m]"})
      .col("barometer_height", Type::kFloat64,
           {.unit = "m",
            .doc = "Of a barometer above sea level",
            .source_name = "Barometerhoehe ueber NN [m]"})
      .col("device", Type::kUtf8, {.doc = "Type of the device", .source_name = "Geraetetyp Name"})
      .col("method", Type::kUtf8, {.doc = "Way of measuring", .source_name = "Messverfahren"});
}

}  // namespace

std::string_view metadata_stream_name(MemberKind kind) noexcept {
  for (const auto& [value, name] : kStreams) {
    if (value == kind) {
      return name;
    }
  }
  return {};
}

std::optional<MemberKind> find_metadata_stream(std::string_view name) noexcept {
  for (const auto& [value, text] : kStreams) {
    if (text == name) {
      return value;
    }
  }
  return std::nullopt;
}

sluice::Stream metadata_stream(MemberKind kind) {
  Stream stream{std::string(metadata_stream_name(kind)), sluice::Kind::kFiles};
  switch (kind) {
    case MemberKind::kPositions:
      add_positions(stream);
      break;
    case MemberKind::kNames:
      add_names(stream);
      break;
    case MemberKind::kParameters:
      add_parameters(stream);
      break;
    case MemberKind::kInstruments:
      add_instruments(stream);
      break;
  }
  return stream;
}

}  // namespace dwd
