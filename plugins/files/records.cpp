// SPDX-License-Identifier: Apache-2.0
#include "records.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "sluice/cpp/error.hpp"

namespace sluice::files {

namespace {

constexpr std::size_t kBlock = 256 * 1024;

uint64_t lines_in(std::string_view text) noexcept {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_blank(std::string_view text) noexcept {
  return text.empty() ||
         (is_space(text.front()) && std::all_of(text.begin(), text.end(), is_space));
}

}  // namespace

RecordReader::RecordReader(Input& input, Format format, uint64_t max_record)
    : input_(&input),
      format_(format),
      max_record_(max_record),
      buffer_(new char[kBlock + kPadding]),
      capacity_(kBlock) {}

void RecordReader::resume(uint64_t offset, uint64_t line, bool in_array) {
  base_ = offset;
  line_ = line;
  in_array_ = in_array;
}

// Reads more behind what is there. False if there is no more, or no room for it.
bool RecordReader::fill() {
  if (at_eof_) {
    return false;
  }
  if (at_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + at_, end_ - at_);
    base_ += at_;
    end_ -= at_;
    at_ = 0;
  }
  if (end_ == capacity_) {
    if (capacity_ > max_record_) {
      return false;
    }
    const std::size_t larger = capacity_ * 2;
    std::unique_ptr<char[]> grown(new char[larger + kPadding]);
    std::memcpy(grown.get(), buffer_.get(), end_);
    buffer_ = std::move(grown);
    capacity_ = larger;
  }
  const std::size_t got = input_->read(buffer_.get() + end_, capacity_ - end_);
  end_ += got;
  at_eof_ = got == 0;
  std::memset(buffer_.get() + end_, 0, kPadding);
  return !at_eof_;
}

// Position of the newline that ends a CSV record: one outside of quotes. A quote opens only at the
// start of a field, so that a stray one inside a field does not swallow the file.
std::size_t RecordReader::csv_end(bool& unfinished) const {
  const std::string_view text = rest();
  const std::size_t newline = text.find('\n');
  if (text.substr(0, newline).find('"') == std::string_view::npos) {
    return newline == std::string_view::npos ? (at_eof_ ? text.size() : kMore) : newline;
  }
  bool quoted = false;
  bool field_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"') {
        if (i + 1 < text.size() && text[i + 1] == '"') {
          ++i;
        } else {
          quoted = false;
        }
      }
    } else if (c == '"' && field_start) {
      quoted = true;
    } else if (c == '\n') {
      return i;
    }
    // Any delimiter is one of these; a letter is none, so a quote after it stays a letter.
    field_start = !quoted && (c == ',' || c == ';' || c == '\t' || c == '|');
  }
  if (!at_eof_ && text.size() <= max_record_) {
    return kMore;
  }
  unfinished = quoted;
  return quoted ? std::min(newline, text.size()) : (at_eof_ ? text.size() : kMore);
}

std::size_t RecordReader::record_end(bool& unfinished) const {
  if (format_ == Format::kCsv) {
    return csv_end(unfinished);
  }
  const void* newline = std::memchr(buffer_.get() + at_, '\n', end_ - at_);
  if (newline != nullptr) {
    return static_cast<std::size_t>(static_cast<const char*>(newline) - (buffer_.get() + at_));
  }
  return at_eof_ ? end_ - at_ : kMore;
}

void RecordReader::drop_rest_of_line() {
  for (;;) {
    const std::size_t newline = rest().find('\n');
    if (newline != std::string_view::npos) {
      at_ += newline + 1;
      ++line_;
      return;
    }
    at_ = end_;
    if (!fill()) {
      return;
    }
  }
}

bool RecordReader::next_line_record(Record& out) {
  for (;;) {
    bool unfinished = false;
    const std::size_t size = record_end(unfinished);
    if (size == kMore) {
      if (!fill() && !at_eof_) {
        // Longer than allowed. What is kept of it goes to the reject; the caller gets it before the
        // rest is dropped, so it is copied to the front and stays there.
        out = {
            .text = rest().substr(0, 1024), .line = line_, .too_long = true, .unfinished = false};
        kept_ = std::string(out.text);
        out.text = kept_;
        drop_rest_of_line();
        return true;
      }
      continue;
    }
    std::string_view text = rest().substr(0, size);
    const bool ended = at_ + size < end_;
    if (text.empty() && !ended) {
      return false;
    }
    out = {.text = text,
           .line = line_,
           .too_long = text.size() > max_record_,
           .unfinished = unfinished};
    line_ += (format_ == Format::kCsv ? lines_in(text) : 0) + (ended ? 1 : 0);
    at_ += size + (ended ? 1 : 0);
    if (base_ == 0 && out.line == 1 && text.starts_with("\xEF\xBB\xBF")) {
      out.text.remove_prefix(3);
    }
    if (out.text.ends_with('\r')) {
      out.text.remove_suffix(1);
    }
    if (!is_blank(out.text)) {
      return true;
    }
  }
}

// Moves to the first byte of the next element. False at the end of the document.
bool RecordReader::skip_to_element() {
  for (;;) {
    while (at_ < end_) {
      const char c = buffer_[at_];
      if (c == '\n') {
        ++line_;
      } else if (c == '[' && !in_array_) {
        in_array_ = true;
      } else if (c == ']' && in_array_) {
        in_array_ = false;
      } else if (base_ == 0 && at_ == 0 && rest().starts_with("\xEF\xBB\xBF")) {
        at_ += 2;
      } else if (!is_space(c) && c != ',') {
        return true;
      }
      ++at_;
    }
    if (!fill()) {
      if (in_array_) {
        throw Error(Code::kBadData, "The JSON array is not closed: the document ends in line " +
                                        std::to_string(line_) + ". It was cut off.");
      }
      return false;
    }
  }
}

std::size_t RecordReader::element_end() const {
  const std::string_view text = rest();
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) {
        return i;  // the array's own end, after a scalar
      }
      if (--depth == 0) {
        return i + 1;
      }
    } else if (depth == 0 && (c == ',' || c == '\n')) {
      return i;
    }
  }
  return kMore;
}

bool RecordReader::next_element(Record& out) {
  if (!skip_to_element()) {
    return false;
  }
  for (;;) {
    std::size_t size = element_end();
    if (size == kMore) {
      if (fill()) {
        continue;
      }
      if (!at_eof_) {
        throw Error(Code::kBadData,
                    "An element of the JSON document is longer than max_record; "
                    "it begins in line " +
                        std::to_string(line_) + ".");
      }
      const bool whole = !in_array_ && rest().front() != '{' && rest().front() != '[';
      if (!whole) {
        throw Error(Code::kBadData,
                    "The JSON document ends inside the element that begins in "
                    "line " +
                        std::to_string(line_) + ". It was cut off.");
      }
      size = end_ - at_;
    }
    size = std::max<std::size_t>(size, 1);  // a stray bracket is an element of its own, a bad one
    out = {.text = rest().substr(0, size),
           .line = line_,
           .too_long = size > max_record_,
           .unfinished = false};
    line_ += lines_in(out.text);
    at_ += size;
    return true;
  }
}

bool RecordReader::next(Record& out) {
  return format_ == Format::kJson ? next_element(out) : next_line_record(out);
}

}  // namespace sluice::files
