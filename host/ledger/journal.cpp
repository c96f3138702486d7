// SPDX-License-Identifier: Apache-2.0
//
// What is kept beside slices: heads of targets, runs, quarantined rows, blobs of plugins and
// services.
#include "host/ledger/journal.hpp"

#include <algorithm>

#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/varint.hpp"

namespace sluice::host {

std::optional<Run> decode_run(std::string_view bytes) {
  ByteReader in(bytes);
  Run run;
  run.id = in.text();
  run.pipeline = in.text();
  run.started_us = in.signed_varint();
  run.ended_us = in.signed_varint();
  run.report = in.text();
  return in.ok() && in.rest().empty() ? std::optional(std::move(run)) : std::nullopt;
}

std::string encode_run(const Run& run) {
  std::string out;
  put_text(out, run.id);
  put_text(out, run.pipeline);
  put_signed(out, run.started_us);
  put_signed(out, run.ended_us);
  put_text(out, run.report);
  return out;
}

std::optional<QuarantinedRow> decode_quarantined(uint64_t no, std::string_view bytes) {
  ByteReader in(bytes);
  QuarantinedRow row;
  row.no = no;
  row.stream = in.text();
  row.slice = in.text();
  row.rule = in.text();
  row.reason = in.text();
  row.payload = in.text();
  row.time_us = in.signed_varint();
  return in.ok() && in.rest().empty() ? std::optional(std::move(row)) : std::nullopt;
}

std::string encode_quarantined(const QuarantinedRow& row) {
  std::string out;
  put_text(out, row.stream);
  put_text(out, row.slice);
  put_text(out, row.rule);
  put_text(out, row.reason);
  put_text(out, row.payload);
  put_signed(out, row.time_us);
  return out;
}

std::string scoped_key(std::string_view scope, std::string_view rest) {
  std::string key(scope);
  key.push_back('\0');
  key.append(rest);
  return key;
}

std::string run_key(const Run& run) {
  // Times before 1970 sort before those after it.
  std::string rest;
  put_big_endian(rest, static_cast<uint64_t>(run.started_us) ^ (uint64_t{1} << 63), 8);
  return scoped_key(run.pipeline, rest + run.id);
}

std::string quarantine_counter(std::string_view pipeline) {
  return scoped_key("quarantine", pipeline);
}

void add_quarantined(Book& book, std::string_view pipeline, std::span<const QuarantinedRow> rows) {
  uint64_t last = book.number("last_quarantined");
  for (const QuarantinedRow& row : rows) {
    std::string no;
    put_big_endian(no, ++last, 8);
    book.txn().put(kQuarantineTable, scoped_key(pipeline, no), encode_quarantined(row));
  }
  book.set_number("last_quarantined", last);
  const std::string counter = quarantine_counter(pipeline);
  book.set_number(counter, book.number(counter) + rows.size());
}

Result<void> check_name(std::string_view what, std::string_view name) {
  if (name.size() > kMostKeyBytes || name.find('\0') != std::string_view::npos) {
    return Error{Code::kInvalidConfig, "the name of a " + std::string(what) + " is longer than " +
                                           std::to_string(kMostKeyBytes) +
                                           " bytes or holds a zero"};
  }
  return {};
}

Result<std::string> LedgerImpl::head(std::string_view pipeline) {
  return env().read([&](Txn& txn) {
    return pipeline.empty() ? std::string()
                            : std::string(txn.get(kHeadsTable, pipeline).value_or(""));
  });
}

Result<void> LedgerImpl::set_head(std::string_view pipeline, std::string_view head) {
  SLUICE_TRY(writable());
  SLUICE_TRY(check_name("pipeline", pipeline));
  return env().write(Durability::kFull, [&](Txn& txn) {
    if (head.empty()) {
      txn.remove(kHeadsTable, pipeline);
    } else {
      txn.put(kHeadsTable, pipeline, head);
    }
  });
}

Result<void> LedgerImpl::put_run(const Run& run) {
  SLUICE_TRY(writable());
  SLUICE_TRY(check_name("pipeline", run.pipeline));
  constexpr size_t kMostIdBytes = 64;
  if (run.id.size() > kMostIdBytes) {
    return Error{Code::kInternal, "the id of a run is longer than 64 bytes"};
  }
  return env().write(Durability::kOrdered,
                     [&](Txn& txn) { txn.put(kRunsTable, run_key(run), encode_run(run)); });
}

Result<std::vector<Run>> LedgerImpl::runs(std::string_view pipeline, size_t newest) {
  SLUICE_TRY(check_name("pipeline", pipeline));
  return env().read([&](Txn& txn) {
    std::vector<Run> out;
    const std::string prefix = scoped_key(pipeline, "");
    std::string beyond(pipeline);
    beyond.push_back('\1');
    Cursor at(txn, kRunsTable);
    bool found = at.seek(beyond) ? at.previous() : at.last();
    for (; found && out.size() < newest && at.key().substr(0, prefix.size()) == prefix;
         found = at.previous()) {
      auto run = decode_run(at.value());
      if (!run) {
        throw_corrupt(txn, "record of a run");
      }
      out.push_back(*std::move(run));
    }
    return out;
  });
}

Result<void> LedgerImpl::quarantine(std::string_view pipeline,
                                    std::span<const QuarantinedRow> rows) {
  SLUICE_TRY(writable());
  SLUICE_TRY(check_name("pipeline", pipeline));
  if (rows.empty()) {
    return {};
  }
  return env().write(Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    add_quarantined(book, pipeline, rows);
  });
}

Result<uint64_t> LedgerImpl::quarantined(std::string_view pipeline) {
  SLUICE_TRY(check_name("pipeline", pipeline));
  return env().read([&](Txn& txn) { return View(txn).number(quarantine_counter(pipeline)); });
}

Result<std::vector<QuarantinedRow>> LedgerImpl::quarantine_page(std::string_view pipeline,
                                                                uint64_t after, size_t limit) {
  SLUICE_TRY(check_name("pipeline", pipeline));
  return env().read([&](Txn& txn) {
    std::vector<QuarantinedRow> out;
    const std::string prefix = scoped_key(pipeline, "");
    std::string first = prefix;
    put_big_endian(first, after, 8);
    Cursor at(txn, kQuarantineTable);
    for (bool found = at.seek(first); found && out.size() < limit; found = at.next()) {
      if (at.key().size() != first.size() || at.key().substr(0, prefix.size()) != prefix) {
        break;
      }
      const uint64_t no = big_endian(at.key().substr(prefix.size()));
      if (no <= after) {
        continue;
      }
      auto row = decode_quarantined(no, at.value());
      if (!row) {
        throw_corrupt(txn, "record of a quarantined row");
      }
      out.push_back(*std::move(row));
    }
    return out;
  });
}

Result<std::string> LedgerImpl::blob(std::string_view scope, std::string_view name) {
  std::optional<std::string> found;
  if (scope.size() + name.size() <= kMostKeyBytes) {
    SLUICE_TRY(env().read([&](Txn& txn) {
      const auto value = txn.get(kBlobsTable, scoped_key(scope, name));
      found = value ? std::optional<std::string>(*value) : std::nullopt;
    }));
  }
  if (!found) {
    return Error{Code::kNotFound, "nothing is stored as '" + std::string(name) + "' in '" +
                                      std::string(scope) + "'"};
  }
  return *std::move(found);
}

Result<void> LedgerImpl::put_blob(std::string_view scope, std::string_view name,
                                  std::string_view value) {
  SLUICE_TRY(writable());
  SLUICE_TRY(check_name("scope", scope));
  if (scope.size() + name.size() > kMostKeyBytes) {
    return Error{Code::kInvalidConfig, "scope and name of stored data are together longer than " +
                                           std::to_string(kMostKeyBytes) + " bytes"};
  }
  return env().write(Durability::kOrdered, [&](Txn& txn) {
    if (value.empty()) {
      txn.remove(kBlobsTable, scoped_key(scope, name));
    } else {
      txn.put(kBlobsTable, scoped_key(scope, name), value);
    }
  });
}

}  // namespace sluice::host
