// SPDX-License-Identifier: Apache-2.0
//
// An archive of station data as rows, while it arrives.
#include <algorithm>
#include <optional>
#include <string>

#include "download.hpp"
#include "history.hpp"
#include "product.hpp"
#include "readers.hpp"
#include "text.hpp"

namespace dwd {

namespace {

using sluice::Code;
using sluice::Next;

class Observer final : public Listener {
 public:
  explicit Observer(const sluice::ReadRequest& request) : request_(request) {}
  void reject(std::string_view rule, std::string_view reason, std::string_view line) override {
    request_.reject(rule, reason, line);
  }
  void note(std::string_view code, std::string_view example, uint64_t count) override {
    request_.note(code, example, count);
  }

 private:
  const sluice::ReadRequest& request_;
};

// Whether all times of the file are UTC: the decade that begins with 2000 does so an hour before
// it.
bool all_utc(const ArchiveName& name) {
  constexpr int32_t kFirstDayOf2000 = 10'957;
  return !name.dated || (name.from_day >= kFirstDayOf2000 - 1 && name.to_day >= kFirstDayOf2000);
}

class ObservationReader final : public SliceReader {
 public:
  ObservationReader(const Sources& sources, const Dataset& dataset,
                    const sluice::ReadRequest& request)
      : sources_(sources),
        dataset_(dataset),
        request_(request),
        token_(Token::decode(request.token())),
        observer_(request) {
    const auto file = std::string_view(token_.path).substr(token_.path.rfind('/') + 1);
    const auto name = parse_archive_name(dataset, file);
    if (!name) {
      throw sluice::Error(Code::kBadState, "The slice's file '" + to_utf8(file) +
                                               "' is not an archive of its stream; list the slices "
                                               "again.");
    }
    name_ = *name;
  }

  Next next(sluice::Batch& batch, sluice::json& state) override {
    try {
      return step(batch, state);
    } catch (const ArchiveError& error) {
      download_->fail(error);
    }
  }

 private:
  Next step(sluice::Batch& batch, sluice::json& state) {
    if (!download_ && !start(state)) {
      return Next::kUnchanged;
    }
    RowWriter writer(dataset_, sources_.selection.rows, static_cast<int32_t>(name_.period), batch);
    if (!in_product_ && !open_product()) {
      return Next::kEnd;
    }
    if (timeline_) {
      writer.set_timeline(*timeline_);
    }
    const uint64_t most = std::max<uint64_t>(1, target_bytes() / writer.row_bytes());
    uint64_t written = 0;
    while (written < most && (in_product_ || open_product())) {
      const uint64_t wanted = most - written;
      const uint64_t got = product_->read(writer, wanted);
      written += got;
      in_product_ = got == wanted;
    }
    rows_ += written;
    if (!version_.empty()) {
      state = {{"rows", rows_}, {"validator", version_}};
    }
    return written != 0 ? Next::kRows : Next::kEnd;
  }

  // False if the server says that the file is what it was.
  bool start(const sluice::json& state) {
    sluice::HttpOptions options = sources_.server.options();
    const std::string cut = token_.cut();
    const auto [last, last_cut] = split_cut(request_.last_validator());
    if (last_cut == cut && !request_.resumed()) {
      options.validator = last;
    }
    if (sources_.selection.rows.enrich) {
      find_place();  // first: one request at a time is under way
    }
    download_.emplace(sources_.host, sources_.server.url(token_.path), options, token_.path);
    if (download_->not_modified()) {
      download_.reset();
      return false;
    }
    const std::string version = download_->validator();
    version_ = version.empty() ? std::string{} : version + cut;
    if (!version_.empty()) {
      request_.validator(version_);
    }
    prepare(state);
    return true;
  }

  void prepare(const sluice::json& state) {
    ProductOptions options;
    options.expand_ranges = sources_.selection.rows.expand_ranges;
    options.utc = all_utc(name_);
    options.from_us = token_.from_us;
    options.to_us = token_.to_us;
    if (request_.resumed() && !version_.empty() &&
        state.value("validator", std::string{}) == version_) {
      options.skip = state.value("rows", uint64_t{0});
      rows_ = options.skip;
    }
    product_.emplace(dataset_, options, observer_);
  }

  // The next product of the archive; false at its end.
  bool open_product() {
    while (!archive_ended_) {
      Archive& archive = download_->archive();
      const auto member = archive.next();
      if (!member) {
        archive_ended_ = true;
        archive.finish();
        if (!product_seen_) {
          throw sluice::Error(Code::kBadData, "The archive " + token_.path +
                                                  " holds no product file (produkt_*.txt).");
        }
      } else if (!member->starts_with("produkt_")) {
        if (wants_members()) {
          members_.take(*member, archive);
        }
      } else if (wants_members() && !has_history()) {
        start_again();
      } else {
        begin_product();
        return true;
      }
    }
    return false;
  }

  void begin_product() {
    if (wants_members()) {
      set_timeline(read_history(members_, name_.station, rejecter()));
    }
    product_seen_ = true;
    product_->begin(
        [this](char* buffer, std::size_t size) { return download_->archive().read(buffer, size); });
    in_product_ = true;
  }

  // Members stand in any order. Where the history may come after the readings the archive is read
  // to its end for it and then once more, which takes no memory and no second request at a time.
  void start_again() {
    while (const auto member = download_->archive().next()) {
      members_.take(*member, download_->archive());
    }
    download_->archive().finish();
    members_whole_ = true;
    const std::string version = download_->validator();
    download_.reset();
    download_.emplace(sources_.host, sources_.server.url(token_.path), sources_.server.options(),
                      token_.path);
    if (download_->validator() != version) {
      throw sluice::Error(Code::kUnavailable,
                          "The archive " + token_.path + " was published anew while it was read.")
          .retryable();
    }
  }

  // Whether the archive's own metadata say where the station was.
  bool wants_members() const {
    return sources_.selection.rows.enrich && sources_.selection.history &&
           !dataset_.has_metadata_folder() && !timeline_;
  }
  bool has_history() const {
    return members_whole_ ||
           (members_.has(MemberKind::kPositions) && members_.has(MemberKind::kNames));
  }

  // What the station list says, and for data sets of minutes the history.
  void find_place() {
    const auto places = sources_.server.places(token_.path.substr(0, token_.path.rfind('/') + 1));
    if (const auto found = places->find(name_.station); found != places->end()) {
      listed_ = found->second;
    }
    if (!sources_.selection.history) {
      set_timeline({});
    } else if (dataset_.has_metadata_folder()) {
      const std::string folder =
          std::string(dataset_.resolution) + "/" + std::string(dataset_.name) + "/";
      const auto history = sources_.server.history(folder, name_.station, rejecter());
      set_timeline(history != nullptr ? *history : StationHistory{});
    }
  }

  void set_timeline(const StationHistory& history) {
    if (sources_.selection.history && history.positions.empty()) {
      request_.note("position_of_list", "no positions are known but that of the station list", 1);
    }
    timeline_.emplace(history, listed_ ? &*listed_ : nullptr);
  }

  RejectLine rejecter() const {
    return [this](std::string_view reason, std::string_view line) {
      request_.note("bad_position", std::string(reason) + ": " + to_utf8(line.substr(0, 200)), 1);
    };
  }

  uint64_t target_bytes() const {
    constexpr uint64_t kUsual = uint64_t{1} << 20U;
    return request_.target_batch_bytes() == 0 ? kUsual : request_.target_batch_bytes();
  }

  Sources sources_;
  const Dataset& dataset_;
  const sluice::ReadRequest& request_;
  Token token_;
  ArchiveName name_;
  Observer observer_;
  std::optional<Place> listed_;            // in the station list; enriched only
  std::optional<PlaceTimeline> timeline_;  // enriched only
  MemberSet members_;                      // if they say where the station was
  bool members_whole_ = false;             // no further ones will come
  std::optional<Download> download_;
  std::optional<Product> product_;
  std::string version_;  // what the server calls this version, with the cut; may be empty
  uint64_t rows_ = 0;    // given so far, with those of earlier readers
  bool in_product_ = false, product_seen_ = false, archive_ended_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_observations(const Sources& sources, const Dataset& dataset,
                                               const sluice::ReadRequest& request) {
  return std::make_unique<ObservationReader>(sources, dataset, request);
}

}  // namespace dwd
