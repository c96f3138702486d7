// SPDX-License-Identifier: Apache-2.0
#include "conformance/check/checks.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <utility>

#include "conformance/check/changes.hpp"
#include "conformance/check/reading.hpp"

namespace sluice::check {

namespace {

using testing::SourceRun;

constexpr std::size_t kMostSlicesCut = 6;    // of a stream, for checks that read each of them often
constexpr std::size_t kMostRequestsCut = 6;  // of a slice

void append(std::vector<std::string>& to, const std::vector<std::string>& more, std::size_t count) {
  to.insert(to.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<Planned> some(std::vector<Planned> all, std::size_t most) {
  if (all.size() > most) {
    std::vector<Planned> chosen;
    for (std::size_t i = 0; i < most; ++i) {
      chosen.push_back(all[i * (all.size() - 1) / (most - 1)]);
    }
    return chosen;
  }
  return all;
}

// What landed of a run: rows up to its last resume point, and that point.
struct Landed {
  std::vector<std::string> rows;
  std::optional<std::string> state;
};
Landed landed(const SourceRun& run, const std::set<std::string>& leave_out) {
  Landed out;
  const auto rows = canonical_rows(run, leave_out);
  std::size_t seen = 0, kept = 0;
  for (std::size_t k = 0; k < run.states.size(); ++k) {
    seen += run.batch_rows[k];
    if (run.states[k]) {
      out.state = run.states[k];
      kept = seen;
    }
  }
  append(out.rows, rows, kept);
  return out;
}

bool may_be_asked_again(const Subject& subject, const Request& request) {
  return std::any_of(subject.asked_again.begin(), subject.asked_again.end(), [&](const auto& one) {
    return request.url.find(one.first) != std::string::npos;
  });
}

bool worth_a_retry(const Error& error) {
  return error.code() == Code::kUnavailable || error.code() == Code::kRateLimited ||
         error.code() == Code::kBadState || (error.flags() & SLUICE_ERROR_RETRYABLE) != 0;
}

std::string key_of(const json& row, const Stream& stream) {
  json key = json::array();
  for (const auto& column : stream.key_columns()) {
    key.push_back(row.value(column, json()));
  }
  return key.dump();
}

void check_keys(const World& world, const Stream& stream, const std::set<std::string>& leave_out,
                Findings& out) {
  if (stream.key_columns().empty() || !stream.seq().empty()) {
    return;  // nothing is said of doubles, or the stream says itself which wins
  }
  std::map<std::string, std::string> known;
  for (const Read& read : world.slices) {
    if (read.slice.spec.stream != stream.name()) {
      continue;
    }
    for (const json& row : read.run.rows) {
      const std::string text = canonical(row, stream, leave_out);
      const auto [it, fresh] = known.emplace(key_of(row, stream), text);
      if (!fresh && it->second != text) {
        out.push_back(stream.name() + ": the key " + it->first + " has two values.\n  " +
                      it->second + "\n  " + text);
        return;
      }
    }
  }
}

void check_interval(const Read& read, Findings& out) {
  const Stream& stream = read.run.stream;
  if (stream.kind() != Kind::kSeries) {
    return;
  }
  for (const json& row : read.run.rows) {
    const json time = row.value(stream.time(), json());
    if (!time.is_string()) {
      continue;
    }
    const auto parsed = parse_time(time.get<std::string>());
    const int64_t at = parsed ? parsed->time.time_since_epoch().count() : read.slice.spec.from_us;
    if (at < read.slice.spec.from_us || at >= read.slice.spec.to_us) {
      out.push_back(read.slice.name + ": a row of " + time.get<std::string>() +
                    " lies outside of the interval that was asked for.");
      return;
    }
  }
}

// The plan and rows of `second` are those of `first`, but for what is allowed.
void compare(const Subject& subject, const std::vector<Stream>& streams, const World& first,
             const World& second, const std::vector<Allowed>& allowed, Findings& out) {
  for (const Stream& stream : streams) {
    std::set<std::string> leave_out = subject.volatile_columns;
    bool any_row = false;
    for (const Allowed& one : allowed) {
      if (one.stream == stream.name() || one.stream == "*") {
        any_row = one.columns.empty();
        leave_out.insert(one.columns.begin(), one.columns.end());
      }
    }
    const auto before = first.rows(stream.name(), leave_out);
    const auto after = second.rows(stream.name(), leave_out);
    if (any_row) {
      const std::size_t told = after.size() + second.rejects(stream.name());
      if (told != before.size() + first.rejects(stream.name())) {
        out.push_back(stream.name() + ": of " + std::to_string(before.size()) + " rows " +
                      std::to_string(after.size()) + " landed and " +
                      std::to_string(second.rejects(stream.name())) + " were rejected.");
      }
      continue;
    }
    if (const std::string differs = difference(before, after); !differs.empty()) {
      out.push_back(stream.name() + ": " + differs);
    }
    if (first.rejects(stream.name()) != second.rejects(stream.name())) {
      std::string reason;
      for (const Read& read : second.slices) {
        if (read.slice.spec.stream == stream.name() && !read.run.rejects.empty()) {
          reason = read.run.rejects.front().rule + ": " + read.run.rejects.front().reason;
        }
      }
      out.push_back(stream.name() + ": " + std::to_string(second.rejects(stream.name())) +
                    " records were rejected instead of " +
                    std::to_string(first.rejects(stream.name())) + ". " + reason);
    }
  }
}

void check_ends(const World& world, Findings& out) {
  for (const Read& read : world.slices) {
    if (!ended_well(read.run)) {
      out.push_back(read.slice.name + ": " + end_of(read.run));
    }
  }
}

Findings takes_changed(const Subject& subject, JsonChange change) {
  const World first = read_world(subject);
  const Subject other = changed(subject, change);
  const std::vector<Stream> streams = Opened(subject).streams();
  Findings out;
  World second;
  try {
    second = read_world(other);
  } catch (const Error& error) {
    return {std::string("Listing failed: ") + error.what()};
  }
  check_ends(second, out);
  const auto allowed = subject.allowed.find(change);
  compare(subject, streams, first, second,
          allowed == subject.allowed.end() ? std::vector<Allowed>{} : allowed->second, out);
  if (change == JsonChange::kAddFields) {
    for (const Stream& stream : streams) {
      const bool counted = second.notes(stream.name(), "unknown_field") >
                           first.notes(stream.name(), "unknown_field");
      if (!counted && !subject.without_fields.contains(stream.name()) &&
          !subject.without_fields.contains("*") && !second.rows(stream.name(), {}).empty()) {
        out.push_back(stream.name() +
                      ": the unknown fields were not counted (note "
                      "'unknown_field').");
      }
    }
  }
  return out;
}

// Reads on from the state after each batch of `whole`.
void check_cuts(const Subject& subject, const Planned& slice, const SourceRun& whole,
                Findings& out) {
  const auto rows = canonical_rows(whole, subject.volatile_columns);
  std::size_t seen = 0;
  for (std::size_t k = 0; k < whole.states.size(); ++k) {
    seen += whole.batch_rows[k];
    if (!whole.states[k]) {
      continue;
    }
    const std::string place = slice.name + ", cut after batch " + std::to_string(k + 1) + " of " +
                              std::to_string(whole.states.size()) + ": ";
    const SourceRun rest = Opened(subject).read(slice, whole.states[k]);
    if (!ended_well(rest)) {
      out.push_back(place + end_of(rest));
      continue;
    }
    std::vector<std::string> together;
    append(together, rows, seen);
    const auto more = canonical_rows(rest, subject.volatile_columns);
    append(together, more, more.size());
    if (const std::string differs = difference(rows, together); !differs.empty()) {
      out.push_back(place + differs);
    }
  }
}

// The keys or intervals that a reading could not find out, as slices of their own: what the host
// asks for again although the rest landed.
std::vector<Planned> failed_parts(const Planned& slice, const SourceRun& run) {
  std::vector<Planned> out;
  Planned keys = slice;
  keys.spec.keys.clear();
  for (const auto& outcome : run.outcomes) {
    const auto bar = outcome.key.find('/');
    if (outcome.outcome != Outcome::kFailed) {
      continue;
    }
    if (run.stream.kind() == Kind::kSeries && bar != std::string::npos) {
      out.push_back(slice);
      out.back().spec.from_us = std::stoll(outcome.key.substr(0, bar));
      out.back().spec.to_us = std::stoll(outcome.key.substr(bar + 1));
    } else {
      keys.spec.keys.push_back(outcome.key);
    }
  }
  if (!keys.spec.keys.empty()) {
    out.push_back(std::move(keys));
  }
  return out;
}

// One reading of a slice with a service that fails from the n-th request on, and what follows.
void check_failure(const Subject& subject, const Planned& slice,
                   const std::vector<std::string>& rows, Fault fault, std::size_t n,
                   Findings& out) {
  const char* how = fault == Fault::kBusy     ? "refused"
                    : fault == Fault::kBroken ? "broken off"
                                              : "cut short";
  const std::string place =
      slice.name + ", request " + std::to_string(n) + " and all after it " + how + ": ";
  Switch service;
  const Subject failing = switched(subject, service);
  Opened source(failing);
  service.fail(fault, n);
  const SourceRun run = source.read(slice);
  service.fail(Fault::kNone);
  if (ended_well(run)) {
    auto all = canonical_rows(run, subject.volatile_columns);
    for (const Planned& part : failed_parts(slice, run)) {
      const auto more = canonical_rows(Opened(subject).read(part), subject.volatile_columns);
      append(all, more, more.size());
    }
    const std::string differs = difference(rows, all);
    if (!differs.empty()) {
      out.push_back(place + "the slice landed all the same. " + differs);
    }
    return;
  }
  if (!run.error || !worth_a_retry(*run.error)) {
    out.push_back(place + "this is not worth a retry: " + end_of(run));
    return;
  }
  static const std::regex offset("(byte|offset|bytes) [0-9]+|[0-9]+ bytes");
  if (fault == Fault::kCut && !std::regex_search(run.error->message(), offset)) {
    out.push_back(place + "the error does not tell the place in the answer: " + end_of(run));
  }
  Landed got = landed(run, subject.volatile_columns);
  const SourceRun rest = Opened(subject).read(slice, got.state);
  if (!ended_well(rest)) {
    out.push_back(place + "and then, with the service back: " + end_of(rest));
    return;
  }
  const auto more = canonical_rows(rest, subject.volatile_columns);
  append(got.rows, more, more.size());
  if (const std::string differs = difference(rows, got.rows); !differs.empty()) {
    out.push_back(place + differs);
  }
}

// The credentials are refused from now on: what `work` does about it.
template <class Work>
void check_refused(const Subject& subject, const Switch& service, const std::string& place,
                   Findings& out, Work&& work) {
  std::optional<Error> error;
  try {
    error = work();
  } catch (const Error& thrown) {
    error = thrown;
  }
  const std::size_t asked = service.asked();
  if (asked == 0) {
    return;  // nothing was asked, so nothing was refused
  }
  if (!error) {
    out.push_back(place + ": went on as if nothing had happened.");
  } else if (error->code() != Code::kAuth) {
    out.push_back(place + ": the error is not one of credentials: (" +
                  std::to_string(static_cast<int>(error->code())) + ") " + error->message());
  } else if (error->message().size() < 20) {
    out.push_back(place + ": the error does not say enough: " + error->message());
  }
  if (asked > subject.most_refused) {
    out.push_back(place + ": " + std::to_string(asked) + " requests were made with credentials " +
                  "that are refused.");
  }
}

}  // namespace

Findings two_readings_agree(const Subject& subject) {
  Findings out;
  const World first = read_world(subject);
  const World second = read_world(subject);
  const std::vector<Stream> streams = Opened(subject).streams();
  check_ends(first, out);
  compare(subject, streams, first, second, {}, out);
  if (first.slices.size() != second.slices.size()) {
    out.push_back("The second time there were other slices than the first time.");
    return out;
  }
  for (std::size_t i = 0; i < first.slices.size(); ++i) {
    const Read &one = first.slices[i], &other = second.slices[i];
    if (one.slice.name != other.slice.name || one.slice.listed != other.slice.listed ||
        one.run.validator != other.run.validator) {
      out.push_back(one.slice.name + ": name, version or validator differ: '" + one.slice.listed +
                    "' and '" + other.slice.listed + "', '" + one.run.validator + "' and '" +
                    other.run.validator + "'.");
    }
    check_interval(one, out);
  }
  for (const Stream& stream : streams) {
    if (first.rows(stream.name(), {}).empty()) {
      out.push_back(stream.name() + ": no row was read, so nothing of it is checked.");
    }
    check_keys(first, stream, subject.volatile_columns, out);
  }
  return out;
}

Findings resumes_at_every_batch(const Subject& subject) {
  Findings out;
  Opened source(subject);
  for (const Stream& stream : source.streams()) {
    std::size_t batches = 0, states = 0;
    for (const Planned& slice : source.plan(stream)) {
      const SourceRun whole = Opened(subject).read(slice);
      batches += whole.batch_rows.size() > 1 ? whole.batch_rows.size() - 1 : 0;
      states += static_cast<std::size_t>(std::count_if(
          whole.states.begin(), whole.states.end(), [](const auto& s) { return s.has_value(); }));
      check_cuts(subject, slice, whole, out);
    }
    if (batches > 0 && states == 0 && !subject.whole.contains(stream.name())) {
      out.push_back(stream.name() +
                    ": its slices take several batches, and none has a resume "
                    "state.");
    }
  }
  return out;
}

Findings confirms_what_landed(const Subject& subject) {
  Findings out;
  Opened source(subject);
  for (const Stream& stream : source.streams()) {
    for (const Planned& slice : source.plan(stream)) {
      const SourceRun first = Opened(subject).read(slice);
      if (first.validator.empty() || !ended_well(first)) {
        continue;
      }
      Opened again(subject);
      const std::size_t before = again.asked();
      const SourceRun second = again.read(slice, std::nullopt, first.validator);
      const auto requests = again.host().http.requests();
      const auto plain =
          std::count_if(requests.begin() + static_cast<std::ptrdiff_t>(before), requests.end(),
                        [&](const Request& request) {
                          return request.validator.empty() && !may_be_asked_again(subject, request);
                        });
      if (second.end != SLUICE_UNCHANGED || plain > 0) {
        out.push_back(slice.name + ": told its validator '" + first.validator + "', it " +
                      end_of(second) + " with " + std::to_string(second.rows.size()) +
                      " rows and made " + std::to_string(plain) + " unconditional requests.");
      }
    }
  }
  return out;
}

Findings takes_an_empty_service(const Subject& subject) {
  Findings out;
  const auto look = [&](const Planned& slice, const SourceRun& run) {
    const std::string& stream = slice.spec.stream;
    if (subject.never_empty.contains(stream)) {
      return;
    }
    if (!ended_well(run) && !(run.error && run.error->code() == Code::kNotFound)) {
      out.push_back(slice.name + ": " + end_of(run));
    } else if (!run.rows.empty() || !run.rejects.empty()) {
      out.push_back(slice.name + ": " + std::to_string(run.rows.size()) + " rows and " +
                    std::to_string(run.rejects.size()) + " rejects came of nothing.");
    }
  };
  // Empty from the beginning.
  try {
    const World world = read_world(changed(subject, JsonChange::kEmpty));
    for (const Read& read : world.slices) {
      look(read.slice, read.run);
    }
  } catch (const Error& error) {
    if (!subject.never_empty.contains("*")) {
      out.push_back(std::string("Listing failed: ") + error.what());
    }
  }
  if (!subject.service) {
    return out;
  }
  // Empty after everything was listed.
  Switch service;
  const Subject emptied = switched(subject, service);
  Opened source(emptied);
  for (const Stream& stream : source.streams()) {
    service.fail(Fault::kNone);
    for (const Planned& slice : source.plan(stream)) {
      service.fail(Fault::kEmpty);
      look(slice, source.read(slice));
    }
  }
  return out;
}

Findings survives_an_end_in_the_middle(const Subject& subject) {
  Findings out;
  Opened source(subject);
  for (const Stream& stream : source.streams()) {
    for (const Planned& slice : some(source.plan(stream), kMostSlicesCut)) {
      Opened fresh(subject);
      const std::size_t before = fresh.asked();
      const SourceRun whole = fresh.read(slice);
      const std::size_t requests = fresh.asked() - before;
      const auto rows = canonical_rows(whole, subject.volatile_columns);
      for (std::size_t i = 0; i < std::min(requests, kMostRequestsCut); ++i) {
        const std::size_t n =
            requests <= kMostRequestsCut ? i + 1 : 1 + i * (requests - 1) / (kMostRequestsCut - 1);
        for (const Fault fault : {Fault::kBusy, Fault::kBroken, Fault::kCut}) {
          check_failure(subject, slice, rows, fault, n, out);
        }
      }
    }
  }
  return out;
}

Findings takes_unknown_fields(const Subject& subject) {
  return takes_changed(subject, JsonChange::kAddFields);
}

Findings takes_numbers_as_text(const Subject& subject) {
  return takes_changed(subject, JsonChange::kNumbersAsText);
}

Findings takes_text_as_numbers(const Subject& subject) {
  return takes_changed(subject, JsonChange::kTextAsNumbers);
}

Findings gives_up_when_refused(const Subject& subject) {
  Findings out;
  std::vector<Planned> firsts;  // a slice of each stream
  Opened source(subject);
  for (const Stream& stream : source.streams()) {
    auto slices = source.plan(stream);
    if (!slices.empty()) {
      firsts.push_back(std::move(slices.front()));
    }
    Switch service;
    const Subject refused = switched(subject, service);
    std::optional<Opened> opened;
    opened.emplace(refused);
    service.fail(Fault::kRefused);
    check_refused(subject, service, "Listing of " + stream.name(), out,
                  [&]() -> std::optional<Error> {
                    (void)opened->plan(stream);
                    return std::nullopt;
                  });
  }
  for (const Planned& slice : firsts) {
    Switch service;
    const Subject refused = switched(subject, service);
    Opened opened(refused);
    service.fail(Fault::kRefused);
    check_refused(subject, service, slice.name, out, [&] { return opened.read(slice).error; });
  }
  return out;
}

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = {
      {"agree", "two full readings give the same rows", &two_readings_agree},
      {"resume", "reading goes on from every batch", &resumes_at_every_batch},
      {"confirm", "what landed is confirmed by conditional requests", &confirms_what_landed},
      {"empty", "an empty service lands nothing and fails nothing", &takes_an_empty_service},
      {"middle", "a service that ends in the middle costs a retry and no row",
       &survives_an_end_in_the_middle},
      {"unknown", "unknown fields everywhere change no row and are counted", &takes_unknown_fields},
      {"texts", "every number may come as text", &takes_numbers_as_text},
      {"numbers", "every plain text may come as number", &takes_text_as_numbers},
      {"refused", "wrong credentials end at once with a clear text", &gives_up_when_refused},
  };
  return checks;
}

}  // namespace sluice::check
