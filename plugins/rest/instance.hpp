// SPDX-License-Identifier: Apache-2.0
//
// What all readers of a source share: the checked configuration, and the columns of its streams.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "listing.hpp"
#include "model.hpp"
#include "sluice/cpp/host.hpp"

namespace rest {

// Lives from open() to close(). Threads: any.
class Instance {
 public:
  // Throws INVALID_CONFIG. Tells the host the limits.
  Instance(sluice::Host& host, const Config& config);

  const Model& model() const noexcept { return model_; }
  // Those that are declared, then those that were inferred; a stream is inferred once and then kept
  // in the host's state. Offline only what is known by then.
  const std::vector<Field>& fields(const StreamModel& stream);
  FieldsOf fields_of() {
    return
        [this](const StreamModel& stream) -> const std::vector<Field>& { return fields(stream); };
  }

 private:
  std::vector<Field> find_fields(const StreamModel& stream);
  std::vector<Field> infer(const StreamModel& stream);

  sluice::Host& host_;
  Model model_;
  std::recursive_mutex mutex_;  // guards the below; parents are looked up within
  std::map<std::string, std::vector<Field>> fields_;
};

}  // namespace rest
