// SPDX-License-Identifier: Apache-2.0
//
// How runs and quarantined rows are stored. Internal to host/ledger.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/ledger/ledger.hpp"
#include "host/ledger/store.hpp"

namespace sluice::host {

std::string encode_run(const Run& run);
std::optional<Run> decode_run(std::string_view bytes);
std::string run_key(const Run& run);
std::string encode_quarantined(const QuarantinedRow& row);
std::optional<QuarantinedRow> decode_quarantined(uint64_t no, std::string_view bytes);
void add_quarantined(Book& book, std::string_view pipeline, std::span<const QuarantinedRow> rows);
// scope \0 rest
std::string scoped_key(std::string_view scope, std::string_view rest);
// An error if `name` cannot be part of a key.
Result<void> check_name(std::string_view what, std::string_view name);

}  // namespace sluice::host
