// SPDX-License-Identifier: Apache-2.0
//
// Pages of snapshots, newest first. Each page is asked for by the time of the oldest one before it
// and not by an offset, so that nothing moves between pages, whatever is added, and reading goes on
// at any of them.
#include "readers.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "snapshot_rows.hpp"
#include "window.hpp"

namespace wiseoldman {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::Next;

class SnapshotReader final : public SliceReader {
 public:
  SnapshotReader(const Service& service, const sluice::ReadRequest& request)
      : service_(service),
        player_(id_of(request.partition())),
        range_(to_dates(request.from_us(), request.to_us())),
        decoder_(service.selection, request) {}

  Next next(sluice::Batch& batch, sluice::json& state) override {
    // What landed already ends the range; its last snapshot is asked for again, for the service
    // takes dates inclusively and refuses a start that is not before its end.
    const int64_t before_ms = state.value("before_ms", range_.end_ms + 1);
    const DateRange left{range_.start_ms, std::min(before_ms, range_.end_ms)};
    const bool nothing = left.empty() || before_ms <= range_.start_ms;
    if (done_ || nothing) {
      return Next::kEnd;
    }
    const Page page = read_page(batch, left, before_ms);
    done_ = page.count < static_cast<uint64_t>(service_.selection.config.page_size);
    if (!done_ && page.oldest_ms >= before_ms) {
      throw Error(Code::kBadData, "Player " + std::to_string(player_) +
                                      " has a whole page of snapshots without an older time; it "
                                      "cannot be read on.");
    }
    state["before_ms"] = done_ ? range_.start_ms : page.oldest_ms;
    decoder_.flush();
    return Next::kRows;
  }

 private:
  struct Page {
    uint64_t count = 0;
    int64_t oldest_ms = INT64_MAX;
  };

  Page read_page(sluice::Batch& batch, const DateRange& left, int64_t before_ms) {
    const int64_t rows = batch.rows();
    Page page;
    service_.roster.with_name(player_, [&](const std::string& name) {
      batch.truncate(rows);  // of a page that turned out to be somebody else's
      page = {};
      return ask(name, batch, left, before_ms, page);
    });
    return page;
  }

  // A page without snapshots could be anybody's.
  Whose ask(const std::string& name, sluice::Batch& batch, const DateRange& left, int64_t before_ms,
            Page& page) {
    const std::string path = "/players/" + encoded(name) + "/snapshots?" + left.query() +
                             "&limit=" + std::to_string(service_.selection.config.page_size);
    sluice::JsonStream items(service_.client.open(path), "");
    while (items.next()) {
      ++page.count;
      const SnapshotHead head = decoder_.head(items.text());
      if (head.player && *head.player != player_) {
        return Whose::kSomebodyElses;
      }
      page.oldest_ms = std::min(page.oldest_ms, head.created_ms.value_or(INT64_MAX));
      if (!head.player || !head.created_ms ||
          (range_.contains(*head.created_ms) && *head.created_ms < before_ms)) {
        decoder_.rows(batch, head, items.text());
      }
    }
    if (items.target() != sluice::JsonTarget::kArray) {
      throw Error(Code::kBadData, path + " answered something else than a list.").retryable();
    }
    return page.count > 0 ? Whose::kTheirs : Whose::kUnproven;
  }

  Service service_;
  int64_t player_;
  DateRange range_;
  SnapshotDecoder decoder_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_snapshots(const Service& service,
                                            const sluice::ReadRequest& request) {
  return std::make_unique<SnapshotReader>(service, request);
}

}  // namespace wiseoldman
