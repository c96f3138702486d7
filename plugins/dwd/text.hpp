// SPDX-License-Identifier: Apache-2.0
//
// Text as DWD writes it: padded with blanks, in ISO-8859-1, with the line ends of several systems.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dwd {

// Without blanks, tabs, CR and 0x1A (the end-of-file mark of old systems) at both ends.
std::string_view trim(std::string_view text) noexcept;

// The next line of `rest` without its line end (LF, CR LF, CR CR LF); `rest` shrinks.
std::string_view take_line(std::string_view& rest) noexcept;

// Fields between semicolons, each trimmed.
std::vector<std::string_view> split_fields(std::string_view line);

// UTF-8 stays as it is (some copies were saved anew); anything else is taken as ISO-8859-1.
std::string to_utf8(std::string_view text);

// ASCII letters in lower case.
std::string lower(std::string_view text);

}  // namespace dwd
