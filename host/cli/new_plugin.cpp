// SPDX-License-Identifier: Apache-2.0
#include "host/cli/new_plugin.hpp"

#include <fstream>
#include <iterator>
#include <system_error>

namespace sluice::host {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameBytes = 40;
constexpr int kLevelsUp = 6;  // from the binary to the root of the tree it was built in

Error bad(std::string sentence) {
  return Error{Code::kInvalidConfig, std::move(sentence)};
}
Error io(const fs::path& path, const std::error_code& ec) {
  return Error{Code::kIo, path.string() + ": " + ec.message(), 0, ec.value()};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string filled(std::string text, const std::string& name) {
  return replaced(replaced(std::move(text), "@name@", name), "@Name@", type_name(name));
}

Result<void> copy_file(const fs::path& from, const fs::path& to, const std::string& name) {
  std::ifstream in(from, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad() || !in.is_open()) {
    return Error{Code::kIo, from.string() + ": cannot be read"};
  }
  std::ofstream out(to, std::ios::binary);
  out << filled(std::move(text), name);
  out.close();
  if (!out) {
    return Error{Code::kIo, to.string() + ": cannot be written"};
  }
  std::error_code ec;
  const auto mode = fs::status(from, ec).permissions();
  if (!ec && (mode & fs::perms::owner_exec) != fs::perms::none) {
    fs::permissions(to, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add, ec);
  }
  return ec ? Result<void>(io(to, ec)) : Result<void>();
}

Result<void> copy_folder(const fs::path& from, const fs::path& to, const std::string& name) {
  std::error_code ec;
  fs::recursive_directory_iterator at(from, ec);
  for (; !ec && at != fs::recursive_directory_iterator(); at.increment(ec)) {
    const fs::path target = to / filled(at->path().lexically_relative(from).string(), name);
    if (at->is_directory()) {
      fs::create_directories(target, ec);
      if (ec) {
        return io(target, ec);
      }
    } else if (at->is_regular_file()) {
      SLUICE_TRY(copy_file(at->path(), target, name));
    }
  }
  return ec ? Result<void>(io(from, ec)) : Result<void>();
}

}  // namespace

bool is_plugin_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name[0] < 'a' || name[0] > 'z') {
    return false;
  }
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
      return false;
    }
  }
  return true;
}

std::string type_name(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return out;
}

Result<fs::path> template_folder() {
  std::error_code ec;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ec);
  if (ec) {
    return io("/proc/self/exe", ec);
  }
  const fs::path installed = binary.parent_path().parent_path() / "share" / "sluice" / "template";
  if (fs::is_directory(installed, ec)) {
    return installed;
  }
  fs::path folder = binary.parent_path();
  for (int i = 0; i < kLevelsUp && folder.has_relative_path(); ++i, folder = folder.parent_path()) {
    if (fs::is_directory(folder / "sdk" / "template", ec)) {
      return folder / "sdk" / "template";
    }
  }
  return Error{Code::kNotFound, "the templates are neither in " + installed.string() +
                                    " nor in sdk/template of a source tree above the binary; "
                                    "install sluice with its SDK"};
}

Result<fs::path> new_plugin(const fs::path& templates, const std::string& kind,
                            const std::string& name, const fs::path& into) {
  if (kind != "source" && kind != "sink") {
    return bad("\"" + kind + "\" is no kind of plugin that has a template: write source or sink");
  }
  if (!is_plugin_name(name)) {
    return bad("\"" + name +
               "\" cannot be a plugin's name: it takes a small letter first, then small letters, "
               "digits and _, at most 40 in all");
  }
  std::error_code ec;
  const fs::path from = templates / kind;
  if (!fs::is_directory(from, ec)) {
    return Error{Code::kNotFound, "the template " + from.string() + " does not exist"};
  }
  fs::create_directories(into, ec);
  if (ec) {
    return io(into, ec);
  }
  const fs::path to = into / name;
  if (!fs::create_directory(to, ec)) {
    return ec ? io(to, ec)
              : bad(to.string() + " exists already; choose another name, or --into another folder");
  }
  if (auto copied = copy_folder(from, to, name); !copied) {
    fs::remove_all(to, ec);
    return std::move(copied).error();
  }
  return to;
}

}  // namespace sluice::host
