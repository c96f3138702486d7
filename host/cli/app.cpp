// SPDX-License-Identifier: Apache-2.0
#include "host/cli/app.hpp"

#include <CLI/CLI.hpp>
#include <functional>

#include "host/cli/plugins_verb.hpp"
#include "host/cli/verbs.hpp"
#include "host/observe/log.hpp"
#include "sluice/abi.h"

namespace sluice::host {
namespace {

using Verb = std::function<int()>;

constexpr const char* kFooter =
    "Exit codes: 0 all wanted is landed or confirmed empty; 1 slices failed, rows are in "
    "quarantine, or an error;\n"
    "2 usage; 78 configuration; 130 and 143 stopped by a signal after a clean drain.";

LogLevel level_named(const std::string& name) {
  constexpr const char* kNames[] = {"trace", "debug", "info", "warn", "error", "off"};
  for (int i = 0; i < 6; ++i) {
    if (name == kNames[i]) {
      return static_cast<LogLevel>(i);
    }
  }
  return LogLevel::kInfo;
}

void add_host_options(CLI::App& app, HostOptions& host) {
  app.add_option("--plugin-dir", host.plugin_dirs,
                 "Folder with plugins, searched first (repeatable)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_flag("--trust-plugins", host.trust_plugins,
               "Load plugins even from files and folders that others may write to");
  app.add_option("--state-dir", host.state_dir,
                 "Folder of the ledger (default: ~/.local/state/sluice)")
      ->type_name("DIR");
  app.add_option("--log", host.log_level, "Least level that is logged")
      ->envname("SLUICE_LOG")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  app.add_option("--log-format", host.log_format, "How log lines look")
      ->envname("SLUICE_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--format", [&host](const std::string& format) { host.json = format == "json"; },
         "How results are printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  app.add_flag("-q,--quiet", host.quiet, "No progress, no report unless something failed");
  app.add_option("--set", host.set,
                 "Overrides a key of the configuration, e.g. pipeline.workers=8 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_files(CLI::App& verb, std::vector<std::string>& files) {
  verb.add_option("FILE", files, "Configuration of a pipeline (TOML); - reads standard input")
      ->required();
}

// Options live as long as the verb runs.
struct AppOptions {
  HostOptions host;
  RunOptions run;
  TestOptions test;
  std::string import_file, import_folder;
  std::vector<std::string> files;
  uint64_t plan_slices = 0;
  StateShowOptions show;
  std::string state_file = "-", forget_file, forget_stream, forget_slice;
  std::string secret_name;
  std::string forget_limits;
  std::string plugin_file, component, template_kind, template_name, template_into = ".";
};

void add_match(CLI::App& verb, bool& strict) {
  verb.add_option_function<std::string>(
          "--replay-match", [&strict](const std::string& how) { strict = how == "strict"; },
          "What has to agree with the recorded request: strict: all of it; loose: not the headers, "
          "nor the order of query parameters, nor those that change by themselves (times, keys)")
      ->check(CLI::IsMember({"strict", "loose"}))
      ->default_str("loose");
}

void add_cassette_options(CLI::App& verb, CassetteOptions& cassette) {
  CLI::Option* record =
      verb.add_option("--record", cassette.record,
                      "Writes every HTTP exchange, without secrets, into this folder")
          ->type_name("DIR");
  verb.add_option("--replay", cassette.replay,
                  "Answers every HTTP request from this folder; nothing is asked of the network")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory)
      ->excludes(record);
  add_match(verb, cassette.strict);
}

void add_test_verbs(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* test = app.add_subcommand(
      "test", "Run pipelines against their cassettes and compare the rows with those expected");
  test->add_option("DIR|FILE", o.test.paths,
                   "Folder with pipeline.toml, cassette/ and expected/, a folder of such folders, "
                   "or a pipeline beside the two")
      ->required();
  test->add_flag("--update", o.test.update, "Writes the rows that are expected anew");
  test->add_flag("--record", o.test.record,
                 "Asks the real service: writes cassette and expected rows anew");
  add_match(*test, o.test.strict);
  test->callback([&] { chosen = [&o] { return test_verb(o.host, o.test); }; });

  CLI::App* cassette = app.add_subcommand("cassette", "Recorded HTTP exchanges");
  cassette->require_subcommand(1);
  CLI::App* importing = cassette->add_subcommand(
      "import", "Make a cassette of a HAR file, as browsers and proxies export it");
  importing->add_option("FILE", o.import_file, "The HAR file")->required();
  importing->add_option("DIR", o.import_folder, "Folder of the cassette: new, empty or a cassette")
      ->required();
  importing->callback([&] {
    chosen = [&o] { return cassette_import_verb(o.host, o.import_file, o.import_folder); };
  });
}

void add_pipeline_verbs(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* run = app.add_subcommand("run", "Fetch what is missing, land it, then stop");
  add_files(*run, o.run.files);
  run->add_option("--report", o.run.report_file, "Writes the report as JSON; - is standard output")
      ->type_name("FILE");
  add_cassette_options(*run, o.run.cassette);
  run->callback([&] { chosen = [&o] { return run_verb(o.host, o.run); }; });

  CLI::App* plan =
      app.add_subcommand("plan", "Show what would be fetched and changed; nothing is touched");
  add_files(*plan, o.files);
  plan->add_option("--slices", o.plan_slices,
                   "List so many of the slices that would be read, for each stream")
      ->type_name("COUNT");
  plan->callback([&] { chosen = [&o] { return plan_verb(o.host, o.files, o.plan_slices); }; });

  CLI::App* gaps = app.add_subcommand(
      "gaps", "Show what is wanted and not there; exit code 1 if anything is missing");
  add_files(*gaps, o.files);
  gaps->callback([&] { chosen = [&o] { return gaps_verb(o.host, o.files); }; });

  CLI::App* check = app.add_subcommand("check", "Check configurations offline; exit code 0 or 78");
  add_files(*check, o.files);
  check->callback([&] { chosen = [&o] { return check_verb(o.host, o.files); }; });

  CLI::App* schema =
      app.add_subcommand("schema", "Print the JSON Schema of the configuration, for editors");
  schema->callback([&] { chosen = [&o] { return schema_verb(o.host); }; });
}

void add_limits_verb(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* limits = app.add_subcommand(
      "limits", "What services allow, what of it is used, and who waits; --forget SERVICE");
  limits
      ->add_option("--forget", o.forget_limits,
                   "Forget what is known of a service: use, learnt limits, waits and bans")
      ->type_name("SERVICE");
  limits->callback([&] { chosen = [&o] { return limits_verb(o.host, o.forget_limits); }; });
}

void add_state_verbs(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* state =
      app.add_subcommand("state", "Look at the ledger, move it, rebuild it from the target");
  state->require_subcommand(1);

  CLI::App* show =
      state->add_subcommand("show", "Slices by state; with a stream and --state a page of them");
  show->add_option("PIPELINE", o.show.pipeline, "Only this pipeline");
  show->add_option("STREAM", o.show.stream, "Only this stream");
  show->add_option("--state", o.show.state,
                   "List slices in this state: pending, landed, empty, failed, quarantined, gone");
  show->add_option("--slice", o.show.slice, "Show one slice by its key");
  show->add_flag("--rejected", o.show.rejected,
                 "List rows in quarantine, with rule, reason and the row itself");
  show->add_option("--after", o.show.after, "List slices with numbers above this one");
  show->add_option("--limit", o.show.limit, "Slices on a page")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  show->callback([&] { chosen = [&o] { return state_show_verb(o.host, o.show); }; });

  CLI::App* exporting = state->add_subcommand("export", "Write the ledger as lines of JSON");
  exporting->add_option("FILE", o.state_file, "Where to; - is standard output")
      ->capture_default_str();
  exporting->callback([&] { chosen = [&o] { return state_export_verb(o.host, o.state_file); }; });

  CLI::App* importing = state->add_subcommand("import", "Read an export into an empty ledger");
  importing->add_option("FILE", o.state_file, "Where from; - is standard input")
      ->capture_default_str();
  importing->callback([&] { chosen = [&o] { return state_import_verb(o.host, o.state_file); }; });

  CLI::App* rebuild =
      state->add_subcommand("rebuild", "Build the ledger anew from the targets' commit logs");
  add_files(*rebuild, o.files);
  rebuild->callback([&] { chosen = [&o] { return state_rebuild_verb(o.host, o.files); }; });

  CLI::App* forget = state->add_subcommand(
      "forget", "Make landed slices work again; their rows stay until replaced");
  forget->add_option("FILE", o.forget_file, "Configuration of the pipeline")->required();
  forget->add_option("STREAM", o.forget_stream, "The stream")->required();
  forget->add_option("SLICE", o.forget_slice, "One slice by its key; without it all of the stream");
  forget->callback([&] {
    chosen = [&o] {
      return state_forget_verb(o.host, o.forget_file, o.forget_stream, o.forget_slice);
    };
  });
}

void add_secret_verbs(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* secret = app.add_subcommand(
      "secret", "The sealed store, from which store = \"NAME\" in [secret.NAME] reads");
  secret->require_subcommand(1);
  secret->footer(
      "The store is the file secrets.sealed in the state directory (--state-dir). Its key is made "
      "with the first\nsecret and kept in ~/.config/sluice/secret.key; SLUICE_SECRET_KEY_FILE "
      "names "
      "another file, and\nSLUICE_SECRET_KEY holds the key itself (32 bytes, base64 or hex).");

  CLI::App* set = secret->add_subcommand(
      "set", "Put a value in: from standard input, or asked for without showing it");
  set->add_option("NAME", o.secret_name, "Its name: letters, digits, _, - and .")->required();
  set->footer("Example: pass show api | sluice secret set api_key");
  set->callback([&] { chosen = [&o] { return secret_set_verb(o.host, o.secret_name); }; });

  CLI::App* list = secret->add_subcommand("list", "Names and dates; never values");
  list->callback([&] { chosen = [&o] { return secret_list_verb(o.host); }; });

  CLI::App* remove = secret->add_subcommand("rm", "Remove one");
  remove->add_option("NAME", o.secret_name, "Its name")->required();
  remove->callback([&] { chosen = [&o] { return secret_rm_verb(o.host, o.secret_name); }; });
}

void add_plugin_verbs(CLI::App& app, AppOptions& o, Verb& chosen) {
  CLI::App* plugins = app.add_subcommand(
      "plugins", "What is installed; judge a library before it is loaded; scaffold");
  plugins->require_subcommand(1);

  CLI::App* list = plugins->add_subcommand("list", "Installed components and where they come from");
  list->callback(
      [&] { chosen = [&o] { return plugins_list(*scan_plugins(o.host, {}), o.host.json); }; });

  CLI::App* inspect = plugins->add_subcommand(
      "inspect", "Everything about a library that shows without running its code");
  inspect->add_option("FILE", o.plugin_file, "The library")->required();
  inspect->callback([&] { chosen = [&o] { return plugins_inspect(o.plugin_file, o.host.json); }; });

  CLI::App* describe =
      plugins->add_subcommand("describe", "A component and its configuration keys");
  describe->add_option("ID", o.component, "Component, e.g. dwd")->required();
  describe->callback([&] {
    chosen = [&o] { return plugins_describe(*scan_plugins(o.host, {}), o.component, o.host.json); };
  });

  CLI::App* create = plugins->add_subcommand(
      "new", "Write the folder of a new plugin that builds against the installed SDK");
  create->add_option("KIND", o.template_kind, "source or sink")
      ->required()
      ->check(CLI::IsMember({"source", "sink"}));
  create->add_option("NAME", o.template_name, "Its name: a-z, 0-9 and _")->required();
  create->add_option("--into", o.template_into, "Folder in which the plugin's folder is made")
      ->capture_default_str();
  create->callback([&] {
    chosen = [&o] { return plugins_new(o.template_kind, o.template_name, o.template_into); };
  });
}

}  // namespace

int run_app(int argc, char** argv) {
  AppOptions options;
  Verb chosen;
  CLI::App app(
      "sluice keeps a database complete: it works out what is missing, fetches only that, and "
      "lands it exactly once.",
      "sluice");
  app.footer(kFooter);
  app.set_version_flag("--version", "sluice " SLUICE_SDK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.option_defaults()->always_capture_default(false);
  add_host_options(app, options.host);
  add_pipeline_verbs(app, options, chosen);
  add_test_verbs(app, options, chosen);
  add_plugin_verbs(app, options, chosen);
  add_state_verbs(app, options, chosen);
  add_secret_verbs(app, options, chosen);
  add_limits_verb(app, options, chosen);
  for (CLI::App* verb : app.get_subcommands({})) {
    verb->fallthrough();
    for (CLI::App* inner : verb->get_subcommands({})) {
      inner->fallthrough();
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kExitDone : kExitUsage;
  }
  init_log(
      {level_named(options.host.quiet && options.host.log_level == "info" ? "warn"
                                                                          : options.host.log_level),
       options.host.log_format == "json"});
  return chosen();
}

}  // namespace sluice::host
