// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/capture.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "host/pipeline/row_json.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string day_text(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  return fmt::format("{:04d}-{:02d}-{:02d}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// The part of a second only where there is one.
std::string time_text(int64_t micros) {
  constexpr int64_t kDay = 86'400'000'000;
  const int64_t days = micros / kDay - (micros % kDay < 0 ? 1 : 0);
  const int64_t rest = micros - days * kDay;
  const int64_t seconds = rest / 1'000'000, fraction = rest % 1'000'000;
  return fmt::format("{}T{:02d}:{:02d}:{:02d}{}Z", day_text(days), seconds / 3600,
                     seconds / 60 % 60, seconds % 60,
                     fraction == 0 ? "" : fmt::format(".{:06d}", fraction));
}

// Numbers become texts that sort like them; null comes first.
std::string sortable(const json& value) {
  if (value.is_number_integer()) {
    const auto shifted = static_cast<uint64_t>(value.get<int64_t>()) ^ (1ULL << 63U);
    return fmt::format("n{:020d}", shifted);
  }
  return (value.is_null() ? "" : "t") + value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What a person expects to read instead of row_json's raw numbers.
void make_readable(const Stream& stream, ordered_json& row) {
  for (const Column& column : stream.columns) {
    ordered_json& cell = row[column.name];
    if (column.format == "tdD" && cell.is_number_integer()) {
      cell = day_text(cell.get<int64_t>());
    } else if (column.format.starts_with("ts") && cell.is_number_integer()) {
      cell = time_text(cell.get<int64_t>());
    } else if (column.json && cell.is_string()) {
      auto inner = ordered_json::parse(cell.get<std::string>(), nullptr, false);
      if (!inner.is_discarded()) {
        cell = std::move(inner);
      }
    }
  }
}

constexpr sluice_str_t text_view(const char* text, uint64_t size) {
  return {text, size};
}

}  // namespace

// Rows of a transaction are kept when it commits.
class Capture::CaptureWriter final : public Writer {
 public:
  explicit CaptureWriter(Capture& capture) : capture_(capture) {}

  Result<uint32_t> bind(const Binding& binding) override {
    const std::lock_guard lock(capture_.mutex_);
    const auto it = capture_.kept_.find(binding.stream);
    if (it == capture_.kept_.end()) {
      return Error{Code::kInternal, "stream " + binding.stream + " was not declared"};
    }
    bound_.push_back(it->second.stream);
    return static_cast<uint32_t>(bound_.size());
  }
  Result<void> begin() override {
    pending_.clear();
    return {};
  }
  Result<int64_t> reserve() override { return ++commit_; }
  Result<void> write(uint32_t stream, int64_t, ArrayHandle array,
                     std::vector<RejectedRow>&) override {
    if (stream == 0 || stream > bound_.size()) {
      return Error{Code::kInternal, "a stream was written that is not bound"};
    }
    std::vector<std::string>& lines = pending_[stream];
    for (int64_t row = 0; row < array.rows(); ++row) {
      lines.push_back(row_json(bound_[stream - 1], array.get(), static_cast<uint64_t>(row)));
    }
    return {};
  }
  Result<void> record(const CommitRecord&) override { return {}; }
  Result<void> commit() override {
    for (const auto& [stream, lines] : pending_) {
      capture_.keep(bound_[stream - 1].name, lines);
    }
    pending_.clear();
    return {};
  }
  void rollback() override { pending_.clear(); }
  void interrupt() override {}

 private:
  Capture& capture_;
  std::vector<Stream> bound_;
  std::map<uint32_t, std::vector<std::string>> pending_;
  int64_t commit_ = 0;
};

class Capture::CaptureSink final : public Sink {
 public:
  explicit CaptureSink(Capture& capture) : capture_(capture) {
    descriptor_.struct_size = sizeof descriptor_;
    descriptor_.kind = SLUICE_KIND_SINK;
    descriptor_.id = "capture";
    descriptor_.name = text_view("capture", 7);
    descriptor_.version = text_view("1.0.0", 5);
  }
  [[nodiscard]] const sluice_descriptor_t& descriptor() const override { return descriptor_; }
  Result<void> open(uint32_t) override { return {}; }
  Result<std::unique_ptr<Writer>> open_writer() override {
    return std::unique_ptr<Writer>(std::make_unique<CaptureWriter>(capture_));
  }
  Result<std::string> head() override { return unsupported(); }
  Result<void> list_commits(const std::string&, const std::string&, const std::string&,
                            const RecordVisitor&) override {
    return unsupported();
  }
  Result<void> forget_commits(const std::string&, const std::string&, const std::string&) override {
    return unsupported();
  }
  Result<std::vector<std::string>> diff(const Binding&) override { return unsupported(); }

 private:
  static Error unsupported() {
    return Error{Code::kUnsupported, "a captured sink has no commit log and no schema"};
  }
  Capture& capture_;
  sluice_descriptor_t descriptor_{};
};

void Capture::declare(const Stream& stream) {
  const std::lock_guard lock(mutex_);
  kept_[stream.name].stream = stream;
}

std::unique_ptr<Sink> Capture::make_sink() {
  return std::make_unique<CaptureSink>(*this);
}

void Capture::keep(const std::string& stream, const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  Kept& kept = kept_.at(stream);
  for (const std::string& line : lines) {
    auto row = ordered_json::parse(line);
    std::string key;
    for (const std::string& column : kept.stream.key) {
      key += sortable(row.value(column, ordered_json())) + '\n';
    }
    const std::string seq =
        kept.stream.seq.empty() ? "" : sortable(row.value(kept.stream.seq, ordered_json()));
    make_readable(kept.stream, row);
    Row made{seq, row.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
    const auto old = kept.stream.key.empty() ? kept.rows.end() : kept.rows.find(key);
    if (old == kept.rows.end()) {
      kept.rows.emplace(key.empty() ? made.line : key, std::move(made));
    } else if (made.seq >= old->second.seq) {
      old->second = std::move(made);
    }
  }
}

std::map<std::string, Capture::Table> Capture::tables() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Table> out;
  for (const auto& [name, kept] : kept_) {
    Table& table = out[name];
    table.key = kept.stream.key;
    for (const auto& [key, row] : kept.rows) {
      table.rows.push_back(row.line);
    }
  }
  return out;
}

}  // namespace sluice::host
