// SPDX-License-Identifier: Apache-2.0
//
// Local files: no requests; what changes are the files.
#include <memory>
#include <sstream>

#include "conformance/suite.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace sluice::conformance {

namespace {

json columns() {
  return {{{"name", "symbol"}, {"nullable", false}},
          {{"name", "time"},
           {"type", "timestamp"},
           {"nullable", false},
           {"field", "open_time"},
           {"time_format", "unix_ms"}},
          {{"name", "close"}, {"type", "decimal"}, {"precision", 18}, {"scale", 8}},
          {{"name", "volume"}, {"type", "float64"}},
          {{"name", "trades"}, {"type", "int64"}}};
}

std::string lines(int file) {
  std::string out;
  for (int i = 0; i < 200; ++i) {
    const int64_t at = 1'700'000'000'000 + (file * 200 + i) * int64_t{60'000};
    out += R"({"symbol":"BTC-)" + std::string(file % 2 == 0 ? "USD" : "EUR") + R"(","open_time":)" +
           std::to_string(at) + R"(,"close":)" + std::to_string(30'000 + i) + R"(.10,"volume":)" +
           std::to_string(i) + R"(.25,"trades":)" + std::to_string(i * 3) + "}\n";
  }
  return out;
}

// Line by line, as each is a document.
std::string changed(const std::string& text, check::JsonChange change) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    out += testing::change_json(line, change) + "\n";
  }
  return out;
}

check::Subject with(std::optional<check::JsonChange> change) {
  auto folder = std::make_shared<test::TempDir>();
  for (int i = 0; i < 3; ++i) {
    const bool empty = change == check::JsonChange::kEmpty;
    test::write_file(*folder / ("candles-" + std::to_string(i) + ".ndjson"),
                     empty    ? ""
                     : change ? changed(lines(i), *change)
                              : lines(i));
  }
  check::Subject out{.library = plugin_file("files")};
  out.config = {{"paths", {*folder / "*.ndjson"}},
                {"stream", "candles"},
                {"key", {"symbol", "time"}},
                {"time", "time"},
                {"columns", columns()}};
  out.changed_files = [folder](check::JsonChange other) { return with(other); };
  return out;
}

const Entry kEntry{Source{.name = "files",
                          .subject = [] { return with(std::nullopt); },
                          .declined = {
                              {"middle", "makes no requests"},
                              {"refused", "makes no requests"},
                          }}};

}  // namespace

}  // namespace sluice::conformance
