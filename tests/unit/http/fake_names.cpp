// SPDX-License-Identifier: Apache-2.0
#include "fake_names.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

namespace sluice::test {
namespace {

struct Names {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::string>> known;
};

// Never destroyed: resolver threads may outlive main().
Names& names() {
  static auto* const all = new Names;
  return *all;
}

using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Lookup real_lookup() {
  static const auto kReal = reinterpret_cast<Lookup>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return kReal;
}

int chain(const std::vector<std::string>& addresses, const char* service, const addrinfo* hints,
          addrinfo** out) {
  addrinfo wanted = hints == nullptr ? addrinfo{} : *hints;
  wanted.ai_flags |= AI_NUMERICHOST;
  addrinfo** end = out;
  *out = nullptr;
  for (const std::string& address : addresses) {
    if (real_lookup()(address.c_str(), service, &wanted, end) == 0) {
      while (*end != nullptr) {
        end = &(*end)->ai_next;
      }
    }
  }
  return *out == nullptr ? EAI_NONAME : 0;
}

}  // namespace

FakeName::FakeName(std::string name, std::vector<std::string> addresses) : name_(std::move(name)) {
  change(std::move(addresses));
}

FakeName::~FakeName() {
  {
    const std::lock_guard lock(names().mutex);
    names().known.erase(name_);
  }
  names().changed.notify_all();
}

void FakeName::change(std::vector<std::string> addresses) const {
  const std::lock_guard lock(names().mutex);
  names().known[name_] = std::move(addresses);
}

}  // namespace sluice::test

// In place of the C library's, for libcurl too: the executable exports it.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** out) {
  using sluice::test::names;
  std::vector<std::string> addresses;
  {
    std::unique_lock lock(names().mutex);
    const auto silent = [&] {
      const auto found = names().known.find(node == nullptr ? "" : node);
      return found != names().known.end() && found->second.empty();
    };
    if (silent()) {
      names().changed.wait(lock, [&] { return !silent(); });
      return EAI_AGAIN;
    }
    const auto found = names().known.find(node == nullptr ? "" : node);
    if (found == names().known.end()) {
      lock.unlock();
      return sluice::test::real_lookup()(node, service, hints, out);
    }
    addresses = found->second;
  }
  return sluice::test::chain(addresses, service, hints, out);
}
