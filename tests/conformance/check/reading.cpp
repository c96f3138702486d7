// SPDX-License-Identifier: Apache-2.0
#include "conformance/check/reading.hpp"

#include <algorithm>
#include <utility>

namespace sluice::check {

namespace {

using testing::ListedPartition;
using testing::ReadSpec;
using testing::SourceRun;

constexpr std::size_t kMostCuts = 100'000;  // intervals of a partition, before some are chosen

// So many of them, the first and the last among them.
template <class T>
std::vector<T> spread(std::vector<T> all, std::size_t most) {
  if (all.size() <= most || most < 2) {
    return all;
  }
  std::vector<T> chosen;
  for (std::size_t i = 0; i < most; ++i) {
    chosen.push_back(std::move(all[i * (all.size() - 1) / (most - 1)]));
  }
  return chosen;
}

int64_t floor_to(int64_t time, int64_t step) {
  const int64_t rest = time % step;
  return time - (rest < 0 ? rest + step : rest);
}

// The URL of a request to a set of endpoints that the plugin declared.
std::string resolved(const Request& request, const std::string& declaration) {
  const json declared = json::parse(declaration, nullptr, false);
  if (!declared.is_object()) {
    return request.url;
  }
  const auto sets = declared.value("endpoints", json::object());
  const auto set = sets.find(request.endpoint);
  return set == sets.end() ? request.url : set->at("urls").at(0).get<std::string>() + request.url;
}

Planned interval(const Stream& stream, const std::string& partition, int64_t from, int64_t to) {
  const std::string key = partition + "@" + std::to_string(from) + "/" + std::to_string(to);
  ReadSpec spec{.stream = stream.name(), .partition = partition, .slice = key};
  spec.from_us = from;
  spec.to_us = to;
  return {stream.name() + " " + key, std::move(spec)};
}

// What changes of JSON leave of a value: numbers as texts, without the members that were added.
json settled(const json& value) {
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [name, member] : value.items()) {
      if (!name.starts_with("zz_new_")) {
        out[name] = settled(member);
      }
    }
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& one : value) {
      out.push_back(settled(one));
    }
    return out;
  }
  return value.is_number() ? json(value.dump()) : value;
}

}  // namespace

Opened::Opened(const Subject& subject) : subject_(subject), host_(std::make_unique<FakeHost>()) {
  host_->set_time(subject.now);
  for (const auto& [name, value] : subject.secrets) {
    host_->set_secret(name, value);
  }
  if (subject.service) {
    host_->http.handle([this](const Request& request) {
      Request asked = request;
      if (!request.endpoint.empty()) {
        asked.url = resolved(request, host_->http.declaration());
      }
      return subject_.service(asked);
    });
  }
  session_ = std::make_unique<testing::SourceSession>(testing::Plugin::load(subject.library),
                                                      *host_, subject.config, subject.component);
  for (Stream& stream : session_->streams()) {
    const auto& wanted = subject.streams;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), stream.name()) != wanted.end()) {
      streams_.push_back(std::move(stream));
    }
  }
}

std::vector<Planned> Opened::plan(const Stream& stream) {
  switch (stream.kind()) {
    case Kind::kKeys:
      return plan_keys(stream);
    case Kind::kFiles:
      return plan_files(stream);
    case Kind::kSeries:
      return plan_series(stream);
    case Kind::kSnapshot:
      break;
  }
  return plan_snapshot(stream);
}

std::vector<ListedPartition> Opened::partitions(const Stream& stream) {
  std::vector<ListedPartition> all;
  try {
    all = session_->partitions(stream.name(), subject_.from_us, subject_.to_us);
  } catch (const Error& error) {
    if (error.code() != Code::kUnsupported) {
      throw;  // a source without the table has one partition
    }
  }
  if (all.empty() && !stream.is_partitioned()) {
    all.push_back({"", SLUICE_TIME_MIN, SLUICE_TIME_MAX});
  }
  return spread(std::move(all), subject_.most_slices);
}

std::vector<Planned> Opened::plan_snapshot(const Stream& stream) {
  std::vector<Planned> out;
  for (const ListedPartition& partition : partitions(stream)) {
    const std::string key = partition.key.empty() ? "*" : partition.key;
    out.push_back({stream.name() + " " + key,
                   {.stream = stream.name(), .partition = partition.key, .slice = key}});
  }
  return out;
}

std::vector<Planned> Opened::plan_files(const Stream& stream) {
  std::vector<Planned> out;
  auto listed = session_->slices(stream.name(), subject_.from_us, subject_.to_us);
  for (const auto& slice : spread(std::move(listed), subject_.most_slices)) {
    out.push_back({stream.name() + " " + slice.key,
                   {.stream = stream.name(),
                    .partition = slice.partition,
                    .slice = slice.key,
                    .token = slice.token,
                    .from_us = slice.from_us,
                    .to_us = slice.to_us},
                   slice.validator});
  }
  return out;
}

std::vector<Planned> Opened::plan_keys(const Stream& stream) {
  std::vector<std::string> keys;
  std::string token, partition;
  if (const auto given = subject_.keys.find(stream.name()); given != subject_.keys.end()) {
    keys = given->second;
  } else {
    for (const auto& slice : session_->slices(stream.name(), subject_.from_us, subject_.to_us)) {
      keys.push_back(slice.key);
      token = keys.size() == 1 ? slice.token : token;
      partition = keys.size() == 1 ? slice.partition : partition;
    }
  }
  const auto at_once = static_cast<std::size_t>(std::max<uint64_t>(1, stream.max_keys()));
  std::vector<Planned> out;
  for (std::size_t i = 0; i < keys.size(); i += at_once) {
    const std::size_t end = std::min(keys.size(), i + at_once);
    ReadSpec spec{.stream = stream.name(), .partition = partition, .slice = keys[i]};
    spec.token = token;
    spec.keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(i),
                     keys.begin() + static_cast<std::ptrdiff_t>(end));
    out.push_back({stream.name() + " keys from " + keys[i], std::move(spec)});
  }
  return spread(std::move(out), subject_.most_slices);
}

// The slices that a source cuts itself, and those of max_span in between. Gives the end of the
// last.
int64_t Opened::plan_told(const Stream& stream, const std::string& partition, int64_t from,
                          int64_t to, std::vector<Planned>& out) {
  for (const auto& slice : session_->slices(stream.name(), from, to, partition)) {
    if (slice.from_us > from) {
      out.push_back(interval(stream, partition, from, slice.from_us));
    }
    out.push_back(interval(stream, partition, slice.from_us, slice.to_us));
    out.back().spec.token = slice.token;
    from = slice.to_us;
  }
  return from;
}

std::vector<Planned> Opened::plan_series(const Stream& stream) {
  const int64_t now = subject_.now.time_since_epoch().count();
  std::vector<Planned> out;
  for (const ListedPartition& partition : partitions(stream)) {
    int64_t from = std::max(subject_.from_us, partition.from_us);
    int64_t to = std::min({subject_.to_us, partition.to_us, now});
    if (stream.step().count() > 0 && from != SLUICE_TIME_MIN) {
      const int64_t step = stream.step().count();
      from = floor_to(from, step) == from ? from : floor_to(from, step) + step;
      to = floor_to(to, step);
    }
    if (from == SLUICE_TIME_MIN || from >= to) {
      continue;
    }
    if (stream.is_cutting()) {
      from = plan_told(stream, partition.key, from, to, out);
    }
    const int64_t span = stream.max_span().count();
    for (std::size_t cuts = 0; from < to && cuts < kMostCuts; ++cuts) {
      const int64_t end = span > 0 ? std::min(to, floor_to(from, span) + span) : to;
      out.push_back(interval(stream, partition.key, from, end));
      from = end;
    }
  }
  return spread(std::move(out), subject_.most_slices);
}

SourceRun Opened::read(const Planned& slice, const std::optional<std::string>& state,
                       const std::string& validator) {
  ReadSpec spec = slice.spec;
  spec.state = state;
  spec.validator = validator;
  spec.target_batch_bytes = subject_.batch_bytes;
  spec.state_version = session_->instance().descriptor().state_version;
  return session_->read(spec);
}

World read_world(const Subject& subject) {
  Opened source(subject);
  World world;
  for (const Stream& stream : source.streams()) {
    for (Planned& slice : source.plan(stream)) {
      SourceRun run = source.read(slice);
      world.slices.push_back({std::move(slice), std::move(run)});
    }
  }
  return world;
}

std::string canonical(json row, const Stream& stream, const std::set<std::string>& leave_out) {
  for (const ColumnDecl& column : stream.columns()) {
    if (leave_out.contains(column.name)) {
      row.erase(column.name);
    } else if (column.type == Type::kJson && row.contains(column.name)) {
      row[column.name] = settled(row[column.name]);
    }
  }
  return row.dump();
}

std::vector<std::string> canonical_rows(const SourceRun& run,
                                        const std::set<std::string>& leave_out) {
  std::vector<std::string> out;
  for (const json& row : run.rows) {
    out.push_back(canonical(row, run.stream, leave_out));
  }
  return out;
}

std::vector<std::string> World::rows(const std::string& stream,
                                     const std::set<std::string>& leave_out) const {
  std::vector<std::string> out;
  for (const Read& read : slices) {
    if (read.slice.spec.stream == stream) {
      auto rows = canonical_rows(read.run, leave_out);
      out.insert(out.end(), std::make_move_iterator(rows.begin()),
                 std::make_move_iterator(rows.end()));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t World::rejects(const std::string& stream) const {
  std::size_t count = 0;
  for (const Read& read : slices) {
    count += read.slice.spec.stream == stream ? read.run.rejects.size() : 0;
  }
  return count;
}

std::uint64_t World::notes(const std::string& stream, const std::string& code) const {
  std::uint64_t count = 0;
  for (const Read& read : slices) {
    for (const auto& note : read.run.notes) {
      count += read.slice.spec.stream == stream && note.code == code ? note.count : 0;
    }
  }
  return count;
}

std::string difference(std::vector<std::string> first, std::vector<std::string> second) {
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  std::vector<std::string> missing, extra;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(missing));
  std::set_difference(second.begin(), second.end(), first.begin(), first.end(),
                      std::back_inserter(extra));
  if (missing.empty() && extra.empty()) {
    return {};
  }
  std::string out = std::to_string(missing.size()) + " rows are missing and " +
                    std::to_string(extra.size()) + " are there instead, of " +
                    std::to_string(first.size()) + ".";
  constexpr std::size_t kShown = 2;
  constexpr std::size_t kMostOfRow = 1500;  // bytes
  for (std::size_t i = 0; i < std::min(kShown, missing.size()); ++i) {
    out += "\n  - " + missing[i].substr(0, kMostOfRow);
  }
  for (std::size_t i = 0; i < std::min(kShown, extra.size()); ++i) {
    out += "\n  + " + extra[i].substr(0, kMostOfRow);
  }
  return out;
}

bool ended_well(const SourceRun& run) {
  return run.end == SLUICE_END;
}

std::string end_of(const SourceRun& run) {
  return run.error ? std::string("failed (") + std::to_string(run.end) + "): " + run.error->what()
         : run.end == SLUICE_UNCHANGED ? "told 'unchanged'"
         : run.end == SLUICE_END       ? "ended"
                                       : "was stopped (" + std::to_string(run.end) + ")";
}

}  // namespace sluice::check
