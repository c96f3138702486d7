// SPDX-License-Identifier: Apache-2.0
//
// Which partitions and slices there are, and how far back they are wanted.
#pragma once

#include "readers.hpp"

namespace wiseoldman {

// Of snapshots and series.
void list_partitions(const Service& service, const sluice::ListRequest& wanted,
                     const sluice::Lister& out);
// Of achievements and changes of name: marked by what of a player tells that there may be new ones.
void list_slices(const Service& service, const sluice::ListRequest& wanted,
                 const sluice::Lister& out);

}  // namespace wiseoldman
