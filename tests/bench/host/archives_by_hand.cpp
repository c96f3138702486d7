// SPDX-License-Identifier: Apache-2.0
//
// archives_by_hand URL-OF-FOLDER DATABASE|- [CONNECTIONS]: what a good programmer would write for
// this one job, and nothing else: libcurl's multi interface on one thread, libarchive and a parser
// made for these five columns on a second, SQLite with one prepared statement on the third. "-"
// drops the rows after adding up their values. Prints rows and the sum.
#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <sqlite3.h>

#include <charconv>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kValues = 5;
constexpr double kMissing = -999;
constexpr int64_t kRowsPerCommit = 100'000;
constexpr std::size_t kMostWaiting = 16;  // items between two threads

struct Row {
  int64_t station;
  char time[21];  // ISO 8601, UTC
  int64_t quality;
  double values[kValues];
};

template <class T>
class Queue {
 public:
  void push(T item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() < kMostWaiting; });
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) {
      return std::nullopt;
    }
    T item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

struct Archived {
  std::string name, body;
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

std::string get(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  std::string body;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(easy.get(), CURLOPT_FAILONERROR, 1L);
  if (curl_easy_perform(easy.get()) != CURLE_OK) {
    throw std::runtime_error("the listing cannot be fetched");
  }
  return body;
}

std::vector<std::string> archives_of(const std::string& page) {
  std::vector<std::string> names;
  constexpr std::string_view kHref = "href=\"";
  for (std::size_t at = page.find(kHref); at != std::string::npos; at = page.find(kHref, at)) {
    at += kHref.size();
    const std::size_t end = page.find('"', at);
    if (std::string_view(page).substr(at, end - at).ends_with(".zip")) {
      names.push_back(page.substr(at, end - at));
    }
  }
  return names;
}

// One easy handle for each connection, used again for the next file.
void fetch(const std::string& folder, const std::vector<std::string>& names, int connections,
           Queue<Archived>& out) {
  struct Slot {
    CURL* easy = nullptr;
    Archived file;
  };
  std::vector<Slot> slots(static_cast<std::size_t>(connections));
  CURLM* multi = curl_multi_init();
  std::size_t next = 0;
  std::size_t flying = 0;
  const auto start = [&](Slot& slot) {
    if (next == names.size()) {
      return;
    }
    slot.file.name = names[next++];
    slot.file.body.clear();
    curl_easy_setopt(slot.easy, CURLOPT_URL, (folder + slot.file.name).c_str());
    curl_multi_add_handle(multi, slot.easy);
    ++flying;
  };
  for (Slot& slot : slots) {
    slot.easy = curl_easy_init();
    curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot.file.body);
    curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
    curl_easy_setopt(slot.easy, CURLOPT_FAILONERROR, 1L);
    start(slot);
  }
  while (flying > 0) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* easy = message->easy_handle;
      if (message->data.result != CURLE_OK) {
        throw std::runtime_error("a file cannot be fetched");
      }
      Slot* slot = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      curl_multi_remove_handle(multi, easy);
      --flying;
      out.push(std::move(slot->file));
      slot->file = {};
      start(*slot);
    }
    if (flying > 0) {
      curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
  }
  for (const Slot& slot : slots) {
    curl_easy_cleanup(slot.easy);
  }
  curl_multi_cleanup(multi);
  out.close();
}

std::string product_of(const Archived& file) {
  struct archive* zip = archive_read_new();
  archive_read_support_format_zip(zip);
  std::string text;
  struct archive_entry* entry = nullptr;
  bool read = archive_read_open_memory(zip, file.body.data(), file.body.size()) == ARCHIVE_OK;
  while (read && archive_read_next_header(zip, &entry) == ARCHIVE_OK) {
    if (std::string_view(archive_entry_pathname(entry)).starts_with("produkt_")) {
      char buffer[1U << 17U];
      la_ssize_t got = 0;
      while ((got = archive_read_data(zip, buffer, sizeof(buffer))) > 0) {
        text.append(buffer, static_cast<std::size_t>(got));
      }
      read = got == 0;
    }
  }
  archive_read_free(zip);
  if (!read || text.empty()) {
    throw std::runtime_error(file.name + " is broken");
  }
  return text;
}

template <class T>
const char* number(const char* p, const char* end, T& value) {
  while (p < end && *p == ' ') {
    ++p;
  }
  const auto [stop, error] = std::from_chars(p, end, value);
  if (error != std::errc{}) {
    throw std::runtime_error("not a number");
  }
  p = stop;
  while (p < end && *p == ' ') {
    ++p;
  }
  return p + 1;  // the semicolon
}

// "199912312310" → "1999-12-31T23:10:00Z"; files that end before 2000 are an hour ahead of UTC.
void put_time(const char* digits, bool mez, char* out) {
  char stamp[13];
  std::memcpy(stamp, digits, 12);
  if (mez) {
    int hour = (stamp[8] - '0') * 10 + stamp[9] - '0' - 1;
    if (hour < 0) {  // the day before
      int parts[3] = {0, 0, 0};
      std::sscanf(digits, "%4d%2d%2d", &parts[0], &parts[1], &parts[2]);
      struct tm day {};
      day.tm_year = parts[0] - 1900;
      day.tm_mon = parts[1] - 1;
      day.tm_mday = parts[2] - 1;
      timegm(&day);
      char date[32];
      std::snprintf(date, sizeof(date), "%04d%02d%02d", day.tm_year + 1900, day.tm_mon + 1,
                    day.tm_mday);
      std::memcpy(stamp, date, 8);
      hour = 23;
    }
    stamp[8] = static_cast<char>('0' + hour / 10);
    stamp[9] = static_cast<char>('0' + hour % 10);
  }
  std::memcpy(out, "0000-00-00T00:00:00Z", 21);
  std::memcpy(out, stamp, 4);
  std::memcpy(out + 5, stamp + 4, 2);
  std::memcpy(out + 8, stamp + 6, 2);
  std::memcpy(out + 11, stamp + 8, 2);
  std::memcpy(out + 14, stamp + 10, 2);
}

std::vector<Row> rows_of(const Archived& file) {
  const std::string text = product_of(file);
  const bool mez = file.name.find("_19991231_") != std::string::npos;
  std::vector<Row> rows;
  rows.reserve(text.size() / 40);
  const char* p = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
  const char* const end = text.data() + text.size();
  for (p = p == nullptr ? end : p + 1; p < end;) {
    const char* line =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    line = line == nullptr ? end : line;
    Row& row = rows.emplace_back();
    p = number(p, line, row.station);
    put_time(p, mez, row.time);
    p = number(p + 13, line, row.quality);
    for (double& value : row.values) {
      p = number(p, line, value);
    }
    p = line + 1;
  }
  return rows;
}

void must(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db));
  }
}

// The table, the statement, the journal and the cache that the plugin "sqlite" uses, too.
class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) {
      throw std::runtime_error("no database");
    }
    must(db_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536");
    must(db_,
         "CREATE TABLE ten_minutes_air_temperature (station_id INTEGER NOT NULL, time TEXT NOT "
         "NULL, "
         "quality_level INTEGER, air_pressure REAL, air_temperature_2m REAL, air_temperature_5cm "
         "REAL, relative_humidity REAL, dew_point_temperature REAL, period_rank INTEGER NOT NULL, "
         "commit_id INTEGER, PRIMARY KEY (station_id, time)) STRICT, WITHOUT ROWID");
    sqlite3_prepare_v2(db_,
                       "INSERT INTO ten_minutes_air_temperature VALUES (?,?,?,?,?,?,?,?,3,?) "
                       "ON CONFLICT (station_id, time) DO UPDATE SET quality_level = "
                       "excluded.quality_level, air_pressure = excluded.air_pressure, "
                       "air_temperature_2m = excluded.air_temperature_2m, air_temperature_5cm = "
                       "excluded.air_temperature_5cm, relative_humidity = "
                       "excluded.relative_humidity, dew_point_temperature = "
                       "excluded.dew_point_temperature, period_rank = excluded.period_rank, "
                       "commit_id = excluded.commit_id WHERE excluded.period_rank >= period_rank",
                       -1, &insert_, nullptr);
    must(db_, "BEGIN");
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  void write(const Row& row, int64_t commit_id) {
    sqlite3_bind_int64(insert_, 1, row.station);
    sqlite3_bind_text(insert_, 2, row.time, 20, SQLITE_STATIC);
    sqlite3_bind_int64(insert_, 3, row.quality);
    for (int i = 0; i < kValues; ++i) {
      const double value = row.values[i];
      value == kMissing ? sqlite3_bind_null(insert_, 4 + i)
                        : sqlite3_bind_double(insert_, 4 + i, value);
    }
    sqlite3_bind_int64(insert_, 9, commit_id);
    if (sqlite3_step(insert_) != SQLITE_DONE) {
      throw std::runtime_error(sqlite3_errmsg(db_));
    }
    sqlite3_reset(insert_);
    if (++rows_ % kRowsPerCommit == 0) {
      must(db_, "COMMIT; BEGIN");
    }
  }
  void finish() { must(db_, "COMMIT"); }

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  int64_t rows_ = 0;
};

double sum_of(const Row& row) {
  double sum = 0;
  for (const double value : row.values) {
    sum += value == kMissing ? 0 : value;
  }
  return sum;
}

void run(const std::string& folder, const std::string& database, int connections) {
  const auto names = archives_of(get(folder));
  Queue<Archived> bodies;
  Queue<std::vector<Row>> parsed;
  const std::jthread fetcher([&] { fetch(folder, names, connections, bodies); });
  const std::jthread parser([&] {
    while (const auto file = bodies.pop()) {
      parsed.push(rows_of(*file));
    }
    parsed.close();
  });
  std::optional<Database> db;
  if (database != "-") {
    db.emplace(database);
  }
  int64_t rows = 0;
  int64_t files = 0;
  double sum = 0;
  while (const auto batch = parsed.pop()) {
    ++files;
    for (const Row& row : *batch) {
      if (db) {
        db->write(row, files);
      } else {
        sum += sum_of(row);
      }
      ++rows;
    }
  }
  if (db) {
    db->finish();
  }
  std::printf("%lld rows of %lld files, sum %.1f\n", static_cast<long long>(rows),
              static_cast<long long>(files), sum);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: archives_by_hand URL-OF-FOLDER DATABASE|- [CONNECTIONS]\n", stderr);
    return 2;
  }
  try {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run(argv[1], argv[2], argc > 3 ? std::stoi(argv[3]) : 4);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "archives_by_hand: %s\n", error.what());
    return 1;
  }
  return 0;
}
