// SPDX-License-Identifier: Apache-2.0
//
// What belongs to each type of credential, and what does not.
#pragma once

#include <string>

#include "host/config/checker.hpp"

namespace sluice::host {

// Complains of keys that are missing for the type of `credential`, or mean nothing to it. `label`
// is "[credential.NAME]".
void check_credential(Findings& findings, const std::string& label, const Node& node,
                      const CredentialConfig& credential);

}  // namespace sluice::host
