// Recipe: the words of a training file turned into what an update needs, checked against the network and the data.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dynode/learn/config.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/objective.h"
#include "dynode/plan/plan.h"

namespace dynode {

struct Recipe {
  OptimizerSettings           optimizer;
  std::vector<ParameterBlock> blocks;  // of θ; weight decay pulls on weights only, not on biases and cell parameters
  Schedule                    schedule;
  std::vector<ObjectiveTerm>  terms;  // the first has the outputs that metrics look at
  std::vector<std::string>    metrics;
  std::optional<Quantisation> quantisation = {};  // nothing: weights act as they are
  std::optional<StopRule>     stop = {};
  std::vector<std::vector<int>> annealed = {};   // sites of noise that each annealer moves
  std::vector<int>              listed = {};     // of each loss of the file: its term
  std::vector<int>              noisy = {};      // blocks of weights with connection_noise
  std::optional<Quantisation>   measured = {};   // of quantized_accuracy

  std::vector<Metric> fresh_metrics() const { return {metrics.begin(), metrics.end()}; }
};

/// Where training stands after so many updates.
TrainingProgress progress_at(const TrainConfig& config, const TrainingData& data, int64_t update);

/// Whether a validation reached what the rule asks for. @param samples  trained so far
bool reaches(const StopRule& rule, double loss, const std::vector<Metric>& metrics, int64_t samples);

/// @throws SpecError, ShapeError  if network, data and training file do not fit together
Recipe make_recipe(const TrainConfig& config, const Plan& plan, const TrainingData& data);

/// Whether a metric is shown in percent: a share of right answers.
bool in_percent(const Metric& metric);

}  // namespace dynode
