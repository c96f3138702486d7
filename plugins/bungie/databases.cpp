// SPDX-License-Identifier: Apache-2.0
#include "databases.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

using sluice::Code;
using sluice::Error;

constexpr int64_t kMostUnpacked = int64_t{4} << 30U;  // real ones have some hundred MB
constexpr std::string_view kMagic("SQLite format 3\0", 16);

struct FreeArchive {
  void operator()(archive* a) const noexcept { archive_read_free(a); }
};

// The body as libarchive reads it. Its callback is a C frame: what is thrown waits outside.
class Unpacker {
 public:
  explicit Unpacker(sluice::HttpBody body) : body_(std::move(body)), archive_(archive_read_new()) {
    archive_read_support_format_zip_streamable(archive_.get());
    check(archive_read_open(archive_.get(), this, nullptr, &read, nullptr), "opened");
  }

  // Writes the one member to `fd`.
  void unpack(int fd, const std::string& name) {
    archive_entry* entry = nullptr;
    check(archive_read_next_header(archive_.get(), &entry), "read");
    for (int64_t written = 0;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(archive_.get(), &data, &size, &offset);
      if (got == ARCHIVE_EOF) {
        break;
      }
      check(got, "unpacked");
      if (offset != written || written + static_cast<int64_t>(size) > kMostUnpacked) {
        throw Error(Code::kBadData, name + " unpacks to more than " +
                                        std::to_string(kMostUnpacked) + " bytes, or has gaps.");
      }
      write_all(fd, {static_cast<const char*>(data), size});
      written += static_cast<int64_t>(size);
    }
    const int next = archive_read_next_header(archive_.get(), &entry);
    if (next != ARCHIVE_EOF) {
      check(next, "read to its end");
      throw Error(Code::kBadData, name + " holds more than one member.");
    }
  }

 private:
  static la_ssize_t read(archive* a, void* self, const void** data) noexcept {
    auto& unpacker = *static_cast<Unpacker*>(self);
    try {
      *data = unpacker.buffer_.data();
      return static_cast<la_ssize_t>(
          unpacker.body_.read(unpacker.buffer_.data(), unpacker.buffer_.size()));
    } catch (...) {
      unpacker.thrown_ = std::current_exception();
      archive_set_error(a, EIO, "reading failed");
      return -1;
    }
  }
  void check(int status, const char* what) {
    if (thrown_) {
      std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    if (status != ARCHIVE_OK) {
      const char* said = archive_error_string(archive_.get());
      throw Error(Code::kUnavailable, body_.url() + " cannot be " + what + " as a zip archive: " +
                                          (said == nullptr ? "it ends too early" : said) + ".")
          .retryable();
    }
  }
  static void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::write(fd, bytes.data(), bytes.size());
      if (size < 0 && errno != EINTR) {
        throw Error(Code::kUnavailable, std::string("The temporary file cannot be written: ") +
                                            std::strerror(errno) +
                                            ". Set TMPDIR to a folder with room.");
      }
      bytes.remove_prefix(size < 0 ? 0 : static_cast<std::size_t>(size));
    }
  }

  sluice::HttpBody body_;
  std::array<char, std::size_t{64} << 10U> buffer_{};
  std::exception_ptr thrown_;
  std::unique_ptr<archive, FreeArchive> archive_;
};

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  throw Error(Code::kBadData, "The database " + what + ": " + sqlite3_errmsg(db) + ".");
}

StatementHandle prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    fail(db, "cannot be read");
  }
  return StatementHandle(statement);
}

// A path as SQLite takes it in a URI.
std::string uri_of(const std::filesystem::path& path) {
  std::string out = "file:";
  for (const char c : path.string()) {
    out += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
  }
  return out + "?immutable=1";
}

// Somebody else's file: nothing in its schema may run, and nothing may be written.
DatabaseHandle open_foreign(const std::filesystem::path& path) {
  constexpr int kMostValue = 64 << 20;
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  const int status = sqlite3_open_v2(uri_of(path).c_str(), &db, flags, nullptr);
  DatabaseHandle handle(db);
  if (status != SQLITE_OK) {
    fail(db, "cannot be opened");
  }
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kMostValue);
  sqlite3_exec(db, "PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048", nullptr, nullptr,
               nullptr);
  return handle;
}

bool has_column(sqlite3* db, const std::string& table, const char* column) {
  const auto found =
      prepare(db, "SELECT 1 FROM pragma_table_info('" + table + "') WHERE name = '" + column + "'");
  return sqlite3_step(found.get()) == SQLITE_ROW;
}

}  // namespace

void CloseDatabase::operator()(sqlite3* db) const noexcept {
  sqlite3_close(db);
}
void FinishStatement::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

DatabaseFile::DatabaseFile(sluice::HttpBody body, const std::filesystem::path& path) : file_(path) {
  const std::string name = body.url();
  const OwnedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) {
    throw Error(Code::kUnavailable,
                std::string("No temporary file: ") + std::strerror(errno) + ".");
  }
  std::make_unique<Unpacker>(std::move(body))->unpack(fd.get(), name);
  std::array<char, kMagic.size()> head{};
  if (::pread(fd.get(), head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()) ||
      std::string_view(head.data(), head.size()) != kMagic) {
    throw Error(Code::kBadData, name + " holds something else than an SQLite 3 database.");
  }
}

std::shared_ptr<const DatabaseFile> Databases::get(const std::string& language,
                                                   const std::string& path) {
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(mutex_);
    slot = &slots_[language];
  }
  const std::lock_guard lock(slot->mutex);
  if (!slot->file || slot->path != path) {
    slot->file.reset();
    slot->file =
        std::make_shared<const DatabaseFile>(client_.open_file(path), workspace_.fresh_path());
    slot->path = path;
  }
  return slot->file;
}

// Requires: a table name of letters and digits (config.cpp).
DatabaseRows::DatabaseRows(std::shared_ptr<const DatabaseFile> file, const std::string& table,
                           uint64_t skipped)
    : file_(std::move(file)), db_(open_foreign(file_->path())) {
  const auto found = prepare(db_.get(),
                             "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND "
                             "name = '" +
                                 table + "'");
  const int there = sqlite3_step(found.get());
  if (there == SQLITE_DONE) {
    throw Error(Code::kNotFound, "The database has no table '" + table +
                                     "' any more; rows that were read from it before stay.");
  }
  if (there != SQLITE_ROW) {
    fail(db_.get(), "cannot be read");
  }
  const bool text_keys = !has_column(db_.get(), table, "id");
  select_ = prepare(db_.get(), std::string("SELECT ") + (text_keys ? "key" : "id") +
                                   ", json FROM \"" + table + "\" ORDER BY rowid LIMIT -1 OFFSET " +
                                   std::to_string(skipped));
}

bool DatabaseRows::next() {
  const int status = sqlite3_step(select_.get());
  if (status == SQLITE_DONE) {
    return false;
  }
  if (status != SQLITE_ROW) {
    fail(db_.get(), "is damaged");
  }
  const auto text = [&](int column) {
    const bool blob = sqlite3_column_type(select_.get(), column) == SQLITE_BLOB;
    const auto* data = static_cast<const char*>(
        blob ? sqlite3_column_blob(select_.get(), column)
             : static_cast<const void*>(sqlite3_column_text(select_.get(), column)));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(select_.get(), column));
    return data == nullptr ? std::string_view{} : std::string_view(data, size);
  };
  if (sqlite3_column_type(select_.get(), 0) == SQLITE_INTEGER) {
    const auto id = static_cast<int32_t>(sqlite3_column_int64(select_.get(), 0));
    key_ = std::to_string(static_cast<uint32_t>(id));
  } else {
    key_ = text(0);
  }
  json_ = text(1);
  while (json_.ends_with('\0')) {
    json_.remove_suffix(1);
  }
  return true;
}

}  // namespace bungie
