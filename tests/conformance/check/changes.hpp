// SPDX-License-Identifier: Apache-2.0
//
// Subjects whose service is not what it was.
#pragma once

#include <cstddef>
#include <memory>

#include "conformance/check/subject.hpp"

namespace sluice::check {

// All its JSON is changed.
Subject changed(const Subject& subject, JsonChange change);

// What goes wrong from a certain request on.
enum class Fault : uint8_t {
  kNone,
  kBusy,     // 503
  kBroken,   // the connection is lost in the middle of the body
  kCut,      // half of the body, told as if it were whole; JSON only
  kRefused,  // wrong credentials
  kEmpty,    // JSON without content
};

// A service that can be told to fail. Threads: any.
class Switch {
 public:
  // From the n-th request from now on (from 1); later calls count anew.
  void fail(Fault fault, std::size_t from = 1);
  // Requests since then.
  std::size_t asked() const;

  // For the service: what to do with the next request.
  Fault next();
  // It was none of those that count after all.
  void not_asked();

 private:
  struct State;
  std::shared_ptr<State> state_ = make_state();
  static std::shared_ptr<State> make_state();
};

// The subject with a switch before its service. Both share it.
Subject switched(const Subject& subject, const Switch& by);

}  // namespace sluice::check
