// SPDX-License-Identifier: Apache-2.0
#include "conformance/runs.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/fault.hpp"

namespace sluice::conformance {

namespace {

using check::Findings;
using nlohmann::json;
using test::Finished;

using Sets = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

// Failures come quickly and are not tried for minutes.
const Sets& impatient() {
  static const Sets sets = {"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"5ms\"",
                            "pipeline.attempts=2",         "http.retries=0",
                            "http.breaker_failures=0",     "http.breaker_share=1.0",
                            "http.breaker_wait=\"1ms\""};
  return sets;
}

// A pipeline with a twin of its own; `state` tells ledgers and targets apart.
class World {
 public:
  explicit World(const Pipeline& pipeline) : pipeline_(pipeline), twin_(pipeline.twin) {}

  Finished run(const std::string& state, const Sets& more = {},
               const Environment& environment = {}) {
    std::vector<std::string> command = {SLUICE_BINARY,
                                        "--state-dir",
                                        folder_ / (state + ".state"),
                                        "--plugin-dir",
                                        SLUICE_PLUGINS,
                                        "--trust-plugins",
                                        "run",
                                        std::string(SLUICE_CONFIG) + "/" + pipeline_.config};
    if (const std::string lifted = limits(); !lifted.empty()) {
      command.insert(command.end(), {"--set", lifted});
    }
    for (const Sets* sets : {&pipeline_.set, &more}) {
      for (const std::string& one : *sets) {
        command.insert(command.end(), {"--set", one});
      }
    }
    Environment all = environment;
    for (const auto& [name, value] : pipeline_.environment(twin_)) {
      all.emplace(name, value);
    }
    all.emplace(pipeline_.database, database(state));
    all.emplace("no_proxy", "127.0.0.1");
    const auto begin = std::chrono::steady_clock::now();
    Finished finished = test::run(command, all);
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return finished;
  }
  [[nodiscard]] std::string database(const std::string& state) const {
    return folder_ / (state + ".db");
  }
  [[nodiscard]] double seconds() const { return seconds_; }

  void faults(const json& rules) {
    twin_.control("POST", "/_twin/faults", json{{"rules", rules}, {"replace", true}}.dump());
  }
  void forget_requests() { twin_.control("POST", "/_twin/reset-stats"); }
  std::size_t requests() {
    return json::parse(twin_.control("GET", "/_twin/stats")).at("requests").get<std::size_t>();
  }
  json log() { return json::parse(twin_.control("GET", "/_twin/log?tail=10000")); }

  // Every table's rows as one text each.
  std::map<std::string, std::string> tables(const std::string& state) {
    std::map<std::string, std::string> out;
    if (!std::filesystem::exists(database(state))) {
      return out;
    }
    for (const std::string& table : test::landed_tables(database(state))) {
      std::string order;
      for (const std::string& column : test::table_columns(database(state), table)) {
        if (!pipeline_.volatile_columns.contains(column) && column != "_sluice_commit") {
          order += (order.empty() ? "\"" : ", \"") + column + "\"";
        }
      }
      out[table] = test::digest(database(state), table, order, pipeline_.volatile_columns);
    }
    return out;
  }

 private:
  // The plugin's own limits, replaced by such that nobody has to wait for.
  std::string limits() {
    std::string out;
    for (const auto& [scope, name] : pipeline_.lifted) {
      std::string here = scope;
      if (const auto at = here.find("HOST"); at != std::string::npos) {
        here.replace(at, 4, twin_.base_url().substr(std::string("http://").size()));
      }
      out += (out.empty() ? "" : ", ") + ("{scope = \"" + here + "\", name = \"" + name +
                                          "\", amount = 1000000000, per = \"1s\"}");
    }
    return out.empty() ? out : "limit=[" + out + "]";
  }

  const Pipeline& pipeline_;
  twin::Twin twin_;
  test::TempDir folder_;
  double seconds_ = 0;
};

std::string tail(const std::string& text) {
  constexpr std::size_t kMost = 1500;
  return text.size() <= kMost ? text : "…" + text.substr(text.size() - kMost);
}

std::string told(const Finished& finished) {
  return "exit code " + std::to_string(finished.exit_code) + "\n" + tail(finished.out) +
         tail(finished.err);
}

void compare(const std::map<std::string, std::string>& first,
             const std::map<std::string, std::string>& second, const std::string& what,
             Findings& out) {
  for (const auto& [table, rows] : first) {
    const auto other = second.find(table);
    if (other == second.end() || other->second != rows) {
      out.push_back(table + " " + what + ": " + rows + " against " +
                    (other == second.end() ? "no table" : other->second));
    }
  }
}

// Both runs end well, the target stays as it is, and whatever is asked again is asked with a
// condition or for a reason.
Findings second_run(const Pipeline& pipeline) {
  Findings out;
  World world(pipeline);
  const Finished first = world.run("a");
  if (first.exit_code != 0) {
    return {"The first run: " + told(first)};
  }
  const auto before = world.tables("a");
  for (const auto& [table, rows] : before) {
    if (rows.starts_with("0 ")) {
      out.push_back(table + " is empty after the first run, so nothing of it is checked.");
    }
  }
  world.forget_requests();
  const Finished second = world.run("a");
  if (second.exit_code != 0) {
    return {"The second run: " + told(second)};
  }
  std::map<std::string, int> plain;
  for (const json& request : world.log()) {
    const std::string target = request.at("target").get<std::string>();
    const std::string path = target.substr(0, target.find('?'));
    const bool allowed =
        std::any_of(pipeline.asked_again.begin(), pipeline.asked_again.end(),
                    [&](const auto& one) { return twin::glob_match(one.first, path); });
    if (!request.at("conditional").get<bool>() && !allowed) {
      ++plain[request.at("method").get<std::string>() + " " + target];
    }
  }
  std::size_t shown = 0;
  for (const auto& [request, times] : plain) {
    if (++shown <= 5) {
      out.push_back("The second run asked again, without a condition: " + request);
    }
  }
  if (shown > 5) {
    out.push_back("… and made " + std::to_string(shown - 5) + " further such requests.");
  }
  compare(before, world.tables("a"), "changed in the second run", out);
  return out;
}

// The service is gone from the middle of the run on. The run ends with slices failed, soon; the
// next one, with the service back, lands the rest.
Findings ends_in_the_middle(const Pipeline& pipeline) {
  Findings out;
  World world(pipeline);
  world.forget_requests();
  const Finished clean = world.run("clean");
  if (clean.exit_code != 0) {
    return {"Without any fault: " + told(clean)};
  }
  const std::size_t requests = world.requests();
  const auto wanted = world.tables("clean");
  for (const std::size_t third : {std::size_t{1}, std::size_t{2}}) {
    const std::size_t from = std::max<std::size_t>(2, requests * third / 3);
    const std::string state = "cut" + std::to_string(third);
    const std::string place =
        "From request " + std::to_string(from) + " of " + std::to_string(requests) + " on ";
    world.faults(json::array({{{"path", pipeline.paths}, {"from", from}, {"action", "reset"}}}));
    const Finished broken = world.run(state, impatient());
    if (broken.exit_code != 1) {
      out.push_back(place + "the service was gone, but: " + told(broken));
    }
    if (world.seconds() > 60) {
      out.push_back(place + "the service was gone, and the run took " +
                    std::to_string(world.seconds()) + " seconds.");
    }
    world.faults(json::array());
    const Finished again = world.run(state);
    if (again.exit_code != 0) {
      out.push_back(place + "the service was gone, then back: " + told(again));
    }
    compare(wanted, world.tables(state), "differs after the service was gone", out);
  }
  return out;
}

int64_t count_of(const std::string& digest) {
  return std::stoll(digest);
}

// A service that suddenly holds nothing takes no row from the target.
Findings empties(const Pipeline& pipeline) {
  Findings out;
  World world(pipeline);
  const Finished first = world.run("a");
  if (first.exit_code != 0) {
    return {"The first run: " + told(first)};
  }
  const auto before = world.tables("a");
  world.faults(json::array({{{"path", pipeline.paths}, {"action", "empty"}}}));
  const Finished empty = world.run("a", impatient());
  if (empty.exit_code != 0 && empty.exit_code != 1) {
    out.push_back("With an empty service: " + told(empty));
  }
  const auto after = world.tables("a");
  for (const auto& [table, rows] : before) {
    const auto now = after.find(table);
    if (now == after.end() || count_of(now->second) < count_of(rows)) {
      out.push_back(table + " lost rows to an empty service: " + rows + " against " +
                    (now == after.end() ? "no table" : now->second));
    }
  }
  world.faults(json::array());
  const Finished back = world.run("a");
  if (back.exit_code != 0) {
    out.push_back("With the service back: " + told(back));
  }
  return out;
}

Findings refused(const Pipeline& pipeline) {
  Findings out;
  World world(pipeline);
  Sets sets = impatient();
  sets.insert(sets.end(), pipeline.wrong_set.begin(), pipeline.wrong_set.end());
  if (pipeline.wrong_set.empty() && pipeline.wrong_environment.empty()) {
    world.faults(json::array({{{"path", pipeline.paths},
                               {"action", "status"},
                               {"status", 401},
                               {"body", "{}"},
                               {"content_type", "application/json"}}}));
  }
  world.forget_requests();
  const Finished finished = world.run("a", sets, pipeline.wrong_environment);
  if (finished.exit_code != 1 && finished.exit_code != 78) {
    out.push_back("With wrong credentials: " + told(finished));
  }
  static const std::regex clear("credential|secret|key|token|refus|401|403|auth",
                                std::regex::icase);
  if (!std::regex_search(finished.out + finished.err, clear)) {
    out.push_back("The output does not tell that the credentials are wrong: " + told(finished));
  }
  if (world.requests() > pipeline.most_refused) {
    out.push_back(std::to_string(world.requests()) +
                  " requests were made with credentials that are refused: " + told(finished));
  }
  if (world.seconds() > 20) {
    out.push_back("It took " + std::to_string(world.seconds()) + " seconds to give up.");
  }
  return out;
}

}  // namespace

const std::vector<Run>& all_runs() {
  static const std::vector<Run> runs = {
      {"run-second", "a landed world is asked nothing but conditional requests", &second_run},
      {"run-middle", "a service that is gone in the middle is made up for", &ends_in_the_middle},
      {"run-empty", "an empty service takes nothing away", &empties},
      {"run-refused", "wrong credentials end the run at once", &refused},
  };
  return runs;
}

}  // namespace sluice::conformance
