// SPDX-License-Identifier: Apache-2.0
//
// Bodies on their way into and out of a cassette's files, piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/http/cassette/files.hpp"
#include "host/http/cassette/format.hpp"
#include "host/http/cassette/json_text.hpp"
#include "host/http/cassette/redaction.hpp"

namespace sluice::host::cassette {

// Writes one body, redacted; JSON without blanks is laid out at the end. One thread at a time.
class BodyWriter {
 public:
  // `name` of the file without its ending.
  BodyWriter(std::filesystem::path folder, std::string name, std::string content_type,
             const Redact& redact);
  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;
  ~BodyWriter();  // without finish(): nothing stays

  Result<void> push(std::string_view bytes);
  Result<BodyRef> finish();
  [[nodiscard]] bool redacted() const { return redactor_.changed(); }

 private:
  [[nodiscard]] const char* ending() const;
  Result<void> lay_out(const std::filesystem::path& to);

  const std::filesystem::path folder_, part_;
  const std::string name_, type_;
  File file_;
  JsonPacker packer_;
  std::string begin_;  // of the body
  std::optional<Error> error_;
  BodyRedactor redactor_;
};

// Reads one body back as it was. One thread at a time.
class BodyReader {
 public:
  // kCorrupt if the file is not there or is no file.
  static Result<std::unique_ptr<BodyReader>> open(const std::filesystem::path& folder,
                                                  const BodyRef& body);
  BodyReader(File file, std::filesystem::path path, bool packed)
      : file_(std::move(file)), path_(std::move(path)), packed_(packed) {}
  // Next bytes; 0 = the end.
  Result<size_t> read(std::span<char> buffer);

 private:
  File file_;  // none: an empty body
  const std::filesystem::path path_;
  const bool packed_;
  JsonPacker packer_;
};

}  // namespace sluice::host::cassette
