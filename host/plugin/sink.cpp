// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "host/plugin/component.hpp"
#include "host/plugin/instance.hpp"
#include "host/plugin/text.hpp"
#include "host/plugin/writer.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMaxHeadBytes = 128;
constexpr size_t kMaxStatementBytes = 64U << 10;
constexpr size_t kMaxStatements = 10'000;

// Texts a plugin puts, copied.
struct Texts {
  std::vector<std::string> all;
  bool failed = false;
};

void put_text(void* ctx, const void* data, uint64_t size) noexcept {
  auto& texts = *static_cast<Texts*>(ctx);
  try {
    if (texts.all.size() >= kMaxStatements || (data == nullptr && size != 0)) {
      texts.failed = true;
      return;
    }
    texts.all.emplace_back(data == nullptr
                               ? std::string_view()
                               : std::string_view(static_cast<const char*>(data), size));
  } catch (...) {
    texts.failed = true;
  }
}

Result<CommitRecord> read_record(const Instance& instance, const sluice_commit_record_t* theirs) {
  if (theirs == nullptr) {
    return instance.misbehaved("list() of its commit log told NULL");
  }
  sluice_commit_record_t raw{};
  std::memcpy(&raw, theirs, std::min<size_t>(theirs->struct_size, sizeof raw));
  for (const sluice_str_t* text : {&raw.pipeline, &raw.stream, &raw.slice, &raw.run, &raw.detail}) {
    if ((text->data == nullptr && text->size != 0) || !is_utf8(view(*text))) {
      return instance.misbehaved("a record of its commit log holds text that is not UTF-8");
    }
  }
  CommitRecord out;
  out.commit_id = raw.commit_id;
  out.pipeline = view(raw.pipeline);
  out.stream = view(raw.stream);
  out.slice = view(raw.slice);
  out.generation = raw.generation;
  out.part = raw.part;
  out.final = (raw.flags & SLUICE_RECORD_FINAL) != 0;
  out.empty = (raw.flags & SLUICE_RECORD_EMPTY) != 0;
  out.rows = raw.rows;
  out.committed_us = raw.committed_us;
  out.run = view(raw.run);
  out.detail = view(raw.detail);
  return out;
}

struct RecordListing {
  const Instance& instance;
  const Sink::RecordVisitor& visit;
  std::optional<Error> error;

  sluice_status_t fail(Error what) {
    const sluice_status_t status = to_status(what.code);
    if (!error) {
      error = std::move(what);
    }
    return status;
  }
};

sluice_status_t on_record(void* ctx, const sluice_commit_record_t* record) noexcept {
  auto& listing = *static_cast<RecordListing*>(ctx);
  try {
    auto mine = read_record(listing.instance, record);
    if (!mine) {
      return listing.fail(std::move(mine).error());
    }
    auto visited = listing.visit(*mine);
    return visited ? SLUICE_OK : listing.fail(std::move(visited).error());
  } catch (const std::exception& failure) {
    return listing.fail(Error{Code::kInternal, failure.what()});
  } catch (...) {
    return listing.fail(Error{Code::kInternal, "unknown exception in the host"});
  }
}

struct KeyListing {
  const Instance& instance;
  const Sink::KeyVisitor& visit;
  std::optional<Error> error;
};

sluice_status_t on_key(void* ctx, sluice_str_t key) noexcept {
  auto& listing = *static_cast<KeyListing*>(ctx);
  const auto fail = [&](Error what) {
    const sluice_status_t status = to_status(what.code);
    listing.error = std::move(what);
    return status;
  };
  try {
    if ((key.data == nullptr && key.size != 0) || !is_utf8(view(key))) {
      return fail(listing.instance.misbehaved("a key is not UTF-8"));
    }
    auto visited = listing.visit(view(key));
    return visited ? SLUICE_OK : fail(std::move(visited).error());
  } catch (const std::exception& failure) {
    return fail(Error{Code::kInternal, failure.what()});
  } catch (...) {
    return fail(Error{Code::kInternal, "unknown exception in the host"});
  }
}

class SinkInstance final : public Sink {
 public:
  explicit SinkInstance(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) {}

  Result<void> bind() {
    sink_ = instance_->table<sluice_sink_t>(SLUICE_SINK_ID);
    if (sink_ == nullptr || sink_->open_writer == nullptr) {
      return instance_->misbehaved("it has no complete table " SLUICE_SINK_ID);
    }
    commits_ = instance_->table<sluice_commits_t>(SLUICE_COMMITS_ID);
    SLUICE_TRY(instance_->agree(SLUICE_CAP_COMMIT_LOG, SLUICE_COMMITS_ID, commits_,
                                commits_ != nullptr && commits_->head != nullptr &&
                                    commits_->list != nullptr && commits_->forget != nullptr));
    keys_ = instance_->table<sluice_keys_t>(SLUICE_KEYS_ID);
    SLUICE_TRY(instance_->agree(SLUICE_CAP_KEYS, SLUICE_KEYS_ID, keys_,
                                keys_ != nullptr && keys_->list != nullptr));
    schema_ = instance_->table<sluice_schema_t>(SLUICE_SCHEMA_ID);
    return instance_->agree(SLUICE_CAP_SCHEMA, SLUICE_SCHEMA_ID, schema_,
                            schema_ != nullptr && schema_->diff != nullptr);
  }

  [[nodiscard]] const sluice_descriptor_t& descriptor() const override {
    return instance_->descriptor();
  }
  Result<void> open(uint32_t mode) override { return instance_->open(mode); }
  [[nodiscard]] std::vector<Metric> metrics() const override { return instance_->metrics(); }

  Result<std::unique_ptr<Writer>> open_writer() override {
    SLUICE_TRY(instance_->require_open());
    const bool alone = !instance_->has(SLUICE_CAP_PARALLEL_WRITE);
    if (alone && !instance_->try_slot()) {
      return Error{Code::kInternal,
                   "a second writer was opened on a sink that allows one at a time"};
    }
    return host::open_writer(instance_, *sink_, alone);
  }

  Result<std::string> head() override {
    auto turn = commit_log();
    if (!turn) {
      return std::move(turn).error();
    }
    Texts texts;
    const sluice_put_t out = {&texts, put_text};
    ErrorSlot slot;
    SLUICE_TRY(instance_->done(commits_->head(instance_->self(), &out, slot.get()), slot));
    std::string head;
    for (const std::string& piece : texts.all) {
      head += piece;
    }
    if (texts.failed || head.size() > kMaxHeadBytes) {
      return instance_->misbehaved("the head of its commit log is over 128 bytes");
    }
    return head;
  }

  Result<void> list_commits(const std::string& pipeline, const std::string& stream,
                            const std::string& slice, const RecordVisitor& visit) override {
    auto turn = commit_log();
    if (!turn) {
      return std::move(turn).error();
    }
    RecordListing listing{*instance_, visit, std::nullopt};
    const sluice_commit_visitor_t table = {&listing, on_record};
    ErrorSlot slot;
    const sluice_status_t status = commits_->list(instance_->self(), str(pipeline), str(stream),
                                                  str(slice), &table, slot.get());
    if (listing.error) {
      return std::move(*listing.error);
    }
    return instance_->done(status, slot);
  }

  Result<void> forget_commits(const std::string& pipeline, const std::string& stream,
                              const std::string& slice) override {
    auto turn = commit_log();
    if (!turn) {
      return std::move(turn).error();
    }
    ErrorSlot slot;
    return instance_->done(
        commits_->forget(instance_->self(), str(pipeline), str(stream), str(slice), slot.get()),
        slot);
  }

  Result<void> list_keys(const std::string& query, const KeyVisitor& visit) override {
    SLUICE_TRY(instance_->require_open());
    if (keys_ == nullptr) {
      return Error{Code::kUnsupported, "this sink cannot be asked for keys (keys_query)"};
    }
    auto turn = instance_->enter();
    if (!turn) {
      return std::move(turn).error();
    }
    KeyListing listing{*instance_, visit, std::nullopt};
    const sluice_key_visitor_t table = {&listing, on_key};
    ErrorSlot slot;
    const sluice_status_t status = keys_->list(instance_->self(), str(query), &table, slot.get());
    if (listing.error) {
      return std::move(*listing.error);
    }
    return instance_->done(status, slot);
  }

  Result<std::vector<std::string>> diff(const Binding& binding) override {
    SLUICE_TRY(instance_->require_open());
    if (schema_ == nullptr) {
      return Error{Code::kUnsupported, "this sink does not tell what it would change"};
    }
    auto turn = instance_->enter();
    if (!turn) {
      return std::move(turn).error();
    }
    const sluice_binding_t raw = to_raw(binding);
    Texts texts;
    const sluice_put_t out = {&texts, put_text};
    ErrorSlot slot;
    SLUICE_TRY(instance_->done(schema_->diff(instance_->self(), &raw, &out, slot.get()), slot));
    if (texts.failed) {
      return instance_->misbehaved("diff() put too much, or NULL");
    }
    for (std::string& statement : texts.all) {
      statement = clean_text(statement, kMaxStatementBytes);
    }
    return std::move(texts.all);
  }

 private:
  Result<Instance::Turn> commit_log() {
    SLUICE_TRY(instance_->require_open());
    if (commits_ == nullptr) {
      return Error{Code::kUnsupported, "this sink keeps no commit log"};
    }
    return instance_->enter();
  }

  std::shared_ptr<Instance> instance_;
  const sluice_sink_t* sink_ = nullptr;
  const sluice_commits_t* commits_ = nullptr;
  const sluice_schema_t* schema_ = nullptr;
  const sluice_keys_t* keys_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Sink>> create_sink(const sluice_factory_t& factory, const std::string& id,
                                          const std::string& config_json, Services services) {
  auto instance = Instance::create(factory, SLUICE_KIND_SINK, id, config_json, std::move(services));
  if (!instance) {
    return std::move(instance).error();
  }
  auto sink = std::make_unique<SinkInstance>(std::move(*instance));
  SLUICE_TRY(sink->bind());
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace sluice::host
