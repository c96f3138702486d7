// SPDX-License-Identifier: Apache-2.0
//
// What a stream is read for: its partitions, keys or files, from a list, a range, or the records of
// a parent stream.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "model.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"

namespace rest {

// The columns of streams, among them those that were inferred and frozen.
using FieldsOf = std::function<const std::vector<Field>&(const StreamModel&)>;

// One of what is listed.
struct Member {
  std::string key;
  sluice::json parent = sluice::json::object();  // fields of the parent's record by name, texts
  std::string validator{}, title{};
  int64_t from_us = SLUICE_TIME_MIN;
};

// Calls `visit` for each, as often as the list names it; stops when it returns false. False if it
// was stopped.
bool for_each_member(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                     const StreamModel& stream, const std::function<bool(const Member&)>& visit);

void list_partitions(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                     const StreamModel& stream, const sluice::Lister& out);
void list_slices(const sluice::Host& host, const Model& model, const FieldsOf& fields,
                 const StreamModel& stream, const sluice::Lister& out);

// What templates of a slice stand for.
Scope scope_of_partition(const Model& model, const StreamModel& stream, std::string_view partition);
Scope scope_of_member(const Model& model, const StreamModel& stream, const Member& member);

// A member's key from its parts, and back: several are parted by a slash.
std::string join_key(const std::vector<std::string>& parts);
std::vector<std::string> split_key(std::string_view key, std::size_t parts);

// To and from the token of a slice.
std::string to_token(const Member& member);
Member from_token(std::string_view key, std::string_view token);

}  // namespace rest
