// A random network with everything a run needs: input, initial states, a loss. For tests of the engine.
//
//   NetworkCase<double> c(seed, rows, steps);
//   Engine<double> engine = c.engine(threads);
//   auto g = c.gradient(engine, {.checkpoint_every = 3});        g.loss, g.theta, g.x, g.initial
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "dynode/plan/plan.h"
#include "dynode/run/engine.h"
#include "dynode/run/random_spec_test.h"

namespace dynode {

/// A number of mean 0 and deviation 1 that depends on its place alone, not on how many rows there are.
inline double normal_at(const std::string& what, size_t row, size_t entry, size_t unit) {
  return Random(row, what + std::to_string(entry) + "," + std::to_string(unit)).normal();
}

template <class R>
struct GradientOf {
  double                      loss = 0;
  std::vector<R>              theta, x;
  std::vector<std::vector<R>> initial;  // per entry of NetworkCase::initial
  bool                        operator==(const GradientOf&) const = default;
};

template <class R>
class NetworkCase {
 public:
  /// @param first_row  what the first row is called: rows with the same name have the same numbers
  NetworkCase(const Spec& spec, size_t rows, size_t steps, size_t first_row = 0)
      : plan(compile(spec)),
        theta(plan->theta.begin(), plan->theta.end()),
        rows(rows),
        steps(steps),
        first_row(first_row) {
    // numbers that no constraint has flattened
    Random random(spec.seed.value_or(0), "theta");
    for (R& t : theta) t += R(0.02 * random.normal());
    for (const Block& b : plan->parameters.blocks()) {
      // nor at the kink of weights that act through relu
      for (size_t i = 0; i < b.size() && b.rectified; ++i)
        if (std::abs(theta[b.offset + i]) < R(0.01)) theta[b.offset + i] = R(0.02);
      for (size_t i = 0; i < b.mask.size(); ++i)
        if (!b.mask[i]) theta[b.offset + i] = 0;
    }

    const size_t width = plan->input_width();
    x                  = numbers(rows * steps * width, "x", steps, width);
    for (size_t i = 0; i < plan->layers.size(); i += 2) {
      const LayerPlan& l = plan->layers[i];
      if (l.name != std::to_string(l.layer_id)) continue;
      initial_values.push_back(numbers(rows * l.units, "initial" + l.name, 1, l.units));
      initial_layers.push_back(int(i));
    }
    watched         = {plan->output};
    const int other = int(plan->layers.size() / 2);
    if (other != plan->output) watched.push_back(other);
    for (int layer : watched) {
      const size_t units = plan->layers[size_t(layer)].units;
      coefficients.push_back(numbers(rows * (steps + 1) * units, "loss" + std::to_string(layer), steps + 1, units));
    }
  }

  std::unique_ptr<Engine<R>> engine(int threads = 1) const {
    auto e = std::make_unique<Engine<R>>(plan, std::make_shared<Threads>(threads));
    e->set_parameters(theta);
    return e;
  }

  RunInput<R> input() const {
    RunInput<R> in{x.data(), rows, steps, {}};
    in.noise = {.training = true, .pass = 3, .first_row = first_row};
    for (size_t i = 0; i < initial_layers.size(); ++i)
      in.initial.push_back(
          {initial_layers[i], plan->layers[size_t(initial_layers[i])].start_state, initial_values[i].data(), true});
    return in;
  }

  /// Σ c·s + 0.15 s² over all entries of the watched layers, the initial one included.
  TileLoss<R> tile_loss() const {
    return [this](const TileOutputs<R>& seen) {
      double sum = 0;
      for (size_t i = 0; i < watched.size(); ++i) {
        const size_t units = plan->layers[size_t(watched[i])].units, size = (seen.steps + 1) * units;
        const R*     c = coefficients[i].data() + seen.first_row * size;
        for (size_t n = 0; n < seen.rows * size; ++n) {
          const R s = seen.values[i][n];
          sum += double(c[n]) * double(s) + 0.15 * double(s) * double(s);
          seen.bars[i][n] += c[n] + R(0.3) * s;
        }
      }
      return sum;
    };
  }

  double loss(Engine<R>& e) const { return e.loss(input(), tile_loss(), {.watched = watched}); }

  /// Sum of the sizes of all terms of the loss: what its rounding is relative to.
  double loss_size(Engine<R>& e) const {
    const TileLoss<R> sizes = [this](const TileOutputs<R>& seen) {
      double sum = 0;
      for (size_t i = 0; i < watched.size(); ++i) {
        const size_t size = (seen.steps + 1) * plan->layers[size_t(watched[i])].units;
        const R*     c    = coefficients[i].data() + seen.first_row * size;
        for (size_t n = 0; n < seen.rows * size; ++n) {
          const double s = double(seen.values[i][n]);
          sum += std::abs(double(c[n]) * s) + 0.15 * s * s;
        }
      }
      return sum;
    };
    return e.loss(input(), sizes, {.watched = watched});
  }

  GradientOf<R> gradient(Engine<R>& e, size_t checkpoint_every = 0) const {
    GradientOf<R>      g;
    GradientOutputs<R> to;
    g.theta.resize(theta.size()), to.theta_bar = g.theta.data();
    g.x.resize(x.size()), to.x_bar             = g.x.data();
    for (size_t i = 0; i < initial_layers.size(); ++i) g.initial.emplace_back(initial_values[i].size());
    for (size_t i = 0; i < initial_layers.size(); ++i)
      to.initial_bar.push_back(
          {initial_layers[i], plan->layers[size_t(initial_layers[i])].start_state, g.initial[i].data(), true});
    g.loss = e.gradient(input(), tile_loss(), {.watched = watched, .adjoint = {.checkpoint_every = checkpoint_every}}, to);
    return g;
  }

  /// Every state and every observable of every layer, [rows][entries][units] each.
  std::vector<std::vector<R>> record(Engine<R>& e, bool observables = true) const {
    std::vector<std::vector<R>> arrays;
    std::vector<Record<R>>      records;
    const auto                  add = [&](typename Record<R>::What what, size_t layer, size_t index, size_t entries) {
      arrays.emplace_back(rows * entries * plan->layers[layer].units);
      records.push_back({what, int(layer), int(index), nullptr});
    };
    for (size_t i = 0; i < plan->layers.size(); ++i) {
      const LayerPlan& l = plan->layers[i];
      for (size_t s = 0; s < l.cell->states.size(); ++s) add(Record<R>::What::state, i, s, steps + 1);
      for (size_t o = 0; observables && !l.is_input && o < l.cell->observables.size(); ++o)
        add(Record<R>::What::observable, i, o, steps);
    }
    for (size_t i = 0; i < records.size(); ++i) records[i].to = arrays[i].data();
    e.simulate(input(), records);
    return arrays;
  }

  std::shared_ptr<const Plan> plan;
  std::vector<R>              theta, x;  // θ; [rows][steps][input width]
  size_t                      rows, steps, first_row;
  std::vector<int>            initial_layers;  // every second layer starts from given numbers
  std::vector<std::vector<R>> initial_values;  // [rows][units]
  std::vector<int>            watched;
  std::vector<std::vector<R>> coefficients;  // per watched layer [rows][steps + 1][units]

 private:
  std::vector<R> numbers(size_t size, const std::string& what, size_t entries, size_t units) const {
    std::vector<R> list(size);
    for (size_t n = 0; n < size; ++n)
      list[n] = R(0.7 * normal_at(what, n / (entries * units) + first_row, n / units % entries, n % units));
    return list;
  }
};

inline std::string case_name(uint64_t seed, const Plan& plan) {
  std::string name = "seed " + std::to_string(seed) + ":";
  for (const LayerPlan& l : plan.layers) name += " " + l.name + " " + l.cell->name;
  for (const ConnectionPlan& c : plan.connections) name += ", " + c.name + " lag " + std::to_string(c.lag);
  return name;
}

}  // namespace dynode
