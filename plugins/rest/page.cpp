// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <utility>

#include "sluice/cpp/error.hpp"

namespace rest {

using sluice::JsonStream;
using sluice::JsonTarget;

namespace {

// The whole answer, without its byte order mark.
std::string read_whole(sluice::HttpBody& body) {
  constexpr std::size_t kStep = std::size_t{64} << 10U;
  const std::size_t most = sluice::JsonStreamOptions{}.max_element;
  std::string text;
  for (std::size_t got = kStep; got > 0;) {
    const std::size_t before = text.size();
    text.resize(before + kStep);
    got = body.read(text.data() + before, kStep);
    text.resize(before + got);
    if (text.size() > most) {
      throw sluice::Error(
          sluice::Code::kBadData,
          body.url() + " holds more than " + std::to_string(most) + " bytes in its one record.");
    }
  }
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) {
    text.erase(0, kMark.size());
  }
  return text;
}

}  // namespace

// One record that stands alone is read as the element of what it stands in.
Page::Page(sluice::HttpBody body, const StreamConfig& stream) : is_single_(stream.single) {
  std::string pointer = stream.records;
  if (is_single_) {
    const std::size_t slash = pointer.rfind('/');
    single_whole_ = slash == std::string::npos;
    if (!single_whole_) {
      single_ = sluice::parse_json_pointer(pointer.substr(slash)).front();
      pointer.resize(slash);
    }
  }
  if (single_whole_) {
    const std::string url = body.url();
    whole_ = read_whole(body);
    items_.emplace(JsonStream::over(whole_, "", {.name = url}));
  } else {
    items_.emplace(std::move(body), pointer);
  }
}

bool Page::next() {
  if (single_whole_) {
    if (!given_) {
      while (items_->next()) {  // to check it
      }
      if (items_->target() == JsonTarget::kNull) {
        return false;  // there is no such thing, says the service
      }
    }
    return !std::exchange(given_, true);
  }
  while (items_->next()) {
    const bool object = items_->target() == JsonTarget::kObject;
    const bool wanted =
        !is_single_ || single_ == (object ? items_->key() : std::to_string(items_->count() - 1));
    if (wanted) {
      given_ = true;
      return !is_single_ || items_->text() != "null";
    }
  }
  return false;
}

sluice::json Page::envelope() {
  return single_whole_ ? sluice::parse_mended(whole_) : items_->rest();
}

bool Page::found() {
  if (is_single_) {
    return given_ || items_->target() == JsonTarget::kNull;
  }
  return items_->found() || items_->target() == JsonTarget::kNull;
}

}  // namespace rest
