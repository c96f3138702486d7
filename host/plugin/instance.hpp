// SPDX-License-Identifier: Apache-2.0
//
// One instance of a component, of whatever kind: created, configured, opened, and destroyed when
// nothing refers to it any more. Source and Sink stand on it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "host/plugin/services.hpp"
#include "host/plugin/status.hpp"

namespace sluice::host {

// Shared by the component and its readers or writers. Thread-safe.
class Instance {
 public:
  static Result<std::shared_ptr<Instance>> create(const sluice_factory_t& factory, uint32_t kind,
                                                  const std::string& id,
                                                  const std::string& config_json,
                                                  Services services);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();  // closes, destroys

  [[nodiscard]] void* self() const { return plugin_.self; }
  [[nodiscard]] const sluice_descriptor_t& descriptor() const { return descriptor_; }
  [[nodiscard]] bool has(uint64_t capability) const { return (descriptor_.caps & capability) != 0; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const Cancel& cancel() const { return *context_.services().cancel; }
  [[nodiscard]] std::vector<Metric> metrics() const { return context_.metrics(); }

  // The plugin's table for an id, or null.
  template <class Table>
  [[nodiscard]] const Table* table(const char* table_id) const {
    return static_cast<const Table*>(plugin_.get_extension(plugin_.self, table_id));
  }
  // A capability that needs a table has one, and the other way round.
  [[nodiscard]] Result<void> agree(uint64_t capability, const char* table_id, const void* table,
                                   bool slots_filled) const;

  Result<void> open(uint32_t mode);
  [[nodiscard]] Result<void> require_open() const;

  // One [ctl] call at a time: held while such a call runs.
  class Turn {
   public:
    explicit Turn(Instance* owner) : owner_(owner) {}
    Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    Instance* owner_;
  };
  // Waits. kInternal when the calling thread has the turn already.
  [[nodiscard]] Result<Turn> enter();

  // The one reader, or writer, that may exist without SPLITS or PARALLEL_WRITE. False if cancelled.
  bool wait_for_slot();
  bool try_slot();
  void free_slot();

  // True for the first batch of each stream, which gets the full check.
  bool first_batch(const std::string& stream);

  [[nodiscard]] Error failure(sluice_status_t status, const ErrorSlot& slot) const;
  [[nodiscard]] Error misbehaved(const std::string& sentence) const;
  // The common end of calls that only succeed or fail.
  [[nodiscard]] Result<void> done(sluice_status_t status, const ErrorSlot& slot) const;

 private:
  Instance(std::string id, Services services, std::set<std::string, std::less<>> secrets);
  Result<void> start(const sluice_factory_t& factory, uint32_t kind, const std::string& config);

  std::string id_;
  ServiceContext context_;
  sluice_plugin_t plugin_{};
  sluice_descriptor_t descriptor_{};
  bool created_ = false;
  std::atomic<bool> opened_{false};
  std::mutex turn_;
  std::atomic<std::thread::id> turn_owner_{};
  std::mutex mutex_;  // slot_taken_, seen_streams_
  std::condition_variable slot_freed_;
  bool slot_taken_ = false;
  std::set<std::string> seen_streams_;
};

}  // namespace sluice::host
