// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/expect.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/twin/dwd/metadata.hpp"

namespace sluice::twin::dwd {
namespace {

// Half-open stretches of time, sorted and disjoint.
using Spans = std::vector<std::pair<Minute, Minute>>;

struct Total {
  int decimals = 0;
  bool text = false;
  std::int64_t values = 0;
  std::int64_t missing = 0;
  std::int64_t sum = 0;
};

struct Totals {
  std::vector<std::string> order;
  std::map<std::string, Total> columns;
  std::map<std::string, std::int64_t> archives;
  std::map<std::string, std::int64_t> rows;
  std::map<std::string, std::int64_t> pairs;
  Minute first = std::numeric_limits<Minute>::max();
  Minute last = std::numeric_limits<Minute>::min();
};

// How many minutes of [from, to) no earlier period has taken.
std::int64_t count_free(const Spans& taken, Minute from, Minute to) {
  std::int64_t free = to - from;
  auto it = std::upper_bound(taken.begin(), taken.end(), from,
                             [](Minute minute, const auto& span) { return minute < span.second; });
  for (; it != taken.end() && it->first < to; ++it) {
    free -= std::min(to, it->second) - std::max(from, it->first);
  }
  return free;
}

Spans merge(const Spans& a, const Spans& b) {
  Spans all;
  all.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
  Spans joined;
  for (const auto& span : all) {
    if (!joined.empty() && span.first <= joined.back().second) {
      joined.back().second = std::max(joined.back().second, span.second);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

void count_row(Totals& totals, std::span<const Column> columns, const Row& row,
               std::int64_t weight) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Total& total = totals.columns[columns[i].name];
    if (row.values[i] == kMissing) {
      total.missing += weight;
      continue;
    }
    total.values += weight;
    total.sum += total.text ? 0 : weight * row.values[i];
  }
}

std::string decimal_text(std::int64_t scaled, int decimals) {
  std::string digits = std::to_string(std::llabs(scaled));
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) {
    digits.insert(0, places + 1 - digits.size(), '0');
  }
  if (places > 0) {
    digits.insert(digits.size() - places, 1, '.');
  }
  return (scaled < 0 ? "-" : "") + digits;
}

void declare_columns(Totals& totals, const Dataset& dataset) {
  for (const auto columns : {dataset.columns, dataset.columns_recent}) {
    for (const Column& column : columns) {
      if (totals.columns.count(column.name) == 0) {
        totals.order.emplace_back(column.name);
        totals.columns[column.name] = {column.decimals, column.field == Field::kCloudSource, 0, 0,
                                       0};
      }
    }
  }
}

std::string to_json(const Totals& totals, const Dataset& dataset, bool expand_ranges) {
  using nlohmann::json;
  const auto sum = [](const std::map<std::string, std::int64_t>& counts) {
    std::int64_t total = 0;
    for (const auto& [period, count] : counts) {
      total += count;
    }
    return total;
  };
  json columns = json::array();
  for (const std::string& name : totals.order) {
    const Total& total = totals.columns.at(name);
    json column = {{"name", name}, {"values", total.values}, {"missing", total.missing}};
    if (!total.text) {
      column["decimals"] = total.decimals;
      column["sum_scaled"] = total.sum;
      column["sum"] = decimal_text(total.sum, total.decimals);
    }
    columns.push_back(std::move(column));
  }
  json document = {{"dataset", dataset.path()},
                   {"archives", sum(totals.archives)},
                   {"archives_by_period", totals.archives},
                   {"rows", sum(totals.rows)},
                   {"rows_by_period", totals.rows},
                   {"pairs", sum(totals.pairs)},
                   {"pairs_by_winner", totals.pairs},
                   {"ranges", expand_ranges ? "expand" : "keep"},
                   {"columns", std::move(columns)}};
  if (sum(totals.pairs) > 0) {
    document["first"] = iso_time(totals.first);
    document["last"] = iso_time(totals.last);
  }
  return document.dump();
}

}  // namespace

std::string expect_json(const Catalog& catalog, const Dataset& dataset,
                        const std::vector<Period>& periods, bool expand_ranges) {
  Totals totals;
  declare_columns(totals, dataset);
  std::map<std::uint32_t, Spans> taken;  // per station: what earlier periods hold
  for (const Period period : periods) {  // from the winning one to the losing one
    const std::string name(period_name(period));
    std::map<std::uint32_t, Spans> of_period;
    for (const auto& [path, file] : catalog.archives(dataset, period)) {
      const Archive& archive = file.archive;
      const Spans& before = taken[archive.station->id];
      Spans& spans = of_period[archive.station->id];
      ++totals.archives[name];
      for (const Row& row : make_rows(catalog.seed(), archive)) {
        const Minute end = expand_ranges && archive.ranges() ? row.end + 1 : row.begin + 1;
        const std::int64_t weight = count_free(before, row.begin, end);
        spans.emplace_back(row.begin, end);
        ++totals.rows[name];
        if (weight > 0) {
          totals.pairs[name] += weight;
          totals.first = std::min(totals.first, row.begin);
          totals.last = std::max(totals.last, end - 1);
          count_row(totals, dataset.columns_of(period), row, weight);
        }
      }
    }
    for (auto& [station, spans] : of_period) {
      std::sort(spans.begin(), spans.end());
      taken[station] = merge(taken[station], spans);
    }
  }
  return to_json(totals, dataset, expand_ranges);
}

std::string expect_positions_json(const Catalog& catalog, const Dataset& dataset) {
  using nlohmann::json;
  const auto date = [](Day day) { return iso_time(day * kMinutesPerDay).substr(0, 10); };
  json rows = json::array();
  for (const Station& station : catalog.stations()) {
    if (!station.takes_part(dataset)) {
      continue;
    }
    for (const Position& at : positions_of(station)) {
      rows.push_back({{"station_id", station.id},
                      {"from", date(at.from)},
                      {"to", at.to == kOpen ? json() : json(date(at.to))},
                      {"height", at.height},
                      {"latitude", at.latitude},
                      {"longitude", at.longitude}});
    }
  }
  return json{{"dataset", dataset.path()}, {"positions", std::move(rows)}}.dump();
}

}  // namespace sluice::twin::dwd
