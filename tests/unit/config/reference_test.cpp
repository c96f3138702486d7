// SPDX-License-Identifier: Apache-2.0
//
// Values that stand elsewhere: environment, secrets, --set.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

using nlohmann::json;

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

std::string with_source(const std::string& keys) {
  return "[pipeline]\nname = \"x\"\n[[source]]\nplugin = \"binance\"\nsymbols = [\"B\"]\n" + keys +
         "[sink]\nplugin = \"files\"\n";
}

json source_of(const ConfigResult& result) {
  return json::parse(result.config.sources.at(0).json);
}

TEST_CASE("a variable's text becomes what the schema wants") {
  const Variable a("SLUICE_T_NUMBER", "42");
  const Variable b("SLUICE_T_TEXT", "007x");
  const Variable c("SLUICE_T_FLAG", "true");
  const Variable d("SLUICE_T_RATIO", "0.25");
  const auto result = read_text(
      with_source("depth = { env = \"SLUICE_T_NUMBER\" }\nverbose = { env = \"SLUICE_T_FLAG\" }\n"
                  "ratio = { env = \"SLUICE_T_RATIO\" }\nlabels = { a = { env = \"SLUICE_T_TEXT\" "
                  "}, b = { env = "
                  "\"SLUICE_T_NUMBER\" } }\npause = { env = \"SLUICE_T_NONE\", default = 5 }\n"));
  REQUIRE(problems_of(result).empty());
  const json source = source_of(result);
  CHECK(source["depth"] == 42);
  CHECK(source["verbose"] == true);
  CHECK(source["ratio"] == 0.25);
  CHECK(source["labels"] == json{{"a", "007x"}, {"b", "42"}});
  CHECK(source["pause"] == 5);
  CHECK(result.config.redact == std::vector<std::string>{"007x"});
}

TEST_CASE("a host key may come from the environment; arrays take it element by element") {
  const Variable a("SLUICE_T_WORKERS", "9");
  const Variable b("SLUICE_T_DIR", "/opt/plug");
  const auto result = read_text(std::string(
      "[pipeline]\nname = \"x\"\nworkers = { env = \"SLUICE_T_WORKERS\" }\n[plugins]\ndirs = "
      "[\"a\", { env "
      "= \"SLUICE_T_DIR\" }]\n[[source]]\nplugin = \"files\"\n[sink]\nplugin = \"files\"\n"));
  REQUIRE(problems_of(result).empty());
  CHECK(result.config.workers == 9);
  CHECK(result.config.plugin_dirs == std::vector<std::string>{"a", "/opt/plug"});
}

TEST_CASE("a missing or unfit variable is a problem with a place, and its value is never shown") {
  const Variable a("SLUICE_T_BAD", "hush-hush-value");
  const Variable b("SLUICE_T_BIG", "77777777");
  const Variable c("SLUICE_T_BYTES", "\xFF\xFE");
  const auto result = read_text(with_source(
      "depth = { env = \"SLUICE_T_BAD\" }\ninterval = { env = \"SLUICE_T_BAD\" }\n"
      "chunk = { env = \"SLUICE_T_BAD\" }\nday = { env = \"SLUICE_T_NONE\" }\nurl = { env = "
      "\"SLUICE_T_BYTES\" }\nratio = { env = \"SLUICE_T_BIG\" }\nverbose = { env = 3 }\nsince = { "
      "env = "
      "\"SLUICE_T_BAD\", defualt = 1 }\n"));
  CHECK(problems_of(result) ==
        "6:9: the value of the environment variable SLUICE_T_BAD is not an integer; 'depth' for "
        "source 'binance'\n"
        "7:12: must be one of \"1m\", \"5m\" or \"1h\"; 'interval' for source 'binance'\n"
        "8:9: the value is not a size; write it like \"256MiB\", \"10MB\", \"64KiB\" or \"4096\" "
        "(bytes); 'chunk' for source 'binance'\n"
        "9:7: the environment variable SLUICE_T_NONE is not set; set it, or add a default: { env = "
        "\"SLUICE_T_NONE\", default = … }; 'day' for "
        "source 'binance'\n"
        "10:7: the value of the environment variable SLUICE_T_BYTES is not UTF-8; 'url' for source "
        "'binance'\n"
        "11:9: must be at most 1; 'ratio' for source 'binance'\n"
        "12:11: 'env' takes the name of an environment variable, like { env = \"NAME\" }; "
        "'verbose' for source 'binance'\n"
        "13:9: unknown key 'defualt' in a reference, which reads { env = \"NAME\", default = … }; "
        "did you mean 'default'?; 'since' for source "
        "'binance'\n");
}

TEST_CASE("check needs no values, yet checks the defaults") {
  const auto result = read_text(with_source("depth = { env = \"SLUICE_T_NONE\" }\ninterval = { env "
                                            "= \"SLUICE_T_NONE\", default = \"9m\" }\n"),
                                {.set = {}, .resolve_env = false});
  CHECK(problems_of(result) ==
        "7:47: must be one of \"1m\", \"5m\" or \"1h\", is \"9m\"; 'interval' for source "
        "'binance'; did you mean \"1m\"?\n");
}

TEST_CASE("a value from outside cannot bring syntax with it") {
  const Variable a("SLUICE_T_SLY", "x\"\n[sink]\nplugin = \"evil\"\n");
  const auto result = read_text(with_source("labels = { a = { env = \"SLUICE_T_SLY\" } }\n"),
                                {.set = {"source.0.labels.b=x\"\n[sink]\nplugin = 3"}});
  REQUIRE(problems_of(result).empty());
  CHECK(source_of(result)["labels"]["a"] == "x\"\n[sink]\nplugin = \"evil\"\n");
  CHECK(source_of(result)["labels"]["b"] == "x\"\n[sink]\nplugin = 3");
  CHECK(result.config.sink.plugin == "files");
}

TEST_CASE("a variable where a secret is wanted stays out of the configuration") {
  const Variable a("SLUICE_T_KEY", "very-secret-key");
  const auto result =
      read_text(with_source("api_key = { env = \"SLUICE_T_KEY\" }\nauth = { kind = \"key\", key = "
                            "{ secret = \"k\" } }\n[secret.k]\n"
                            "file = \"/run/k\"\n"));
  REQUIRE(problems_of(result).empty());
  const std::string name = source_of(result)["api_key"]["$secret"];
  CHECK(result.config.secrets.at(name).from == SecretConfig::From::kEnv);
  CHECK(result.config.secrets.at(name).value == "SLUICE_T_KEY");
  CHECK(source_of(result)["auth"]["key"]["$secret"] == "k");
  CHECK(result.config.sources[0].json.find("very-secret") == std::string::npos);
}

TEST_CASE("set option: overrides as if the file said so") {
  const auto result = read_text(
      kGood, {.set = {"pipeline.workers=16", "source.0.interval=5m", "source.0.symbols=[\"A\"]",
                      "commit.bytes=1MiB", "limits.requests_per_second.\"a.b\"=2.5",
                      "sink.path=\"x=y.db\"", "want.from=2024-01-01", "pipeline.name=override"}});
  REQUIRE(problems_of(result).empty());
  CHECK(result.config.name == "override");
  CHECK(result.config.workers == 16);
  CHECK(source_of(result)["interval"] == "5m");
  CHECK(source_of(result)["symbols"] == json{"A"});
  CHECK(result.config.commit_bytes == 1U << 20);
  CHECK(result.config.requests_per_second.at("a.b") == 2.5);
  CHECK(json::parse(result.config.sink.json)["path"] == "x=y.db");
  CHECK(result.config.from_us == 1'704'067'200'000'000);
}

TEST_CASE("problems of --set name the option") {
  const auto result =
      read_text(kGood, {.set = {"pipeline.workers=many", "nonsense", "source.5.x=1",
                                "source.depth=1", "pipeline.name.x=1", "=3", "a b=3", "sink.pth=x",
                                "pipeline.streams={ secret = \"s\" }"}});
  const auto text = problems_of(result);
  INFO(text);
  for (const char* line :
       {"--set pipeline.workers=many: expected an integer, got a string; 'workers' in [pipeline]\n",
        "--set nonsense: the '=' is missing; write it like pipeline.workers=8 or "
        "source.0.station=\"00044\"\n",
        "--set source.5.x=1: 'source' has 1 elements, counted from 0; there is no 5\n",
        "--set source.depth=1: 'source' is a list; name one of its 1 elements by number, like "
        "source.0.depth\n",
        "--set pipeline.name.x=1: 'pipeline.name' is a string and has nothing named 'x'\n",
        "--set =3: the part before '=' is not a key",
        "--set a b=3: the part before '=' is not a key",
        "--set sink.pth=x: unknown key 'pth' for sink 'sqlite'; did you mean 'path'?\n",
        "--set pipeline.streams={ secret = \"s\" }: a key of the host cannot be a secret"}) {
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(result.problems.size() == 9);
}

TEST_CASE("the host's keys are to be had before the plugins are known, whatever else is wrong") {
  const Variable a("SLUICE_T_STATE", "/var/s");
  const TemporaryFile file(
      "[pipeline]\nbroken = \n[state]\ndir = { env = \"SLUICE_T_STATE\" }\n[plugins]\ndirs = "
      "[\"a\", { env = \"SLUICE_T_NONE\", "
      "default = \"b\" }, 3]\n[zzz]\n");
  const auto keys = peek_host_keys(file.path());
  CHECK(keys.state_dir == "/var/s");
  CHECK(keys.plugin_dirs == std::vector<std::string>{"a", "b"});
  CHECK(peek_host_keys(file.path(), {"state.dir=/elsewhere"}).state_dir == "/elsewhere");
  CHECK_FALSE(peek_host_keys("/nowhere.toml").state_dir);
  const TemporaryFile odd("state = 3\nplugins = { dirs = 4 }\n");
  CHECK_FALSE(peek_host_keys(odd.path()).state_dir);
}

}  // namespace
}  // namespace sluice::host::test
