// SPDX-License-Identifier: Apache-2.0
#include "host/http/decoder.hpp"

#include <brotli/decode.h>
#include <dlfcn.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "host/http/head.hpp"

namespace sluice::host {
namespace {

// libcurl brings these three along; loaded like it, they cost nothing more.
class Library {
 public:
  explicit Library(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
  template <class Function>
  bool find(Function*& function, const char* name) const {
    function = handle_ == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(handle_, name));
    return function != nullptr;
  }

 private:
  void* handle_;  // stays open until the process ends
};

struct Zlib {
  Library library{"libz.so.1"};
  decltype(&::inflateInit2_) init = nullptr;
  decltype(&::inflate) inflate = nullptr;
  decltype(&::inflateReset) reset = nullptr;
  decltype(&::inflateReset2) reset2 = nullptr;
  decltype(&::inflateEnd) end = nullptr;
  bool usable = library.find(init, "inflateInit2_") && library.find(inflate, "inflate") &&
                library.find(reset, "inflateReset") && library.find(reset2, "inflateReset2") &&
                library.find(end, "inflateEnd");
};

struct Brotli {
  Library library{"libbrotlidec.so.1"};
  decltype(&::BrotliDecoderCreateInstance) create = nullptr;
  decltype(&::BrotliDecoderDestroyInstance) destroy = nullptr;
  decltype(&::BrotliDecoderDecompressStream) decode = nullptr;
  decltype(&::BrotliDecoderIsFinished) finished = nullptr;
  bool usable = library.find(create, "BrotliDecoderCreateInstance") &&
                library.find(destroy, "BrotliDecoderDestroyInstance") &&
                library.find(decode, "BrotliDecoderDecompressStream") &&
                library.find(finished, "BrotliDecoderIsFinished");
};

struct Zstd {
  Library library{"libzstd.so.1"};
  decltype(&::ZSTD_createDStream) create = nullptr;
  decltype(&::ZSTD_freeDStream) free = nullptr;
  decltype(&::ZSTD_decompressStream) decode = nullptr;
  decltype(&::ZSTD_DCtx_setParameter) set = nullptr;
  decltype(&::ZSTD_isError) is_error = nullptr;
  bool usable =
      library.find(create, "ZSTD_createDStream") && library.find(free, "ZSTD_freeDStream") &&
      library.find(decode, "ZSTD_decompressStream") &&
      library.find(set, "ZSTD_DCtx_setParameter") && library.find(is_error, "ZSTD_isError");
};

const Zlib& zlib() {
  static const Zlib library;
  return library;
}
const Brotli& brotli() {
  static const Brotli library;
  return library;
}
const Zstd& zstd() {
  static const Zstd library;
  return library;
}

constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;
constexpr int kZstdWindowLog = 23;  // 8 MiB: what RFC 9659 allows on the way

unsigned bounded(size_t size) {
  return static_cast<unsigned>(std::min<size_t>(size, std::numeric_limits<unsigned>::max()));
}

// gzip: members one behind the other, as RFC 1952 has it. deflate: with zlib's wrapping as it
// should be, or without as some servers send it.
class InflateDecoder final : public Decoder {
 public:
  explicit InflateDecoder(bool gzip) : gzip_(gzip) {
    sound_ = zlib().init(&stream_, gzip ? kGzipWindow : kZlibWindow, ZLIB_VERSION,
                         static_cast<int>(sizeof stream_)) == Z_OK;
  }
  ~InflateDecoder() override { zlib().end(&stream_); }

  bool decode(std::string_view& in, std::span<char> out, size_t& made) override {
    made = 0;
    if (!sound_ || !begin(in)) {
      return sound_;
    }
    while (made == 0 && !(in.empty() && complete_)) {
      if (complete_ && !(gzip_ && zlib().reset(&stream_) == Z_OK)) {
        return false;  // something behind the end
      }
      complete_ = false;
      const size_t before = in.size();
      const int verdict = step(in, out, made);
      complete_ = verdict == Z_STREAM_END;
      if (verdict != Z_OK && verdict != Z_STREAM_END && verdict != Z_BUF_ERROR) {
        return false;
      }
      if (made == 0 && in.size() == before && !complete_) {
        return true;  // wants more
      }
    }
    return true;
  }
  [[nodiscard]] bool complete() const override { return complete_; }

 private:
  // Settles the wrapping of deflate by its first two bytes. False while they are not there.
  bool begin(std::string_view& in) {
    while (!gzip_ && !begun_ && !in.empty()) {
      first_.push_back(in.front());
      in.remove_prefix(1);
      if (first_.size() == 2) {
        const unsigned high = static_cast<unsigned char>(first_[0]);
        const unsigned low = static_cast<unsigned char>(first_[1]);
        const bool wrapped = (high & 0x0fU) == Z_DEFLATED && (high * 256 + low) % 31 == 0;
        sound_ = wrapped || zlib().reset2(&stream_, kRawWindow) == Z_OK;
        begun_ = true;
      }
    }
    return gzip_ || begun_;
  }

  int step(std::string_view& in, std::span<char> out, size_t& made) {
    int verdict = Z_OK;
    if (!first_.empty()) {
      std::string_view front = std::string_view(first_);
      verdict = feed(front, out, made);
      first_.erase(0, first_.size() - front.size());
      if (verdict != Z_OK || made > 0 || !first_.empty()) {
        return verdict;
      }
    }
    return feed(in, out, made);
  }

  int feed(std::string_view& in, std::span<char> out, size_t& made) {
    // zlib's interface is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = bounded(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = bounded(out.size());
    const unsigned offered = stream_.avail_in;
    const unsigned room = stream_.avail_out;
    const int verdict = zlib().inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(offered - stream_.avail_in);
    made = room - stream_.avail_out;
    return verdict;
  }

  const bool gzip_;
  bool sound_ = false;
  bool begun_ = false;
  bool complete_ = false;
  std::string first_;
  z_stream stream_{};
};

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(brotli().create(nullptr, nullptr, nullptr)) {}
  ~BrotliDecoder() override {
    if (state_ != nullptr) {
      brotli().destroy(state_);
    }
  }

  bool decode(std::string_view& in, std::span<char> out, size_t& made) override {
    made = 0;
    if (state_ == nullptr || (complete() && !in.empty())) {
      return false;
    }
    size_t available = in.size();
    const auto* next = reinterpret_cast<const uint8_t*>(in.data());
    size_t room = out.size();
    auto* put = reinterpret_cast<uint8_t*>(out.data());
    const auto verdict = brotli().decode(state_, &available, &next, &room, &put, nullptr);
    in.remove_prefix(in.size() - available);
    made = out.size() - room;
    return verdict != BROTLI_DECODER_RESULT_ERROR && (in.empty() || !complete());
  }
  [[nodiscard]] bool complete() const override {
    return state_ != nullptr && brotli().finished(state_) != 0;
  }

 private:
  BrotliDecoderState* state_;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(zstd().create()) {
    if (stream_ != nullptr) {
      zstd().set(stream_, ZSTD_d_windowLogMax, kZstdWindowLog);
    }
  }
  ~ZstdDecoder() override { zstd().free(stream_); }

  bool decode(std::string_view& in, std::span<char> out, size_t& made) override {
    made = 0;
    if (stream_ == nullptr) {
      return false;
    }
    while (made == 0 && !(in.empty() && (complete_ || drained_))) {
      ZSTD_inBuffer input{in.data(), in.size(), 0};
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      const size_t left = zstd().decode(stream_, &output, &input);
      if (zstd().is_error(left) != 0) {
        return false;
      }
      complete_ = left == 0;
      drained_ = output.pos < output.size;
      in.remove_prefix(input.pos);
      made = output.pos;
    }
    return true;
  }
  [[nodiscard]] bool complete() const override { return complete_; }

 private:
  ZSTD_DStream* stream_;
  bool complete_ = false;
  bool drained_ = true;  // nothing is held back for want of room
};

std::string list_codings() {
  std::string list;
  const auto add = [&](bool usable, const char* names) {
    if (usable) {
      list += (list.empty() ? "" : ", ") + std::string(names);
    }
  };
  add(zlib().usable, "gzip, deflate");
  add(brotli().usable, "br");
  add(zstd().usable, "zstd");
  return list;
}

}  // namespace

const std::string& offered_codings() {
  static const std::string list = list_codings();
  return list;
}

bool is_identity(std::string_view content_encoding) {
  return content_encoding.empty() || equal_ignoring_case(content_encoding, "identity");
}

std::unique_ptr<Decoder> make_decoder(std::string_view content_encoding) {
  const auto is = [&](std::string_view name) {
    return equal_ignoring_case(content_encoding, name);
  };
  if (zlib().usable && (is("gzip") || is("x-gzip"))) {
    return std::make_unique<InflateDecoder>(true);
  }
  if (zlib().usable && is("deflate")) {
    return std::make_unique<InflateDecoder>(false);
  }
  if (brotli().usable && is("br")) {
    return std::make_unique<BrotliDecoder>();
  }
  if (zstd().usable && is("zstd")) {
    return std::make_unique<ZstdDecoder>();
  }
  return nullptr;
}

}  // namespace sluice::host
