// SPDX-License-Identifier: Apache-2.0
//
// The tables of one station's archive as rows.
#include <map>
#include <string>
#include <utility>

#include "readers.hpp"
#include "text.hpp"

namespace dwd {

namespace {

using sluice::Next;

using OptionalText = std::optional<std::string_view>;

OptionalText filled(const std::string& text) {
  return text.empty() ? OptionalText{} : OptionalText(text);
}

std::optional<sluice::Days> day(const std::optional<int32_t>& value) {
  return value ? std::optional(sluice::Days{std::chrono::days{*value}}) : std::nullopt;
}

class MetadataReader final : public SliceReader {
 public:
  MetadataReader(const Sources& sources, MemberKind kind, const sluice::ReadRequest& request)
      : sources_(sources),
        kind_(kind),
        request_(request),
        token_(MetadataToken::decode(request.token())),
        folder_(split_folder(token_.path).dataset),
        dataset_(find(folder_)),
        station_(station_of(dataset_, token_.path)) {}

  // The tables of a station have some hundred lines, and are bounded, so they are one batch.
  Next next(sluice::Batch& batch, sluice::json&) override {
    if (done_) {
      return Next::kEnd;
    }
    done_ = true;
    const auto archive =
        sources_.server.shared_metadata(token_.path, token_.version, request_.last_validator());
    if (archive == nullptr) {
      return Next::kUnchanged;
    }
    if (!archive->validator.empty()) {
      request_.validator(archive->validator);
    }
    for (const Member& member : archive->members.members()) {
      if (member.kind == kind_) {
        read(member, batch);
      }
    }
    return batch.empty() ? Next::kEnd : Next::kRows;
  }

 private:
  static const Dataset& find(std::string_view folder) {
    const auto slash = folder.find('/');
    const Dataset* dataset = slash == std::string_view::npos
                                 ? nullptr
                                 : find_dataset(folder.substr(0, slash), folder.substr(slash + 1));
    if (dataset == nullptr) {
      throw foreign(folder);
    }
    return *dataset;
  }
  static int32_t station_of(const Dataset& dataset, std::string_view path) {
    const auto file = path.substr(path.rfind('/') + 1);
    const auto name = parse_archive_name(dataset, file);
    const auto station = name ? std::optional(name->station) : parse_metadata_name(file);
    if (!station) {
      throw foreign(file);
    }
    return *station;
  }
  static sluice::Error foreign(std::string_view what) {
    return {sluice::Code::kBadState,
            "The slice's file '" + to_utf8(what) +
                "' is none with metadata of this plugin's data sets; list the slices again."};
  }

  void read(const Member& member, sluice::Batch& batch) {
    const RejectLine reject = [&](std::string_view reason, std::string_view line) {
      request_.reject("metadata", std::string(reason) + " (" + to_utf8(member.name) + ")", line);
    };
    switch (kind_) {
      case MemberKind::kPositions:
        return parse_positions(
            member, station_, [&](const PositionRow& row) { append(row, batch); }, reject);
      case MemberKind::kNames:
        return parse_names(
            member, station_, [&](const NameRow& row) { append(row, batch); }, reject);
      case MemberKind::kParameters:
        return parse_parameters(
            member, station_, [&](const ParameterRow& row) { append(row, batch); }, reject);
      case MemberKind::kInstruments:
        return parse_instruments(
            member, station_, [&](const InstrumentRow& row) { append(row, batch); }, reject);
    }
  }

  int32_t number(const std::string& within) { return ++numbers_[within]; }

  void append(const PositionRow& row, sluice::Batch& batch) {
    batch.row(folder_, station_, number({}), day(row.span.from_day), day(row.span.to_day),
              row.height, row.latitude, row.longitude, filled(row.name));
  }
  void append(const NameRow& row, sluice::Batch& batch) {
    const std::string kind = row.is_operator ? "operator" : "station";
    batch.row(folder_, station_, kind, number(kind), day(row.span.from_day), day(row.span.to_day),
              row.name);
  }
  void append(const ParameterRow& row, sluice::Batch& batch) {
    batch.row(folder_, station_, row.code, number(row.code), day(row.span.from_day),
              day(row.span.to_day), column_of(row.code), filled(row.station_name),
              filled(row.description), filled(row.unit), filled(row.data_source),
              filled(row.remarks), filled(row.particulars), filled(row.literature));
  }
  void append(const InstrumentRow& row, sluice::Batch& batch) {
    batch.row(folder_, station_, row.component, number(row.component), day(row.span.from_day),
              day(row.span.to_day), filled(row.station_name), row.latitude, row.longitude,
              row.station_height, row.sensor_height, row.barometer_height, filled(row.device),
              filled(row.method));
  }

  OptionalText column_of(const std::string& code) const {
    for (const Parameter& parameter : dataset_.parameters) {
      if (parameter.code == code || (!code.empty() && parameter.old_code == code)) {
        return parameter.name;
      }
    }
    return std::nullopt;
  }

  Sources sources_;
  MemberKind kind_;
  const sluice::ReadRequest& request_;
  MetadataToken token_;
  std::string_view folder_;  // of resolution and data set, in token_
  const Dataset& dataset_;
  int32_t station_;
  std::map<std::string, int32_t> numbers_;  // rows so far, by what they are numbered within
  bool done_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_metadata(const Sources& sources, MemberKind kind,
                                           const sluice::ReadRequest& request) {
  return std::make_unique<MetadataReader>(sources, kind, request);
}

}  // namespace dwd
