// dynode reproduce: published comparisons, trained again.
#include <csignal>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/reproduce.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string table, output, data, models, columns;
  size_t      seeds = 3, epochs = 0, samples = 0;
  bool        full    = false;
  int         threads = 0;
};

std::atomic<bool> stop{false};

/// The first Ctrl-C asks the run to end; the second ends the process.
void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

void print_tables() {
  for (const PublishedTable& table : published_tables()) {
    fmt::print("{}: {}\n", table.name, table.summary);
    std::vector<std::string> names;
    for (const PublishedModel& m : table.models) names.push_back(m.name);
    const std::string columns = table.columns.size() > 1 ? "; columns " + join(table.columns) : "";
    for (const std::string& line :
         wrapped(fmt::format("models {}{}; {} epochs{}{}", join(names), columns, table.epochs,
                             table.samples ? fmt::format(", {} samples", grouped(int64_t(table.samples))) : "",
                             table.epochs != table.full_epochs || table.samples
                                 ? fmt::format(" (--full: {}{})", table.full_epochs, table.samples ? ", all" : "")
                                 : ""),
                 kDisplayWidth - 4))
      fmt::print("    {}\n", line);
    fmt::print("    {}\n", table.source);
  }
  fmt::print("\ndynode reproduce sine trains its models and writes their scores beside the published ones\n");
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    out.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

void run(const Settings& s) {
  if (s.table.empty()) return print_tables();
  const PublishedTable& table = find_published_table(s.table);
  apply_isa_override();
  ReproduceOptions options{.folder  = s.output.empty() ? fmt::format("runs/reproduce_{}", table.name) : s.output,
                           .data    = s.data,
                           .models  = words(s.models),
                           .columns = words(s.columns),
                           .seeds   = int(s.seeds),
                           .full    = s.full};
  if (s.epochs) options.epochs = int(s.epochs);
  if (s.samples) options.samples = s.samples;
  options.training = {.threads = s.threads,
                      .stop    = &stop,
                      .notes   = {fmt::format("dynode {}, instruction set {}", kVersion, isa_name())}};
  options.finished = [&](const ReproducedRun& run, size_t done, size_t all) {
    fmt::print("{:>3} of {}  {}{} seed {}: {}{}\n", done, all, run.model,
               table.columns.size() > 1 ? " " + run.column : "", run.seed, score_text(table, {.mean = run.score}),
               run.kept ? ", done before" : ", " + duration_text(run.seconds));
    std::fflush(stdout);
  };
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  const Reproduction result = reproduce(table, options);
  if (result.stopped) throw Failure("stopped before the end\n  the same command goes on where it was");
  fmt::print("\n{}\ntable: {}/table.html\n", reproduction_text(result), options.folder);
}

}  // namespace

Verb reproduce_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("reproduce", "train the networks of a published comparison, beside its figures");
  verb.add_option("table", s->table, "which comparison; without it all are listed").type_name("TABLE");
  verb.add_option("--output", s->output,
                  "folder of the runs (default runs/reproduce_TABLE); what is in it is not done again")
      .type_name("DIR");
  verb.add_option("--data", s->data, "folder of the data, where the table needs some").type_name("DIR");
  verb.add_option("--models", s->models, "which of its models (default all)").type_name("A,B");
  verb.add_option("--columns", s->columns, "which of its columns (default all)").type_name("A,B");
  add_count(verb, "--seeds", s->seeds, 1, "runs per model (default 3)");
  add_count(verb, "--epochs", s->epochs, 1, "passes through the training data, instead of the table's");
  add_count(verb, "--samples", s->samples, 10, "xor: how many training samples, instead of the table's");
  verb.add_flag("--full", s->full, "as many epochs and samples as published");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode reproduce\ndynode reproduce sine\ndynode reproduce xor --models cfc,ltc --columns event --seeds 2\n"
      "dynode reproduce half_cheetah --data half_cheetah --full");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
