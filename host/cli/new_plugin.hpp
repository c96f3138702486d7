// SPDX-License-Identifier: Apache-2.0
//
// Writes the folder of a new plugin from a template: every file of it, with @name@ (hello_world)
// and @Name@ (HelloWorld) replaced in contents and file names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.hpp"

namespace sluice::host {

// Names of folders, targets and components: [a-z][a-z0-9_]* of at most 40 bytes.
bool is_plugin_name(std::string_view name);

// "hello_world" → "HelloWorld".
std::string type_name(std::string_view name);

// Folder of the templates: share/sluice/template beside the binary's bin folder, or sdk/template of
// the source tree that the binary was built in. kNotFound names both.
Result<std::filesystem::path> template_folder();

// Creates `into`/`name` from `templates`/`kind` and returns it. kInvalidConfig for a bad kind or
// name and for a folder that exists already (which is left alone), kIo for the rest. A failure half
// way removes what it wrote.
Result<std::filesystem::path> new_plugin(const std::filesystem::path& templates,
                                         const std::string& kind, const std::string& name,
                                         const std::filesystem::path& into);

}  // namespace sluice::host
