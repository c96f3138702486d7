// SPDX-License-Identifier: Apache-2.0
//
// What the tests of dwd share: zip files made on the spot, products as tables of text, fixtures.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parameters.hpp"
#include "product.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/batch_view.hpp"

namespace dwd::test {

struct ZipOptions {
  bool deflate = true;
  bool descriptor = false;  // sizes after the data
  bool encrypted_flag = false;
};
std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members,
                     const ZipOptions& options = {});
// As DWD lays archives out: a metadata file, the product, another metadata file.
std::string product_zip(const std::string& text, const std::string& name = "produkt_x_00003.txt");

// A cell as text; "-" for null, times as ISO.
std::string cell_text(const sluice::ColumnView& column, int64_t row);

struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  // Values of the columns, joined by a blank each, rows by "|".
  std::string pick(const std::vector<std::string>& columns) const;
  void add(const sluice::BatchView& view);
};

struct Parsed {
  Table table;
  std::vector<std::string> rejected;  // rule: line
  std::vector<std::string> notes;     // code: example
};
struct ParseOptions {
  ProductOptions product{};
  RowOptions rows{};
  std::size_t chunk = 1000;  // bytes given at once
  uint64_t most = 7;         // rows of a batch
};
Parsed parse_product(std::string_view stream, const std::string& text,
                     const ParseOptions& options = {});

std::optional<std::filesystem::path> fixtures();  // …/dwd; nothing if they are not there
std::string read_file(const std::filesystem::path& path);

}  // namespace dwd::test
