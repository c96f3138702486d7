// SPDX-License-Identifier: Apache-2.0
#include "reader.hpp"

#include <algorithm>
#include <utility>

#include "rules.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"

namespace rest {

using sluice::Batch;
using sluice::json;
using sluice::Kind;
using sluice::Next;
using sluice::Outcome;

namespace {

std::string joined(const std::vector<std::string>& keys, const std::string& between) {
  std::string out;
  for (const std::string& key : keys) {
    out += (&key == &keys.front() ? "" : between) + key;
  }
  return out;
}

// Whether each record has its own value.
bool is_read(const Field& field) {
  return field.own_name || !field.pointer.empty();
}

}  // namespace

SliceReader::SliceReader(sluice::Host& host, Instance& instance, const sluice::ReadRequest& request)
    : host_(host),
      instance_(instance),
      request_(request),
      stream_(instance.model().stream(request.stream())) {}

void SliceReader::start(const json& state) {
  const Model& model = instance_.model();
  const bool listed = stream_.kind == Kind::kFiles;
  const Member member = listed ? from_token(request_.slice(), request_.token()) : Member{};
  scope_ = listed ? scope_of_member(model, stream_, member)
                  : scope_of_partition(model, stream_, request_.partition());
  listed_validator_ = member.validator;
  if (stream_.kind == Kind::kKeys) {
    const auto keys = request_.keys();
    wanted_.insert(keys.begin(), keys.end());
    scope_ = scope_of_member(model, stream_, {.key = keys.empty() ? "" : keys.front()});
    scope_.texts["keys"] = joined(keys, stream_.config.join);
  }
  if (stream_.kind == Kind::kSeries) {
    if (request_.from_us() != SLUICE_TIME_MIN) {
      scope_.times["from"] = request_.from_us();
    }
    if (request_.to_us() != SLUICE_TIME_MAX) {
      scope_.times["to"] = request_.to_us();
    }
  }
  fields_ = &instance_.fields(stream_);
  crawl_ = std::make_unique<Crawl>(host_, model, stream_, scope_, state);
  rows_ = state.value("rows", uint64_t{0});
  for (const json& key : state.value("seen", json::array())) {
    seen_.insert(key.get<std::string>());
  }
  if (one_request() && !request_.resumed() && listed_validator_.empty()) {
    crawl_->validator(std::string(request_.last_validator()));
  }
  crawl_->on_reject([this](const std::string& why, const std::string& body) {
    request_.reject("answer", why, body);
  });
  prepare_decoder();
  prepare_fixed();
}

// Whether one answer holds the whole slice, so that its validator speaks for the slice.
bool SliceReader::one_request() const noexcept {
  return stream_.asking.style == Style::kNone &&
         (stream_.kind == Kind::kSnapshot || stream_.kind == Kind::kFiles);
}

// With what the end of the slice must know of its beginning. If that is too much to keep, the slice
// cannot be resumed here: a state that stays as it was is none.
void SliceReader::keep_position(json& state) const {
  constexpr std::size_t kMostState = std::size_t{64} << 10U;  // bytes that the host keeps
  json now = crawl_->position();
  now["rows"] = rows_;
  if (!seen_.empty()) {
    now["seen"] = seen_;
  }
  if (now.dump().size() <= kMostState) {
    state = std::move(now);
  }
}

void SliceReader::prepare_decoder() {
  decoder_ = std::make_unique<sluice::RecordDecoder>(declare(stream_, *fields_), request_);
  for (const std::string& pointer : stream_.config.ignore) {
    decoder_->ignore(pointer);
  }
  for (const Field& field : *fields_) {
    if (field.whole) {
      decoder_->whole(field.name);
    }
    if (field.epoch.count() != 0) {
      decoder_->epoch(field.name, field.epoch);
    }
    for (const std::string& null : field.nulls) {
      decoder_->null(field.name, null);
    }
    if (field.name == stream_.config.time && is_read(field) && stream_.kind == Kind::kSeries) {
      time_ = &field;
    }
    plain_ = plain_ || field.plain;
  }
  for (const std::string& name : stream_.config.key) {
    for (const Field& field : *fields_) {
      if (field.name == name && is_read(field)) {
        keys_.push_back(&field);
      }
    }
  }
}

// Columns whose value is the same for the whole slice, and the record's own name.
void SliceReader::prepare_fixed() {
  scope_.times.emplace("now", host_.now().time_since_epoch().count());
  texts_.reserve(fields_->size());
  for (const Field& field : *fields_) {
    if (field.own_name) {
      own_names_.push_back(fixed_.size());
      fixed_.push_back({field.name, nullptr});
    } else if (field.value) {
      texts_.push_back(field.value->expand(scope_));
      if (texts_.back().empty()) {
        fixed_.push_back({field.name, nullptr});
      } else {
        fixed_.push_back({field.name, sluice::AnyText{texts_.back()}});
      }
    }
  }
}

Next SliceReader::next(Batch& batch, json& state) {
  if (!crawl_) {
    start(state);
  }
  for (;;) {
    switch (crawl_->step()) {
      case Crawl::Step::kUnchanged:
        request_.validator(request_.last_validator());
        return Next::kUnchanged;
      case Crawl::Step::kEnd:
        finish();
        return Next::kEnd;
      case Crawl::Step::kPageEnd:
        host_.check_cancel();
        if (!batch.empty()) {
          keep_position(state);
          return Next::kRows;
        }
        break;
      case Crawl::Step::kRecord:
        take(batch);
        if (batch.full()) {
          keep_position(state);
          return Next::kRows;
        }
    }
  }
}

void SliceReader::take(Batch& batch) {
  std::string_view record = crawl_->text();
  if (plain_) {
    wrapped_ = "[" + std::string(record) + "]";
    record = wrapped_;
  }
  for (const std::size_t place : own_names_) {
    fixed_[place].value = sluice::AnyText{crawl_->name()};
  }
  if (set_aside(record) || !decoder_->row(batch, record, fixed_)) {
    return;
  }
  const bool wanted = time_ == nullptr || in_time();
  if (!wanted || crawl_->given_before()) {
    batch.truncate(batch.rows() - 1);
    return;
  }
  ++rows_;
  note_key();
}

// A record that a rule takes out.
bool SliceReader::set_aside(std::string_view record) {
  if (stream_.record_rules.empty()) {
    return false;
  }
  const Subject subject{0, sluice::parse_mended(record)};
  const Rule* rule = find_rule(stream_.record_rules, subject);
  if (rule == nullptr) {
    return false;
  }
  apply_rule(host_, *rule, subject);
  if (rule->config.action == "reject") {
    request_.reject("record", rule_text(*rule, subject), record);
  } else {
    request_.note("skipped_record", rule_text(*rule, subject));
  }
  return true;
}

// Services include bounds, or whole pages around them: what is outside of the interval is of
// another slice. What comes in order also says when there is no more to come.
bool SliceReader::in_time() {
  const std::string_view name = crawl_->name();
  const sluice::RecordValue own{sluice::JsonShape::kText, name, name};
  const auto time = sluice::record_micros(time_->own_name ? own : decoder_->value(time_->name),
                                          time_->type, time_->epoch);
  if (!time) {
    return true;
  }
  const bool before = *time < request_.from_us();
  const bool behind = *time >= request_.to_us();
  if ((stream_.ascending() && behind) || (stream_.descending() && before)) {
    crawl_->enough();
  }
  return !crawl_->repeated(*time) && !before && !behind;
}

// Which of the wanted keys a row is of. Other columns may be part of the table's key, too.
void SliceReader::note_key() {
  if (wanted_.size() < 2) {
    return;
  }
  std::vector<std::string> parts;
  for (const Field* field : keys_) {
    parts.emplace_back(field->own_name ? crawl_->name() : decoder_->value(field->name).text);
    if (wanted_.contains(parts.back())) {
      seen_.insert(parts.back());
      return;
    }
  }
  if (const std::string key = join_key(parts); wanted_.contains(key)) {
    seen_.insert(key);
  }
}

void SliceReader::finish() {
  const std::string& why = crawl_->empty_because();
  if (!listed_validator_.empty()) {
    request_.validator(listed_validator_);
  } else if (one_request() && !crawl_->new_validator().empty()) {
    request_.validator(crawl_->new_validator());
  }
  for (const std::string& key : wanted_) {
    const bool found = wanted_.size() > 1 ? seen_.contains(key) : rows_ > 0;
    if (!found) {
      request_.key_outcome(key, Outcome::kEmpty,
                           why.empty() ? "The answer does not hold it." : why);
    }
  }
  if (stream_.kind == Kind::kSeries && rows_ == 0 && !why.empty()) {
    request_.interval_outcome(request_.from_us(), request_.to_us(), Outcome::kEmpty, why);
  }
  if (!why.empty()) {
    request_.note("empty_answer", why);
  }
}

}  // namespace rest
