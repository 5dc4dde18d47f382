#include "dynode/learn/trainer_recipe.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <regex>

#include "dynode/base/text.h"
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
    if (b.shape.size() == 2) block.rows = b.shape[0], block.columns = b.shape[1];
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

/// The layers a loss on states looks at.
std::vector<int> layers_of(const Arguments& arguments, const Plan& plan, const At& at) {
  if (!arguments.has("layer_ids")) return {plan.output};
  std::vector<int> layers;
  for (const double id : arguments.numbers("layer_ids")) {
    const int layer = id == std::floor(id) && std::abs(id) < 1e9 ? plan.find_layer(int(id)) : -1;
    if (layer < 0) throw SpecError(at, fmt::format("layer_ids: there is no layer {}", id));
    if (std::ranges::find(layers, layer) != layers.end())
      throw SpecError(at, fmt::format("layer_ids: layer {} is listed twice", id));
    layers.push_back(layer);
  }
  if (layers.empty()) throw SpecError(at, "layer_ids is empty", "leave it out for the last layer");
  return layers;
}

/// Weights that give every class the same say: rows / (classes · rows of the class); 0 for a class without rows.
std::vector<double> balanced_weights(const TrainingData& data, size_t classes) {
  std::vector<double> counts(classes);
  double              all = 0;
  for (const size_t row : data.train)
    for (size_t entry = 0; entry < data.all.entries(); ++entry) {
      const int64_t label = data.all.label(row, entry);
      if (label == kIgnoredClass || (data.all.entries() > 1 && !data.all.counts(row, entry))) continue;
      counts[size_t(label)] += 1, all += 1;
    }
  const double present = double(std::ranges::count_if(counts, [](double n) { return n > 0; }));
  for (double& n : counts) n = n > 0 ? all / (present * n) : 0;
  return counts;
}

std::vector<ObjectiveTerm> terms_of(const TrainConfig& config, const Plan& plan, const TrainingData& data) {
  std::vector<ObjectiveTerm> terms;
  const size_t               units = plan.layers[size_t(plan.output)].units;
  for (const LossConfig& loss : config.training.loss.losses) {
    const LossEntry& entry = find_loss(loss.name);
    const At         at{{}, 0, 0, "training.loss.losses: " + loss.name};
    Value            params = loss.params;
    if (is_balanced(params)) {
      if (!data.all.has_classes())
        throw SpecError(at, "class_weights: balanced needs classes, but the targets are values");
      if (data.task) throw SpecError(at, "class_weights: balanced has no place with tasks", "give the weights as numbers");
      params.set("class_weights", Value(balanced_weights(data, units)));
    }
    if (entry.target == LossTarget::classes && !data.all.has_classes())
      throw SpecError(at, "needs classes, but the targets are values", "use mse, or save the classes as whole numbers");
    if (entry.target == LossTarget::values && data.all.has_classes())
      throw SpecError(at, "needs target values, but the targets are classes",
                      "use cross_entropy, or save the targets as floats");
    const Arguments arguments = check_arguments(loss.name, entry.facts, params);
    ObjectiveTerm   term{plan.output, pooling_of(config), &entry, arguments, loss.weight};
    size_t          entries = data.all.entries(), seen = units;
    if (entry.on_network) {
      entries = data.all.steps();
    } else if (entry.target == LossTarget::nothing && !entry.of_weights && (entry.on_states || arguments.has("layer_ids"))) {
      const std::vector<int> layers = layers_of(arguments, plan, at);
      const auto size_of = [&](int layer) { return plan.layers[size_t(layer)].units; };
      const auto unequal = [&](int layer) { return size_of(layer) != size_of(layers[0]); };
      if (entry.layers > 0 && (layers.size() != entry.layers || std::ranges::any_of(layers, unequal)))
        throw SpecError(at, fmt::format("needs {} layers of equal size", entry.layers),
                        "give layer_ids: [1, 2], for example");
      term.layer       = layers[0];
      term.more_layers = {layers.begin() + 1, layers.end()};
      term.pooling     = {.kind = Pooling::Kind::none};
      entries          = data.all.steps();
      seen             = 0;
      for (const int layer : layers) seen += size_of(layer);
    }
    check_loss(entry, arguments, entries, seen, at);
    terms.push_back(std::move(term));
  }

  // what metrics look at comes first: the outputs, pooled as the file says
  const auto sees_outputs = [](const ObjectiveTerm& t) { return t.loss->target != LossTarget::nothing; };
  const auto found        = std::ranges::find_if(terms, sees_outputs);
  if (found == terms.end()) terms.insert(terms.begin(), {plan.output, pooling_of(config), nullptr, {}, 0});
  else std::rotate(terms.begin(), found, found + 1);
  Objective<float>(plan, terms);  // refuses what it cannot do
  return terms;
}

std::vector<std::string> metrics_of(const TrainConfig& config, const TrainingData& data) {
  if (!config.logging.metrics) return {data.task ? "success" : data.all.has_classes() ? "accuracy" : "mse"};
  for (const std::string& name : *config.logging.metrics) {
    const MetricEntry& entry = Metric(name).entry();
    if (entry.of_task && !data.task)
      throw SpecError({{}, 0, 0, "logging.metrics"}, fmt::format("'{}' is about trials of a task", name),
                      "give data.format: task, or another metric");
    if (!entry.of_task && entry.on_classes != data.all.has_classes())
      throw SpecError(
          {{}, 0, 0, "logging.metrics"},
          fmt::format("'{}' is about {}, but the targets are {}", name, data.all.has_classes() ? "values" : "classes",
                      data.all.has_classes() ? "classes" : "values"),
          data.all.has_classes() ? "use accuracy, for example" : "use mse, for example");
  }
  return *config.logging.metrics;
}

/// Stretches need steps that count.
void check_stretches(const TrainConfig& config, const TrainingData& data) {
  if (!config.training.use_tbptt) return;
  if (data.all.has_mask() && data.all.entries() == 1)
    throw SpecError({{}, 0, 0, "training.use_tbptt"}, "stretches may lie where no step counts", "remove the mask of the data, or use_tbptt");
}

/// Checked against the connections of the network.
std::optional<Quantisation> quantisation_for(const TrainConfig& config, const Plan& plan) {
  std::optional<Quantisation> quantisation = quantisation_of(config);
  if (quantisation) quantised_blocks(plan.parameters, *quantisation);
  return quantisation;
}

/// Blocks of weights that are noisy while gradients are taken.
std::vector<int> noisy_blocks(const ConnectionNoiseConfig& noise, const Plan& plan) {
  const std::vector<int>   all = quantised_blocks(plan.parameters, {});
  std::vector<std::string> names;
  std::vector<int>         chosen;
  for (const int i : all) {
    names.push_back(plan.parameters[i].name);
    if (noise.connections.empty() || std::ranges::find(noise.connections, names.back()) != noise.connections.end()) chosen.push_back(i);
  }
  for (const std::string& name : noise.connections)
    if (std::ranges::find(names, name) == names.end())
      throw SpecError({{}, 0, 0, "callbacks.connection_noise"}, fmt::format("there is no connection '{}'", name),
                      did_you_mean(name, names, "there are"));
  return chosen;
}

/// The terms of the losses in the file, which come in its order but for the first with a target, which goes ahead.
std::vector<int> listed_terms(const TrainConfig& config, const std::vector<ObjectiveTerm>& terms) {
  const std::vector<LossConfig>& losses = config.training.loss.losses;
  const auto                     sees   = [](const LossConfig& l) { return find_loss(l.name).target != LossTarget::nothing; };
  const auto                     ahead  = size_t(std::ranges::find_if(losses, sees) - losses.begin());
  std::vector<int>               listed;
  const bool                     extra = terms.size() > losses.size();   // outputs alone, for metrics
  for (size_t i = 0; i < losses.size(); ++i) listed.push_back(extra ? int(i) + 1 : i == ahead ? 0 : int(i) + (i < ahead));
  return listed;
}

}  // namespace

TrainingProgress progress_at(const TrainConfig& config, const TrainingData& data, int64_t update) {
  const auto    batch     = int64_t(config.training.rows_per_update());
  const int64_t per_epoch = (int64_t(data.train.size()) + batch - 1) / batch;
  return {.update = update, .updates_total = per_epoch * config.training.max_epochs, .updates_per_epoch = per_epoch};
}

Recipe make_recipe(const TrainConfig& config, const Plan& plan, const TrainingData& data) {
  check_network(plan, data);
  if (!config.training.stop_when.is_null() && data.validation.empty())
    throw SpecError({{}, 0, 0, "training.stop_when"}, "looks at the validation, but there is none",
                    data.task ? "give data.val_trials" : "give data.val_split");
  check_stretches(config, data);
  Recipe recipe = {.optimizer = optimizer_of(config),
          .blocks    = blocks_of(config.training.optimizer, plan.parameters),
          .schedule  = schedule_of(config),
          .terms     = terms_of(config, plan, data),
          .metrics   = metrics_of(config, data),
          .quantisation = quantisation_for(config, plan),
          .stop      = stop_rule_of(config),
          .annealed  = annealed_sites(plan, config.callbacks.noise_annealers)};
  recipe.listed = listed_terms(config, recipe.terms);
  if (const auto& noise = config.callbacks.connection_noise; noise && noise->active) recipe.noisy = noisy_blocks(*noise, plan);
  recipe.measured = measured_quantisation_of(config);
  if (recipe.measured) {
    quantised_blocks(plan.parameters, *recipe.measured);
    if (data.validation.empty())
      throw SpecError({{}, 0, 0, "callbacks.quantized_accuracy"}, "looks at the validation, but there is none", "give data.val_split");
  }
  return recipe;
}

bool reaches(const StopRule& rule, double loss, const std::vector<Metric>& metrics, int64_t samples) {
  if (samples < rule.min_samples || (rule.loss && !(loss < *rule.loss))) return false;
  return std::ranges::all_of(rule.metrics, [&](const auto& asked) {
    const auto metric = std::ranges::find(metrics, asked.first, &Metric::name);
    if (metric == metrics.end()) return false;
    return metric->entry().larger_is_better ? metric->value() > asked.second : metric->value() < asked.second;
  });
}

bool in_percent(const Metric& metric) {
  const MetricEntry& entry = metric.entry();
  return entry.of_task || (entry.on_classes && entry.larger_is_better);
}

}  // namespace dynode
