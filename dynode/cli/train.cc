// dynode train: trains a network as a training file says.
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/training.h"
#include "dynode/cli/verb.h"
#include "dynode/learn/config.h"

namespace dynode::cli {
namespace {

void print_keys() {
  DisplayTable table({{"key"}, {"type"}, {"default"}, {"meaning"}});
  for (const FieldRow& row : dynode::describe<TrainConfig>())
    table.add({row.name, row.type, row.default_text, row.help});
  fmt::print("Keys of a training file\n\n{}", table.text());
}

}  // namespace

Verb train_verb(CLI::App& tool) {
  struct Settings {
    std::string              config, name;
    std::vector<std::string> set;
    int                      threads = 0;
    bool                     keys    = false;
  };
  const auto s   = std::make_shared<Settings>();
  CLI::App*  app = tool.add_subcommand("train", "train a network; leaves a folder with checkpoints and a report");
  app->add_option("config", s->config, "training file (.yaml): network, data and how to learn")->type_name("CONFIG");
  app->add_option("--name", s->name, "name of the run and its folder, instead of the file's")->type_name("NAME");
  add_set(*app, s->set, "training.max_epochs=2");
  add_threads(*app, s->threads);
  app->add_flag("--keys", s->keys, "list the keys a training file may have, with defaults");
  app->footer(
      "dynode train examples/fashion_dendrites/train.yaml\n"
      "dynode train train.yaml --name small --set model.dtype=float64 --set training.optimizer.lr=1e-3\n"
      "dynode train --keys");
  return {app, [s] {
            if (s->keys) print_keys();
            if (s->keys && s->config.empty()) return;
            if (s->config.empty())
              throw SpecError({}, "CONFIG is missing", "dynode train train.yaml; dynode train --help explains more");
            Value value = load_value(s->config);
            for (const std::string& assignment : s->set) set_value(value, assignment);
            if (!s->name.empty()) value.set("name", s->name);
            const TrainConfig config = read_train_config(value);
            run_training(s->threads, [&](const TrainOptions& options) { return train(config, options); });
          }};
}

}  // namespace dynode::cli
