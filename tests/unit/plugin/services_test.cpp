// SPDX-License-Identifier: Apache-2.0
//
// The services as a plugin calls them: through the tables of its sluice_host_t.
#include "host/plugin/services.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <thread>

#include "host/http/http_client.hpp"
#include "host/ledger/ledger.hpp"
#include "host/plugin/text.hpp"
#include "unit/plugin/elf_maker.hpp"

using namespace sluice::host;        // NOLINT(google-build-using-namespace): a test
using namespace sluice::host::test;  // NOLINT(google-build-using-namespace): a test

namespace {

struct Setup {
  Cancel cancel;
  SystemClock clock;
  Services services() {
    Services out;
    out.pipeline = "p";
    out.component = "source x";
    out.cancel = &cancel;
    out.clock = &clock;
    out.log = [](uint32_t, std::string_view, std::string_view) {};
    return out;
  }
};

template <class Table>
const Table& table(const ServiceContext& context, const char* id) {
  const auto* out = static_cast<const Table*>(context.host()->get_service(context.host(), id));
  REQUIRE(out != nullptr);
  return *out;
}

struct Text {
  std::string text;
  sluice_put_t put = {this, [](void* ctx, const void* data, uint64_t size) {
                        static_cast<Text*>(ctx)->text.assign(static_cast<const char*>(data), size);
                      }};
};

}  // namespace

TEST_CASE("services: what the host lacks is absent and the rest is there", "[unit][plugin]") {
  Setup setup;
  const ServiceContext context(setup.services(), {});
  const sluice_host_t* host = context.host();
  CHECK(host->struct_size == sizeof(sluice_host_t));
  for (const char* id :
       {SLUICE_LOG_ID, SLUICE_CANCEL_ID, SLUICE_CLOCK_ID, SLUICE_METRICS_ID, SLUICE_ALLOC_ID}) {
    CHECK(host->get_service(host, id) != nullptr);
  }
  for (const char* id : {SLUICE_HTTP_ID, SLUICE_STATE_ID, SLUICE_SECRET_ID, "sluice.log/2", ""}) {
    CHECK(host->get_service(host, id) == nullptr);
  }
  CHECK(host->get_service(host, nullptr) == nullptr);
}

TEST_CASE("cancel: sleeping ends with the request", "[unit][plugin]") {
  Setup setup;
  const ServiceContext context(setup.services(), {});
  const auto& cancel = table<sluice_cancel_t>(context, SLUICE_CANCEL_ID);
  CHECK(cancel.requested(context.host()) == 0);
  CHECK(cancel.sleep_ms(context.host(), 1) == 0);
  std::thread stopper([&] { setup.cancel.request(); });
  CHECK(cancel.sleep_ms(context.host(), UINT64_MAX) == 1);
  stopper.join();
  CHECK(cancel.requested(context.host()) == 1);
  CHECK(cancel.fd(context.host()) == setup.cancel.fd());
}

TEST_CASE("metrics: are kept by name and type", "[unit][plugin]") {
  Setup setup;
  const ServiceContext context(setup.services(), {});
  const auto& metrics = table<sluice_metrics_t>(context, SLUICE_METRICS_ID);
  sluice_error_t error{};
  error.struct_size = sizeof error;
  const auto define = [&](uint32_t type, const std::string& name) {
    uint64_t handle = 0;
    const auto status =
        metrics.define(context.host(), type, str(name), str("Help."), &handle, &error);
    return status == SLUICE_OK ? handle : 0;
  };
  const uint64_t pages = define(SLUICE_METRIC_COUNTER, "pages_total");
  const uint64_t level = define(SLUICE_METRIC_GAUGE, "level_bytes");
  const uint64_t waits = define(SLUICE_METRIC_HISTOGRAM, "wait_seconds");
  CHECK(pages != 0);
  CHECK(define(SLUICE_METRIC_COUNTER, "pages_total") == pages);
  for (const double value : {2.0, 3.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    metrics.update(context.host(), pages, value);
  }
  metrics.update(context.host(), level, 5);
  metrics.update(context.host(), level, 4);
  metrics.update(context.host(), waits, 1);
  metrics.update(context.host(), waits, 3);
  metrics.update(context.host(), 999, 1);
  metrics.update(context.host(), 0, 1);
  const auto all = context.metrics();
  REQUIRE(all.size() == 3);
  CHECK(all[0].value == 5);
  CHECK(all[0].count == 2);
  CHECK(all[1].value == 4);
  CHECK(all[2].value == 4);
  CHECK(all[2].min == 1);
  CHECK(all[2].max == 3);
  CHECK(define(SLUICE_METRIC_COUNTER, "Bad") == 0);
  CHECK(define(9, "odd_total") == 0);
  for (int i = 0; i < 61; ++i) {
    CHECK(define(SLUICE_METRIC_COUNTER, "m" + std::to_string(i)) != 0);
  }
  CHECK(define(SLUICE_METRIC_COUNTER, "one_too_many") == 0);
  CHECK(error.code == SLUICE_UNSUPPORTED);
}

TEST_CASE("alloc: is counted limited and freed without the instance", "[unit][plugin]") {
  const uint64_t before = plugin_allocated_bytes();
  void* buffer = nullptr;
  const sluice_alloc_t* alloc = nullptr;
  {
    Setup setup;
    const ServiceContext context(setup.services(), {});
    alloc = &table<sluice_alloc_t>(context, SLUICE_ALLOC_ID);
    buffer = alloc->allocate(context.host(), 1000, 64);
    REQUIRE(buffer != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(buffer) % 64 == 0);
    CHECK(plugin_allocated_bytes() == before + 1000);
    set_plugin_allocation_limit(before + 1500);
    CHECK(alloc->allocate(context.host(), 501, 8) == nullptr);
    CHECK(plugin_allocated_bytes() == before + 1000);
    set_plugin_allocation_limit(0);
    for (const uint64_t alignment : {UINT64_C(0), UINT64_C(3), UINT64_C(8192)}) {
      CHECK(alloc->allocate(context.host(), 8, alignment) == nullptr);
    }
    CHECK(alloc->allocate(context.host(), UINT64_MAX, 8) == nullptr);
  }
  alloc->free(buffer, 1000, 64);
  alloc->free(nullptr, 5, 8);
  CHECK(plugin_allocated_bytes() == before);
}

TEST_CASE("state: blobs are kept per component and empty is not missing", "[unit][plugin]") {
  Setup setup;
  const TempFolder folder;
  auto ledger = Ledger::open(folder.path() / "state", setup.clock);
  REQUIRE(ledger);
  Services services = setup.services();
  services.ledger = ledger->get();
  const ServiceContext context(services, {});
  services.component = "source y";
  const ServiceContext other(services, {});
  const auto& state = table<sluice_state_t>(context, SLUICE_STATE_ID);
  sluice_error_t error{};
  error.struct_size = sizeof error;
  Text out;
  CHECK(state.get(context.host(), str("n"), &out.put, &error) == SLUICE_END);
  CHECK(state.set(context.host(), str("n"), bytes("value"), &error) == SLUICE_OK);
  CHECK(state.get(context.host(), str("n"), &out.put, &error) == SLUICE_OK);
  CHECK(out.text == "value");
  CHECK(state.get(other.host(), str("n"), &out.put, &error) == SLUICE_END);
  CHECK(state.set(context.host(), str("n"), {"", 0}, &error) == SLUICE_OK);
  CHECK(state.get(context.host(), str("n"), &out.put, &error) == SLUICE_OK);
  CHECK(out.text.empty());
  CHECK(state.set(context.host(), str("n"), {nullptr, 0}, &error) == SLUICE_OK);
  CHECK(state.get(context.host(), str("n"), &out.put, &error) == SLUICE_END);
  const std::string large(1'048'577, 'x');
  CHECK(state.set(context.host(), str("n"), bytes(large), &error) < 0);
  CHECK(state.set(context.host(), str(std::string(201, 'n')), bytes("v"), &error) < 0);
  CHECK(state.get(context.host(), str("n"), nullptr, &error) < 0);
}

TEST_CASE("state: a verb that only looks keeps what is set to itself", "[unit][plugin]") {
  Setup setup;
  const TempFolder folder;
  auto real = Ledger::open(folder.path() / "state", setup.clock);
  auto scratch = Ledger::open(folder.path() / "scratch", setup.clock);
  REQUIRE(real);
  REQUIRE(scratch);
  Services services = setup.services();
  services.ledger = real->get();
  const ServiceContext run(services, {});
  const auto& state = table<sluice_state_t>(run, SLUICE_STATE_ID);
  sluice_error_t error{};
  error.struct_size = sizeof error;
  Text out;
  REQUIRE(state.set(run.host(), str("n"), bytes("run"), &error) == SLUICE_OK);

  services.scratch = scratch->get();
  const ServiceContext plan(services, {});
  CHECK(state.get(plan.host(), str("n"), &out.put, &error) == SLUICE_OK);
  CHECK(out.text == "run");
  CHECK(state.set(plan.host(), str("n"), bytes("plan"), &error) == SLUICE_OK);
  CHECK(state.get(plan.host(), str("n"), &out.put, &error) == SLUICE_OK);
  CHECK(out.text == "plan");
  CHECK(state.set(plan.host(), str("n"), {nullptr, 0}, &error) == SLUICE_OK);
  CHECK(state.get(plan.host(), str("n"), &out.put, &error) == SLUICE_END);
  CHECK(state.get(run.host(), str("n"), &out.put, &error) == SLUICE_OK);
  CHECK(out.text == "run");

  services.ledger = nullptr;  // before the first run
  const ServiceContext first(services, {});
  REQUIRE(first.host()->get_service(first.host(), SLUICE_STATE_ID) != nullptr);
  CHECK(state.set(first.host(), str("m"), bytes("1"), &error) == SLUICE_OK);
  CHECK(state.get(first.host(), str("m"), &out.put, &error) == SLUICE_OK);
}

TEST_CASE("http: wrong use is an error and not a crash", "[unit][plugin]") {
  Setup setup;
  HttpClient client({}, setup.clock);
  Services services = setup.services();
  services.http = &client;
  const ServiceContext context(services, {});
  const auto& http = table<sluice_http_t>(context, SLUICE_HTTP_ID);
  sluice_error_t error{};
  error.struct_size = sizeof error;
  sluice_http_request_t request{};
  request.struct_size = sizeof request;
  request.url = str("http://127.0.0.1:1/");
  request.headers = str("A: b\r\nHost: evil\n");
  sluice_http_response_t response{};
  response.struct_size = sizeof response;
  CHECK(http.open(context.host(), &request, &response, &error) == SLUICE_INTERNAL);
  CHECK(http.open(context.host(), nullptr, &response, &error) == SLUICE_INTERNAL);
  response.struct_size = 0;
  CHECK(http.open(context.host(), &request, &response, &error) == SLUICE_INTERNAL);
  char buffer[8];
  uint64_t size = 0;
  CHECK(http.read(context.host(), &buffer, buffer, 8, &size, &error) == SLUICE_INTERNAL);
  Text out;
  http.header(context.host(), &buffer, str(":url"), &out.put);
  http.close(context.host(), &buffer);
  CHECK(out.text.empty());
}
