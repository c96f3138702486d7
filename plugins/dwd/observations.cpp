// SPDX-License-Identifier: Apache-2.0
//
// An archive of station data as rows, while it arrives.
#include <array>
#include <optional>
#include <string>

#include "archive.hpp"
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
      fail(error);
    }
  }

 private:
  Next step(sluice::Batch& batch, sluice::json& state) {
    if (!body_ && !start(state)) {
      return Next::kUnchanged;
    }
    RowWriter writer(dataset_, sources_.selection.rows, static_cast<int32_t>(name_.period), batch);
    writer.set_place(place());
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
    const auto last = request_.last_validator();
    const bool same_cut = last.size() > cut.size() && last.ends_with(cut);
    if (same_cut && (!cut.empty() || last.find('\n') == std::string_view::npos) &&
        !request_.resumed()) {
      options.validator = last.substr(0, last.size() - cut.size());
    }
    body_.emplace(sources_.host.open(sources_.server.url(token_.path), options));
    if (body_->not_modified()) {
      body_.reset();
      return false;
    }
    const std::string version = body_->validator();
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
    archive_.emplace(
        [this](char* buffer, std::size_t capacity) { return body_->read(buffer, capacity); });
  }

  // The next product of the archive; false at its end.
  bool open_product() {
    while (!archive_ended_) {
      const auto member = archive_->next();
      if (!member) {
        archive_ended_ = true;
        archive_->finish();
        if (!product_seen_) {
          throw sluice::Error(Code::kBadData, "The archive " + token_.path +
                                                  " holds no product file (produkt_*.txt).");
        }
      } else if (member->starts_with("produkt_")) {
        product_seen_ = true;
        product_->begin(
            [this](char* buffer, std::size_t size) { return archive_->read(buffer, size); });
        in_product_ = true;
        return true;
      }
    }
    return false;
  }

  // A body that breaks off is the better explanation, and shows when it is read to its end.
  [[noreturn]] void fail(const ArchiveError& error) {
    const std::string what = std::string(error.what()) + " (" + token_.path + ")";
    if (error.kind() == ArchiveError::Kind::kMarkup ||
        error.kind() == ArchiveError::Kind::kTruncated) {
      throw sluice::Error(Code::kUnavailable, what).retryable();
    }
    std::array<char, 16384> rest{};
    while (body_->read(rest.data(), rest.size()) != 0) {
    }
    throw sluice::Error(Code::kBadData, what);
  }

  const Place* place() {
    if (!sources_.selection.rows.enrich) {
      return nullptr;
    }
    if (!places_) {
      places_ = sources_.server.places(token_.path.substr(0, token_.path.rfind('/') + 1));
    }
    const auto found = places_->find(name_.station);
    return found == places_->end() ? nullptr : &found->second;
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
  std::shared_ptr<const Places> places_;
  std::optional<sluice::HttpBody> body_;
  std::optional<Archive> archive_;
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
