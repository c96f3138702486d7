// SPDX-License-Identifier: Apache-2.0
//
// Any HTTP service that answers in JSON, as its configuration describes it.
#include <sluice/cpp/plugin.hpp>

#include "instance.hpp"
#include "listing.hpp"
#include "reader.hpp"

namespace rest {

struct Source {
  static constexpr auto id = "rest", name = "JSON over HTTP", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr bool parallel_read = true;

  using Config = rest::Config;
  using Instance = rest::Instance;

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    std::vector<sluice::Stream> out;
    for (const auto& stream : instance.model().streams()) {
      out.push_back(declare(*stream, instance.fields(*stream)));
    }
    return out;
  }

  static void partitions(sluice::Host& host, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    list_partitions(host, instance.model(), instance.fields_of(),
                    instance.model().stream(wanted.stream()), out);
  }

  static void slices(sluice::Host& host, const Config&, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    list_slices(host, instance.model(), instance.fields_of(),
                instance.model().stream(wanted.stream()), out);
  }

  static void check(sluice::Host& host, const Config& config, Instance& instance) {
    if (!config.probe.empty()) {
      (void)host.get(instance.model().config().base_url + config.probe,
                     {.scope = instance.model().scope(), .credential = config.credential});
    }
  }

  struct Reader {
    SliceReader slice;
    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request)
        : slice(host, instance, request) {}
    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return slice.next(batch, state);
    }
  };
};

}  // namespace rest

SLUICE_PLUGIN(rest::Source)
