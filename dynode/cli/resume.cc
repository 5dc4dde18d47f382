// dynode resume: goes on with a run that was interrupted, to the same bits.
#include <memory>

#include "dynode/cli/options.h"
#include "dynode/cli/training.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {

Verb resume_verb(Command& tool) {
  struct Settings {
    std::string run;
    int         threads = 0;
  };
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("resume", "go on with a training run where it was interrupted");
  verb.add_option("run", s->run, "the folder of the run").type_name("RUN").required();
  add_threads(verb, s->threads);
  verb.footer("dynode resume runs/fashion_dendrites");
  return {verb, [s] { run_training(s->threads, [&](const TrainOptions& options) { return resume(s->run, options); }); }};
}

}  // namespace dynode::cli
