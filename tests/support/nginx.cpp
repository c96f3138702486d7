// SPDX-License-Identifier: Apache-2.0
#include "support/nginx.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "support/raw_http_server.hpp"

namespace sluice::test {
namespace {

bool listens(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool well = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return well;
}

// One process without a master, so that it ends as a whole; nothing outside of the folder.
std::string configuration(const std::string& folder, const std::string& server) {
  std::string text =
      "daemon off; master_process off; worker_rlimit_nofile 8192;\n"
      "pid " +
      folder +
      "/pid;\n"
      "events { worker_connections 4096; }\n"
      "http {\n"
      "  access_log off; server_tokens off; default_type application/octet-stream;\n"
      "  keepalive_requests 1000000; client_max_body_size 256m;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += std::string("  ") + kind + "_temp_path " + folder + "/" + kind + ";\n";
  }
  return text + "  root " + folder + "/root;\n" + server + "\n}\n";
}

}  // namespace

Nginx::Nginx(const std::function<std::string(uint16_t port)>& server) {
  std::filesystem::create_directory(folder_ / "root");
  // Somebody else may take the port meanwhile; then nginx ends, and another is tried.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = unused_port();
    write_file(folder_ / "nginx.conf", configuration(folder_.path().string(), server(port_)));
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"/usr/sbin/nginx", "-p", folder_.path().string(), "-c",
                                 folder_ / "nginx.conf", "-e", "stderr"});
    while (!process_->ended()) {
      if (listens(port_)) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // it tells nobody when it is up
    }
  }
  throw std::runtime_error("nginx does not start (package nginx): " + process_->err());
}

void Nginx::put(const std::string& name, const std::string& content) const {
  write_file((folder_.path() / "root" / name).string(), content);
}

std::string Nginx::url(const std::string& path, const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
}

}  // namespace sluice::test
