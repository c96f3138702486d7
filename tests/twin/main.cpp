// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/twin/twin.hpp"

namespace {

constexpr int kUsage = 64;    // sysexits.h: wrong options
constexpr int kFailure = 70;  // cannot listen, cannot write the port file

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::invalid_argument("cannot read the fault rules '" + path + "'");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Written beside and renamed, so that a waiting script never reads half a number.
void write_port(const std::string& path, unsigned port) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary);
  file << port << '\n';
  file.close();
  if (!file || std::rename(part.c_str(), path.c_str()) != 0) {
    throw std::runtime_error("cannot write the port file '" + path + "'");
  }
}

volatile std::sig_atomic_t g_serving = 0;
int g_end_pipe[2] = {-1, -1};

// While archives are still being built there is nothing to wind down; later the main thread is
// told.
void on_signal(int number) {
  if (g_serving == 0) {
    _exit(128 + number);
  }
  (void)!write(g_end_pipe[1], "", 1);
}

void watch_signals() {
  if (pipe(g_end_pipe) != 0) {
    throw std::runtime_error("cannot create a pipe");
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

int run(const sluice::twin::Options& options, const std::string& port_file) {
  watch_signals();
  sluice::twin::Twin twin(options);
  g_serving = 1;
  if (!port_file.empty()) {
    write_port(port_file, twin.port());
  }
  std::printf("ready %s\n", twin.base_url().c_str());
  std::fflush(stdout);
  char byte = 0;
  while (read(g_end_pipe[0], &byte, 1) < 0 && errno == EINTR) {
  }
  twin.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sluice::twin::Options options;
  std::string port_file;
  std::string faults_file;
  CLI::App app{
      "A loopback HTTP server that behaves as the services sluice reads, with faults by script.",
      "sluice-twin"};
  app.add_option("--port", options.port, "TCP port on 127.0.0.1; 0: any free one")
      ->capture_default_str();
  app.add_option("--port-file", port_file,
                 "file that gets the port number once the server is ready");
  app.add_option("--seed", options.seed, "same seed, same options: same bytes")
      ->capture_default_str();
  app.add_option("--faults", faults_file, "JSON file with fault rules");
  app.add_option(
         "--warm", options.warm,
         "build archives before saying ready: those whose path matches a glob; all without one")
      ->expected(0, 1)
      ->default_str("**");
  app.add_option("--limits-scale", options.limits_scale,
                 "windows and bans of the limited services are so many times shorter")
      ->capture_default_str();
  app.add_option("--stations", options.dwd.stations,
                 "stations of the network; 0: 24, or what the archives need")
      ->capture_default_str();
  app.add_option(
         "--files-10min-tu", options.dwd.files_10min_tu,
         "exact number of archives in 10_minutes/air_temperature/historical; 0: as it comes")
      ->capture_default_str();
  app.add_option("--rows-per-file", options.dwd.rows_per_file, "rows of a product file")
      ->capture_default_str();
  app.add_option("--minute-years", options.dwd.minute_years,
                 "years of 1_minute/precipitation/historical, e.g. 1999,2000")
      ->delimiter(',');
  app.add_option("--today", options.dwd.today, "the service's date (UTC)")->capture_default_str();
  app.add_option("--history-end", options.dwd.history_end_year,
                 "the year historical archives end with")
      ->capture_default_str();
  app.add_option("--cache-mib", options.dwd.cache_mib, "bound of built archives kept in memory")
      ->capture_default_str();
  app.add_option("--rest-items", options.rest.items, "items of the shop at /rest/")
      ->capture_default_str();
  app.add_option("--rest-shelves", options.rest.shelves, "its shelves")->capture_default_str();
  app.add_option("--rest-events", options.rest.events, "events of each shelf")
      ->capture_default_str();
  app.add_option("--rest-rate-days", options.rest.rate_days,
                 "days with exchange rates, from 1999-01-04 on")
      ->capture_default_str();
  app.add_option("--rest-key", options.rest.key, "key that it wants in X-Key; empty: none");
  app.add_option("--binance-symbols", options.binance.symbols, "symbols of the spot market")
      ->capture_default_str();
  app.add_option("--binance-now", options.binance.now,
                 "the spot market's time (UTC), which then stands still; the machine's without it");
  app.add_option("--binance-weight-limit", options.binance.weight_limit,
                 "request weight a minute, as exchangeInfo tells it")
      ->capture_default_str();
  app.add_option("--binance-cache-mib", options.binance.cache_mib,
                 "bound of built archives of candles kept in memory")
      ->capture_default_str();
  app.add_option("--bungie-tables", options.bungie.tables, "definition tables of a build")
      ->capture_default_str();
  app.add_option("--bungie-entries", options.bungie.entries, "entries of a table but the items'")
      ->capture_default_str();
  app.add_option("--bungie-items", options.bungie.items, "entries of the items' table")
      ->capture_default_str();
  app.add_option("--bungie-item-bytes", options.bungie.item_bytes,
                 "about so many bytes of JSON for an item; 0: as it comes")
      ->capture_default_str();
  app.add_option("--bungie-api-key", options.bungie.api_key,
                 "what X-API-Key must say; empty: it is not looked at");
  app.add_option("--coingecko-coins", options.coingecko.coins, "coins of the CoinGecko service")
      ->capture_default_str();
  app.add_option("--coingecko-now", options.coingecko.now_s,
                 "its time, which stands still, in seconds since the epoch; 0: the system's");
  app.add_option("--yahoo-now", options.yahoo.now_s,
                 "time of the Yahoo service, which stands still; 0: the system's");
  app.add_flag("--yahoo-crumb", options.yahoo.crumb, "its charts need the cookie and the crumb");
  app.add_flag("--yahoo-browsers-only", options.yahoo.browsers_only,
               "it answers 429 to a User-Agent without Mozilla");
  app.add_option("--wiseoldman-players", options.wiseoldman.players, "members of the clan")
      ->capture_default_str();
  app.add_option("--wiseoldman-days", options.wiseoldman.days, "days of history of each player")
      ->capture_default_str();
  app.add_option("--wiseoldman-per-week", options.wiseoldman.snapshots_per_week,
                 "snapshots of each player in a week")
      ->capture_default_str();
  app.add_option("--wiseoldman-now", options.wiseoldman.now,
                 "the clan's time (UTC), e.g. 2026-08-01T00:00:00Z; else today's midnight");
  app.add_option("--discord-channels", options.discord.channels,
                 "Discord: channels with messages, threads not counted")
      ->capture_default_str();
  app.add_option("--discord-threads", options.discord.threads, "Discord: threads")
      ->capture_default_str();
  app.add_option("--discord-messages", options.discord.messages,
                 "Discord: messages ever posted, of all channels and threads")
      ->capture_default_str();
  app.add_option("--discord-authors", options.discord.authors, "Discord: authors")
      ->capture_default_str();
  app.add_option("--discord-from", options.discord.from, "Discord: first day of the guild")
      ->capture_default_str();
  app.add_option("--discord-to", options.discord.to, "Discord: the messages end before this day")
      ->capture_default_str();
  app.add_option("--discord-token", options.discord.token, "Discord: the bot's token")
      ->capture_default_str();
  app.add_option("--blizzard-items", options.blizzard.items, "items that the search knows")
      ->capture_default_str();
  app.add_option("--blizzard-missing-every", options.blizzard.missing_every,
                 "each so many-th item is answered 404; 0: none")
      ->capture_default_str();
  app.add_option("--blizzard-connected-realms", options.blizzard.connected_realms,
                 "connected realms of each region and game")
      ->capture_default_str();
  app.add_option("--blizzard-auctions", options.blizzard.auctions,
                 "auctions of each connected realm")
      ->capture_default_str();
  app.add_option("--blizzard-commodities", options.blizzard.commodities,
                 "commodities of each region")
      ->capture_default_str();
  app.add_option("--blizzard-search-page", options.blizzard.search_page,
                 "longest page of an item search")
      ->capture_default_str();
  app.add_option("--blizzard-token-life", options.blizzard.token_life_s,
                 "seconds that an access token holds")
      ->capture_default_str();
  app.add_option("--blizzard-client-id", options.blizzard.client_id, "the client's id")
      ->capture_default_str();
  app.add_option("--blizzard-client-secret", options.blizzard.client_secret, "the client's secret")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  try {
    if (!faults_file.empty()) {
      options.faults = read_file(faults_file);
    }
    return run(options, port_file);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "sluice-twin: %s\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice-twin: %s\n", error.what());
    return kFailure;
  }
}
