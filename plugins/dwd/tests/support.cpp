// SPDX-License-Identifier: Apache-2.0
#include "plugins/dwd/tests/support.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace dwd::test {

namespace {

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += i < 8 ? static_cast<char>(value >> (8 * i) & 0xFFU) : '\0';
  }
}

std::string deflated(const std::string& text) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(6), &libdeflate_free_compressor);
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), out.data(),
                                         out.size()));
  return out;
}

std::string iso_time(int64_t us) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{us}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time - day).count();
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
  return text;
}

std::string number_text(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

class Recorder final : public Listener {
 public:
  explicit Recorder(Parsed& out) : out_(out) {}
  void reject(std::string_view rule, std::string_view, std::string_view line) override {
    out_.rejected.push_back(std::string(rule) + ": " + std::string(line));
  }
  void note(std::string_view code, std::string_view example, uint64_t count) override {
    for (uint64_t i = 0; i < count; ++i) {
      out_.notes.push_back(std::string(code) + ": " + std::string(example));
    }
  }

 private:
  Parsed& out_;
};

}  // namespace

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members,
                     const ZipOptions& options) {
  std::string out;
  std::string directory;
  for (const auto& [name, text] : members) {
    const std::string data = options.deflate ? deflated(text) : text;
    const uint32_t crc = libdeflate_crc32(0, text.data(), text.size());
    const auto offset = out.size();
    std::string head;  // what local and central headers share
    put(head, 20, 2);
    put(head, (options.descriptor ? 8U : 0U) | (options.encrypted_flag ? 1U : 0U), 2);
    put(head, options.deflate ? 8 : 0, 2);
    put(head, 0, 4);
    std::string sizes;
    put(sizes, crc, 4);
    put(sizes, data.size(), 4);
    put(sizes, text.size(), 4);
    put(out, 0x04034B50, 4);
    out += head + (options.descriptor ? std::string(12, '\0') : sizes);
    put(out, name.size(), 2);
    put(out, 0, 2);
    out += name + data;
    if (options.descriptor) {
      put(out, 0x08074B50, 4);
      out += sizes;
    }
    put(directory, 0x02014B50, 4);
    put(directory, 20, 2);
    directory += head + sizes;
    put(directory, name.size(), 2);
    put(directory, 0, 12);
    put(directory, offset, 4);
    directory += name;
  }
  const auto offset = out.size();
  out += directory;
  put(out, 0x06054B50, 4);
  put(out, 0, 4);
  put(out, members.size(), 2);
  put(out, members.size(), 2);
  put(out, directory.size(), 4);
  put(out, offset, 4);
  put(out, 0, 2);
  return out;
}

std::string product_zip(const std::string& text, const std::string& name) {
  return make_zip({{"Metadaten_Parameter_00003.txt", "Stations_ID;Von_Datum;eor;\r\n"},
                   {name, text},
                   {"Metadaten_Geographie_00003.html", "<html></html>"}});
}

std::string cell_text(const sluice::ColumnView& column, int64_t row) {
  using sluice::Type;
  if (column.is_null(row)) {
    return "-";
  }
  switch (column.type()) {
    case Type::kBool:
      return column.boolean(row) ? "true" : "false";
    case Type::kInt32:
      return std::to_string(column.int32(row));
    case Type::kDate32:
      return iso_time(int64_t{column.int32(row)} * 86'400'000'000).substr(0, 10);
    case Type::kTimestamp:
      return iso_time(column.int64(row));
    case Type::kFloat64:
      return number_text(column.float64(row));
    default:
      return std::string(column.text(row));
  }
}

void Table::add(const sluice::BatchView& view) {
  if (names.empty()) {
    for (const auto& column : view.columns()) {
      names.push_back(column.name());
    }
  }
  for (int64_t row = 0; row < view.rows(); ++row) {
    std::vector<std::string> cells;
    for (const auto& column : view.columns()) {
      cells.push_back(cell_text(column, row));
    }
    rows.push_back(std::move(cells));
  }
}

std::string Table::pick(const std::vector<std::string>& columns) const {
  std::string out;
  for (const auto& row : rows) {
    out += out.empty() ? "" : "|";
    bool first = true;
    for (const auto& column : columns) {
      const auto at = std::find(names.begin(), names.end(), column) - names.begin();
      out += (first ? "" : " ") + row.at(static_cast<std::size_t>(at));
      first = false;
    }
  }
  return out;
}

Parsed parse_product(std::string_view stream, const std::string& text,
                     const ParseOptions& options) {
  const Dataset& dataset = *find_stream(stream);
  Parsed out;
  Recorder recorder(out);
  RowOptions rows = options.rows;
  rows.expand_ranges = options.product.expand_ranges;
  sluice::Batch batch(observation_stream(dataset, rows));
  RowWriter writer(dataset, rows, 3, batch);
  Product product(dataset, options.product, recorder);
  std::size_t at = 0;
  product.begin([&](char* buffer, std::size_t capacity) {
    const std::size_t size = std::min({capacity, options.chunk, text.size() - at});
    std::memcpy(buffer, text.data() + at, size);
    at += size;
    return size;
  });
  for (;;) {
    const uint64_t got = product.read(writer, options.most);
    const sluice::Array array = batch.finish();
    out.table.add(sluice::BatchView(batch.stream(), array.get()));
    if (got < options.most) {
      return out;
    }
  }
}

std::optional<std::filesystem::path> fixtures() {
  const char* env = std::getenv("SLUICE_FIXTURES");  // NOLINT(concurrency-mt-unsafe): one thread
  const std::filesystem::path root = env != nullptr ? env : "../shared/fixtures";
  if (!std::filesystem::exists(root / "dwd")) {
    return std::nullopt;
  }
  return root / "dwd";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace dwd::test
