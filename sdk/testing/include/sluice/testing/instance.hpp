// SPDX-License-Identifier: Apache-2.0
//
// A plugin under test, from its component types or from a built library, and instances of it that
// are configured and opened like the host does it.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/plugin.hpp"
#include "sluice/testing/fake_host.hpp"

namespace sluice::testing {

// Calls `call(&error)` and throws what it failed with; gives its status otherwise.
template <class F>
sluice_status_t checked(F&& call) {
  sluice_error_t error = make_error();
  const sluice_status_t status = call(&error);
  throw_if_failed(status, error);
  return status;
}

// The code of the Error that `call` throws. Throws std::logic_error if it throws none.
template <class F>
Code code_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  throw std::logic_error("Nothing was thrown where an Error was expected.");
}

// A library's components.
class Plugin {
 public:
  template <class... Components>
  static Plugin of() {
    return Plugin(Library<Components...>::entry());
  }
  // Loads a library, for good. Throws what the loader says.
  static Plugin load(const std::string& path) {
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void* symbol = library == nullptr ? nullptr : ::dlsym(library, "sluice_entry_v1");
    if (symbol == nullptr) {
      const char* why = ::dlerror();
      throw Error(Code::kInvalidConfig, why == nullptr ? path + " does not load." : why);
    }
    return Plugin(reinterpret_cast<const sluice_entry_t* (*)()>(symbol)());
  }

  std::vector<const sluice_descriptor_t*> descriptors() const {
    std::vector<const sluice_descriptor_t*> out;
    for (uint32_t i = 0; i < factory_->count(); ++i) {
      out.push_back(factory_->descriptor(i));
    }
    return out;
  }
  // The component with `id`; with an empty id, the only one of its kind.
  const sluice_descriptor_t& find(uint32_t kind, const std::string& id = {}) const {
    for (const auto* descriptor : descriptors()) {
      if (descriptor->kind == kind && (id.empty() || id == descriptor->id)) {
        return *descriptor;
      }
    }
    throw Error(Code::kUnsupported, "The plugin has no component '" + id + "' of this kind.");
  }
  const sluice_factory_t& factory() const noexcept { return *factory_; }

 private:
  explicit Plugin(const sluice_entry_t* entry)
      : factory_(static_cast<const sluice_factory_t*>(entry->get_factory(SLUICE_FACTORY_ID))) {}
  const sluice_factory_t* factory_;
};

// An instance between create() and destroy(), closed if it was opened. Every failure is thrown as
// the plugin told it. Must not outlive its host.
class PluginInstance {
 public:
  PluginInstance(const Plugin& plugin, FakeHost& host, uint32_t kind, const std::string& id = {}) {
    const auto& descriptor = plugin.find(kind, id);
    checked([&](auto* error) {
      return plugin.factory().create(host.c(), kind, descriptor.id, &plugin_, error);
    });
  }
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;
  ~PluginInstance() {
    close();
    plugin_.destroy(plugin_.self);
  }

  PluginInstance& configure(const json& config) {
    const std::string text = config.dump();
    checked([&](auto* error) { return plugin_.configure(plugin_.self, to_c(text), error); });
    return *this;
  }
  PluginInstance& open(uint32_t mode = SLUICE_OPEN_RUN) {
    checked([&](auto* error) { return plugin_.open(plugin_.self, mode, error); });
    open_ = true;
    return *this;
  }
  void close() {
    if (std::exchange(open_, false)) {
      plugin_.close(plugin_.self);
    }
  }

  const sluice_descriptor_t& descriptor() const noexcept { return *plugin_.descriptor; }
  // The table of a capability. Throws UNSUPPORTED if the component does not have it.
  template <class Table>
  const Table& table(const char* id) const {
    const void* found = plugin_.get_extension(plugin_.self, id);
    if (found == nullptr) {
      throw Error(Code::kUnsupported, std::string("The component has no table ") + id + ".");
    }
    return *static_cast<const Table*>(found);
  }
  void* self() const noexcept { return plugin_.self; }
  const sluice_plugin_t& c() const noexcept { return plugin_; }

 private:
  sluice_plugin_t plugin_{};
  bool open_ = false;
};

// An instance that is configured and opened at once.
class OpenPlugin : public PluginInstance {
 public:
  OpenPlugin(const Plugin& plugin, FakeHost& host, uint32_t kind, const std::string& id,
             const json& config, uint32_t mode = SLUICE_OPEN_RUN)
      : PluginInstance(plugin, host, kind, id) {
    configure(config).open(mode);
  }
};

}  // namespace sluice::testing
