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
