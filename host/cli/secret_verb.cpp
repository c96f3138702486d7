// SPDX-License-Identifier: Apache-2.0
//
// `sluice secret`: values go in by standard input or a prompt, never by an argument, which every
// user of the machine can read; and never come out.
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "host/secret/locked_text.hpp"
#include "host/secret/private_file.hpp"
#include "host/secret/sealed_store.hpp"

namespace sluice::host {
namespace {

constexpr char kInterrupt = 3;  // Ctrl-C, which is only a character while ISIG is off

// A terminal that does not show what is typed, until it goes out of scope. Signals from the
// keyboard wait until then, so that none leaves the terminal mute.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd), good_(tcgetattr(fd, &before_) == 0) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    quiet.c_cc[VEOL] = kInterrupt;  // ends the line at once
    good_ = good_ && tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() {
    if (good_) {
      tcsetattr(fd_, TCSAFLUSH, &before_);
    }
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  const int fd_;
  termios before_{};
  bool good_;
};

// Up to the end of the input, or of the line.
Result<LockedBytes> read_value(int fd, bool one_line) {
  LockedBytes buffer(kLongestSecret + 2);
  size_t got = 0;
  while (got < buffer.size()) {
    const ssize_t size = read(fd, buffer.data() + got, buffer.size() - got);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return Error{Code::kIo, "the value cannot be read from standard input"};
    }
    got += static_cast<size_t>(size);
    if (size == 0 ||
        (one_line && (buffer.data()[got - 1] == '\n' || buffer.data()[got - 1] == kInterrupt))) {
      break;
    }
  }
  std::string_view value = buffer.view(got);
  if (one_line && value.find(kInterrupt) != std::string_view::npos) {
    return Error{Code::kCancelled, "interrupted; nothing was changed"};
  }
  if (value.ends_with('\n')) {
    value.remove_suffix(value.ends_with("\r\n") ? 2 : 1);
  }
  return LockedBytes(value);
}

Result<LockedBytes> ask_for_value(const std::string& name) {
  const NoEcho quiet(STDIN_FILENO);
  if (!quiet.good()) {
    return Error{Code::kIo,
                 "the terminal cannot be kept from showing the value; pipe it into "
                 "standard input instead"};
  }
  std::fputs(("Value of '" + name + "' (not shown): ").c_str(), stderr);
  auto value = read_value(STDIN_FILENO, true);
  std::fputs("\n", stderr);
  return value;
}

Result<SealedStore> store_of(const HostOptions& host) {
  auto directory = state_directory(host, {});
  if (!directory) {
    return std::move(directory).error();
  }
  return SealedStore(std::move(*directory));
}

std::string date(int64_t us) {
  const auto seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), length);
}

}  // namespace

int secret_set_verb(const HostOptions& host, const std::string& name) {
  auto store = store_of(host);
  if (!store) {
    return complain(store.error());
  }
  if (!is_store_name(name)) {
    return complain(
        Error{Code::kInvalidConfig,
              "the name of a secret has letters, digits, `_`, `-` and `.`, at most 128, "
              "and begins with a letter, a digit or `_`; its value is read from "
              "standard input"});
  }
  keep_memory_private();
  auto value = isatty(STDIN_FILENO) != 0 ? ask_for_value(name) : read_value(STDIN_FILENO, false);
  if (!value) {
    const int code = complain(value.error());
    return value.error().code == Code::kCancelled ? 128 + SIGINT : code;
  }
  auto replaced = store->set(name, value->view(), SystemClock());
  if (!replaced) {
    return complain(replaced.error());
  }
  if (!host.quiet) {
    print("secret '" + name + "' is " + (*replaced ? "replaced" : "set") + " in " +
          store->file().string() + "\n");
  }
  return kExitDone;
}

int secret_list_verb(const HostOptions& host) {
  auto store = store_of(host);
  if (!store) {
    return complain(store.error());
  }
  auto entries = store->list();
  if (!entries) {
    return complain(entries.error());
  }
  nlohmann::json all = nlohmann::json::array();
  size_t width = 4;
  for (const auto& entry : *entries) {
    width = std::max(width, entry.name.size());
    all.push_back({{"name", entry.name},
                   {"created", date(entry.created_us)},
                   {"changed", date(entry.changed_us)}});
  }
  if (host.json) {
    print_json(all);
    return kExitDone;
  }
  if (entries->empty()) {
    print("no secrets in " + store->file().string() + "; `sluice secret set NAME` puts one in\n");
    return kExitDone;
  }
  const auto padded = [&](const std::string& text) {
    return text + std::string(width + 2 - text.size(), ' ');
  };
  std::string text = padded("name") + "changed               created\n";
  for (const auto& entry : *entries) {
    text += padded(entry.name) + date(entry.changed_us) + "  " + date(entry.created_us) + "\n";
  }
  print(text);
  return kExitDone;
}

int secret_rm_verb(const HostOptions& host, const std::string& name) {
  auto store = store_of(host);
  if (!store) {
    return complain(store.error());
  }
  if (auto removed = store->remove(name); !removed) {
    return complain(removed.error());
  }
  if (!host.quiet) {
    print("secret '" + name + "' is removed from " + store->file().string() + "\n");
  }
  return kExitDone;
}

}  // namespace sluice::host
