// SPDX-License-Identifier: Apache-2.0
//
// Columns from records, for streams that do not declare theirs.
#pragma once

#include <string_view>
#include <vector>

#include "model.hpp"

namespace rest {

// Gathers the members of records and what they hold.
class Inference {
 public:
  void add(std::string_view record);
  uint64_t records() const noexcept { return records_; }
  // One column for each member that no declared field reads, in the order in which they were seen.
  std::vector<Field> columns(const std::vector<Field>& declared) const;

 private:
  struct Member {
    std::string name;
    bool is_bool = false, integer = false, big = false, real = false, time = false, day = false,
         text = false, nested = false;
  };
  void see(const std::string& name, const sluice::json& value);
  std::vector<Member> members_;
  uint64_t records_ = 0;

  static sluice::Type type_of(const Member& member);
};

// "createdAt" as "created_at"; what cannot stand in a column's name becomes "_".
std::string column_name(std::string_view member);

// To and from the form in which they are frozen.
sluice::json freeze(const std::vector<Field>& fields);
std::vector<Field> thaw(const sluice::json& frozen);

}  // namespace rest
