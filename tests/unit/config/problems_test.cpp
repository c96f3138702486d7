// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a file is said in full, with its place and a way out.
#include <catch2/catch.hpp>

#include "unit/config/support.hpp"

namespace sluice::host::test {
namespace {

constexpr const char* kTail = "[[source]]\nplugin = \"files\"\n[sink]\nplugin = \"files\"\n";

struct Case {
  const char* text;      // lines 1 …, behind them a good source and sink
  const char* problems;  // each with its line feed
};

std::string checked(const std::string& text) {
  return problems_of(read_text(text));
}

TEST_CASE("a problem reads file:line:column: what") {
  CHECK(Problem{"a.toml", 14, 1, "x"}.text() == "a.toml:14:1: x");
  CHECK(Problem{"a.toml", 0, 0, "x"}.text() == "a.toml: x");
}

TEST_CASE("problems with the host's keys") {
  const Case cases[] = {
      {"[pipeline]\n", "1:1: missing key 'name' in [pipeline]; for example name = \"weather\"\n"},
      {"[pipeline]\nname = \"x\"\nworkers = \"four\"\n",
       "3:11: expected an integer, got a string; 'workers' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\nworkers = 257\n",
       "3:11: must be between 1 and 256, is 257; 'workers' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\nworkers = 4.0\n",
       "3:11: expected an integer, got a number with a fraction; 'workers' in [pipeline]\n"},
      {"[pipeline]\nname = \"My Pipe\"\n",
       "2:8: does not match ^[a-z0-9_-]+$, is \"My Pipe\"; for example \"weather\"; 'name' in "
       "[pipeline]\n"},
      {"[pipeline]\nname = \"x\"\nworker = 4\n",
       "3:1: unknown key 'worker' in [pipeline]; did you mean 'workers'?\n"},
      {"[pipeline]\nname = \"x\"\n  rows = 4\n",
       "3:3: unknown key 'rows' in [pipeline]; it belongs in [commit]\n"},
      {"[pipeline]\nname = \"x\"\nevery = \"1m\"\n",
       "3:1: unknown key 'every' in [pipeline]; this version runs once and stops; let a systemd "
       "timer or cron start `sluice run`\n"},
      {"[pipeline]\nname = \"x\"\nlineage = 1\n",
       "3:11: expected a boolean, got an integer; 'lineage' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\norder = \"paralel\"\n",
       "3:9: must be one of \"parallel\" or \"sequential\", is \"paralel\"; 'order' in [pipeline]; "
       "did you mean \"parallel\"?\n"},
      {"[pipeline]\nname = \"x\"\n[http]\nproxy = \"ftp://me:s3cret@proxy.example\"\n",
       "4:9: is not a proxy; write scheme://host:port with http, https, socks4, socks4a, socks5 or "
       "socks5h; 'proxy' in [http]\n"},
      {"[pipeline]\nname = \"x\"\ndrain = 10\n",
       "3:9: expected a duration like \"90s\", got an integer; 'drain' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\ndrain = \"10 sec\"\n",
       "3:9: \"10 sec\" is not a duration; write it like \"90s\", \"5m\", \"2h\", \"7d\", "
       "\"250ms\" "
       "or \"1h30m\"; 'drain' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\nretry_base = \"2m\"\nretry_cap = \"1m\"\n",
       "4:13: 'retry_cap' is shorter than 'retry_base'; in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\nstreams = [\"a\", 2, \"a\"]\n",
       "3:17: expected a string, got an integer; 'streams[1]' in [pipeline]\n"
       "3:20: is there twice; keep one of them, is \"a\"; 'streams[2]' in [pipeline]\n"},
      {"[pipeline]\nname = \"x\"\n[limits]\nmemory = \"12 cows\"\n",
       "4:10: \"12 cows\" is not a size; write it like \"256MiB\", \"10MB\", \"64KiB\" or \"4096\" "
       "(bytes); 'memory' in [limits]\n"},
      {"[pipeline]\nname = \"x\"\n[limits]\nmemory = \"1KB\"\n",
       "4:10: must be between 16MiB and 1TiB, is \"1KB\"; 'memory' in [limits]\n"},
      {"[pipeline]\nname = \"x\"\n[limits.requests_per_second]\n\"a.b\" = 0\n",
       "4:9: must be more than 0, is 0; 'requests_per_second.a.b' in [limits]\n"},
      {"[pipeline]\nname = \"x\"\n[[limit]]\nscope = \"a.org\"\namount = 5\n",
       "3:1: amount and per go together; in [[limit]]\n"},
      {"[pipeline]\nname = \"x\"\n[[limit]]\nscope = \"a.org\"\n",
       "3:1: it limits nothing; in [[limit]], give amount and per, spacing or concurrent\n"},
      {"[pipeline]\nname = \"x\"\n[[limit]]\nscope = \"a.org\"\nconcurrent = 2\n[[limit]]\n"
       "scope = \"a.org\"\nspacing = \"1s\"\n",
       "6:1: a [[limit]] of this scope and name stands above; give it another name\n"},
      {"[pipeline]\nname = \"x\"\n[limit]\nscope = \"a.org\"\nconcurrent = 2\n",
       "3:1: a limit stands under [[limit]], with double brackets\n"},
      {"[pipeline]\nname = \"x\"\n[stream.a]\nmax_shrink = 2\nretry_empty = \"0s\"\n",
       "4:14: must be between 0 and 1, is 2; 'max_shrink' in [stream.a]\n"
       "5:15: must be at least 1s, is \"0s\"; 'retry_empty' in [stream.a]\n"},
      {"[pipeline]\nname = \"x\"\n[want]\nfrom = 2025-01-01\nto = 2024-01-01\n",
       "4:8: nothing lies between: 'from' is not before 'to'; in [want]\n"},
      {"[pipeline]\nname = \"x\"\n[want]\nfrom = \"now\"\n",
       "4:8: the begin cannot be \"now\"; 'from' in [want] takes a date or time\n"},
      {"[pipeline]\nname = \"x\"\n[want]\nfrom = \"01.02.2024\"\n",
       "4:8: \"01.02.2024\" is not a date or time; write it like 2024-01-31, 2024-01-31T12:00:00Z "
       "or 2024-01-31T12:00:00+02:00; 'from' in [want]\n"},
      {"[pipeline]\nname = \"x\"\n[want]\nfrom = 12:00:00\n",
       "4:8: expected a date or time like 2024-01-31T12:00:00Z, or \"now\", got a time of day; "
       "'from' in [want]\n"},
      {"[pipeline]\nname = \"x\"\n[wnat]\nlag = \"3m\"\n",
       "3:1: unknown table [wnat]; did you mean [want]?\n"},
      {"[pipeline]\nname = \"x\"\n[[rule]]\nstream = \"a\"\n",
       "3:1: unknown table [rule]; rules are not part of this version\n"},
      {"workers = 4\n[pipeline]\nname = \"x\"\n",
       "1:1: unknown key 'workers' before the first table; it belongs in [pipeline]\n"},
      {"want = 3\n[pipeline]\nname = \"x\"\n", "1:8: expected a table, got an integer; [want]\n"},
      {"[[want]]\n[pipeline]\nname = \"x\"\n", "1:1: expected a table, got an array; [want]\n"},
      {"[pipeline]\nname = \"x\"\n[stream.a]\ntabel = \"t\"\nrefresh = \"soon\"\n",
       "4:1: unknown key 'tabel' in [stream.a]; did you mean 'table'?\n"
       "5:11: \"soon\" is not a duration; write it like \"90s\", \"5m\", \"2h\", \"7d\", \"250ms\" "
       "or \"1h30m\"; 'refresh' "
       "in [stream.a]\n"},
      {"[pipeline]\nname = \"x\"\n[stream]\nenabled = true\n",
       "4:11: expected a table, got a boolean; [stream.enabled] is a table for each name\n"},
      {"[pipeline]\nname = \"x\"\n[secret.a]\n[secret.b]\nenv = \"E\"\nfile = \"f\"\n",
       "3:1: needs env, file, credential, command or store; in [secret.a], for example env = "
       "\"PG_PASSWORD\"\n"
       "4:1: env, file are given; keep one; in [secret.b], for example env = "
       "\"PG_PASSWORD\"\n"},
      {"[pipeline]\nname = \"x\"\n[secret.a]\nvalue = \"hush\"\n",
       "3:1: needs env, file, credential, command or store; in [secret.a], for example env = "
       "\"PG_PASSWORD\"\n"
       "4:1: unknown key 'value' in [secret.a]; a secret's value never stands in the file; name "
       "where it comes from with env, file, credential, command or store\n"},
      {"[pipeline]\nname = { secret = \"a\" }\n[secret.a]\nenv = \"A\"\n",
       "2:8: a key of the host cannot be a secret; write the value, or { env = \"NAME\" }; 'name' "
       "in [pipeline]\n"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(checked(std::string(c.text) + kTail) == c.problems);
  }
}

TEST_CASE("problems with the plugin's keys") {
  const Case cases[] = {
      {"symbol = [\"B\"]\n",
       "3:1: missing key 'symbols' for source 'binance'\n"
       "5:1: unknown key 'symbol' for source 'binance'; did you mean 'symbols'?\n"},
      {"symbols = [\"B\"]\nmemory = \"1GB\"\n",
       "6:1: unknown key 'memory' for source 'binance'; it belongs in [limits]\n"},
      {"symbols = []\n", "5:11: needs at least 1 element; 'symbols' for source 'binance'\n"},
      {"symbols = [\"b\"]\n",
       "5:12: does not match ^[A-Z0-9]+$, is \"b\"; 'symbols[0]' for source 'binance'\n"},
      {"symbols = [\"B\"]\ndepth = 0\n",
       "6:9: must be between 1 and 5000, is 0; 'depth' for source 'binance'\n"},
      {"symbols = [\"B\"]\nratio = 0.0\n",
       "6:9: must be more than 0, is 0.0; 'ratio' for source 'binance'\n"},
      {"symbols = [\"B\"]\nratio = nan\n",
       "6:9: must be a finite number; 'ratio' for source 'binance'\n"},
      {"symbols = [\"B\"]\ninterval = \"2m\"\n",
       "6:12: must be one of \"1m\", \"5m\" or \"1h\", is \"2m\"; 'interval' for source 'binance'; "
       "did you mean \"1m\"?\n"},
      {"symbols = [\"B\"]\nday = 2024-01-01T00:00:00Z\n",
       "6:7: expected a date like 2024-01-31, got a date and time; 'day' for source 'binance'\n"},
      {"symbols = [\"B\"]\nday = \"2024-02-30\"\n",
       "6:7: \"2024-02-30\" is not a date; write it like 2024-01-31; 'day' for source 'binance'\n"},
      {"symbols = [\"B\"]\nlabels = { a = 1 }\n",
       "6:16: expected a string, got an integer; 'labels.a' for source 'binance'\n"},
      {"symbols = [\"B\"]\nfilter = { statoin = \"x\", levels = [5, 7, 10, 15] }\n",
       "6:12: unknown key 'statoin' in 'filter' for source 'binance'; did you mean 'station'?\n"
       "6:36: takes at most 3 elements, has 4; 'filter.levels' for source 'binance'\n"
       "6:40: must be a multiple of 5, is 7; 'filter.levels[1]' for source 'binance'\n"},
      {"symbols = [\"B\"]\nauth = { kind = \"kye\" }\n",
       "6:17: must be one of key or none, is \"kye\"; 'auth.kind' for source 'binance'; did you "
       "mean \"key\"?\n"},
      {"symbols = [\"B\"]\nauth = { note = \"x\" }\n",
       "6:8: missing key 'kind', one of key or none; 'auth' for source 'binance'\n"},
      {"symbols = [\"B\"]\nauth = { kind = \"none\", key = \"x\" }\n",
       "6:25: unknown key 'key' in 'auth' for source 'binance'; known are kind and note\n"},
      {"symbols = [\"B\"]\npairs = 3\n",
       "6:9: expected an array or a table, got an integer; 'pairs' for source 'binance'\n"},
      {"symbols = [\"B\"]\npairs = [3]\n",
       "6:10: expected a string, got an integer; 'pairs[0]' for source 'binance'\n"},
      {"symbols = [\"B\"]\nrole = \"fallback\"\n",
       "6:8: must be \"primary\", is \"fallback\"; 'role' in [[source]]\n"},
      {"symbols = [\"B\"]\napi_key = \"hush-hush\"\n",
       "6:11: a secret does not stand in the file: write { secret = \"name\" } here and put a "
       "table [secret.name] with env or file beside it; 'api_key' for source 'binance'\n"},
      {"symbols = [\"B\"]\napi_key = { secret = \"mykye\" }\n[secret.mykey]\nenv = \"X\"\n",
       "6:11: there is no table [secret.mykye]; 'api_key' for source 'binance'; did you mean "
       "'mykey'?\n"},
      {"symbols = [\"B\"]\napi_key = { secret = \"k\", default = \"x\" }\n[secret.k]\nenv = "
       "\"X\"\n",
       "6:11: unknown key 'default' in a reference, which reads { secret = \"name\" }; a secret "
       "has no default; 'api_key' for source 'binance'\n"},
      {"symbols = [\"B\"]\nurl = { secret = \"k\" }\n[secret.k]\nenv = \"X\"\n",
       "6:7: the plugin does not take a secret here; write the value, or { env = \"NAME\" }; 'url' "
       "for source 'binance'\n"},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(checked("[pipeline]\nname = \"x\"\n[[source]]\nplugin = \"binance\"\n" +
                  std::string(c.text) + "[sink]\nplugin = \"files\"\n") == c.problems);
  }
}

TEST_CASE("plugins that are not there are named with those that are, and where they are sought") {
  const std::string where =
      "plugins are looked for in --plugin-dir, SLUICE_PLUGIN_PATH, [plugins] dirs, "
      "~/.local/lib/sluice/plugins and the installation's lib/sluice/plugins";
  CHECK(checked("[pipeline]\nname = \"x\"\n[[source]]\nplugin = \"binanse\"\nsymbols = 3\n[sink]\n"
                "plugin = \"binance\"\n") ==
        "4:10: no source 'binanse' is installed; installed are binance, files; " + where +
            "; did you mean 'binance'?\n"
            "7:10: 'binance' is a source, not a sink; installed are files, sqlite\n");
  const FakeSchemas nothing;
  const TemporaryFile file(std::string("[pipeline]\nname = \"x\"\n") + kTail);
  const auto result = read_config(file.path(), nothing);
  REQUIRE(result.problems.size() == 2);
  CHECK(result.problems[0].what == "no source 'files' is installed, nor any other; " + where);
}

TEST_CASE("missing and misplaced tables") {
  CHECK(checked("[pipeline]\nname = \"x\"\n") ==
        "1:1: missing table [[source]]; a pipeline needs [pipeline], [[source]] and [sink]\n"
        "1:1: missing table [sink]; a pipeline needs [pipeline], [[source]] and [sink]\n");
  CHECK(checked("[pipeline]\nname = \"x\"\n[source]\nplugin = \"files\"\n[[sink]]\nplugin = "
                "\"files\"\n") ==
        "3:1: a source stands under [[source]], with double brackets\n"
        "5:1: a pipeline has one sink; write [sink] instead of [[sink]]\n");
  CHECK(checked("[pipeline]\nname = \"x\"\n[[source]]\npath = \"x\"\n[sink]\nplugin = 3\n") ==
        "3:1: missing key 'plugin' in [[source]]; for example plugin = \"dwd\"\n"
        "6:10: expected a string, got an integer; 'plugin' in [sink]\n");
}

TEST_CASE("all syntax errors and duplicates come in one go, together with the rest") {
  CHECK(checked("[pipeline]\nname = \"a\"\nname = \"b\"\nworkers = four\n\n[want\nfrom = 3\n"
                "[commit]\nrows = -1\nbytes = \"open\n[commit]\nrows = 3\n[http]\nretries = 1000\n"
                "retries: 3\nuser_agent = \"a\\qb\"\nx = \n") ==
        "3:1: key 'name' is there twice in the same table; keep one of them\n"
        "4:12: TOML syntax: expected 'false', saw 'fo'; texts stand in quotes: key = \"value\"\n"
        "6:6: TOML syntax: expected ']', saw '\\n'; a table header reads [name] or [[name]], alone "
        "on its line\n"
        "9:8: must be between 1 and 100000000, is -1; 'rows' in [commit]\n"
        "10:14: TOML syntax: unescaped control characters other than TAB (U+0009) are explicitly "
        "prohibited; is the text closed by the quote it began with?\n"
        "11:1: table [commit] is there twice; put its keys together under one header\n"
        "14:11: must be between 0 and 100, is 1000; 'retries' in [http]\n"
        "15:8: TOML syntax: expected '=', saw ':'; write key = value, with '=' and not ':'\n"
        "16:17: TOML syntax: unknown escape sequence '\\q'; write a backslash as \\\\ or put the "
        "text in '…'\n"
        "17:5: TOML syntax: expected value, saw '\\n'; a value is missing behind '='\n");
}

TEST_CASE("a date that breaks off is a syntax error") {
  CHECK(checked("[pipeline]\nname = \"a\"\n[want]\nfrom = 2024-01-01Tx0:00:00Z\n" +
                std::string(kTail))
            .starts_with("4:19: TOML syntax: expected 2-digit hour, saw 'x'"));
}

TEST_CASE("letters outside ASCII and outside quotes are a syntax error") {
  for (const char* letter : {"ä", "\u0400", "\u1700", "\u1A00", "\u2100", "\uFE00", "\U0001F389"}) {
    INFO(letter);
    for (const char* form : {"streams = [@]\n", "drain = @\n", "@ = 1\n", "workers = 4 @\n", "@"}) {
      std::string text = form;
      text.replace(text.find('@'), 1, letter);
      const auto problems = checked("[pipeline]\nname = \"a\"\n" + text + kTail);
      CHECK(problems.starts_with("3:"));
      CHECK(problems.find("TOML syntax") != std::string::npos);
    }
  }
}

TEST_CASE("an open bracket is one problem, not one for each line behind it") {
  CHECK(checked("[pipeline]\nname = \"a\"\nstreams = [\"a\"\nworkers = 3\n[want]\nlag = \"x\"\n") ==
        "4:1: TOML syntax: expected comma or closing ']', saw 'w'; is every bracket closed, and a "
        "comma between two values? Look at the lines before this one, too.\n");
}

TEST_CASE("a place counts characters, not bytes, and survives CRLF and a byte order mark") {
  CHECK(checked("\xEF\xBB\xBF[pipeline]\r\nname = \"x\"\r\nlimit = { \"ä€\" = 1 }\r\n" +
                std::string(kTail)) ==
        "3:1: unknown key 'limit' in [pipeline]; known are attempts, drain, lineage, max_failed, "
        "name, on_error, order, retry_base, retry_cap, streams and workers\n");
  CHECK(
      checked("[pipeline]\nname = \"x\"\n\"ä€\" = 1\n[stream]\n\"ä€\" = { x = 1 }\n" +
              std::string(kTail)) ==
      "3:1: unknown key 'ä€' in [pipeline]; known are attempts, drain, lineage, max_failed, name, "
      "on_error, order, retry_base, retry_cap, streams and workers\n"
      "5:10: unknown key 'x' in [stream.ä€]; known are enabled, keys_query, lag, "
      "max_shrink, refresh, retry_empty and table\n");
}

TEST_CASE("files that are no configuration") {
  CHECK(checked("") == "the file is empty; a pipeline needs [pipeline], [[source]] and [sink]\n");
  CHECK(checked("# only this\n") ==
        "the file is empty; a pipeline needs [pipeline], [[source]] and [sink]\n");
  CHECK(checked("[pipeline]\nna\xE4me = 1\n") ==
        "2:3: byte 0xE4 is not UTF-8; save the file as UTF-8\n");
  CHECK(checked(std::string("[a]\nb = \"\0\"\n", 11)) ==
        "2:6: NUL byte; a configuration is text, save it as UTF-8\n");
  CHECK(checked("\xFF\xFE[\0p\0") == "1:1: the file is UTF-16; save it as UTF-8\n");
  CHECK(checked("[pipeline]\nname = \"a\\u0000b\"\n" + std::string(kTail))
            .starts_with("2:8: a text cannot have the character U+0000\n"));
  CHECK(checked(std::string((16U << 20) + 1, '#')) ==
        "the file is larger than 16 MiB; this is not a configuration\n");
  const Installed schemas;
  CHECK(problems_of(read_config("/", schemas)) == "this is a directory; name a file in it\n");
  CHECK(problems_of(read_config("/dev/null", schemas)) ==
        "this is a device or socket; name a file\n");
  CHECK(problems_of(read_config("/nowhere/at/all.toml", schemas)) ==
        "no such file; check the path and the folder sluice is started in\n");
}

TEST_CASE("depth without bound is refused, not followed") {
  const std::string many(100'000, '[');
  CHECK(checked("[pipeline]\nx = " + many).find("nested") != std::string::npos);
  std::string keys;
  std::string tables = "x = ";
  for (int i = 0; i < 50'000; ++i) {
    keys += "a.";
    tables += "{a.b.c = ";
  }
  CHECK(checked(keys + "x = 1\n").find("more than 16 parts") != std::string::npos);
  CHECK(checked("[" + keys + "x]\n").find("more than 16 parts") != std::string::npos);
  CHECK(checked(tables).find("nested") != std::string::npos);
}

TEST_CASE("a broken schema of a plugin is the plugin's fault and said so") {
  FakeSchemas schemas;
  schemas.add("source", "files", "{not json");
  schemas.add("sink", "files",
              R"({"type":"object","properties":{"path":{"type":"string","minLength":"x"}}})");
  const TemporaryFile file(std::string("[pipeline]\nname = \"x\"\n") + kTail + "path = \"x\"\n");
  const auto result = read_config(file.path(), schemas);
  REQUIRE(result.problems.size() == 2);
  CHECK(result.problems[0].line == 4);
  CHECK(result.problems[0].what.starts_with(
      "the configuration schema of the installed source 'files' is broken"));
  CHECK(result.problems[1].what.starts_with(
      "the configuration schema of the installed sink 'files' is broken"));
}

}  // namespace
}  // namespace sluice::host::test
