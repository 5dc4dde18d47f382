// dynode resume: goes on with a run that was interrupted, to the same bits.
#include <memory>

#include "dynode/cli/options.h"
#include "dynode/cli/training.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {

Verb resume_verb(CLI::App& tool) {
  struct Settings {
    std::string run;
    int         threads = 0;
  };
  const auto s   = std::make_shared<Settings>();
  CLI::App*  app = tool.add_subcommand("resume", "go on with a training run where it was interrupted");
  app->add_option("run", s->run, "the folder of the run")->type_name("RUN")->required();
  add_threads(*app, s->threads);
  app->footer("dynode resume runs/fashion_dendrites");
  return {app, [s] { run_training(s->threads, [&](const TrainOptions& options) { return resume(s->run, options); }); }};
}

}  // namespace dynode::cli
