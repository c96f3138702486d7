// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/stream.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "host/plugin/arrow_type.hpp"
#include "host/plugin/metadata.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr int64_t kMaxColumns = 2000;
constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxFormatBytes = 40;
constexpr size_t kMaxDocBytes = 1000;

void release_schema(const ArrowSchema* schema) {
  auto* mine = const_cast<ArrowSchema*>(schema);  // made non-const in own()
  if (mine->release != nullptr) {
    mine->release(mine);
  }
  delete mine;
}

// Takes the schema over as Arrow moves: the source's release becomes null.
std::shared_ptr<const ArrowSchema> own(ArrowSchema* schema) {
  auto* mine = new ArrowSchema(*schema);
  schema->release = nullptr;
  return {mine, release_schema};
}

// One declaration being read; every failure names the stream.
class Reader {
 public:
  explicit Reader(Stream& stream) : stream_(stream) {}

  Result<void> read(const ArrowSchema& schema) {
    SLUICE_TRY(read_name());
    const auto metadata = read_metadata(schema.metadata);
    if (!metadata) {
      return wrong("its schema's metadata is not in Arrow's encoding, or names a key twice");
    }
    SLUICE_TRY(read_kind(*metadata));
    SLUICE_TRY(read_columns(schema));
    SLUICE_TRY(read_roles(*metadata));
    return read_numbers(*metadata);
  }

 private:
  [[nodiscard]] Error wrong(const std::string& rule) const {
    return Error{Code::kInvalidConfig,
                 "stream \"" + clean_text(stream_.name, kMaxNameBytes) + "\": " + rule};
  }
  [[nodiscard]] Error wrong(const std::string& column, const std::string& rule) const {
    return wrong("column \"" + clean_text(column, kMaxNameBytes) + "\" " + rule);
  }

  Result<void> read_name() const {
    if (!is_name(stream_.name)) {
      return wrong("its name is not 1 to 200 bytes of UTF-8 without control characters");
    }
    return {};
  }

  static bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= kMaxNameBytes && clean_text(name, name.size()) == name;
  }

  Result<void> read_kind(const Metadata& metadata) {
    const auto kind = metadata.find("sluice:kind");
    if (kind == metadata.end()) {
      return wrong("its schema's metadata lacks sluice:kind");
    }
    for (const StreamKind candidate :
         {StreamKind::kSnapshot, StreamKind::kKeys, StreamKind::kFiles, StreamKind::kSeries}) {
      if (kind->second == to_string(candidate)) {
        stream_.kind = candidate;
        return {};
      }
    }
    return wrong("sluice:kind is \"" + clean_text(kind->second, 40) +
                 "\"; it must be snapshot, keys, files or series");
  }

  Result<void> read_columns(const ArrowSchema& schema) {
    if (schema.format == nullptr || std::string_view(schema.format) != "+s") {
      return wrong("its schema is no struct (format \"+s\")");
    }
    if (schema.n_children < 1 || schema.n_children > kMaxColumns || schema.children == nullptr) {
      return wrong("it must have 1 to 2000 columns");
    }
    for (int64_t i = 0; i < schema.n_children; ++i) {
      if (schema.children[i] == nullptr) {
        return wrong("column number " + std::to_string(i + 1) + " is missing (a NULL child)");
      }
      SLUICE_TRY(read_column(*schema.children[i]));
    }
    std::vector<std::string> names;
    for (const Column& column : stream_.columns) {
      names.push_back(column.name);
    }
    std::sort(names.begin(), names.end());
    if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
      return wrong(*twice, "is declared twice");
    }
    return {};
  }

  Result<void> read_column(const ArrowSchema& schema) {
    Column out;
    out.name = schema.name == nullptr
                   ? std::string()
                   : std::string(schema.name, strnlen(schema.name, kMaxNameBytes + 1));
    if (!is_name(out.name)) {
      return wrong("the name of column number " + std::to_string(stream_.columns.size() + 1) +
                   " is not 1 to 200 bytes of UTF-8 without control characters");
    }
    if (schema.format != nullptr) {
      out.format.assign(schema.format, strnlen(schema.format, kMaxFormatBytes));
    }
    if (!arrow_type(out.format) || schema.dictionary != nullptr || schema.n_children != 0) {
      return wrong(out.name, "has the Arrow format \"" + clean_text(out.format, kMaxFormatBytes) +
                                 "\", which sluice does not speak; sluice/arrow.h lists the "
                                 "types that it does");
    }
    out.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
    const auto metadata = read_metadata(schema.metadata);
    if (!metadata) {
      return wrong(out.name, "has metadata that is not in Arrow's encoding");
    }
    if (const auto extension = metadata->find("ARROW:extension:name");
        extension != metadata->end()) {
      out.json = extension->second == "arrow.json";
      if (out.json && out.format != "u") {
        return wrong(out.name, "is JSON (arrow.json) but no text (format \"u\")");
      }
    }
    out.unit = text(*metadata, "sluice:unit");
    out.doc = text(*metadata, "sluice:doc");
    stream_.columns.push_back(std::move(out));
    return {};
  }

  static std::string text(const Metadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : clean_text(found->second, kMaxDocBytes);
  }

  [[nodiscard]] const Column* column(const std::string& name) const {
    const auto found =
        std::find_if(stream_.columns.begin(), stream_.columns.end(),
                     [&](const Column& candidate) { return candidate.name == name; });
    return found == stream_.columns.end() ? nullptr : &*found;
  }

  Result<void> read_roles(const Metadata& metadata) {
    stream_.doc = text(metadata, "sluice:doc");
    SLUICE_TRY(read_key(metadata));
    if (const auto seq = metadata.find("sluice:seq"); seq != metadata.end()) {
      const Column* found = column(seq->second);
      if (found == nullptr || !arrow_type(found->format)->integer) {
        return wrong("sluice:seq names \"" + clean_text(seq->second, kMaxNameBytes) +
                     "\", which is no integer column");
      }
      stream_.seq = seq->second;
    }
    if (const auto time = metadata.find("sluice:time"); time != metadata.end()) {
      const Column* found = column(time->second);
      if (found == nullptr || !arrow_type(found->format)->time) {
        return wrong("sluice:time names \"" + clean_text(time->second, kMaxNameBytes) +
                     "\", which is no timestamp or date column");
      }
      stream_.time = time->second;
    }
    const auto flag = [&](const char* key) {
      const auto found = metadata.find(key);
      return found != metadata.end() && found->second == "1";
    };
    stream_.cuts = flag("sluice:cuts");
    stream_.partitioned = flag("sluice:partitioned");
    return read_changes(metadata);
  }

  Result<void> read_changes(const Metadata& metadata) {
    if (const auto hash = metadata.find("sluice:hash"); hash != metadata.end()) {
      if (column(hash->second) == nullptr) {
        return wrong("sluice:hash names \"" + clean_text(hash->second, kMaxNameBytes) +
                     "\", which is no column");
      }
      stream_.hash = hash->second;
    }
    if (const auto removed = metadata.find("sluice:removed"); removed != metadata.end()) {
      const Column* found = column(removed->second);
      if (found == nullptr || !arrow_type(found->format)->time || !found->nullable) {
        return wrong("sluice:removed names \"" + clean_text(removed->second, kMaxNameBytes) +
                     "\", which is no nullable timestamp column");
      }
      if (stream_.key.empty()) {
        return wrong("sluice:removed needs a key, by which rows are known again");
      }
      stream_.removed = removed->second;
    }
    return {};
  }

  Result<void> read_key(const Metadata& metadata) {
    const auto key = metadata.find("sluice:key");
    if (key == metadata.end()) {
      return {};
    }
    const json names = json::parse(key->second, nullptr, false);
    if (!names.is_array()) {
      return wrong("sluice:key is no JSON array of column names");
    }
    for (const json& name : names) {
      if (!name.is_string() || column(name.get_ref<const std::string&>()) == nullptr) {
        return wrong(
            "sluice:key names " +
            clean_text(name.dump(-1, ' ', false, json::error_handler_t::replace), kMaxNameBytes) +
            ", which is no column");
      }
      const auto& text = name.get_ref<const std::string&>();
      if (std::find(stream_.key.begin(), stream_.key.end(), text) != stream_.key.end()) {
        return wrong("sluice:key names \"" + clean_text(text, kMaxNameBytes) + "\" twice");
      }
      if (column(text)->nullable) {
        return wrong(text, "is part of the key and must not be nullable");
      }
      stream_.key.push_back(text);
    }
    return {};
  }

  // A whole number of at least `least`; absent leaves `out` alone.
  Result<void> number(const Metadata& metadata, const char* name, int64_t least,
                      std::optional<int64_t>& out) const {
    const auto found = metadata.find(name);
    if (found == metadata.end()) {
      return {};
    }
    int64_t value = 0;
    const char* end = found->second.data() + found->second.size();
    const auto [stop, error] = std::from_chars(found->second.data(), end, value);
    if (error != std::errc() || stop != end || value < least) {
      return wrong(std::string(name) + " is \"" + clean_text(found->second, 40) +
                   "\"; it must be a whole number of at least " + std::to_string(least));
    }
    out = value;
    return {};
  }

  Result<void> read_numbers(const Metadata& metadata) {
    std::optional<int64_t> step;
    std::optional<int64_t> span;
    std::optional<int64_t> keys;
    std::optional<int64_t> lag;
    SLUICE_TRY(number(metadata, "sluice:step", 1, step));
    SLUICE_TRY(number(metadata, "sluice:max_span", 1, span));
    SLUICE_TRY(number(metadata, "sluice:max_keys", 1, keys));
    SLUICE_TRY(number(metadata, "sluice:lag", 0, lag));
    SLUICE_TRY(number(metadata, "sluice:refresh", 0, stream_.refresh_s));
    SLUICE_TRY(number(metadata, "sluice:retry_empty", 0, stream_.retry_empty_s));
    if (keys.value_or(1) > INT32_MAX) {
      return wrong("sluice:max_keys is above 2147483647");
    }
    stream_.step_us = step.value_or(0);
    stream_.max_span_us = span.value_or(0);
    stream_.max_keys = static_cast<uint32_t>(keys.value_or(1));
    stream_.lag_us = lag.value_or(0);
    return {};
  }

  Stream& stream_;
};

}  // namespace

const char* to_string(StreamKind kind) {
  switch (kind) {
    case StreamKind::kKeys:
      return "keys";
    case StreamKind::kFiles:
      return "files";
    case StreamKind::kSeries:
      return "series";
    case StreamKind::kSnapshot:
      break;
  }
  return "snapshot";
}

Result<Stream> read_stream(std::string name, ArrowSchema* schema) {
  Stream out;
  out.name = std::move(name);
  if (schema == nullptr || schema->release == nullptr) {
    return Error{Code::kInvalidConfig, "stream \"" + clean_text(out.name, kMaxNameBytes) +
                                           "\": no schema, or one that was released before"};
  }
  out.schema = own(schema);
  SLUICE_TRY(Reader(out).read(*out.schema));
  return out;
}

}  // namespace sluice::host
