// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <utility>

namespace rest {

using sluice::JsonStream;
using sluice::JsonTarget;

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
    whole_ = std::move(body).read_all().text();
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
