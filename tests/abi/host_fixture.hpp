// SPDX-License-Identifier: Apache-2.0
//
// The host around one plugin instance, as tests of the ABI need it: real loader, real services.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/plugin/component.hpp"
#include "host/plugin/library.hpp"

namespace sluice::host::test {

// A library that CMake built for these tests.
inline std::filesystem::path library(const std::string& name) {
  return std::filesystem::path(SLUICE_ABI_PLUGINS) / (name + ".so");
}

struct HostFixture {
  Cancel cancel;
  SystemClock clock;
  std::mutex mutex;
  std::vector<std::string> log;  // message + " " + fields

  Services services() {
    Services out;
    out.pipeline = "test";
    out.component = "source test";
    out.cancel = &cancel;
    out.clock = &clock;
    out.log = [this](uint32_t, std::string_view message, std::string_view fields) {
      const std::lock_guard lock(mutex);
      log.push_back(std::string(message) + " " + std::string(fields));
    };
    out.secret = [](std::string_view name) -> Result<std::string> {
      if (name == "token") {
        return std::string("hunter2-hunter2");
      }
      return Error{Code::kAuth, "no such secret"};
    };
    return out;
  }

  std::unique_ptr<Source> source(const std::string& file, const std::string& id,
                                 const std::string& config) {
    const auto factory = load_library(library(file));
    INFO((factory ? "" : factory.error().message));
    REQUIRE(factory);
    auto made = create_source(**factory, id, config, services());
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    const auto opened = (*made)->open(SLUICE_OPEN_RUN);
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened);
    return std::move(*made);
  }
};

// Rows of a stream read to its end, with the resume state before each batch.
struct Reading {
  int64_t rows = 0;
  std::vector<std::string> states;
  std::vector<ArrayHandle> arrays;
};

inline Reading read_all(Source& source, const Stream& stream, ReadRequest request = {}) {
  request.stream = stream.name;
  auto reader = source.read(stream, std::move(request), {});
  INFO((reader ? "" : reader.error().message));
  REQUIRE(reader);
  Reading out;
  for (;;) {
    ReadBatch batch;
    const auto status = (*reader)->next(batch);
    INFO((status ? "" : status.error().message));
    REQUIRE(status);
    if (*status == ReadStatus::kEnd) {
      return out;
    }
    if (*status == ReadStatus::kRows) {
      out.rows += batch.array.rows();
      out.states.push_back(batch.state);
      out.arrays.push_back(std::move(batch.array));
    }
  }
}

}  // namespace sluice::host::test
