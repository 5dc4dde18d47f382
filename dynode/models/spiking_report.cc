#include "dynode/models/spiking_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/models/run_report-internal.h"
#include "dynode/spec/yaml.h"

namespace dynode::rate {
namespace {

constexpr size_t kPoints = 1000;   // of an output that is drawn

/// What people call the network of this file: runs/go_nogo/checkpoints/last.dynode is go nogo.
std::string name_of(const std::filesystem::path& path) {
  const bool  checkpoint = path.parent_path().filename() == "checkpoints";
  std::string name       = (checkpoint ? path.parent_path().parent_path() : path).stem().string();
  std::ranges::replace(name, '_', ' ');
  return name;
}

/// Place of each unit in the raster: excitatory ones first.
std::vector<uint32_t> raster_order(const std::vector<int8_t>& sign, size_t units) {
  std::vector<uint32_t> place(units);
  uint32_t              next = 0;
  for (const bool inhibitory : {false, true})
    for (size_t u = 0; u < units; ++u)
      if ((!sign.empty() && sign[u] < 0) == inhibitory) place[u] = next++;
  return place;
}

ReportRaster raster_of(const SpikingTrial& trial, const std::vector<double>& rates, const RateParts& net,
                       const SpikingSettings& s) {
  const size_t units = net.sign.empty() ? size_t(net.w_in.shape.at(0)) : net.sign.size();
  const size_t outputs = size_t(net.w_out.shape.at(0)), steps = trial.output.size() / outputs;
  ReportRaster raster{.seconds         = s.step() * double(steps),
                      .units           = int64_t(units),
                      .excitatory      = int64_t(units) - std::count(net.sign.begin(), net.sign.end(), int8_t(-1)),
                      .rate_excitatory = trial.rate_excitatory,
                      .rate_inhibitory = trial.rate_inhibitory};
  const std::vector<uint32_t> place = raster_order(net.sign, units);
  for (const Spike& spike : trial.spikes) {
    raster.times.push_back(float(s.step() * spike.step));
    raster.spiking.push_back(int64_t(place[spike.unit]));
  }
  const double per_step = s.step() / s.rate_step;   // rate steps
  for (size_t t = 0; t < steps; t += std::max<size_t>(1, steps / kPoints)) {
    raster.output_times.push_back(float(s.step() * double(t)));
    raster.output.push_back(float(trial.output[t * outputs]));
    const size_t k = size_t(double(t) * per_step);
    raster.rate_output.push_back(k * outputs < rates.size() ? float(rates[k * outputs]) : float(kNotMeasured));
  }
  return raster;
}

}  // namespace

Report spiking_report(const std::string& name, RateRNN& rate, Model& spiking, const SpikingSettings& settings,
                      const Task& task, const ScalingSearch& search, const std::vector<SpikingTrial>& trials,
                      const TrialsWanted& wanted) {
  const RateParts    net   = rate.parts();
  const TaskEntry&   entry = task.entry();
  const ScalingScore judged = trials.empty() ? search.best() : score_of(settings.scaling_factor, task, trials);
  Report report{.title = fmt::format("{} in spikes", name_of(std::filesystem::absolute(name))), .kind = "conversion",
                .metric_name = "success", .test_metric = judged.share()};
  report.summary = fmt::format(
      "A network of {} rate units that learnt {} answers with spikes: correct in {:.1f} % of {} trials with the scaling "
      "factor {:g}, chosen by {}.",
      grouped(rate.N()), entry.name, 100 * judged.share(), judged.trials, settings.scaling_factor,
      trials.empty() ? "these trials" : "other trials");
  report.facts = {{"scaling factor", fmt::format("{:g}", settings.scaling_factor)},
                  {"95 % interval", fmt::format("{:.1f} … {:.1f} %", 100 * judged.low(), 100 * judged.high())},
                  {"mean rates", fmt::format("{:.1f} Hz excitatory, {:.1f} Hz inhibitory", judged.rate_excitatory,
                                             judged.rate_inhibitory)},
                  {"step", fmt::format("{:g} µs", 1e6 * settings.step())},
                  {"membrane noise", fmt::format("{:g} mV per step", settings.membrane_noise)},
                  {"seed", std::to_string(wanted.seed)}};
  for (size_t k = 0; k < entry.labels.size(); ++k)
    report.facts.emplace_back(fmt::format("{} trials", entry.labels[k]),
                              fmt::format("{} of {} correct", judged.label_correct[k], judged.label_trials[k]));

  // standard errors of shares
  ReportSweep sweep{.name = "Share of correct trials", .level_name = "scaling factor"};
  for (const ScalingScore& s : search.scores) {
    sweep.levels.push_back(s.factor), sweep.mean.push_back(s.share());
    sweep.deviation.push_back(std::sqrt(s.share() * (1 - s.share()) / double(s.trials)));
  }
  report.sweeps = {sweep};

  for (int64_t label = 0; label < std::max<int64_t>(1, int64_t(entry.labels.size())); ++label) {
    const auto first = std::ranges::find(trials, label, &SpikingTrial::label);
    if (first == trials.end()) continue;
    const size_t       row   = wanted.first + size_t(first - trials.begin());
    const dynode::Trial asked = task.trial(wanted.seed, 0, row);
    const int64_t      steps = int64_t(asked.shape.steps), inputs = int64_t(asked.shape.inputs);
    const auto output = rate.model().simulate(Array{{1, steps, inputs}, asked.input}, {.noise = {.on = false}}).at("output").as_double();
    const auto again  = run_trials(spiking, net, settings, task, {.seed = wanted.seed, .first = row, .count = 1, .keep = true});
    ReportRaster raster = raster_of(again[0], output, net, settings);
    raster.title = fmt::format("{}, {}", entry.labels.empty() ? entry.name : entry.labels[size_t(label)],
                               again[0].correct ? "correct" : "wrong");
    report.rasters.push_back(raster);
  }
  add_network(report, spiking);
  report.spec_yaml = to_yaml(write_spec(rate.model().plan().spec));
  return report;
}

}  // namespace dynode::rate
