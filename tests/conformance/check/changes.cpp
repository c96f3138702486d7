// SPDX-License-Identifier: Apache-2.0
#include "conformance/check/changes.hpp"

#include <mutex>
#include <utility>

namespace sluice::check {

namespace {

bool is_json(const Answer& answer) {
  const std::string type = testing::header_of(answer, "Content-Type");
  if (!type.empty()) {
    return type.find("json") != std::string::npos;
  }
  const auto first = answer.body.find_first_not_of(" \r\n\t");
  return first != std::string::npos && (answer.body[first] == '{' || answer.body[first] == '[');
}

std::optional<std::size_t> depth_of(const std::vector<Depth>& depths, const std::string& url) {
  for (const Depth& one : depths) {
    if (url.find(one.url) != std::string::npos) {
      return one.depth;
    }
  }
  return std::nullopt;
}

Answer with_changed_json(Answer answer, JsonChange change, std::optional<std::size_t> depth) {
  if (answer.status >= 200 && answer.status < 300 && is_json(answer)) {
    answer.body = testing::change_json(answer.body, change, depth);
  }
  return answer;
}

std::vector<Depth> depths_for(const Subject& subject, JsonChange change) {
  const auto found = subject.depths.find(change);
  return found == subject.depths.end() ? std::vector<Depth>{} : found->second;
}

Answer failed(Fault fault, Answer answer) {
  switch (fault) {
    case Fault::kBusy:
      return {.body = "busy", .status = 503};
    case Fault::kBroken:
      answer.breaks_after = answer.body.size() / 2;
      break;
    case Fault::kCut:
      if (is_json(answer) && answer.status < 300) {
        answer.body.resize(answer.body.size() / 2);
      }
      break;
    default:
      break;
  }
  return answer;
}

}  // namespace

struct Switch::State {
  std::mutex mutex;
  Fault fault = Fault::kNone;
  std::size_t from = 1;
  std::size_t asked = 0;
};

std::shared_ptr<Switch::State> Switch::make_state() {
  return std::make_shared<State>();
}

void Switch::fail(Fault fault, std::size_t from) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->from = from;
  state_->asked = 0;
}

std::size_t Switch::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}

Fault Switch::next() {
  const std::lock_guard lock(state_->mutex);
  return ++state_->asked >= state_->from ? state_->fault : Fault::kNone;
}

void Switch::not_asked() {
  const std::lock_guard lock(state_->mutex);
  --state_->asked;
}

Subject changed(const Subject& subject, JsonChange change) {
  if (subject.changed_files) {
    return subject.changed_files(change);
  }
  Subject out = subject;
  out.service = [inner = subject.service, depths = depths_for(subject, change),
                 change](const Request& request) {
    auto answer = inner(request);
    return answer ? std::optional(with_changed_json(std::move(*answer), change,
                                                    depth_of(depths, request.url)))
                  : std::nullopt;
  };
  return out;
}

Subject switched(const Subject& subject, const Switch& by) {
  Subject out = subject;
  out.service = [inner = subject.service, refusal = subject.refusal, by = by,
                 empty = depths_for(subject, JsonChange::kEmpty)](
                    const Request& request) mutable -> std::optional<Answer> {
    const Fault fault = by.next();
    if (fault == Fault::kRefused) {
      auto refused = refusal ? refusal(request)
                             : Answer{.body = "{}",
                                      .status = 401,
                                      .headers = {{"Content-Type", "application/json"}}};
      if (refused) {
        return refused;
      }
      by.not_asked();  // no credentials are looked at there
      return inner(request);
    }
    auto answer = inner(request);
    if (!answer) {
      return std::nullopt;
    }
    return fault == Fault::kEmpty ? with_changed_json(std::move(*answer), JsonChange::kEmpty,
                                                      depth_of(empty, request.url))
                                  : failed(fault, std::move(*answer));
  };
  return out;
}

}  // namespace sluice::check
