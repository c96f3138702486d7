// SPDX-License-Identifier: Apache-2.0
//
// Holds a tree against a schema, collects every problem with its place, and yields the value that
// the schema's owner gets: references resolved, defaults filled in, dates as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/config/config.hpp"
#include "host/config/node.hpp"

namespace sluice::host {

// A `{ secret = … }` that was met: whether it is declared is known only when the whole file has
// been read.
struct SecretUse {
  std::string name;
  Place place;
  std::string where;
};

// What the checks of one file share. Not thread-safe.
class Findings {
 public:
  Findings(std::string file, const std::vector<std::string>& set)
      : file_(std::move(file)), set_(set) {}

  void complain(Place place, std::string what);
  // "file:line:column", or the --set option that says so.
  [[nodiscard]] std::string text_of(const Place& place) const;
  // In order of place, at most some hundred.
  std::vector<Problem> take();

  std::vector<Problem> problems;
  std::vector<SecretUse> secret_uses;
  std::vector<std::string> redact;
  std::vector<std::string> env_secrets;  // variables that stand where a secret is wanted
  bool resolve_env = true;
  bool partial = false;  // lines were left out: nothing is missing for sure

 private:
  std::string file_;
  const std::vector<std::string>& set_;
};

// The name under which a variable that stands where a secret is wanted is asked for.
std::string env_secret_name(const std::string& variable);

// "a, b or c" with `last` = " or "; a long list is cut.
std::string joined(const std::vector<std::string>& words, const char* last);

class Checker {
 public:
  // `owner` says whose keys these are: "in [pipeline]", "for source 'dwd'". All three outlive the
  // checker.
  Checker(Findings& findings, std::string owner, const nlohmann::json& root)
      : findings_(findings), owner_(std::move(owner)), root_(root) {}

  // Keys that nobody knows although people try them, each with what to say.
  struct Advice {
    const char* key;
    const char* text;
  };
  void advise(const std::vector<Advice>& advice) { advice_ = advice; }
  // Host keys cannot be secrets, and some are the names of variables and files themselves.
  void forbid_secrets() { secrets_allowed_ = false; }

  nlohmann::json check(const Node& node);

 private:
  using json = nlohmann::json;

  json value(const Node& node, const json& schema, const std::string& path);
  json literal(const Node& node, const json& schema, const std::string& path);
  json reference(const Node& node, const json& schema, const std::string& path);
  json env_at_secret(const Node& node, const std::string& variable, bool has_default,
                     const std::string& path);
  json secret(const Node& node, const json& schema, const std::string& path);
  json alternatives(const Node& node, const json& schema, const std::vector<json>& branches,
                    const std::string& path);
  json tagged(const Node& node, const std::vector<json>& branches, const std::string& tag,
              const std::string& path);
  json object(const Node& node, const json& schema, const std::string& path);
  void member(const std::string& key, const Node& node, const json& schema, const std::string& path,
              json& out);
  void unknown(const std::string& key, const Node& node, const json& schema,
               const std::string& path);
  void missing(const Node& node, const json& schema, const std::string& path);
  json array(const Node& node, const json& schema, const std::string& path);
  json string(const Node& node, const json& schema, const std::string& path);
  json formatted(const Node& node, const json& schema, const std::string& format,
                 const std::string& path);
  json number(const Node& node, const json& schema, const std::string& path);
  void bounds(const Node& node, const json& schema, const json& number, const std::string& path);
  void text_bounds(const Node& node, const json& schema, const std::string& format,
                   const std::string& path);
  void constants(const Node& node, const json& schema, const json& value, const std::string& path);
  bool type_fits(const Node& node, const json& schema, const std::string& path);
  void defaults(const json& schema, json& out);

  [[nodiscard]] std::string shown(
      const json& value) const;  // " (is 7)", nothing if it may be secret
  [[nodiscard]] std::string where(const std::string& path) const;
  void complain(const Node& node, const std::string& what, const std::string& path,
                const std::string& meant = {});

  Findings& findings_;
  std::string owner_;
  const json& root_;
  std::vector<Advice> advice_;
  bool secrets_allowed_ = true;
  bool hidden_ = false;  // the value came from the environment, or is to be a secret
};

}  // namespace sluice::host
