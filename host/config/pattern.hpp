// SPDX-License-Identifier: Apache-2.0
//
// The `pattern` keyword. Apart, because <regex> is heavy to compile.
#pragma once

#include <string>

namespace sluice::host {

enum class Match : uint8_t { kYes, kNo, kBadPattern };

// Does `pattern` (ECMAScript, not anchored) match anywhere in `text`? Time is polynomial in the
// text, whatever the pattern: neither is trusted.
Match matches(const std::string& pattern, const std::string& text);

}  // namespace sluice::host
