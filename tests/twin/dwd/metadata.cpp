// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "tests/twin/hash.hpp"

namespace sluice::twin::dwd {
namespace {

constexpr std::size_t kListRowWidth = 1000;  // what rows of station lists are padded to

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
  std::array<char, 512> buffer;
  va_list arguments;
  va_start(arguments, pattern);
  const int length = std::vsnprintf(buffer.data(), buffer.size(), pattern, arguments);
  va_end(arguments);
  return std::string(buffer.data(),
                     std::min(buffer.size() - 1, static_cast<std::size_t>(std::max(0, length))));
}

std::string footer(const File& file) {
  return "generiert: " + german_date(file.today) + " --  Deutscher Wetterdienst  --";
}

// An open end is shown as blanks.
std::string end_text(const Station& station, const char* open) {
  return station.open() ? open : date_text(station.end);
}

Day relocation_of(const Station& station) {
  return station.minutes_start + 700;
}

std::string geography(const Station& station) {
  std::string text =
      "Stations_id;Stationshoehe;Geogr.Breite;Geogr.Laenge;von_datum;bis_datum;Stationsname\n";
  for (const Position& at : positions_of(station)) {
    text +=
        format("%6u;%8.2f;%8.4f;%8.4f;%s;%s;", station.id, at.height, at.latitude, at.longitude,
               date_text(at.from).c_str(), at.to == kOpen ? "        " : date_text(at.to).c_str());
    text += at.name + "\n";
  }
  return text;
}

std::string names_and_operators(const Station& station, const File& file) {
  const Day moved = relocation_of(station);
  const std::string id = format("%6u;", station.id);
  std::string text = "Stations_ID;Stationsname;Von_Datum;Bis_Datum\n";
  text += id + station.old_name + ";" + date_text(station.days_start) + ";" + date_text(moved - 1) +
          "\n";
  text += id + station.name + ";" + date_text(moved) + ";" + end_text(station, "") + "\n";
  text += "\nStations_ID;Betreibername;Von_Datum;Bis_Datum\n";
  text += id + "DWD;" + date_text(station.days_start) + ";" + end_text(station, "") + "\n";
  return text + footer(file) + "\n";
}

const char* unit_of(Field field) {
  switch (field) {
    case Field::kHumidity:
      return "%";
    case Field::kPressure:
    case Field::kSeaPressure:
    case Field::kVapour:
      return "hpa";
    case Field::kWind:
    case Field::kWindMaximum:
    case Field::kWindMinimum:
    case Field::kGust:
      return "m/sec";
    case Field::kDirection:
    case Field::kZenith:
      return "Grad";
    case Field::kRain:
    case Field::kDropper:
      return "mm";
    case Field::kRainDuration:
    case Field::kSunMinutes:
      return "Minute";
    case Field::kSunHours:
    case Field::kDaySun:
      return "Stunde";
    case Field::kGlobal:
    case Field::kDiffuse:
    case Field::kLongwave:
      return "J/cm\xB2";
    case Field::kCloud:
    case Field::kMeanCloud:
      return "Achtel";
    case Field::kSnow:
      return "cm";
    case Field::kRainFlag:
    case Field::kRainForm:
    case Field::kCloudSource:
    case Field::kAbsent:
      return "numerischer Code";
    default:
      return "Grad C";
  }
}

// One row per parameter and span; the clock of 1- and 10-minute data changes with the year 2000.
std::string parameters(const File& file) {
  const Dataset& dataset = *file.archive.dataset;
  const Station& station = *file.archive.station;
  std::string text =
      "Stations_ID;Von_Datum;Bis_Datum;Stationsname;Parameter;Parameterbeschreibung;Einheit;"
      "Datenquelle "
      "(Strukturversion=SV);Zusatz-Info;Besonderheiten;Literaturhinweis;eor;\r\n";
  const Day start = station.start(dataset.grid);
  const Day end = station.open() ? file.today - 1 : station.end;
  const Day turn = day_of(2000, 1, 1);
  const auto row = [&](const Column& column, Day from, Day to, const char* clock) {
    text += std::to_string(station.id) + ";" + date_text(from) + ";" + date_text(to) + ";" +
            station.name + ";" + column.name + ";" + column.name + " des Datensatzes " +
            dataset.name + ";" + unit_of(column.field) + ";aus automatischem Messnetz;" + clock +
            ";;;eor;\r\n";
  };
  for (const Column& column : dataset.columns) {
    if (column.field == Field::kQuality) {
      continue;
    }
    if (dataset.minutes() && start < turn) {
      row(column, start, std::min(end, turn - 1), "HHMM MEZ");
    }
    if (end >= turn || !dataset.minutes()) {
      row(column, dataset.minutes() ? std::max(start, turn) : start, end,
          dataset.minutes() ? "HHMM UTC" : "");
    }
  }
  return text + "Legende: FT  = Folgetag; GZ = Gesetzliche Zeit\r\n" + footer(file) + "\r\n";
}

std::string devices(const File& file) {
  const Station& station = *file.archive.station;
  const Day end = station.open() ? file.today - 1 : station.end;
  std::string text =
      "Stations_ID;Stationsname;Geo. Laenge [Grad];Geo. Breite [Grad];Stationshoehe [m];Geberhoehe "
      "ueber Grund "
      "[m];Von_Datum;Bis_Datum;Geraetetyp Name;Messverfahren;eor;\n";
  text +=
      std::to_string(station.id) + ";" + station.name +
      format(";%.2f;%.2f;%d;2;%s;%s;Sensor Bauart A;elektr. Messung;eor;\n", station.longitude,
             station.latitude, station.height,
             date_text(station.start(file.archive.dataset->grid)).c_str(), date_text(end).c_str());
  return text + footer(file) + "\n";
}

// The tables of missing values write dates the German way, unlike all others.
std::string missing_values(const File& file, const char* counted) {
  const Archive& archive = file.archive;
  const std::string span = german_date(archive.name_from) + ";" + german_date(archive.name_to);
  std::string text = std::string("Stations_ID;Stations_Name;Parameter;Von_Datum;Bis_Datum;") +
                     counted + ";Beschreibung;eor;\n";
  for (const Column& column : archive.dataset->columns) {
    if (column.field != Field::kQuality &&
        hash_of(archive.station->hash, 39, hash_text(column.name)) % 2 == 0) {
      text += std::to_string(archive.station->id) + ";" + archive.station->name + ";" +
              column.name + ";" + span + ";11;Gesamt_Messzeitraum;eor;\n";
    }
  }
  return text + footer(file) + "\n";
}

std::string as_html(const std::string& text) {
  return "<html><head><title>Metadaten</title></head><body><pre>\n" + text +
         "</pre></body></html>\n";
}

}  // namespace

std::vector<Position> positions_of(const Station& station) {
  const Day moved = relocation_of(station);
  return {{station.days_start, moved - 1, station.height + 3.0, station.latitude + 0.01,
           station.longitude - 0.02, station.old_name},
          {moved, station.end, static_cast<double>(station.height), station.latitude,
           station.longitude, station.name}};
}

std::vector<Member> archive_metadata(const File& file) {
  const Archive& archive = file.archive;
  const Station& station = *archive.station;
  const std::string id = "_" + station.five_digits();
  const std::string span =
      id + "_" + date_text(archive.name_from) + "_" + date_text(archive.name_to);
  // produkt_tu_stunde -> tu_stunde
  const std::string element = std::string(archive.dataset->product).substr(8);
  const std::string names = names_and_operators(station, file);
  return {
      {"Metadaten_Stationsname_Betreibername" + id + ".html", as_html(names)},
      {"Metadaten_Stationsname_Betreibername" + id + ".txt", names},
      {"Metadaten_Parameter_" + element + id + ".txt", parameters(file)},
      {"Metadaten_Geraete_" + std::string(archive.dataset->device) + id + ".txt", devices(file)},
      {"Metadaten_Geographie" + id + ".txt", geography(station)},
      {"Metadaten_Fehldaten" + span + ".txt", missing_values(file, "Gesamt_Fehlwerte")},
      {"Metadaten_Fehlwerte" + span + ".txt", missing_values(file, "Anzahl_Fehlwerte")}};
}

std::vector<Member> folder_metadata(const File& file) {
  const Station& station = *file.archive.station;
  const std::string id = "_" + station.five_digits();
  const std::string names = names_and_operators(station, file);
  return {{"Metadaten_Geographie" + id + ".txt", geography(station)},
          {"Metadaten_Geraete_" + std::string(file.archive.dataset->device) + id + ".txt",
           devices(file)},
          {"Metadaten_Parameter" + id + ".txt", parameters(file)},
          {"Metadaten_Stationsname_Betreibername" + id + ".txt", names},
          {"Metadaten_Stationsname_Betreibername" + id + ".html", as_html(names)}};
}

std::string station_list(const std::vector<Station>& stations, const File& file) {
  const Dataset& dataset = *file.archive.dataset;
  std::string text =
      "Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname Bundesland "
      "Abgabe\r\n"
      "----------- --------- --------- ------------- --------- --------- "
      "----------------------------------------- ---------- ------\r\n";
  for (const Station& station : stations) {
    if (!station.takes_part(dataset)) {
      continue;
    }
    // At half of the stations the list begins a day after the data.
    const Day from = station.start(dataset.grid) + static_cast<Day>(hash_of(station.hash, 41) % 2);
    const Day to = station.open() ? file.today - 1 : station.end;
    std::string row =
        format("%05u %s %s %14d %11.4f %9.4f ", station.id, date_text(from).c_str(),
               date_text(to).c_str(), station.height, station.latitude, station.longitude);
    const std::size_t name_at = row.size();
    row += station.name;
    row.resize(name_at + 41, ' ');
    row += station.state;
    row.resize(name_at + 82, ' ');
    row += "Frei";
    row.resize(kListRowWidth, ' ');
    text += row + "\r\n";
  }
  return text;
}

std::string description(const File& file) {
  const std::string title =
      std::string(file.german ? "Datensatzbeschreibung " : "Data set description ") +
      file.archive.dataset->path();
  const std::string page = "BT /F1 14 Tf 60 780 Td (" + title + ") Tj ET";
  const std::array<std::string, 5> objects{
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << "
      "/F1 5 0 R >> >> >>",
      "<< /Length " + std::to_string(page.size()) + " >>\nstream\n" + page + "\nendstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
  std::string text = "%PDF-1.4\n";
  std::string table = "xref\n0 6\n0000000000 65535 f \n";
  for (std::size_t i = 0; i < objects.size(); ++i) {
    table += format("%010zu 00000 n \n", text.size());
    text += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const std::size_t at = text.size();
  return text + table + "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n" + std::to_string(at) +
         "\n%%EOF\n";
}

}  // namespace sluice::twin::dwd
