// Robustness: how much worse a trained network becomes when its hardware is not what was asked for.
//
//   model + data ──▶ for every experiment, level and repeat: disturb, run the data, measure ──▶ metric against level
//
//   parameter            a layer's parameter or weights are off: by a share or by an amount, alike or each by its own
//   noise, perturbation  noise of a layer or of weights, fresh every step or drawn once per run
//   readout              what the loss looks at is noisy or has few levels
//   weight_quantization  weights are levels of a codebook
//
// Repeats draw other numbers; one repeat draws the same numbers at all levels, so curves are smooth. Everything follows
// from the seed, whatever the number of threads.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dynode/learn/evaluation.h"
#include "dynode/models/report.h"
#include "dynode/spec/fields.h"

namespace dynode {

enum class Disturbance { parameter, noise, perturbation, readout, weight_quantization };
template <>
struct EnumNames<Disturbance> {
  static constexpr std::array names{
      std::pair{Disturbance::parameter, "parameter"}, std::pair{Disturbance::noise, "noise"},
      std::pair{Disturbance::perturbation, "perturbation"}, std::pair{Disturbance::readout, "readout"},
      std::pair{Disturbance::weight_quantization, "weight_quantization"}};
};

/// Whether a level is an amount, or a share of what is disturbed.
enum class Change { absolute, relative };
template <>
struct EnumNames<Change> {
  static constexpr std::array names{std::pair{Change::absolute, "absolute"}, std::pair{Change::relative, "relative"}};
};

/// Of parameters: all off by the level, or each by a number of its own of this deviation or within ± this.
enum class Spread { shift, gaussian, uniform };
template <>
struct EnumNames<Spread> {
  static constexpr std::array names{std::pair{Spread::shift, "shift"}, std::pair{Spread::gaussian, "gaussian"},
                                    std::pair{Spread::uniform, "uniform"}};
};

struct RobustnessExperiment {
  std::string           name;
  Disturbance           type = Disturbance::parameter;
  std::string           target;
  std::string           quantity;
  Change                change = Change::absolute;
  Spread                spread = Spread::gaussian;
  std::vector<double>   levels;
  std::optional<double> min, max;
  bool                  stochastic = false;
  std::optional<int>    repeats;

  static constexpr auto fields = field_list(
      field("name", &RobustnessExperiment::name, "title of its curve; missing: what it does"),
      field("type", &RobustnessExperiment::type, "what is disturbed", required),
      field(
          "target", &RobustnessExperiment::target,
          "parameter, weight_quantization: names of parameters, with * for any text (layer1/bias_current, J_*); noise, "
          "perturbation: layer1 or J_0_to_1"),
      field("quantity", &RobustnessExperiment::quantity,
            "noise, perturbation: phi, g, s, j, bias_current, …; readout: noise or bits; weight_quantization: bits or "
            "levels"),
      field("change", &RobustnessExperiment::change, "what a level means, where it is no count"),
      field("spread", &RobustnessExperiment::spread, "parameter: all off by the level, or each by its own number"),
      field("levels", &RobustnessExperiment::levels, "how strong, one point of the curve each", required),
      field("min", &RobustnessExperiment::min, "parameter: hard limit; bits and levels: end of their range"),
      field("max", &RobustnessExperiment::max, "likewise"),
      field("stochastic", &RobustnessExperiment::stochastic, "weight_quantization: round up or down by chance"),
      field("repeats", &RobustnessExperiment::repeats, "instead of those of the study", at_least(1)));
};

struct RobustnessConfig {
  std::string                       name = "robustness";
  std::string                       model;
  std::string                       data;
  Split                             split = Split::test;
  std::optional<int>                rows;
  std::string                       metric;
  int                               repeats = 10;
  uint64_t                          seed    = 42;
  std::vector<RobustnessExperiment> experiments;
  std::string                       file;  // paths are relative to it; "": to where we are

  static constexpr auto fields = field_list(
      field("name", &RobustnessConfig::name, "name of the study and its folder"),
      field("model", &RobustnessConfig::model,
            "a model file (.dynode), or the folder of a training run: its best network", required),
      field("data", &RobustnessConfig::data,
            "training file that names data, pooling and metrics; missing: that of the run"),
      field("split", &RobustnessConfig::split, "which part of the data"),
      field("rows", &RobustnessConfig::rows, "no more than so many, evenly taken; missing: all", at_least(1)),
      field("metric", &RobustnessConfig::metric, "what is measured; missing: the headline of the run"),
      field("repeats", &RobustnessConfig::repeats, "draws per level, where anything is drawn", at_least(1)),
      field("seed", &RobustnessConfig::seed, "of all draws"),
      field("experiments", &RobustnessConfig::experiments, "one curve each", required));
};

/// @throws SpecError  with the place
RobustnessConfig read_robustness_config(const Value& value);

struct RobustnessCurve {
  std::string                      name, level_name;
  std::vector<double>              levels;
  std::vector<std::vector<double>> values;           // [levels][repeats]
  std::vector<double>              mean, deviation;  // [levels]; deviation 0 where nothing is drawn
};

struct RobustnessResult {
  std::string                  model, data, metric;
  bool                         percent  = false;  // the metric is a share
  double                       baseline = 0;      // of the network as it is
  int64_t                      rows = 0, runs = 0;
  double                       seconds = 0;
  std::vector<RobustnessCurve> curves;
  std::vector<std::string>     warnings;
};

/// @param threads   0: one per core       @param progress  called with (runs done, of), one at a time
/// @throws IoError, SpecError, ShapeError, NumericsError
RobustnessResult study_robustness(const RobustnessConfig& config, int threads,
                                  const std::function<void(size_t, size_t)>& progress = {});

/// Everything measured: {model, data, metric, baseline, experiments: [{name, levels, mean, deviation, values}]}.
Value robustness_results(const RobustnessResult& result);

/// As a page: a curve with its spread per experiment.
Report robustness_report(const RobustnessConfig& config, const RobustnessResult& result);

}  // namespace dynode
