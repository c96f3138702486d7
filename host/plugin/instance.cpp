// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/instance.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/plugin/descriptor.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

// Names behind {"$secret": name}, wherever they stand. The JSON is the host's own.
void collect_secrets(const nlohmann::json& value, std::set<std::string, std::less<>>& out) {
  if (value.is_object()) {
    const auto secret = value.find("$secret");
    if (secret != value.end() && secret->is_string()) {
      out.insert(secret->get<std::string>());
    }
  }
  if (value.is_structured()) {
    for (const auto& member : value) {
      collect_secrets(member, out);
    }
  }
}

}  // namespace

Instance::Instance(std::string id, Services services, std::set<std::string, std::less<>> secrets)
    : id_(std::move(id)), context_(std::move(services), std::move(secrets)) {}

Instance::~Instance() {
  if (!created_) {
    return;
  }
  if (opened_) {
    plugin_.close(plugin_.self);
  }
  plugin_.destroy(plugin_.self);
}

Result<std::shared_ptr<Instance>> Instance::create(const sluice_factory_t& factory, uint32_t kind,
                                                   const std::string& id,
                                                   const std::string& config_json,
                                                   Services services) {
  if (services.cancel == nullptr || services.clock == nullptr) {
    return Error{Code::kInternal, "an instance needs a Cancel and a Clock"};
  }
  const auto config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) {
    return Error{Code::kInvalidConfig, "the configuration is no JSON object"};
  }
  std::set<std::string, std::less<>> secrets;
  collect_secrets(config, secrets);
  std::shared_ptr<Instance> out(new Instance(id, std::move(services), std::move(secrets)));
  SLUICE_TRY(out->start(factory, kind, config_json));
  return out;
}

Result<void> Instance::start(const sluice_factory_t& factory, uint32_t kind,
                             const std::string& config) {
  if (factory.create == nullptr) {
    return misbehaved("its factory has no create()");
  }
  ErrorSlot slot;
  SLUICE_TRY(done(factory.create(context_.host(), kind, id_.c_str(), &plugin_, slot.get()), slot));
  if (plugin_.destroy == nullptr) {
    return misbehaved("create() left empty slots in the instance");
  }
  created_ = true;
  if (plugin_.configure == nullptr || plugin_.open == nullptr || plugin_.get_extension == nullptr ||
      plugin_.close == nullptr) {
    return misbehaved("create() left empty slots in the instance");
  }
  auto descriptor = read_descriptor(plugin_.descriptor);
  if (!descriptor) {
    return std::move(descriptor).error();
  }
  descriptor_ = *descriptor;
  if (descriptor_.kind != kind || id_ != descriptor_.id) {
    return misbehaved(std::string("asked for the ") + kind_name(kind) + " \"" + id_ +
                      "\" it created the " + kind_name(descriptor_.kind) + " \"" + descriptor_.id +
                      "\"");
  }
  if (has(SLUICE_CAP_THREAD_BOUND)) {
    return Error{Code::kUnsupported,
                 "wants all its calls from one OS thread (SLUICE_CAP_THREAD_BOUND), which this "
                 "host does not offer"};
  }
  ErrorSlot second;
  return done(plugin_.configure(plugin_.self, str(config), second.get()), second);
}

Result<void> Instance::agree(uint64_t capability, const char* table_id, const void* table,
                             bool slots_filled) const {
  if (has(capability) != (table != nullptr)) {
    return misbehaved(std::string("its descriptor and get_extension() disagree about ") + table_id);
  }
  if (table != nullptr && !slots_filled) {
    return misbehaved(std::string("its table ") + table_id + " has empty slots");
  }
  return {};
}

Result<void> Instance::open(uint32_t mode) {
  auto turn = enter();
  if (!turn) {
    return std::move(turn).error();
  }
  if (opened_) {
    return Error{Code::kInternal, "an instance is opened once"};
  }
  ErrorSlot slot;
  SLUICE_TRY(done(plugin_.open(plugin_.self, mode, slot.get()), slot));
  opened_ = true;
  return {};
}

Result<void> Instance::require_open() const {
  return opened_ ? Result<void>() : Error{Code::kInternal, "the instance is not open"};
}

Result<Instance::Turn> Instance::enter() {
  if (turn_owner_.load() == std::this_thread::get_id()) {
    return Error{Code::kInternal,
                 "a call on " + id_ + " from within a callback of the same instance"};
  }
  turn_.lock();
  turn_owner_ = std::this_thread::get_id();
  return Turn(this);
}

Instance::Turn::~Turn() {
  if (owner_ != nullptr) {
    owner_->turn_owner_ = std::thread::id();
    owner_->turn_.unlock();
  }
}

bool Instance::wait_for_slot() {
  std::unique_lock lock(mutex_);
  while (slot_taken_) {
    // Cancel has its own condition, so it is asked now and then.
    if (cancel().requested()) {
      return false;
    }
    slot_freed_.wait_for(lock, std::chrono::milliseconds(50));
  }
  slot_taken_ = true;
  return true;
}

bool Instance::try_slot() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(slot_taken_, true);
}

void Instance::free_slot() {
  {
    const std::lock_guard lock(mutex_);
    slot_taken_ = false;
  }
  slot_freed_.notify_one();
}

bool Instance::first_batch(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  return seen_streams_.insert(stream).second;
}

Error Instance::failure(sluice_status_t status, const ErrorSlot& slot) const {
  if (status > 0) {
    return misbehaved("it returned status " + std::to_string(status) + " where it means nothing");
  }
  Error error = slot.take(status, id_);
  const auto& places = context_.services().config_places;
  if (const auto place = places.find(error.config);
      place != places.end() && !error.config.empty()) {
    error.message.insert(0, place->second + ": ");
  }
  return context_.redacted(std::move(error));
}

Error Instance::misbehaved(const std::string& sentence) const {
  return context_.redacted(host::misbehaved(id_, sentence));
}

Result<void> Instance::done(sluice_status_t status, const ErrorSlot& slot) const {
  return status == SLUICE_OK ? Result<void>() : failure(status, slot);
}

}  // namespace sluice::host
