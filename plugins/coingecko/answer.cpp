// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace coingecko {
namespace {

namespace sj = simdjson::ondemand;
using sluice::Code;
using sluice::Error;

// Says where the text stops being JSON.
[[noreturn]] void malformed(const std::string& body, const std::string& url) {
  (void)sluice::JsonStream::over(body, "", {.name = "The answer of " + url}).rest();
  throw Error(Code::kBadData, "The answer of " + url + " has another form than expected.")
      .retryable();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

Cell cell_of(sj::value value) {
  const std::string_view raw = trimmed(value.raw_json_token());
  if (raw == "null") {
    return std::nullopt;
  }
  const bool quoted = raw.size() >= 2 && raw.front() == '"' && raw.back() == '"';
  return quoted ? raw.substr(1, raw.size() - 2) : raw;
}

void visit_elements(sj::array array, std::string_view name, const Visit& visit) {
  const std::size_t count = array.count_elements();
  std::vector<Cell> cells;
  std::size_t index = 0;
  for (auto item : array) {
    sj::value value = item.value();
    Element element{.array = name, .index = index, .cells = {}, .is_last = index + 1 == count};
    cells.clear();
    element.good = value.type() == sj::json_type::array;
    if (element.good) {
      for (auto cell : value.get_array()) {
        cells.push_back(cell_of(cell.value()));
      }
    } else {
      cells.push_back(cell_of(value));
    }
    element.cells = cells;
    visit(element);
    ++index;
  }
}

template <class Work>
void parse(const std::string& body, const std::string& url, Work&& work) {
  try {
    sj::parser parser;
    const simdjson::padded_string padded(body);
    sj::document document = parser.iterate(padded);
    work(document);
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      malformed(body, url);
    }
  } catch (const simdjson::simdjson_error&) {
    malformed(body, url);
  }
}

}  // namespace

std::string Element::text() const {
  std::string out = good ? "[" : "";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += (i > 0 ? "," : "") + std::string(cells[i].value_or("null"));
  }
  return out + (good ? "]" : "");
}

void visit_array(const std::string& body, const std::string& url, const Visit& visit) {
  parse(body, url,
        [&](sj::document& document) { visit_elements(document.get_array(), "", visit); });
}

unsigned visit_members(const std::string& body, const std::string& url,
                       std::span<const std::string_view> names, const sluice::ReadRequest& request,
                       const Visit& visit) {
  unsigned found = 0;
  parse(body, url, [&](sj::document& document) {
    for (auto field : document.get_object()) {
      const std::string key(std::string_view(field.unescaped_key()));
      const auto at = std::find(names.begin(), names.end(), key);
      sj::value value = field.value();
      if (at == names.end()) {
        request.note("unknown_field", "/" + key);
      } else if (value.type() == sj::json_type::array) {
        found |= 1U << static_cast<unsigned>(at - names.begin());
        visit_elements(value.get_array(), "/" + key, visit);
      }
    }
  });
  return found;
}

std::optional<int64_t> time_of(const Cell& cell) {
  constexpr int64_t kLatest = 32'503'680'000'000;  // the year 3000
  if (!cell) {
    return std::nullopt;
  }
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), ms);
  if (error != std::errc() || end != cell->data() + cell->size()) {
    const std::string text(*cell);
    char* stop = nullptr;
    const double value = std::strtod(text.c_str(), &stop);
    if (text.empty() || *stop != '\0' || !(value > 0 && value < static_cast<double>(kLatest))) {
      return std::nullopt;
    }
    ms = std::llround(value);
  }
  return ms > 0 && ms < kLatest ? std::optional(ms) : std::nullopt;
}

std::optional<sluice::Decimal> amount_of(const Cell& cell) {
  return cell ? std::optional(
                    sluice::round_decimal128(*cell, sluice::kCandlePrecision, sluice::kCandleScale))
              : std::nullopt;
}

}  // namespace coingecko
