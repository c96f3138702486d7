// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/session.hpp"

#include <algorithm>
#include <iterator>

#include "host/observe/log.hpp"
#include "host/pipeline/commit_detail.hpp"

namespace sluice::host {
namespace {

std::string names(const std::vector<Stream>& streams) {
  std::string out;
  for (const Stream& stream : streams) {
    out += (out.empty() ? "" : ", ") + stream.name;
  }
  return out;
}

Error unknown_stream(const PipelineConfig& config, uint32_t line, const std::string& name,
                     const std::vector<Stream>& declared) {
  std::vector<std::string> candidates;
  for (const Stream& stream : declared) {
    candidates.push_back(stream.name);
  }
  const std::string meant = did_you_mean(name, candidates);
  return {Code::kInvalidConfig,
          config.file + (line > 0 ? ":" + std::to_string(line) : "") +
              ": the source has no stream '" + name + "'; " +
              (meant.empty() ? "it has " + names(declared) : "did you mean '" + meant + "'?")};
}

}  // namespace

Session::Session(const Environment& environment, const PipelineConfig& config, Ledger* ledger,
                 const Cancel& abort, Ledger* scratch)
    : environment_(environment),
      config_(config),
      ledger_(ledger),
      scratch_(scratch),
      abort_(abort),
      http_caller_(config.name, config.http) {
  environment_.http.declare(http_caller_);
}

Session::~Session() = default;

Services Session::services(const std::string& kind, const ComponentConfig& config) {
  const std::string component = kind + " " + config.plugin;
  Services services;
  services.config_places = config.places;
  services.pipeline = config_.name;
  services.component = component;
  services.cancel = &abort_;
  services.clock = &environment_.clock;
  services.log = [pipeline = config_.name, component](uint32_t level, std::string_view message,
                                                      std::string_view fields) {
    log(static_cast<LogLevel>(level), message,
        "pipeline=" + pipeline + " component=" + component +
            (fields.empty() ? "" : " " + std::string(fields)));
  };
  services.log_level = log_enabled(LogLevel::kDebug) ? SLUICE_LOG_DEBUG : SLUICE_LOG_INFO;
  services.http = &environment_.http;
  services.http_caller = &http_caller_;
  services.ledger = ledger_;
  services.scratch = scratch_;
  services.secret = [this](std::string_view name) { return secret(name); };
  return services;
}

Result<std::string> Session::secret(std::string_view name) const {
  if (environment_.replays) {
    // Blotted out where it goes, like the real one when it was recorded.
    const std::string stand_in = "replayed-" + std::string(name);
    add_secret(stand_in);
    return stand_in;
  }
  const auto it = config_.secrets.find(std::string(name));
  if (it == config_.secrets.end()) {
    return Error{Code::kUnsupported, "the configuration has no secret '" + std::string(name) + "'"};
  }
  return environment_.secrets.get(it->first, it->second);
}

Result<void> Session::open_source(uint32_t mode) {
  const ComponentConfig& component = config_.sources.front();
  const LibraryInfo* library = nullptr;
  if (environment_.registry.find("source", component.plugin, &library) == nullptr) {
    return Error{Code::kInvalidConfig, "no plugin offers the source '" + component.plugin + "'"};
  }
  auto factory = load_library(library->path);
  if (!factory) {
    return std::move(factory).error();
  }
  auto source =
      create_source(**factory, component.plugin, component.json, services("source", component));
  if (!source) {
    return std::move(source).error();
  }
  source_ = std::move(*source);
  auto opened = source_->open(mode);
  return opened ? Result<void>{} : std::move(opened).error().in("source " + component.plugin);
}

Result<void> Session::open_sink(uint32_t mode) {
  if (environment_.capture != nullptr) {
    sink_ = environment_.capture->make_sink();
    return sink_->open(mode);
  }
  const ComponentConfig& component = config_.sink;
  const LibraryInfo* library = nullptr;
  if (environment_.registry.find("sink", component.plugin, &library) == nullptr) {
    return Error{Code::kInvalidConfig, "no plugin offers the sink '" + component.plugin + "'"};
  }
  auto factory = load_library(library->path);
  if (!factory) {
    return std::move(factory).error();
  }
  auto sink = create_sink(**factory, component.plugin, component.json, services("sink", component));
  if (!sink) {
    return std::move(sink).error();
  }
  sink_ = std::move(*sink);
  if ((sink_->descriptor().caps & SLUICE_CAP_THREAD_BOUND) != 0) {
    return Error{Code::kUnsupported,
                 "sink " + component.plugin +
                     " must be called from one thread only, which this host does not offer"};
  }
  auto opened = sink_->open(mode);
  return opened ? Result<void>{} : std::move(opened).error().in("sink " + component.plugin);
}

Result<std::vector<Stream>> Session::streams() {
  auto declared = source_->discover();
  if (!declared) {
    return std::move(declared).error().in("source " + config_.sources.front().plugin);
  }
  const auto known = [&](const std::string& name) {
    return std::any_of(declared->begin(), declared->end(),
                       [&](const Stream& s) { return s.name == name; });
  };
  for (const auto& [name, options] : config_.stream) {
    if (!known(name)) {
      return unknown_stream(config_, options.line, name, *declared);
    }
  }
  for (const std::string& name : config_.streams) {
    if (!known(name)) {
      return unknown_stream(config_, 0, name, *declared);
    }
  }
  std::vector<Stream> chosen;
  const auto enabled = [&](const std::string& name) {
    const auto it = config_.stream.find(name);
    return it == config_.stream.end() || it->second.enabled;
  };
  for (Stream& stream : *declared) {
    const bool listed = config_.streams.empty() ||
                        std::find(config_.streams.begin(), config_.streams.end(), stream.name) !=
                            config_.streams.end();
    if (listed && enabled(stream.name)) {
      chosen.push_back(std::move(stream));
    }
  }
  const auto place = [&](const Stream& stream) {
    return std::find(config_.streams.begin(), config_.streams.end(), stream.name) -
           config_.streams.begin();
  };
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](const Stream& a, const Stream& b) { return place(a) < place(b); });
  return chosen;
}

std::string Session::source_version() const {
  const sluice_descriptor_t& descriptor = source_->descriptor();
  return std::string(descriptor.id) + ' ' +
         std::string(descriptor.version.data, descriptor.version.size);
}

Binding Session::binding(const Stream& stream) const {
  if (environment_.capture != nullptr) {
    environment_.capture->declare(stream);
  }
  Binding binding;
  binding.pipeline = config_.name;
  binding.stream = stream.name;
  const auto it = config_.stream.find(stream.name);
  binding.table = it == config_.stream.end() ? "" : it->second.table;
  binding.lineage = config_.lineage;
  binding.schema = stream.schema.get();
  return binding;
}

Result<Reconciliation::Counts> Session::reconcile(bool force) {
  if ((sink_->descriptor().caps & SLUICE_CAP_COMMIT_LOG) == 0) {
    return Reconciliation::Counts{};  // nothing to hold it against: at least once
  }
  auto head = sink_->head();
  if (!head) {
    return std::move(head).error();
  }
  auto seen = ledger_->head(config_.name);
  if (!seen) {
    return std::move(seen).error();
  }
  if (!force && !head->empty() && *head == *seen) {
    return Reconciliation::Counts{};
  }
  auto reconciliation = ledger_->begin_reconciliation(config_.name);
  if (!reconciliation) {
    return std::move(reconciliation).error();
  }
  SLUICE_TRY(sink_->list_commits(config_.name, "", "", [&](const CommitRecord& record) {
    return reconcile_record(record, **reconciliation);
  }));
  return (*reconciliation)->finish(*head);
}

Result<void> Session::remember_head() {
  if ((sink_->descriptor().caps & SLUICE_CAP_COMMIT_LOG) == 0) {
    return {};
  }
  auto head = sink_->head();
  return head ? ledger_->set_head(config_.name, *head) : std::move(head).error();
}

}  // namespace sluice::host
