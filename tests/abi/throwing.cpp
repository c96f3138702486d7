// SPDX-License-Identifier: Apache-2.0
//
// A source in C++ that throws in the function its configuration names, and otherwise reads a few
// rows with strings and shared pointers in them: what would notice two C++ runtimes in one process.
#include <memory>
#include <new>
#include <sluice/cpp/plugin.hpp>
#include <stdexcept>

struct Throwing {
  static constexpr auto id = "throwing", name = "Throwing", version = "1.0.0";

  struct Config {
    std::string where = "nowhere";
    std::string what = "runtime_error";
    static constexpr auto fields() {
      return std::tuple{sluice::optional("where", &Config::where).doc("Which function throws."),
                        sluice::optional("what", &Config::what).doc("What it throws.")};
    }
  };

  static void act(const Config& config, std::string_view place) {
    if (config.where != place) {
      return;
    }
    if (config.what == "int") {
      throw 42;
    }
    if (config.what == "bad_alloc") {
      throw std::bad_alloc();
    }
    if (config.what == "error") {
      throw sluice::Error(sluice::Code::kRateLimited, "Slow down, please.").retry_after(250);
    }
    throw std::runtime_error("thrown in " + config.where);
  }

  static void check(sluice::Host&, const Config& config) { act(config, "check"); }

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config& config) {
    act(config, "discover");
    return {sluice::Stream("words", sluice::Kind::kFiles)
                .key("no")
                .col("no", sluice::Type::kInt64)
                .col("word", sluice::Type::kUtf8)};
  }

  static void slices(sluice::Host&, const Config& config, const sluice::ListRequest&,
                     sluice::Lister& lister) {
    act(config, "slices");
    lister.slice({.key = "only"});
  }

  struct Reader {
    const Config& config;
    std::shared_ptr<std::string> word = std::make_shared<std::string>(40, 'w');
    int64_t no = 0;

    Reader(sluice::Host&, const Config& c, const sluice::ReadRequest&) : config(c) {
      act(config, "reader");
    }
    bool next(sluice::Batch& out, sluice::json& state) {
      act(config, "next");
      if (no == 3) {
        return false;
      }
      out.row(++no, *word);
      state["no"] = no;
      return true;
    }
  };
};

SLUICE_PLUGIN(Throwing)
