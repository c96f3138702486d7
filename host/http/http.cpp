// SPDX-License-Identifier: Apache-2.0
#include "host/http/http.hpp"

namespace sluice::host {

HttpCaller::HttpCaller(std::string caller, HttpDeclaration configured)
    : name(std::move(caller)),
      configured_(std::move(configured)),
      declaration_(std::make_shared<const HttpDeclaration>(configured_)) {}

void HttpCaller::take(HttpDeclaration declared) {
  declared.merge(configured_);
  auto made = std::make_shared<const HttpDeclaration>(std::move(declared));
  const std::lock_guard lock(mutex_);
  declaration_ = std::move(made);
}

std::shared_ptr<const HttpDeclaration> HttpCaller::declaration() const {
  const std::lock_guard lock(mutex_);
  return declaration_;
}

}  // namespace sluice::host
