// SPDX-License-Identifier: Apache-2.0
//
// idle NAME COMMAND [ARGUMENT...]: listens on loopback, puts its URL into the environment variable
// NAME (and into arguments that say {URL}), runs the command, takes its first request and never
// answers. Prints "first_request_ms rss_kib peak_kib stop_ms": from fork() to the first byte of the
// request, memory half a second later, and from SIGTERM to its end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Time = std::chrono::steady_clock;

double ms_since(Time::time_point start) {
  return std::chrono::duration<double, std::milli>(Time::now() - start).count();
}

int listener(std::string& url) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, name, size) != 0 || listen(fd, 16) != 0 ||
      getsockname(fd, name, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  return fd;
}

long status_kib(pid_t pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key + ":", 0) == 0) {
      return std::stol(line.substr(key.size() + 1));
    }
  }
  return -1;
}

pid_t start(std::vector<std::string> command, const std::string& url) {
  for (std::string& argument : command) {
    if (const auto at = argument.find("{URL}"); at != std::string::npos) {
      argument.replace(at, 5, url);
    }
  }
  std::vector<char*> argv;
  for (std::string& argument : command) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[0], argv.data());
    std::perror(argv[0]);
    _exit(127);
  }
  return pid;
}

int first_request(int fd, pid_t child) {
  pollfd wait{fd, POLLIN, 0};
  if (poll(&wait, 1, 10'000) != 1) {
    kill(child, SIGKILL);
    throw std::runtime_error("no connection within ten seconds");
  }
  const int connection = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  char byte = 0;
  if (connection < 0 || recv(connection, &byte, 1, 0) != 1) {
    kill(child, SIGKILL);
    throw std::runtime_error("no request came");
  }
  return connection;
}

void run(const std::string& variable, const std::vector<std::string>& command) {
  std::string url;
  const int fd = listener(url);
  setenv(variable.c_str(), url.c_str(), 1);
  setenv("no_proxy", "*", 1);
  const auto began = Time::now();
  const pid_t child = start(command, url);
  const int connection = first_request(fd, child);
  const double first_ms = ms_since(began);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const long rss = status_kib(child, "VmRSS");
  const long peak = status_kib(child, "VmHWM");
  const auto asked = Time::now();
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  const double stop_ms = ms_since(asked);
  close(connection);
  std::printf("%.2f %ld %ld %.2f\n", first_ms, rss, peak, stop_ms);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: idle NAME COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  try {
    run(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "idle: %s\n", error.what());
    return 1;
  }
  return 0;
}
