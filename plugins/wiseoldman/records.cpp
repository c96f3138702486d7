// SPDX-License-Identifier: Apache-2.0
//
// The streams whose rows are records as the service gives them: group, members, players,
// achievements, name changes.
#include <charconv>
#include <cmath>

#include "metrics.hpp"
#include "names.hpp"
#include "readers.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/records.hpp"
#include "streams.hpp"

namespace wiseoldman {

namespace {

using sluice::Batch;
using sluice::Code;
using sluice::Error;
using sluice::json;
using sluice::JsonStream;
using sluice::Next;
using sluice::RecordDecoder;

constexpr std::chrono::seconds kShared{60};

// The first landing of a run may use what other streams have fetched; later ones ask whether
// anything is new.
Client::Wish wish_for(const sluice::ReadRequest& request) {
  const std::string last(request.last_validator());
  return {.validator = last, .cache = last.empty() ? kShared : std::chrono::seconds{0}};
}

// Puts another value in the place of the last one of a column.
template <class T>
void replace_last(Batch& batch, const char* column, std::optional<T> value) {
  auto& values = batch.col<T>(column);
  values.truncate(values.size() - 1);
  if (value) {
    values.append(*value);
  } else {
    values.append_null();
  }
}

// Sums of small numbers carry noise behind the fifth digit. What the decoder took for no number
// ("inf") stays null.
void round_last(Batch& batch, const RecordDecoder& decoder, const char* column) {
  const std::string_view text = decoder.value(column).text;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value)) {
    replace_last(batch, column, std::optional(rounded(value)));
  }
}

// A slice that is one answer.
class OneAnswer : public SliceReader {
 public:
  Next next(Batch& batch, json&) final {
    if (done_) {
      return Next::kEnd;
    }
    done_ = true;
    return read(batch) ? Next::kEnd : Next::kUnchanged;
  }

 protected:
  OneAnswer(const Service& service, const sluice::ReadRequest& request)
      : service_(service), request_(request) {}

  // False if nothing has changed since the slice landed.
  virtual bool read(Batch& batch) = 0;

  Service service_;
  const sluice::ReadRequest& request_;

 private:
  bool done_ = false;
};

class GroupReader final : public OneAnswer {
 public:
  GroupReader(const Service& service, const sluice::ReadRequest& request)
      : OneAnswer(service, request), decoder_(group_stream(), request) {
    decoder_.ignore("/memberships").ignore("/hasCompetitionCode");
    decoder_.optional("visible").optional("social_links").optional("role_orders");
  }

 private:
  bool read(Batch& batch) override {
    auto body =
        service_.client.open("/groups/" + std::string(request_.partition()), wish_for(request_));
    if (body.not_modified()) {
      return false;
    }
    const std::string validator = body.validator();
    JsonStream members(std::move(body), "/memberships");
    while (members.next()) {
    }
    decoder_.row(batch, members.rest().dump());
    request_.validator(validator);
    return true;
  }

  RecordDecoder decoder_;
};

// Members of a group as memberships or as players.
class MemberReader final : public OneAnswer {
 public:
  MemberReader(const Service& service, const sluice::ReadRequest& request, bool players)
      : OneAnswer(service, request),
        players_(players),
        decoder_(players ? player_stream() : member_stream(), request) {
    if (players) {
      decoder_.ignore("/latestSnapshot");
    } else {
      decoder_.ignore("/player").optional("client_sync_joined_at");
    }
  }

 private:
  bool read(Batch& batch) override {
    auto body =
        service_.client.open("/groups/" + std::string(request_.partition()), wish_for(request_));
    if (body.not_modified()) {
      return false;
    }
    const std::string validator = body.validator();
    JsonStream members(std::move(body), "/memberships");
    while (members.next()) {
      if (players_) {
        add_player(batch, members.text());
      } else {
        decoder_.row(batch, members.text());
      }
    }
    if (!members.found()) {
      throw Error(Code::kBadData, "The group's answer has no memberships.").retryable();
    }
    request_.validator(validator);
    return true;
  }

  void add_player(Batch& batch, std::string_view membership) {
    JsonStream parts = JsonStream::over(membership, "");
    while (parts.next()) {
      if (parts.key() == "player") {
        add(batch, parts.text());
      }
    }
  }
  // Who is named by the configuration has a slice with more to tell.
  void add(Batch& batch, std::string_view player) {
    const bool added = decoder_.row(
        batch, player,
        {{"combat_level", std::nullopt}, {"archive", std::nullopt}, {"annotations", std::nullopt}});
    if (!added) {
      return;
    }
    const std::string_view digits = decoder_.value("id").text;
    int64_t id = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (service_.roster.is_single(id)) {
      batch.truncate(batch.rows() - 1);
      return;
    }
    for (const char* column : {"ehp", "ehb", "ttm", "tt200m"}) {
      round_last(batch, decoder_, column);
    }
  }

  bool players_;
  RecordDecoder decoder_;
};

class PlayerReader final : public OneAnswer {
 public:
  PlayerReader(const Service& service, const sluice::ReadRequest& request)
      : OneAnswer(service, request), decoder_(player_stream(), request) {
    decoder_.ignore("/latestSnapshot");
  }

 private:
  bool read(Batch& batch) override {
    const auto id = request_.partition().substr(request_.partition().find('/') + 1);
    auto body =
        service_.client.open("/players/id/" + std::to_string(id_of(id)), wish_for(request_));
    if (body.not_modified()) {
      return false;
    }
    const std::string validator = body.validator();
    if (decoder_.row(batch, std::move(body).read_all().parsed().dump())) {
      for (const char* column : {"ehp", "ehb", "ttm", "tt200m"}) {
        round_last(batch, decoder_, column);
      }
    }
    request_.validator(validator);
    return true;
  }

  RecordDecoder decoder_;
};

// A list that the service gives whole for one player.
class ListReader final : public OneAnswer {
 public:
  ListReader(const Service& service, const sluice::ReadRequest& request,
             const sluice::Stream& stream, std::string list)
      : OneAnswer(service, request), list_(std::move(list)), decoder_(stream, request) {}

 private:
  bool read(Batch& batch) override {
    const auto key = request_.slice().substr(request_.slice().find('/') + 1);
    const int64_t player = id_of(key);
    bool changed = true;
    service_.roster.with_name(player, [&](const std::string& name) {
      batch.truncate(0);
      auto body = service_.client.open("/players/" + encoded(name) + "/" + list_,
                                       {.validator = std::string(request_.last_validator())});
      changed = !body.not_modified();
      const std::string validator = body.validator();
      if (!changed) {
        return Whose::kTheirs;
      }
      request_.validator(validator);
      return rows(batch, player, std::move(body));
    });
    return changed;
  }

  Whose rows(Batch& batch, int64_t player, sluice::HttpBody body) {
    JsonStream items(std::move(body), "");
    while (items.next()) {
      if (!decoder_.row(batch, items.text())) {
        continue;
      }
      if (decoder_.value("player_id").text != std::to_string(player)) {
        return Whose::kSomebodyElses;
      }
      if (list_ == "achievements") {
        mend(batch);
      }
    }
    if (items.target() != sluice::JsonTarget::kArray) {
      throw Error(Code::kBadData, "The list of " + list_ + " is none.").retryable();
    }
    return batch.empty() ? Whose::kUnproven : Whose::kTheirs;
  }

  // 1970 stands for a time that nobody knows, and so does -1.
  void mend(Batch& batch) const {
    if (decoder_.value("created_at").text.starts_with("1970-01-01T00:00:00")) {
      replace_last<int64_t>(batch, "created_at", std::nullopt);
    }
    if (decoder_.value("accuracy").text == "-1") {
      replace_last<int64_t>(batch, "accuracy", std::nullopt);
    }
  }

  std::string list_;
  RecordDecoder decoder_;
};

// The changes of name of a group, newest first, by pages of offsets. Each page but the first begins
// with the last row of the one before; if it does not, rows have moved, and reading begins anew.
class GroupNamesReader final : public SliceReader {
 public:
  GroupNamesReader(const Service& service, const sluice::ReadRequest& request)
      : service_(service), group_(request.slice()), decoder_(name_change_stream(), request) {
    group_ = std::to_string(id_of(std::string_view(group_).substr(group_.find('/') + 1)));
    decoder_.ignore("/player");
  }

  Next next(Batch& batch, json&) override {
    if (done_) {
      return Next::kEnd;
    }
    uint64_t count = 0;
    std::string first;
    const std::string before = last_;
    JsonStream items(
        service_.client.open("/groups/" + group_ + "/name-changes?limit=" + std::to_string(kPage) +
                             "&offset=" + std::to_string(offset_)),
        "");
    for (; items.next(); ++count) {
      decoder_.row(batch, items.text());
      last_ = std::string(decoder_.value("id").text);
      first = count == 0 ? last_ : first;
    }
    if (!before.empty() && first != before) {
      return begin_anew(batch);
    }
    done_ = count < kPage;
    offset_ += kPage - 1;
    return Next::kRows;
  }

 private:
  static constexpr uint64_t kPage = 50;

  Next begin_anew(Batch& batch) {
    constexpr int kMost = 5;
    batch.truncate(0);
    if (++begun_anew_ > kMost) {
      throw Error(Code::kUnavailable,
                  "The changes of name of group " + group_ + " move while they are read.")
          .retryable();
    }
    last_.clear();
    offset_ = 0;
    return Next::kRows;
  }

  Service service_;
  std::string group_;
  RecordDecoder decoder_;
  uint64_t offset_ = 0;
  std::string last_;
  int begun_anew_ = 0;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_group(const Service& service,
                                        const sluice::ReadRequest& request) {
  return std::make_unique<GroupReader>(service, request);
}

std::unique_ptr<SliceReader> read_members(const Service& service,
                                          const sluice::ReadRequest& request) {
  return std::make_unique<MemberReader>(service, request, false);
}

std::unique_ptr<SliceReader> read_players(const Service& service,
                                          const sluice::ReadRequest& request) {
  if (request.partition().starts_with("player/")) {
    return std::make_unique<PlayerReader>(service, request);
  }
  return std::make_unique<MemberReader>(service, request, true);
}

std::unique_ptr<SliceReader> read_achievements(const Service& service,
                                               const sluice::ReadRequest& request) {
  return std::make_unique<ListReader>(service, request, achievement_stream(), "achievements");
}

std::unique_ptr<SliceReader> read_name_changes(const Service& service,
                                               const sluice::ReadRequest& request) {
  if (request.slice().starts_with("group/")) {
    return std::make_unique<GroupNamesReader>(service, request);
  }
  return std::make_unique<ListReader>(service, request, name_change_stream(), "names");
}

}  // namespace wiseoldman
