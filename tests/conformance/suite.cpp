// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "conformance/check/checks.hpp"

namespace sluice::conformance {

namespace {

// A test case that is a function object: the suite is a table, not text.
class Invoker : public Catch::ITestInvoker {
 public:
  explicit Invoker(std::function<check::Findings()> work) : work_(std::move(work)) {}
  void invoke() const override {
    std::size_t shown = 0;
    constexpr std::size_t kMostShown = 12;
    for (const std::string& finding : work_()) {
      if (++shown <= kMostShown) {
        FAIL_CHECK(finding);
      }
    }
    if (shown > kMostShown) {
      FAIL_CHECK("… and " << shown - kMostShown << " more.");
    }
    CHECK(shown == 0);
  }

 private:
  std::function<check::Findings()> work_;
};

void add(const std::string& source, const std::string& level, const char* sentence,
         std::function<check::Findings()> work) {
  const std::string name = source + level + sentence;
  const std::string tags = "[conformance][" + source + "]";
  // The registry owns the invoker.
  const Catch::AutoReg registered(new Invoker(std::move(work)), CATCH_INTERNAL_LINEINFO, "",
                                  Catch::NameAndTags{name, tags});
}

}  // namespace

Entry::Entry(Source source) {
  if (source.subject) {
    for (const check::Check& one : check::all_checks()) {
      if (!source.declined.contains(one.id)) {
        add(source.name, ": ", one.sentence,
            [make = source.subject, run = one.run] { return run(make()); });
      }
    }
  }
  if (source.pipeline) {
    for (const Run& one : all_runs()) {
      if (!source.declined.contains(one.id)) {
        add(source.name, ", whole runs: ", one.sentence,
            [pipeline = *source.pipeline, run = one.run] { return run(pipeline); });
      }
    }
  }
}

std::string plugin_file(const std::string& name) {
  return std::string(SLUICE_PLUGINS) + "/" + name + ".so";
}

}  // namespace sluice::conformance
