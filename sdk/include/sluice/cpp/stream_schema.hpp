// SPDX-License-Identifier: Apache-2.0
//
// A stream's declaration as an ArrowSchema with metadata, as it crosses the ABI.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/cpp/arrow.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/metadata.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

// What an ArrowSchema points to. Each node owns itself, so that a consumer may move children out.
struct SchemaNode {
  std::string format, name, metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;

  static void release(ArrowSchema* schema) noexcept {
    const std::unique_ptr<SchemaNode> node(static_cast<SchemaNode*>(schema->private_data));
    for (ArrowSchema& child : node->children) {
      if (child.release != nullptr) {
        child.release(&child);
      }
    }
    schema->release = nullptr;
  }

  static ArrowSchema publish(std::unique_ptr<SchemaNode> node, bool nullable) {
    node->child_pointers.reserve(node->children.size());
    for (ArrowSchema& child : node->children) {
      node->child_pointers.push_back(&child);
    }
    ArrowSchema schema{};
    schema.format = node->format.c_str();
    schema.name = node->name.c_str();
    schema.metadata = node->metadata.empty() ? nullptr : node->metadata.data();
    schema.flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    schema.n_children = static_cast<int64_t>(node->children.size());
    schema.children = node->child_pointers.empty() ? nullptr : node->child_pointers.data();
    schema.release = &SchemaNode::release;
    schema.private_data = node.release();
    return schema;
  }
};

inline constexpr std::string_view kKindNames[] = {"snapshot", "keys", "files", "series"};

inline std::string stream_metadata(const Stream& stream) {
  MetadataWriter out;
  out.add("sluice:kind", kKindNames[static_cast<std::size_t>(stream.kind())]);
  out.add_if("sluice:doc", stream.doc());
  if (!stream.key_columns().empty()) {
    out.add("sluice:key", json(stream.key_columns()).dump());
  }
  out.add_if("sluice:seq", stream.seq());
  out.add_if("sluice:time", stream.time());
  const auto number = [&](const char* key, auto value) {
    if (value != 0) {
      out.add(key, std::to_string(value));
    }
  };
  number("sluice:step", stream.step().count());
  number("sluice:max_span", stream.max_span().count());
  number("sluice:max_keys", stream.max_keys());
  number("sluice:refresh", stream.refresh().count());
  number("sluice:lag", stream.lag().count());
  number("sluice:retry_empty", stream.retry_empty().count());
  out.add_if("sluice:hash", stream.hash());
  out.add_if("sluice:removed", stream.removed());
  out.add_if("sluice:cuts", stream.is_cutting() ? "1" : "");
  out.add_if("sluice:partitioned", stream.is_partitioned() ? "1" : "");
  if (!stream.indexes().empty()) {
    out.add("sluice:indexes", json(stream.indexes()).dump());
  }
  if (!stream.references().empty()) {
    auto list = json::array();
    for (const auto& [columns, target, to] : stream.references()) {
      list.push_back({{"columns", columns}, {"stream", target}, {"to", to}});
    }
    out.add("sluice:references", list.dump());
  }
  if (stream.is_unordered()) {
    out.add("sluice:unordered", "1");
  }
  return out.finish();
}

inline std::unique_ptr<SchemaNode> column_node(const ColumnDecl& column) {
  auto node = std::make_unique<SchemaNode>();
  node->format = arrow_format(column.type, column.options.precision, column.options.scale);
  node->name = column.name;
  MetadataWriter out;
  if (column.type == Type::kJson) {
    out.add("ARROW:extension:name", "arrow.json");
    out.add("ARROW:extension:metadata", "");
  }
  out.add_if("sluice:unit", column.options.unit);
  out.add_if("sluice:doc", column.options.doc);
  out.add_if("sluice:source_name", column.options.source_name);
  node->metadata = out.finish();
  return node;
}

}  // namespace detail

// The schema of `stream`. Throws INVALID_CONFIG if the declaration contradicts itself.
inline Schema to_schema(const Stream& stream) {
  stream.check();
  auto root = std::make_unique<detail::SchemaNode>();
  root->format = "+s";
  root->name = stream.name();
  root->metadata = detail::stream_metadata(stream);
  root->children.reserve(stream.columns().size());
  try {
    for (const ColumnDecl& column : stream.columns()) {
      root->children.push_back(
          detail::SchemaNode::publish(detail::column_node(column), stream.nullable(column)));
    }
    ArrowSchema schema = detail::SchemaNode::publish(std::move(root), false);
    return Schema(&schema);
  } catch (...) {
    if (root != nullptr) {  // children that were published are nobody's yet
      for (ArrowSchema& child : root->children) {
        child.release(&child);
      }
    }
    throw;
  }
}

}  // namespace sluice::inline sdk_v0
