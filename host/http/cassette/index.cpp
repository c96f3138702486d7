// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/index.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "host/http/cassette/body.hpp"
#include "host/http/cassette/files.hpp"

namespace sluice::host::cassette {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostTimingBytes = 256U << 20;
constexpr size_t kChunk = 64U << 10;

// "x-10" behind "x-9".
std::pair<std::string, uint64_t> place_of(const std::string& name) {
  const size_t dash = name.rfind('-');
  uint64_t number = 0;
  if (dash != std::string::npos) {
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
  }
  return {name.substr(0, std::min(dash, name.size())), number};
}

Result<void> hash_body(const fs::path& folder, const BodyRef& ref, RequestKey& key) {
  auto body = BodyReader::open(folder / kBodiesFolder, ref);
  if (!body) {
    return std::move(body).error();
  }
  Hash raw, packed;
  JsonPacker packer;
  std::array<char, kChunk> buffer{};
  while (true) {
    auto size = (*body)->read(buffer);
    if (!size) {
      return std::move(size).error();
    }
    if (*size == 0) {
      key.body = raw.value();
      key.packed_body = packed.value();
      return {};
    }
    raw.push({buffer.data(), *size});
    packed.push(packer.push({buffer.data(), *size}));
  }
}

size_t common(std::string_view left, std::string_view right) {
  const auto [a, b] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  return static_cast<size_t>(a - left.begin());
}

std::string shown(const RequestKey& key) {
  return key.method + " " + (key.endpoint.empty() ? "" : key.endpoint + ":") + key.url;
}

}  // namespace

Result<std::unique_ptr<Index>> Index::load(const fs::path& folder, Match match,
                                           const Redact& redact) {
  std::unique_ptr<Index> index(new Index(match));
  const fs::path about = folder / kAboutFile;
  auto text = read_file(about, kMostHeadBytes);
  if (!text) {
    Error error = std::move(text).error();
    if (error.code == Code::kNotFound) {
      error.message = folder.string() + " is no cassette: it has no " + kAboutFile +
                      "; record one with sluice run --record " + folder.string();
    }
    return error;
  }
  auto recorded = parse_about(about, *text);
  if (!recorded) {
    return std::move(recorded).error();
  }
  index->recorded_us_ = *recorded;
  std::error_code ec;
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder / kExchangesFolder, ec);
       !ec && at != fs::directory_iterator(); at.increment(ec)) {
    const std::string file = at->path().filename().string();
    if (file.ends_with(".json")) {
      names.push_back(file.substr(0, file.size() - 5));
    }
    if (names.size() > kMostExchanges) {
      return Error{Code::kCorrupt, (folder / kExchangesFolder).string() + " holds more than " +
                                       std::to_string(kMostExchanges) + " exchanges"};
    }
  }
  if (ec && ec != std::errc::no_such_file_or_directory) {
    return Error{Code::kIo, (folder / kExchangesFolder).string() + ": " + ec.message(), 0,
                 ec.value()};
  }
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return place_of(a) < place_of(b); });
  for (const std::string& name : names) {
    SLUICE_TRY(index->read_entry(folder, name, redact));
  }
  SLUICE_TRY(index->read_timings(folder));
  index->order();
  return index;
}

Result<void> Index::read_entry(const fs::path& folder, const std::string& name,
                               const Redact& redact) {
  const fs::path file = folder / kExchangesFolder / (name + ".json");
  auto text = read_file(file, kMostHeadBytes);
  if (!text) {
    return std::move(text).error();
  }
  auto head = parse_head(file, *text);
  if (!head) {
    return std::move(head).error();
  }
  Entry entry;
  entry.key = key_of(head->asked, redact);
  entry.name = name;
  if (!head->asked.body.file.empty()) {
    if (auto hashed = hash_body(folder, head->asked.body, entry.key); !hashed) {
      return std::move(hashed).error().in(file.string());
    }
  }
  if (head->answer) {
    entry.status = head->answer->status;
    entry.validator = redact(head->answer->validator);
    // Missing bodies are told now, not in the middle of a run.
    auto body = BodyReader::open(folder / kBodiesFolder, head->answer->body);
    if (!body) {
      return std::move(body).error().in(file.string());
    }
  }
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> Index::read_timings(const fs::path& folder) {
  const fs::path file = folder / kTimingFile;
  auto text = read_file(file, kMostTimingBytes);
  if (!text) {
    return text.error().code == Code::kNotFound ? Result<void>{} : std::move(text).error();
  }
  auto timings = parse_timings(file, *text);
  if (!timings) {
    return std::move(timings).error();
  }
  std::map<std::string_view, const Timing*> by_name;
  for (const Timing& timing : *timings) {
    by_name[timing.exchange] = &timing;
  }
  for (Entry& entry : entries_) {
    if (const auto it = by_name.find(entry.name); it != by_name.end()) {
      entry.at_ms = it->second->at_ms;
      entry.end_ms = it->second->end_ms;
    }
  }
  return {};
}

void Index::order() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    strict_[entries_[i].key.strict()].push_back(i);
    loose_[entries_[i].key.loose()].push_back(i);
  }
  played_.resize(entries_.size());
}

const Entry* Index::play(const std::vector<size_t>& candidates) {
  for (const size_t i : candidates) {
    if (!played_[i]) {
      played_[i] = true;
      return &entries_[i];
    }
  }
  return candidates.empty() ? nullptr : &entries_[candidates.back()];
}

// Those whose query is most like the one asked; of these, those that were asked under the same
// conditions, or can stand for them.
std::vector<size_t> Index::likely(const RequestKey& key) const {
  const auto found = loose_.find(key.loose());
  if (found == loose_.end()) {
    return {};
  }
  const Parameters asked = parameters_of(key.url);
  std::vector<size_t> best;
  int most = -1;
  for (const size_t i : found->second) {
    const Entry& entry = entries_[i];
    const int equal = likeness(parameters_of(entry.key.url), asked);
    if (equal < 0) {
      continue;
    }
    // A whole answer may stand for a later part of it, and for what a condition confirms.
    const bool same_range = entry.key.range_start == key.range_start;
    const bool same_condition = entry.key.validator == key.validator;
    const bool whole = entry.key.range_start == 0 && entry.status == 200;
    const bool usable = (same_range && (same_condition || entry.status != 304)) || whole;
    if (!usable) {
      continue;
    }
    const int score = equal * 8 + (same_range ? 4 : 0) + (same_condition ? 2 : 0) +
                      (!same_condition && entry.validator == key.validator ? 1 : 0);
    if (score > most) {
      most = score;
      best.clear();
    }
    if (score == most) {
      best.push_back(i);
    }
  }
  return best;
}

const Entry* Index::next(const RequestKey& key) {
  const auto exact = strict_.find(key.strict());
  const std::lock_guard lock(mutex_);
  if (exact != strict_.end()) {
    return play(exact->second);
  }
  return match_ == Match::kStrict ? nullptr : play(likely(key));
}

std::string Index::nearest(const RequestKey& key) const {
  const Entry* best = nullptr;
  size_t most = 0;
  const Parameters asked = parameters_of(key.url);
  for (const Entry& entry : entries_) {
    size_t score = common(base_of(entry.key.url), base_of(key.url)) * 8 +
                   (entry.key.method == key.method ? 16 : 0) +
                   (entry.key.endpoint == key.endpoint ? 16 : 0);
    for (const auto& one : parameters_of(entry.key.url)) {
      score += std::find(asked.begin(), asked.end(), one) != asked.end() ? 2 : 0;
    }
    score += entry.key.url == key.url ? 8 : 0;
    if (best == nullptr || score > most) {
      best = &entry;
      most = score;
    }
  }
  if (best == nullptr) {
    return {};
  }
  std::string how;
  const auto add = [&](const std::string& text) { how += (how.empty() ? "" : "; ") + text; };
  if (base_of(best->key.url) == base_of(key.url)) {
    const std::string query = difference(parameters_of(best->key.url), asked);
    if (!query.empty()) {
      add("in the query " + query);
    } else if (best->key.url != key.url) {
      add("the order of the query differs");
    }
    if (best->key.method != key.method) {
      add("the method is " + key.method);
    }
    if (best->key.headers != key.headers) {
      add("the headers differ");
    }
    if (best->key.body != key.body) {
      add("the body differs");
    }
    if (best->key.validator != key.validator) {
      add("the validator differs");
    }
    if (best->key.range_start != key.range_start) {
      add("the range differs");
    }
  }
  return shown(best->key) + " (" + kExchangesFolder + "/" + best->name + ".json)" +
         (how.empty() ? "" : ": " + how);
}

}  // namespace sluice::host::cassette
