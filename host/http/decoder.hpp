// SPDX-License-Identifier: Apache-2.0
//
// Undoes the compression of a body on its way to the reader: gzip, deflate, br, zstd. The host does
// it itself, as libcurl takes a stream that ends in the middle for whole, and unpacks without
// regard to what the reader has room for.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::host {

// One body. One thread at a time.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;
  // Takes what it can of the front of `in` and puts at most `out` bytes; `made` gets how many.
  // Nothing is made when more input is needed. False if the data is damaged.
  virtual bool decode(std::string_view& in, std::span<char> out, size_t& made) = 0;
  // Whether the stream's own end was seen, with nothing behind it.
  [[nodiscard]] virtual bool complete() const = 0;
};

// What a request says in Accept-Encoding: all whose libraries are on this machine. May be empty.
const std::string& offered_codings();

// Is `content_encoding` no coding at all?
bool is_identity(std::string_view content_encoding);

// Null for a coding that is not offered. The memory of one is bounded: 8 MiB for zstd, 16 MiB for
// br, 40 KiB for the others.
std::unique_ptr<Decoder> make_decoder(std::string_view content_encoding);

}  // namespace sluice::host
