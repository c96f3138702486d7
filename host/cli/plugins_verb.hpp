// SPDX-License-Identifier: Apache-2.0
//
// `sluice plugins list|inspect|describe`: what is installed, from the libraries' notes. Runs no
// plugin code. Results go to standard output, as text or JSON; problems go to standard error. Each
// returns the exit code.
#pragma once

#include <string>

namespace sluice::host {

class Registry;

// Components by kind and id; as JSON also what could not be used and where was looked (as text, the
// scan has told that already). 0, also when some of it is broken.
int plugins_list(const Registry& registry, bool json);

// All of one file. 1 if it is no usable plugin of this ABI.
int plugins_inspect(const std::string& file, bool json);

// A component and its configuration keys. `component` is an id, or "kind/id" where a source and a
// sink share the id. 1 if it is not installed; then the likely ones are named.
int plugins_describe(const Registry& registry, const std::string& component, bool json);

// `sluice plugins new`: see new_plugin.hpp.
int plugins_new(const std::string& kind, const std::string& name, const std::string& into);

}  // namespace sluice::host
