// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/record.hpp"

#include <algorithm>

#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

// Which fields follow, in this order. A field with its usual value has no bit and takes no space.
enum Field : uint32_t {
  kTitle = 1U << 0,
  kPartition = 1U << 1,
  kValidator = 1U << 2,
  kGeneration = 1U << 3,
  kLanded = 1U << 4,
  kRows = 1U << 5,
  kBytes = 1U << 6,
  kStarted = 1U << 7,
  kPart = 1U << 8,
  kEstimatedRows = 1U << 9,
  kEstimatedBytes = 1U << 10,
  kSpan = 1U << 11,
  kToken = 1U << 12,
  kReadValidator = 1U << 13,
  kReadSame = 1U << 14,  // read_validator == validator
  kLandedDiffers = 1U << 15,
  kResumable = 1U << 16,
  kResume = 1U << 17,
  kStateVersion = 1U << 18,
  kAttempts = 1U << 19,
  kError = 1U << 20,
  kSeries = 1U << 21,
  kLandedEmpty = 1U << 22,
  kHoles = 1U << 23,
  kLandedRows = 1U << 24,  // landed, and landed_rows != rows
  kAllFields = (1U << 25) - 1,
};

// More is not kept: a resume state that is gone would leave its hole for ever.
constexpr size_t kMostPadding = 64;

// Modulo 2^64, as decode_record() adds: a damaged time is a wrong one, not undefined behaviour.
int64_t difference(int64_t later, int64_t earlier) {
  return static_cast<int64_t>(static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier));
}

uint32_t fields_of(const Record& r) {
  uint32_t fields = 0;
  const auto flag = [&fields](bool present, Field field) {
    fields |= present ? static_cast<uint32_t>(field) : 0U;
  };
  flag(!r.title.empty(), kTitle);
  flag(!r.partition.empty(), kPartition);
  flag(!r.validator.empty(), kValidator);
  flag(r.generation != 0, kGeneration);
  flag(r.landed_us != 0, kLanded);
  flag(r.rows != 0, kRows);
  flag(r.bytes != 0, kBytes);
  flag(r.started_us != 0, kStarted);
  flag(r.part != 0, kPart);
  flag(r.estimated_rows != 0, kEstimatedRows);
  flag(r.estimated_bytes != 0, kEstimatedBytes);
  flag(r.from_us != INT64_MIN || r.to_us != INT64_MAX, kSpan);
  flag(!r.token.empty(), kToken);
  const bool same = r.read_validator == r.validator;
  flag(!r.read_validator.empty() && same, kReadSame);
  flag(!r.read_validator.empty() && !same, kReadValidator);
  flag(r.landed_differs, kLandedDiffers);
  flag(r.resumable, kResumable);
  flag(!r.resume.empty(), kResume);
  flag(r.state_version != 0, kStateVersion);
  flag(r.attempts != 0, kAttempts);
  flag(!r.error_class.empty() || !r.error.empty(), kError);
  flag(r.series, kSeries);
  flag(r.landed_empty, kLandedEmpty);
  flag(!r.holes.empty(), kHoles);
  flag(r.landed() && r.landed_rows != r.rows, kLandedRows);
  return fields;
}

}  // namespace

void encode_record(const Record& r, size_t at_least, std::string& out) {
  const uint32_t fields = fields_of(r);
  const auto has = [fields](Field field) { return (fields & field) != 0; };
  out.clear();
  out.push_back(static_cast<char>(r.state));
  put_varint(out, fields);
  put_varint(out, r.stream);
  put_text(out, r.key);
  put_signed(out, r.listed_us);
  if (has(kTitle))
    put_text(out, r.title);
  if (has(kPartition))
    put_text(out, r.partition);
  if (has(kValidator))
    put_text(out, r.validator);
  if (has(kGeneration))
    put_signed(out, r.generation);
  if (has(kLanded))
    put_signed(out, difference(r.landed_us, r.listed_us));
  if (has(kRows))
    put_varint(out, r.rows);
  if (has(kBytes))
    put_varint(out, r.bytes);
  if (has(kStarted))
    put_signed(out, difference(r.started_us, r.listed_us));
  if (has(kPart))
    put_signed(out, r.part);
  if (has(kEstimatedRows))
    put_varint(out, r.estimated_rows);
  if (has(kEstimatedBytes))
    put_varint(out, r.estimated_bytes);
  if (has(kSpan)) {
    put_signed(out, r.from_us);
    put_signed(out, r.to_us);
  }
  if (has(kToken))
    put_text(out, r.token);
  if (has(kReadValidator))
    put_text(out, r.read_validator);
  if (has(kLandedDiffers))
    put_text(out, r.landed_validator);
  if (has(kResume))
    put_text(out, r.resume);
  if (has(kStateVersion))
    put_varint(out, r.state_version);
  if (has(kAttempts))
    put_varint(out, r.attempts);
  if (has(kError)) {
    put_text(out, r.error_class);
    put_text(out, r.error);
  }
  if (has(kHoles))
    put_text(out, r.holes);
  if (has(kLandedRows))
    put_varint(out, r.landed_rows);
  if (out.size() < at_least && at_least - out.size() <= kMostPadding) {
    out.resize(at_least, '\0');
  }
}

std::optional<Record> decode_record(std::string_view bytes) {
  if (bytes.empty() || static_cast<unsigned char>(bytes.front()) >= kSliceStates) {
    return std::nullopt;
  }
  Record r;
  r.state = static_cast<SliceState>(bytes.front());
  ByteReader in(bytes.substr(1));
  const uint32_t fields = in.varint32();
  const auto has = [fields](Field field) { return (fields & field) != 0; };
  if ((fields & ~static_cast<uint32_t>(kAllFields)) != 0) {
    return std::nullopt;
  }
  // Differences are added modulo 2^64: a damaged one gives a wrong time, not undefined behaviour.
  const auto later = [](int64_t base, int64_t by) {
    return static_cast<int64_t>(static_cast<uint64_t>(base) + static_cast<uint64_t>(by));
  };
  r.stream = in.varint32();
  r.key = in.text();
  r.listed_us = in.signed_varint();
  if (has(kTitle))
    r.title = in.text();
  if (has(kPartition))
    r.partition = in.text();
  if (has(kValidator))
    r.validator = in.text();
  if (has(kGeneration))
    r.generation = in.signed_varint();
  if (has(kLanded))
    r.landed_us = later(r.listed_us, in.signed_varint());
  if (has(kRows))
    r.rows = in.varint();
  if (has(kBytes))
    r.bytes = in.varint();
  if (has(kStarted))
    r.started_us = later(r.listed_us, in.signed_varint());
  if (has(kPart))
    r.part = in.signed_varint();
  if (has(kEstimatedRows))
    r.estimated_rows = in.varint();
  if (has(kEstimatedBytes))
    r.estimated_bytes = in.varint();
  if (has(kSpan)) {
    r.from_us = in.signed_varint();
    r.to_us = in.signed_varint();
  }
  if (has(kToken))
    r.token = in.text();
  if (has(kReadValidator))
    r.read_validator = in.text();
  if (has(kReadSame))
    r.read_validator = r.validator;
  if (has(kLandedDiffers))
    r.landed_validator = in.text();
  r.landed_differs = has(kLandedDiffers);
  r.resumable = has(kResumable);
  if (has(kResume))
    r.resume = in.text();
  if (has(kStateVersion))
    r.state_version = in.varint32();
  if (has(kAttempts))
    r.attempts = in.varint32();
  if (has(kError)) {
    r.error_class = in.text();
    r.error = in.text();
  }
  if (has(kHoles))
    r.holes = in.text();
  r.landed_rows = has(kLandedRows) ? in.varint() : r.landed() ? r.rows : 0;
  r.series = has(kSeries);
  r.landed_empty = has(kLandedEmpty);
  const auto padding = in.rest();
  if (!in.ok() || std::any_of(padding.begin(), padding.end(), [](char c) { return c != '\0'; })) {
    return std::nullopt;
  }
  return r;
}

Slice to_slice(SliceNo no, const Record& r) {
  Slice out;
  out.no = no;
  out.key = r.key;
  out.title = r.title;
  out.partition = r.partition;
  out.token = r.token;
  out.validator = r.validator;
  out.read_validator = r.read_validator;
  out.from_us = r.from_us;
  out.to_us = r.to_us;
  out.estimated_rows = r.estimated_rows;
  out.estimated_bytes = r.estimated_bytes;
  out.state = r.state;
  out.generation = r.generation;
  out.part = r.part;
  out.resume = r.resume;
  out.resumable = r.resumable;
  out.state_version = r.state_version;
  out.attempts = r.attempts;
  out.listed_us = r.listed_us;
  out.started_us = r.started_us;
  out.landed_us = r.landed_us;
  out.rows = r.rows;
  out.landed_rows = r.landed_rows;
  out.bytes = r.bytes;
  out.error_class = r.error_class;
  out.error = r.error;
  out.series = r.series;
  return out;
}

}  // namespace sluice::host
