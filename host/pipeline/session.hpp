// SPDX-License-Identifier: Apache-2.0
//
// A pipeline with its plugins loaded and configured: what run, plan, gaps and state rebuild all
// begin with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/config/config.hpp"
#include "host/http/http.hpp"
#include "host/ledger/ledger.hpp"
#include "host/pipeline/capture.hpp"
#include "host/plugin/component.hpp"
#include "host/plugin/library.hpp"
#include "host/secret/secrets.hpp"

namespace sluice::host {

// What all pipelines of the process share. Outlives every session.
struct Environment {
  const Registry& registry;
  const Clock& clock;
  Http& http;
  Secrets& secrets;
  Capture* capture = nullptr;  // takes the place of every sink
  bool replays = false;  // nothing real is asked, so no secret is needed: names stand for them
};

// Opens lazily: a plan needs no writer, a rebuild no source.
class Session {
 public:
  // `config` outlives the session. `abort` makes plugins return soon. `scratch`: for what plugins
  // keep, where `ledger` must stay as it is or there is none yet.
  Session(const Environment& environment, const PipelineConfig& config, Ledger* ledger,
          const Cancel& abort, Ledger* scratch = nullptr);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  Result<void> open_source(uint32_t mode);
  Result<void> open_sink(uint32_t mode);
  // Streams that the pipeline runs, in its order. Checks [pipeline] streams and [stream.NAME]
  // against what the source declares. After open_source().
  Result<std::vector<Stream>> streams();

  [[nodiscard]] Source& source() { return *source_; }
  [[nodiscard]] Sink& sink() { return *sink_; }
  [[nodiscard]] bool has_sink() const { return sink_ != nullptr; }
  [[nodiscard]] const PipelineConfig& config() const { return config_; }
  // Limits and endpoints, of the configuration and as far as the source has declared them.
  [[nodiscard]] std::shared_ptr<const HttpDeclaration> http_declaration() const {
    return http_caller_.declaration();
  }
  [[nodiscard]] const HttpStats& http_stats() const { return http_caller_.stats; }
  [[nodiscard]] std::vector<ServiceSnapshot> services() const {
    return http_caller_.services.snapshot();
  }
  [[nodiscard]] std::string source_version() const;  // "dwd 0.1.0"
  [[nodiscard]] Binding binding(const Stream& stream) const;

  // Holds the ledger against the target's commit log. With `force` also when the target's head is
  // the one seen last.
  Result<Reconciliation::Counts> reconcile(bool force);
  // After the last commit: remembers the target's head, so that the next start need not list.
  Result<void> remember_head();

 private:
  [[nodiscard]] Services services(const std::string& kind, const ComponentConfig& config);
  Result<std::string> secret(std::string_view name) const;

  const Environment& environment_;
  const PipelineConfig& config_;
  Ledger* ledger_;
  Ledger* scratch_;
  const Cancel& abort_;
  HttpCaller http_caller_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace sluice::host
