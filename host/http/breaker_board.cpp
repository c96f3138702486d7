// SPDX-License-Identifier: Apache-2.0
#include "host/http/breaker_board.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "host/http/quota.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "breakers/";  // no service's name has a slash

json parsed(const std::string& text) {
  json out = json::parse(text, nullptr, false);
  return out.is_object() ? out : json::object();
}

template <class Change>
void change(SharedState& state, const std::string& name, Change&& apply) {
  [[maybe_unused]] const auto ignored = state.update(name, [&](std::string& text) {
    json board = parsed(text);
    apply(board);
    text = board.empty() ? "" : board.dump(-1, ' ', false, json::error_handler_t::replace);
    return true;
  });
}

// Boards of processes that were killed.
void take_down_dead(SharedState& state) {
  const auto all = state.list();
  if (!all) {
    return;
  }
  for (const auto& [name, text] : *all) {
    if (is_breaker_board(name) && !process_lives(name.substr(kPrefix.size()))) {
      change(state, name, [](json& board) { board.clear(); });
    }
  }
}

}  // namespace

bool is_breaker_board(std::string_view name) {
  return name.starts_with(kPrefix);
}

BreakerBoard::BreakerBoard(std::shared_ptr<SharedState> state)
    : state_(std::move(state)), name_(std::string(kPrefix) + std::to_string(getpid())) {}

BreakerBoard::~BreakerBoard() {
  if (state_ != nullptr && told_) {
    change(*state_, name_, [](json& board) { board.clear(); });
  }
}

void BreakerBoard::opened(const std::string& endpoint, int64_t since_us,
                          const std::string& reason) {
  if (state_ == nullptr) {
    return;
  }
  if (!told_.exchange(true)) {
    take_down_dead(*state_);
  }
  change(*state_, name_, [&](json& board) {
    board[endpoint] = {{"since", since_us}, {"reason", reason}};
  });
}

void BreakerBoard::closed(const std::string& endpoint) {
  if (state_ != nullptr && told_) {
    change(*state_, name_, [&](json& board) { board.erase(endpoint); });
  }
}

Result<std::vector<OpenBreaker>> open_breakers(SharedState& state) {
  auto all = state.list();
  if (!all) {
    return std::move(all).error();
  }
  std::vector<OpenBreaker> out;
  for (const auto& [name, text] : *all) {
    const std::string process = is_breaker_board(name) ? name.substr(kPrefix.size()) : "";
    if (process.empty() || !process_lives(process)) {
      continue;
    }
    const json board = parsed(text);
    for (const auto& [endpoint, told] : board.items()) {
      const bool whole = told.is_object() && told.contains("since") && told.contains("reason") &&
                         told["since"].is_number_integer() && told["reason"].is_string();
      if (whole) {
        out.push_back({endpoint, std::atoi(process.c_str()), told["since"].get<int64_t>(),
                       told["reason"].get<std::string>()});
      }
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const OpenBreaker& a, const OpenBreaker& b) {
    return a.endpoint < b.endpoint;
  });
  return out;
}

}  // namespace sluice::host
