// SPDX-License-Identifier: Apache-2.0
#include "host/secret/sealed_store.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "host/secret/private_file.hpp"

namespace sluice::host {
namespace {

constexpr std::string_view kMagic = "SLUICESE";
constexpr uint32_t kVersion = 1;
constexpr size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kKeyIdBytes = 8;
constexpr size_t kHeadBytes = 8 + 4 + kKeyIdBytes + kNonceBytes;
constexpr size_t kLongestName = 128;
constexpr size_t kMostBytes = 16U << 20;
constexpr size_t kMostEntries = 1'000;

template <class Number>
void append_number(std::string& out, Number number) {
  for (size_t i = 0; i < sizeof number; ++i) {
    out += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i) & 0xFFU);
  }
}

template <class Number>
Number number_at(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return static_cast<Number>(number);
}

// Cuts parts off the front; once one is not there nothing more comes.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  template <class Number>
  Number number() {
    return take(sizeof(Number)) ? number_at<Number>(taken_) : Number{};
  }
  std::string_view text(size_t most) {
    const auto length = number<uint32_t>();
    if (!good_ || length > most || !take(length)) {
      good_ = false;
      return {};
    }
    return taken_;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  bool take(size_t size) {
    good_ = good_ && rest_.size() >= size;
    if (good_) {
      taken_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
    }
    return good_;
  }
  std::string_view rest_, taken_;
  bool good_ = true;
};

std::string key_id(const LockedBytes& key) {
  std::string id(kKeyIdBytes, '\0');
  constexpr std::string_view kPurpose = "sluice sealed store, key id";
  unsigned char hash[crypto_generichash_BYTES];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(kPurpose.data()),
                     kPurpose.size(), key.data(), key.size());
  std::memcpy(id.data(), hash, id.size());
  return id;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string() : std::string(value);
}

// 32 bytes as hex or base64, blanks around it allowed.
Result<LockedBytes> parse_key(std::string_view text, const std::string& place) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  LockedBytes key(kKeyBytes);
  size_t size = 0;
  const char* end = nullptr;
  const bool hex =
      text.size() == 2 * kKeyBytes &&
      sodium_hex2bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, &end) == 0 &&
      size == kKeyBytes;
  if (hex) {
    return key;
  }
  for (const int variant :
       {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING}) {
    if (sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, &end,
                          variant) == 0 &&
        size == kKeyBytes && end == text.data() + text.size()) {
      return key;
    }
  }
  return Error{Code::kAuth, place +
                                " is not a key: 32 bytes in base64 or hex are wanted, as from "
                                "`openssl rand -base64 32`"};
}

Result<LockedBytes> make_key(const std::filesystem::path& path) {
  std::error_code problem;
  if (std::filesystem::create_directories(path.parent_path(), problem)) {
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, problem);
  }
  // Another store may be getting its first secret right now, with the same key.
  const auto lock = lock_file(path.string() + ".lock", "the lock of the key");
  if (!lock) {
    return lock.error();
  }
  if (auto made = read_private_file(path, FileGuard::kOwnerOnly, 4096, "the key"); made) {
    return parse_key(made->view(), "the key " + path.string());
  }
  LockedBytes key(kKeyBytes);
  randombytes_buf(key.data(), key.size());
  std::string text(sodium_base64_encoded_len(kKeyBytes, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), key.data(), key.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.back() = '\n';  // in place of the NUL
  auto written = write_private_file(path, text, "the key");
  wipe(text);
  if (!written) {
    return std::move(written).error();
  }
  return key;
}

Error damaged(const std::string& place) {
  return Error{Code::kCorrupt, place +
                                   " is damaged or was tampered with; restore it from a backup, "
                                   "or remove it and set the secrets again"};
}

}  // namespace

bool is_store_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

Result<std::filesystem::path> SealedStore::key_file() {
  if (const std::string named = variable(kKeyFileVariable); !named.empty()) {
    return std::filesystem::path(named);
  }
  if (const std::string xdg = variable("XDG_CONFIG_HOME"); !xdg.empty()) {
    return std::filesystem::path(xdg) / "sluice/secret.key";
  }
  const std::string home = variable("HOME");
  if (home.empty()) {
    return Error{Code::kAuth, std::string("there is no HOME to keep the key of the sealed store "
                                          "in; set ") +
                                  kKeyFileVariable + " or " + kKeyVariable};
  }
  return std::filesystem::path(home) / ".config/sluice/secret.key";
}

Result<LockedBytes> SealedStore::key(bool create) const {
  if (!sodium_ready()) {
    return Error{Code::kUnsupported, "libsodium cannot be used on this system"};
  }
  keep_memory_private();
  if (std::string text = variable(kKeyVariable); !text.empty()) {
    auto key = parse_key(text, std::string("the environment variable ") + kKeyVariable);
    wipe(text);
    return key;
  }
  auto path = key_file();
  if (!path) {
    return std::move(path).error();
  }
  auto text = read_private_file(*path, FileGuard::kOwnerOnly, 4096, "the key");
  if (!text && text.error().code == Code::kNotFound) {
    if (create) {
      return make_key(*path);
    }
    return Error{Code::kAuth, "the key " + path->string() + " of " + place() +
                                  " is not there; put it back, or set " + kKeyVariable};
  }
  return text ? parse_key(text->view(), "the key " + path->string()) : std::move(text).error();
}

Result<SealedStore::Values> SealedStore::open(const LockedBytes& key,
                                              std::string_view sealed) const {
  if (sealed.size() < kHeadBytes + kTagBytes || !sealed.starts_with(kMagic)) {
    return damaged(place());
  }
  const auto version = number_at<uint32_t>(sealed.substr(8));
  if (version != kVersion) {
    return Error{Code::kUnsupported, place() + " has format " + std::to_string(version) +
                                         ", which this version of sluice does not know"};
  }
  if (sealed.substr(12, kKeyIdBytes) != key_id(key)) {
    return Error{Code::kAuth, place() + " was sealed with another key; set " + kKeyVariable +
                                  " or put back the key file it was made with"};
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(sealed.data());
  LockedBytes plain(sealed.size() - kHeadBytes - kTagBytes);
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plain.data(), &size, nullptr, bytes + kHeadBytes, sealed.size() - kHeadBytes, bytes,
          kHeadBytes, bytes + kHeadBytes - kNonceBytes, key.data()) != 0) {
    return damaged(place());
  }
  Values values;
  Cursor cursor(plain.view());
  while (cursor.good() && !cursor.at_end()) {
    const std::string name(cursor.text(kLongestName));
    Value value;
    value.created_us = cursor.number<int64_t>();
    value.changed_us = cursor.number<int64_t>();
    value.value = LockedBytes(cursor.text(kLongestSecret));
    values.emplace(name, std::move(value));
  }
  return cursor.good() ? Result<Values>(std::move(values)) : damaged(place());
}

Result<std::optional<SealedStore::Values>> SealedStore::load() const {
  auto sealed = read_private_file(file(), FileGuard::kOwnerOnly, kMostBytes, "the sealed store");
  if (!sealed) {
    if (sealed.error().code == Code::kNotFound) {
      return std::optional<Values>();
    }
    return std::move(sealed).error();
  }
  auto found = key(false);
  if (!found) {
    return std::move(found).error();
  }
  auto values = open(*found, sealed->view());
  if (!values) {
    return std::move(values).error();
  }
  return std::optional<Values>(std::move(*values));
}

Result<void> SealedStore::save(const LockedBytes& key, const Values& values) const {
  size_t size = 0;
  for (const auto& [name, value] : values) {
    size += 4 + name.size() + 8 + 8 + 4 + value.value.size();
  }
  if (size > kMostBytes - kHeadBytes - kTagBytes || values.size() > kMostEntries) {
    return Error{Code::kNoSpace, place() + " would grow beyond 16 MiB or 1,000 entries"};
  }
  LockedBytes plain(size);
  size_t at = 0;
  const auto put = [&](std::string_view bytes) {
    std::memcpy(plain.data() + at, bytes.data(), bytes.size());
    at += bytes.size();
  };
  for (const auto& [name, value] : values) {
    std::string head;
    append_number(head, static_cast<uint32_t>(name.size()));
    head += name;
    append_number(head, value.created_us);
    append_number(head, value.changed_us);
    append_number(head, static_cast<uint32_t>(value.value.size()));
    put(head);
    put(value.value.view());
  }
  std::string sealed(kMagic);
  append_number(sealed, kVersion);
  sealed += key_id(key);
  sealed.resize(kHeadBytes + size + kTagBytes);
  auto* bytes = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(bytes + kHeadBytes - kNonceBytes, kNonceBytes);
  unsigned long long written = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kHeadBytes, &written, plain.data(), size,
                                             bytes, kHeadBytes, nullptr,
                                             bytes + kHeadBytes - kNonceBytes, key.data());
  return write_private_file(file(), sealed, "the sealed store");
}

Error SealedStore::not_there(std::string_view name, const Values& values) const {
  std::string names;
  for (const auto& [each, value] : values) {
    names += (names.empty() ? "" : ", ") + each;
  }
  return Error{Code::kNotFound, place() + " has no secret '" + std::string(name) + "'; " +
                                    (names.empty() ? "it is empty" : "it has " + names) +
                                    "; `sluice secret set` puts one in"};
}

Result<LockedBytes> SealedStore::get(std::string_view name) const {
  auto values = load();
  if (!values) {
    return std::move(values).error();
  }
  if (!*values) {
    return not_there(name, {});
  }
  const auto found = (*values)->find(name);
  if (found == (*values)->end()) {
    return not_there(name, **values);
  }
  return std::move(found->second.value);
}

Result<std::vector<SealedStore::Entry>> SealedStore::list() const {
  auto values = load();
  if (!values) {
    return std::move(values).error();
  }
  std::vector<Entry> out;
  if (*values) {
    for (const auto& [name, value] : **values) {
      out.push_back({name, value.created_us, value.changed_us});
    }
  }
  return out;
}

Result<bool> SealedStore::set(std::string_view name, std::string_view value, const Clock& clock) {
  if (!is_store_name(name)) {
    return Error{Code::kInvalidConfig,
                 "the name of a secret has letters, digits, `_`, `-` and `.`, at most 128, and "
                 "begins with a letter, a digit or `_`"};
  }
  if (value.empty() || value.size() > kLongestSecret) {
    return Error{Code::kInvalidConfig,
                 value.empty() ? "a secret cannot be empty" : "a secret has at most 64 KiB"};
  }
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  const auto lock = lock_file(folder_ / "secrets.lock", "the lock of the sealed store");
  if (!lock) {
    return lock.error();
  }
  auto values = load();
  if (!values) {
    return std::move(values).error();
  }
  auto found = key(!*values);
  if (!found) {
    return std::move(found).error();
  }
  Values all = *values ? std::move(**values) : Values();
  const auto [entry, fresh] = all.try_emplace(std::string(name));
  const int64_t now_us = clock.now_us();
  entry->second.created_us = fresh ? now_us : entry->second.created_us;
  entry->second.changed_us = now_us;
  entry->second.value = LockedBytes(value);
  SLUICE_TRY(save(*found, all));
  return !fresh;
}

Result<void> SealedStore::remove(std::string_view name) {
  std::error_code problem;
  if (!std::filesystem::exists(file(), problem)) {
    return not_there(name, {});
  }
  const auto lock = lock_file(folder_ / "secrets.lock", "the lock of the sealed store");
  if (!lock) {
    return lock.error();
  }
  auto values = load();
  if (!values) {
    return std::move(values).error();
  }
  if (!*values || (*values)->count(std::string(name)) == 0) {
    const Values none;
    return not_there(name, *values ? **values : none);
  }
  auto found = key(false);
  if (!found) {
    return std::move(found).error();
  }
  (*values)->erase(std::string(name));
  return save(*found, **values);
}

}  // namespace sluice::host
