// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "host/plugin/component.hpp"
#include "host/plugin/instance.hpp"
#include "host/plugin/reader.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMaxPartitionBytes = 255;
constexpr size_t kMaxSliceBytes = 400;
constexpr size_t kMaxTitleBytes = 4U << 10;
constexpr size_t kMaxValidatorBytes = 1U << 10;
constexpr size_t kMaxTokenBytes = 4U << 10;
constexpr size_t kMaxStreams = 10'000;

// A struct of the plugin as ours: what its struct_size does not cover is zero.
template <class Struct>
Struct copy_of(const Struct& theirs) {
  Struct out{};
  std::memcpy(&out, &theirs, std::min<size_t>(theirs.struct_size, sizeof out));
  return out;
}

bool fits(const sluice_str_t& text, size_t least, size_t most) {
  return text.size >= least && text.size <= most && (text.size == 0 || text.data != nullptr) &&
         is_utf8(view(text));
}

// Keeps the error of the host's side of a callback, so that it survives what the plugin makes of
// it.
struct Stash {
  std::optional<Error> error;
  sluice_status_t keep(Error what) {
    const sluice_status_t status = to_status(what.code);
    if (!error) {
      error = std::move(what);
    }
    return status;
  }
};

struct Catalog {
  Stash stash;
  std::vector<Stream> streams;
};

sluice_status_t add_stream(void* ctx, sluice_str_t name, ArrowSchema* schema,
                           sluice_error_t* error) noexcept {
  auto& catalog = *static_cast<Catalog*>(ctx);
  return barrier(error, [&]() -> Result<sluice_status_t> {
    auto stream = read_stream(std::string(view(name)), schema);
    if (stream && catalog.streams.size() >= kMaxStreams) {
      stream = Error{Code::kInvalidConfig, "a source declares at most 10,000 streams"};
    }
    const bool taken =
        stream && std::any_of(catalog.streams.begin(), catalog.streams.end(),
                              [&](const Stream& s) { return s.name == stream->name; });
    if (taken) {
      stream = Error{Code::kInvalidConfig,
                     "stream \"" + clean_text(stream->name, 200) + "\" is declared twice"};
    }
    if (!stream) {
      catalog.stash.keep(stream.error());
      return std::move(stream).error();
    }
    catalog.streams.push_back(std::move(*stream));
    return SLUICE_OK;
  });
}

// One listing: the visitors of the host behind the C callbacks.
struct Lister {
  const Instance& instance;
  const Source::PartitionVisitor* partition = nullptr;
  const Source::SliceVisitor* slice = nullptr;
  bool cutting = false;  // slices need no key
  Stash stash = {};

  // Runs the host's side; its error ends the listing.
  template <class Body>
  sluice_status_t run(Body&& body) noexcept {
    try {
      Result<void> result = body();
      return result ? SLUICE_OK : stash.keep(std::move(result).error());
    } catch (const std::exception& failure) {
      return stash.keep(Error{Code::kInternal, failure.what()});
    } catch (...) {
      return stash.keep(Error{Code::kInternal, "unknown exception in the host"});
    }
  }
};

Result<void> check(const Instance& instance, const sluice_partition_t& partition) {
  if (!fits(partition.key, 0, kMaxPartitionBytes)) {
    return instance.misbehaved("a partition's key is over 255 bytes or not UTF-8");
  }
  if (partition.from_us > partition.to_us) {
    return instance.misbehaved("partition \"" + clean_text(view(partition.key), 255) +
                               "\" ends before it begins");
  }
  return {};
}

Result<void> check(const Instance& instance, const sluice_slice_t& slice, bool cutting) {
  if (!fits(slice.key, cutting ? 0 : 1, kMaxSliceBytes)) {
    return instance.misbehaved("a slice's key is not 1 to 400 bytes of UTF-8");
  }
  const bool whole =
      fits(slice.title, 0, kMaxTitleBytes) && fits(slice.partition, 0, kMaxPartitionBytes) &&
      fits(slice.validator, 0, kMaxValidatorBytes) && slice.token.size <= kMaxTokenBytes &&
      (slice.token.size == 0 || slice.token.data != nullptr);
  if (!whole) {
    return instance.misbehaved("title, partition, validator or token of slice \"" +
                               clean_text(view(slice.key), kMaxSliceBytes) +
                               "\" is too long or not UTF-8");
  }
  if (slice.from_us > slice.to_us) {
    return instance.misbehaved("slice \"" + clean_text(view(slice.key), kMaxSliceBytes) +
                               "\" ends before it begins");
  }
  return {};
}

sluice_status_t on_partition(void* ctx, const sluice_partition_t* partition) noexcept {
  auto& lister = *static_cast<Lister*>(ctx);
  return lister.run([&]() -> Result<void> {
    if (partition == nullptr || lister.partition == nullptr) {
      return lister.instance.misbehaved("it told a partition where slices were asked for, or NULL");
    }
    const sluice_partition_t mine = copy_of(*partition);
    SLUICE_TRY(check(lister.instance, mine));
    return (*lister.partition)(mine);
  });
}

sluice_status_t on_slice(void* ctx, const sluice_slice_t* slice) noexcept {
  auto& lister = *static_cast<Lister*>(ctx);
  return lister.run([&]() -> Result<void> {
    if (slice == nullptr || lister.slice == nullptr) {
      return lister.instance.misbehaved("it told a slice where partitions were asked for, or NULL");
    }
    const sluice_slice_t mine = copy_of(*slice);
    SLUICE_TRY(check(lister.instance, mine, lister.cutting));
    return (*lister.slice)(mine);
  });
}

class SourceInstance final : public Source {
 public:
  explicit SourceInstance(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) {}

  // The tables, held against the capabilities.
  Result<void> bind() {
    source_ = instance_->table<sluice_source_t>(SLUICE_SOURCE_ID);
    if (source_ == nullptr || source_->discover == nullptr || source_->open_reader == nullptr) {
      return instance_->misbehaved("it has no complete table " SLUICE_SOURCE_ID);
    }
    slices_ = instance_->table<sluice_slices_t>(SLUICE_SLICES_ID);
    return instance_->agree(SLUICE_CAP_SLICES, SLUICE_SLICES_ID, slices_,
                            slices_ != nullptr && slices_->list_slices != nullptr);
  }

  [[nodiscard]] const sluice_descriptor_t& descriptor() const override {
    return instance_->descriptor();
  }
  Result<void> open(uint32_t mode) override { return instance_->open(mode); }
  [[nodiscard]] std::vector<Metric> metrics() const override { return instance_->metrics(); }

  Result<std::vector<Stream>> discover() override {
    SLUICE_TRY(instance_->require_open());
    auto turn = instance_->enter();
    if (!turn) {
      return std::move(turn).error();
    }
    Catalog catalog;
    const sluice_catalog_t table = {&catalog, add_stream};
    ErrorSlot slot;
    const sluice_status_t status = source_->discover(instance_->self(), &table, slot.get());
    if (catalog.stash.error) {
      return std::move(*catalog.stash.error);
    }
    SLUICE_TRY(instance_->done(status, slot));
    return std::move(catalog.streams);
  }

  Result<void> list_partitions(const std::string& stream, int64_t from_us, int64_t to_us,
                               const PartitionVisitor& visit) override {
    if (slices_ == nullptr || slices_->list_partitions == nullptr) {
      return {};
    }
    Lister lister{.instance = *instance_, .partition = &visit};
    return list(slices_->list_partitions, lister, stream, from_us, to_us);
  }

  Result<void> list_slices(const std::string& stream, const std::string& partition, int64_t from_us,
                           int64_t to_us, const SliceVisitor& visit, bool cutting) override {
    if (slices_ == nullptr) {
      return Error{Code::kUnsupported, "this source lists no slices"};
    }
    Lister lister{.instance = *instance_, .slice = &visit, .cutting = cutting};
    return list(slices_->list_slices, lister, stream, from_us, to_us, partition);
  }

  Result<std::unique_ptr<ReadHandle>> read(const Stream& stream, ReadRequest request,
                                           ReadObserver observer) override {
    SLUICE_TRY(instance_->require_open());
    if (request.has_state && request.state_version > descriptor().state_version) {
      return Error{Code::kBadState,
                   "the resume state was written by a newer version of the plugin (state version " +
                       std::to_string(request.state_version) + ", this one reads up to " +
                       std::to_string(descriptor().state_version) + ")"};
    }
    const bool alone = !instance_->has(SLUICE_CAP_SPLITS);
    if (alone && !instance_->wait_for_slot()) {
      return Error{Code::kCancelled, "cancelled while waiting for the source's one reader"};
    }
    return open_reader(instance_, *source_, stream, std::move(request), std::move(observer), alone);
  }

 private:
  using ListFunction = decltype(sluice_slices_t::list_slices);

  Result<void> list(ListFunction function, Lister& lister, const std::string& stream,
                    int64_t from_us, int64_t to_us, const std::string& partition = {}) {
    SLUICE_TRY(instance_->require_open());
    auto turn = instance_->enter();
    if (!turn) {
      return std::move(turn).error();
    }
    sluice_list_request_t request{};
    request.struct_size = sizeof request;
    request.stream = str(stream);
    request.from_us = from_us;
    request.to_us = to_us;
    request.partition = str(partition);
    const sluice_lister_t table = {&lister, on_partition, on_slice};
    ErrorSlot slot;
    const sluice_status_t status = function(instance_->self(), &request, &table, slot.get());
    if (lister.stash.error) {
      return std::move(*lister.stash.error);
    }
    return instance_->done(status, slot);
  }

  std::shared_ptr<Instance> instance_;
  const sluice_source_t* source_ = nullptr;
  const sluice_slices_t* slices_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Source>> create_source(const sluice_factory_t& factory,
                                              const std::string& id, const std::string& config_json,
                                              Services services) {
  auto instance =
      Instance::create(factory, SLUICE_KIND_SOURCE, id, config_json, std::move(services));
  if (!instance) {
    return std::move(instance).error();
  }
  auto source = std::make_unique<SourceInstance>(std::move(*instance));
  SLUICE_TRY(source->bind());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace sluice::host
