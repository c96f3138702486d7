// SPDX-License-Identifier: Apache-2.0
#include "slices.hpp"

#include <optional>

#include "fingerprint.hpp"
#include "memory.hpp"
#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

using sluice::json;

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string state_name(const SliceFile& file) {
  return "missing/" + file.language;
}

// {"path": P, "tables": […]}, or nothing if it is of another path.
json missing_in(const sluice::Host& host, const SliceFile& file) {
  json out = json::parse(host.state(state_name(file)).value_or(""), nullptr, false);
  const bool usable = out.is_object() && out.contains("tables") && out["tables"].is_array() &&
                      out.contains("path") && out["path"] == file.path;
  return usable ? out : json{{"path", file.path}, {"tables", json::array()}};
}

void list_slice(const std::vector<SliceFile>& files, const sluice::Lister& out) {
  const bool one = files.size() == 1;
  std::string validator = files.front().path;
  if (!one) {  // together they would be longer than a validator may be
    Fingerprint all;
    for (const SliceFile& file : files) {
      all = all.then(fingerprint(std::string_view(file.language + " " + file.path)));
    }
    validator = file_name(files.front().path) + " and " + std::to_string(files.size() - 1) +
                " more " + all.text();
  }
  const std::string title = file_name(files.front().path);
  const std::string token = to_token(files);
  out.slice({.key = one ? files.front().language : std::string("all"),
             .title = title,
             .validator = validator,
             .token = token});
}

// A table's files in the languages wanted, chosen among what the manifest offers and what was there
// before.
class Chooser {
 public:
  Chooser(const sluice::Host& host, const Selection& selection, const Manifest& manifest,
          const MissingTables& missing, const Table& table)
      : host_(host),
        selection_(selection),
        manifest_(manifest),
        missing_(missing),
        table_(table),
        memory_(host, selection.databases ? "database" : table.table, selection.settle_us) {}

  std::optional<SliceFile> choose(const std::string& language) {
    const auto offered = selection_.databases ? manifest_.database_path(language)
                                              : manifest_.table_path(language, table_.table);
    if (!offered) {
      return absent(language, "The manifest names no such table");
    }
    const auto choice = memory_.choose(language, *offered);
    memory_.save();
    SliceFile file{language, choice.path};
    if (choice.held_back) {
      host_.info(
          "The service told an older manifest; the newer one is kept.",
          json{{"table", table_.table}, {"language", language}, {"offered", *offered}}.dump());
    }
    if (selection_.databases && missing_.lacks(file, table_.table)) {
      return absent(language, "The database holds no such table");
    }
    return file;
  }

 private:
  std::optional<SliceFile> absent(const std::string& language, const std::string& why) const {
    host_.warn(why + "; rows that were read from it before stay as they are.",
               json{{"table", table_.table}, {"language", language}}.dump());
    return std::nullopt;
  }

  const sluice::Host& host_;
  const Selection& selection_;
  const Manifest& manifest_;
  const MissingTables& missing_;
  const Table& table_;
  Memory memory_;
};

}  // namespace

std::string to_token(const std::vector<SliceFile>& files) {
  json out = json::array();
  for (const SliceFile& file : files) {
    out.push_back({file.language, file.path});
  }
  return out.dump();
}

std::vector<SliceFile> from_token(std::string_view token) {
  std::vector<SliceFile> out;
  try {
    for (const json& file : json::parse(token)) {
      out.push_back({file.at(0).get<std::string>(), file.at(1).get<std::string>()});
    }
  } catch (const json::exception&) {
    out.clear();
  }
  if (out.empty()) {
    throw sluice::Error(sluice::Code::kInternal, "The slice's token names no file.");
  }
  return out;
}

bool MissingTables::lacks(const SliceFile& file, std::string_view table) const {
  const std::lock_guard lock(mutex_);
  const json known = missing_in(host_, file);
  for (const json& name : known["tables"]) {
    if (name == table) {
      return true;
    }
  }
  return false;
}

void MissingTables::add(const SliceFile& file, std::string_view table) {
  const std::lock_guard lock(mutex_);
  json known = missing_in(host_, file);
  known["tables"].push_back(std::string(table));
  host_.set_state(state_name(file), known.dump());
}

void list_table(const sluice::Host& host, const Selection& selection, Client& client,
                const MissingTables& missing, const Table& table, const sluice::Lister& out) {
  const auto manifest = client.manifest();
  Chooser chooser(host, selection, *manifest, missing, table);
  std::vector<SliceFile> files;
  for (const auto& language : selection.languages) {
    if (auto file = chooser.choose(language)) {
      files.push_back(std::move(*file));
    }
    if (table.rows == Rows::kSales) {
      break;  // they hold no texts
    }
  }
  if (files.empty()) {
    return;
  }
  if (!selection.columns) {
    for (const SliceFile& file : files) {
      list_slice({file}, out);
    }
  } else if (files.size() == selection.languages.size() || table.rows == Rows::kSales) {
    list_slice(files, out);  // else columns that hold texts would become empty
  }
}

}  // namespace bungie
