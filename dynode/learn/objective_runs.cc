// Losses that look at a run of their own: inputs a little different beside the states of the main run, or some steps
// more without input. Each is an objective of one term; its gradient is added to that of the main run.
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/learn/objective.h"

namespace dynode {
namespace {

/// The inputs of the main run, every number a little different.
template <class R>
void nudge(const RunInput<R>& input, size_t width, double share, std::vector<R>& x) {
  const size_t row_size = input.steps * width;
  double       mean     = 0;
  for (const R v : x) mean += std::abs(double(v)) / double(x.size());
  for (size_t row = 0; row < input.rows; ++row) {
    Random random(input.noise.pass, fmt::format("nudge/{}", input.noise.first_row + row));
    for (size_t i = row * row_size; i < (row + 1) * row_size; ++i) x[i] += R(share * mean * random.normal());
  }
}

}  // namespace

template <class R>
struct Objective<R>::OwnRun {
  size_t                      term;
  Objective<R>                objective;
  std::vector<BatchTarget<R>> targets = std::vector<BatchTarget<R>>(1);
  std::vector<R>              x = {}, theta_bar = {}, x_bar = {};
  size_t                      steps = 0;   // of its run
};

template <class R>
void Objective<R>::add_own_run(size_t term) {
  own_runs_.push_back(std::shared_ptr<OwnRun>(new OwnRun{term, Objective(plan_, {terms_[term]}, true)}));
}

template <class R>
const Objective<R>* Objective<R>::own_run_of(size_t term) const {
  for (const auto& own : own_runs_)
    if (own->term == term) return &own->objective;
  return nullptr;
}

template <class R>
double Objective<R>::own_run(OwnRun& own, Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                             const GradientOutputs<R>* outputs) {
  const ObjectiveTerm& t      = terms_[own.term];
  const size_t         width  = plan_.input_width();
  RunInput<R>          run    = input;
  BatchTarget<R>&      target = own.targets[0];
  own.steps                   = input.steps;
  if (!input.x) throw SpecError({}, fmt::format("loss '{}' changes the input, but the network has none", t.loss->name));
  own.x.assign(input.x, input.x + input.rows * input.steps * width);
  if (t.loss->run == LossRun::twin) {
    nudge(input, width, t.arguments.number("nudge"), own.x);
    target.mask = (*targets_)[own.term].mask;

    // the states of the main run
    const ObservedNetwork&      net = *own.objective.networks_[0];
    std::vector<std::vector<R>> histories(net.layers.size());
    std::vector<Record<R>>      records;
    for (size_t l = 0; l < net.layers.size(); ++l) {
      const LayerPlan& layer = plan_.layers[size_t(net.layers[l])];
      if (!net.view.layers[l].asked) continue;
      histories[l].resize(input.rows * (input.steps + 1) * layer.units);
      records.push_back({Record<R>::What::state, net.layers[l], layer.cell->output, histories[l].data()});
    }
    engine.simulate(input, records);
    const size_t units = own.objective.units(0);
    target.values.assign(input.rows * input.steps * units, R(0));
    for (size_t l = 0; l < net.layers.size(); ++l) {
      const LossNetwork::Layer& layer = net.view.layers[l];
      for (size_t p = 0; p < input.rows * input.steps && layer.asked; ++p) {
        const size_t from = (p + p / input.steps + 1) * layer.units;   // a row has an entry more, at its start
        std::copy_n(histories[l].begin() + ptrdiff_t(from), layer.units,
                    target.values.begin() + ptrdiff_t(p * units + layer.first));
      }
    }
  } else {
    if (input.spans)
      throw SpecError({}, fmt::format("loss '{}' goes on for some steps, but here steps take times of their own", t.loss->name));
    own.steps += size_t(t.arguments.number("decay_steps"));
    std::vector<R> longer(input.rows * own.steps * width);
    for (size_t row = 0; row < input.rows; ++row)
      std::copy_n(own.x.begin() + ptrdiff_t(row * input.steps * width), input.steps * width,
                  longer.begin() + ptrdiff_t(row * own.steps * width));
    own.x     = std::move(longer);
    run.steps = own.steps;
  }
  run.x = own.x.data();
  own.objective.set_batch(run.rows, run.steps, own.targets);
  if (!outputs) return own.objective.loss(engine, run);

  // its gradient; the spans of the main run, which it shares, have no slope by it
  GradientOutputs<R> bars;
  if (outputs->theta_bar) own.theta_bar.assign(plan_.parameters.size(), R(0)), bars.theta_bar = own.theta_bar.data();
  if (outputs->x_bar) own.x_bar.assign(own.x.size(), R(0)), bars.x_bar = own.x_bar.data();
  const double value = own.objective.gradient(engine, run, adjoint, bars);
  for (size_t i = 0; i < own.theta_bar.size() && outputs->theta_bar; ++i) outputs->theta_bar[i] += own.theta_bar[i];
  for (size_t row = 0; row < input.rows && outputs->x_bar; ++row)
    for (size_t i = 0; i < input.steps * width; ++i)
      outputs->x_bar[row * input.steps * width + i] += own.x_bar[row * own.steps * width + i];
  return value;
}

template <class R>
double Objective<R>::own_runs(Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                              const GradientOutputs<R>* outputs) {
  double sum = 0;
  for (const auto& own : own_runs_) {
    own->objective.set_parameters(theta_);
    own->objective.set_weight(0, terms_[own->term].weight);
    sum += own_run(*own, engine, input, adjoint, outputs);
  }
  return sum;
}

#define DYNODE_INSTANTIATE(R)                                                                                            \
  template void                Objective<R>::add_own_run(size_t);                                                        \
  template const Objective<R>* Objective<R>::own_run_of(size_t) const;                                                   \
  template double Objective<R>::own_runs(Engine<R>&, const RunInput<R>&, const AdjointPolicy&, const GradientOutputs<R>*)
DYNODE_INSTANTIATE(float);
DYNODE_INSTANTIATE(double);
#undef DYNODE_INSTANTIATE

}  // namespace dynode
