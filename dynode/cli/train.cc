// dynode train: trains a network as a training file says.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/training.h"
#include "dynode/cli/verb.h"
#include "dynode/learn/config.h"

namespace dynode::cli {
namespace {

/// One table per block: keys on top, then those of data, model, …
void print_keys() {
  std::vector<std::pair<std::string, DisplayTable>> tables;
  for (const FieldRow& row : dynode::describe<TrainConfig>()) {
    const size_t      dot   = row.name.find('.');
    const std::string block = dot == std::string::npos ? "Keys of a training file" : row.name.substr(0, dot) + ":";
    auto              table = std::ranges::find(tables, block, &std::pair<std::string, DisplayTable>::first);
    if (table == tables.end())
      table = tables.insert(table, {block, DisplayTable({{"key"}, {"type"}, {"default"}, {"meaning"}})});
    table->second.add({row.name.substr(dot + 1), row.type, row.default_text, row.help});
  }
  for (const auto& [block, table] : tables) fmt::print("{}\n\n{}\n", block, table.text());
}

}  // namespace

Verb train_verb(Command& tool) {
  struct Settings {
    std::string              config, name;
    std::vector<std::string> set;
    int                      threads = 0;
    bool                     keys    = false;
  };
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("train", "train a network; leaves a folder with checkpoints and a report");
  verb.add_option("config", s->config, "training file (.yaml): network, data and how to learn").type_name("CONFIG");
  verb.add_option("--name", s->name, "name of the run and its folder, instead of the file's").type_name("NAME");
  add_set(verb, s->set, "training.max_epochs=2");
  add_threads(verb, s->threads);
  verb.add_flag("--keys", s->keys, "list the keys a training file may have, with defaults");
  verb.footer(
      "dynode train examples/fashion_dendrites/train.yaml\n"
      "dynode train train.yaml --name small --set model.dtype=float64 --set training.optimizer.lr=1e-3\n"
      "dynode train --keys");
  return {verb, [s] {
            if (s->keys) print_keys();
            if (s->keys && s->config.empty()) return;
            if (s->config.empty())
              throw SpecError({}, "CONFIG is missing", "dynode train train.yaml; dynode train --help explains more");
            Value value = load_value(s->config);
            if (value.is_mapping() && value.has("layers") && !value.has("training"))
              throw SpecError(
                  {s->config}, "is a network, not a training file",
                  "a training file names it in model.architecture_yaml; dynode train --keys lists the others");
            for (const std::string& assignment : s->set) set_value(value, assignment);
            if (!s->name.empty()) value.set("name", s->name);
            const TrainConfig config = read_train_config(value);
            run_training(s->threads, [&](const TrainOptions& options) { return train(config, options); });
          }};
}

}  // namespace dynode::cli
