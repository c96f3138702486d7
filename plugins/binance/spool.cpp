// SPDX-License-Identifier: Apache-2.0
#include "spool.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "sluice/cpp/error.hpp"

namespace binance {

namespace {

using sluice::Code;
using sluice::Error;

Error no_room() {
  return Error(Code::kUnavailable,
               "A downloaded archive cannot be put into a temporary file; make room in TMPDIR or "
               "/tmp.")
      .retryable();
}

}  // namespace

struct Spool::Hash {
  Hash() : context(EVP_MD_CTX_new()) {
    if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
      throw Error(Code::kInternal, "libcrypto has no SHA-256.");
    }
  }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  ~Hash() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

Spool::Spool(std::size_t memory) : most_memory_(memory), hash_(std::make_unique<Hash>()) {}
Spool::~Spool() = default;

void Spool::append(std::string_view bytes) {
  if (EVP_DigestUpdate(hash_->context, bytes.data(), bytes.size()) != 1) {
    throw Error(Code::kInternal, "libcrypto failed to hash an archive.");
  }
  if (file_ == nullptr && memory_.size() + bytes.size() > most_memory_) {
    file_.reset(std::tmpfile());
    if (file_ == nullptr ||
        std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size()) {
      throw no_room();
    }
    std::string().swap(memory_);
  }
  size_ += bytes.size();
  if (file_ == nullptr) {
    memory_ += bytes;
  } else if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    throw no_room();
  }
}

std::string Spool::sha256() {
  if (file_ != nullptr && std::fflush(file_.get()) != 0) {
    throw no_room();
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(hash_->context, hash.data(), &size) != 1) {
    throw Error(Code::kInternal, "libcrypto failed to hash an archive.");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += {kHex[hash.at(i) >> 4U], kHex[hash.at(i) & 15U]};
  }
  return out;
}

std::size_t Spool::read(uint64_t offset, char* buffer, std::size_t capacity) const {
  if (offset >= size_ || capacity == 0) {
    return 0;
  }
  const auto want = static_cast<std::size_t>(std::min<uint64_t>(capacity, size_ - offset));
  if (file_ == nullptr) {
    std::memcpy(buffer, memory_.data() + offset, want);
    return want;
  }
  std::size_t got = 0;
  while (got < want) {
    const ssize_t some =
        ::pread(::fileno(file_.get()), buffer + got, want - got, static_cast<off_t>(offset + got));
    if (some <= 0) {
      throw Error(Code::kUnavailable, "A temporary file with an archive cannot be read.")
          .retryable();
    }
    got += static_cast<std::size_t>(some);
  }
  return got;
}

}  // namespace binance
