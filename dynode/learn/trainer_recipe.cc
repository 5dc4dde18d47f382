#include "dynode/learn/trainer_recipe.h"

#include <fmt/format.h>
#include <regex>

#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

void check_network(const Plan& plan, const TrainingData& data) {
  const Dataset& set   = data.all;
  const size_t   units = plan.layers[size_t(plan.output)].units;
  if (set.width() != plan.input_width())
    throw ShapeError(set.name() + ": inputs", {-1, -1, int64_t(plan.input_width())},
                     {int64_t(set.rows()), int64_t(set.steps()), int64_t(set.width())},
                     fmt::format("give the first layer dim: {}", set.width()));
  const LayerPlan& output = plan.layers[size_t(plan.output)];
  if (data.classes > int64_t(units))
    throw SpecError({},
                    fmt::format("the data have {} classes, but the last layer ({}) has {} units", data.classes,
                                output.layer_id, units),
                    fmt::format("give it dim: {}", data.classes));
  if (!set.has_classes() && set.target_width() != units)
    throw SpecError({},
                    fmt::format("targets have {} numbers, but the last layer ({}) has {} units", set.target_width(),
                                output.layer_id, units),
                    fmt::format("give it dim: {}", set.target_width()));
}

std::vector<ParameterBlock> blocks_of(const OptimizerConfig& optimizer, const ParameterMap& parameters) {
  std::vector<ParameterBlock> blocks;
  std::vector<int>            matches(optimizer.param_groups.size());
  for (const Block& b : parameters.blocks()) {
    ParameterBlock block{
        .begin = b.offset, .end = b.offset + b.size(), .decay = b.shape.size() == 2, .frozen = !b.learnable};
    for (size_t i = 0; i < optimizer.param_groups.size(); ++i) {
      const ParamGroupConfig& group   = optimizer.param_groups[i];
      const std::string       name    = b.stored_name();
      const bool              matched = group.match.empty() ? std::regex_search(name, std::regex(group.match_regex))
                                                            : name.find(group.match) != name.npos;
      if (!matched) continue;
      block.lr_scale = group.lr / optimizer.lr;
      ++matches[i];
      break;  // the first group that matches
    }
    blocks.push_back(block);
  }
  for (size_t i = 0; i < matches.size(); ++i) {
    const ParamGroupConfig& group = optimizer.param_groups[i];
    if (matches[i] > 0) continue;
    std::string names;
    for (const Block& b : parameters.blocks()) names += (names.empty() ? "" : ", ") + b.stored_name();
    throw SpecError(
        {{}, 0, 0, fmt::format("training.optimizer.param_groups[{}]", i)},
        fmt::format("no parameter is called like '{}'", group.match.empty() ? group.match_regex : group.match),
        "there are: " + names);
  }
  return blocks;
}

std::vector<ObjectiveTerm> terms_of(const TrainConfig& config, const Plan& plan, const TrainingData& data) {
  std::vector<ObjectiveTerm> terms;
  const size_t               units = plan.layers[size_t(plan.output)].units;
  for (const LossConfig& loss : config.training.loss.losses) {
    const LossEntry& entry = find_loss(loss.name);
    const At         at{{}, 0, 0, "training.loss.losses: " + loss.name};
    if (entry.target == LossTarget::classes && !data.all.has_classes())
      throw SpecError(at, "needs classes, but the targets are values", "use mse, or save the classes as whole numbers");
    if (entry.target == LossTarget::values && data.all.has_classes())
      throw SpecError(at, "needs target values, but the targets are classes",
                      "use cross_entropy, or save the targets as floats");
    const Arguments arguments = check_arguments(loss.name, entry.facts, loss.params);
    check_loss(entry, arguments, data.all.entries(), units, at);
    terms.push_back({plan.output, pooling_of(config), &entry, arguments, loss.weight});
  }
  return terms;
}

std::vector<std::string> metrics_of(const TrainConfig& config, const TrainingData& data) {
  if (!config.logging.metrics) return {data.all.has_classes() ? "accuracy" : "mse"};
  for (const std::string& name : *config.logging.metrics)
    if (Metric(name).entry().on_classes != data.all.has_classes())
      throw SpecError(
          {{}, 0, 0, "logging.metrics"},
          fmt::format("'{}' is about {}, but the targets are {}", name, data.all.has_classes() ? "values" : "classes",
                      data.all.has_classes() ? "classes" : "values"),
          data.all.has_classes() ? "use accuracy, for example" : "use mse, for example");
  return *config.logging.metrics;
}

}  // namespace

Recipe make_recipe(const TrainConfig& config, const Plan& plan, const TrainingData& data) {
  check_network(plan, data);
  return {.optimizer = optimizer_of(config),
          .blocks    = blocks_of(config.training.optimizer, plan.parameters),
          .schedule  = schedule_of(config),
          .terms     = terms_of(config, plan, data),
          .metrics   = metrics_of(config, data)};
}

bool in_percent(const Metric& metric) { return metric.entry().on_classes && metric.entry().larger_is_better; }

}  // namespace dynode
