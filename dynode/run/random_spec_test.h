// Small random networks for tests: every kind of cell, random wiring with loops and skips, all the settings that change
// what a run does. The same seed gives the same network.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/cells/cell.h"
#include "dynode/spec/spec.h"

namespace dynode {

struct RandomSpecOptions {
  bool loops  = true;  // connections from a layer to itself or to an earlier one
  bool smooth = true;  // no kinks: differences are meaningful everywhere
};

class SpecGenerator {
 public:
  SpecGenerator(uint64_t seed, const RandomSpecOptions& options) : random_(seed, "random spec"), options_(options) {
    spec_.seed = seed;
  }

  Spec make() {
    SimulationSpec& s           = spec_.simulation;
    s.dt                        = 0.5 + random_.uniform();
    s.dt_learnable              = chance(0.3);
    s.input_type                = chance(0.3) ? InputType::flux : InputType::state;
    s.network_evaluation_method = std::vector{Evaluation::layerwise, Evaluation::stepwise_gauss_seidel,
                                              Evaluation::stepwise_jacobi}[random_.integer(3)];
    const int count             = 2 + int(random_.integer(4));
    for (int id = 0; id < count; ++id) spec_.layers.push_back(layer(id));
    for (int to = 0; to < count; ++to) {
      const int source = to ? int(random_.integer(uint64_t(to))) : -1;  // everybody is reached
      for (int from = 0; from < count; ++from) {
        if (to == 0 && s.input_type == InputType::state) continue;  // has no effect
        const double wanted = from < to ? 0.3 : options_.loops ? 0.25 : 0.0;
        if (from == source || chance(wanted)) spec_.connections.push_back(connection(from, to));
      }
    }
    return spec_;
  }

 private:
  bool        chance(double p) { return random_.uniform() < p; }
  double      between(double low, double high) { return low + (high - low) * random_.uniform(); }
  std::string pick(const std::vector<const char*>& words) { return words[random_.integer(words.size())]; }

  const CellEntry& any_cell() {
    while (true) {
      const CellEntry& cell = cells()[random_.integer(cells().size())];
      if (!cell.internal) return cell;
    }
  }

  /// One number, one per unit, or a distribution.
  Value number(int dim, double low, double high) {
    switch (random_.integer(3)) {
      case 0: return between(low, high);
      case 1: {
        Value list = Value::list_of();
        for (int i = 0; i < dim; ++i) list.push_back(between(low, high));
        return list;
      }
      default: return Value::map({{"distribution", "uniform"}, {"params", Value::map({{"min", low}, {"max", high}})}});
    }
  }

  LayerSpec layer(int id) {
    const int        dim = 1 + int(random_.integer(chance(0.2) ? 12 : 5));
    LayerSpec        l{.layer_id = id, .layer_type = "Linear", .params = Value::map({{"dim", dim}})};
    const bool       input = id == 0 && spec_.simulation.input_type == InputType::state;
    const CellEntry& cell  = input ? *find_cell("Linear") : any_cell();
    l.layer_type           = cell.name;
    if (cell.source)
      l.params.set("source_func", options_.smooth ? pick({"Tanh", "Sigmoid", "SimpleGELU", "Telu", "Identity"})
                                                  : pick({"Tanh", "ReLU", "ReTanh", "RateArray"}));
    for (const ParamFacts& p : cell.params) {
      if (p.value > 10) {
        l.params.set(p.name, number(dim, 2.0, 5.0));
      } else if (p.alternative.name[0]) {
        if (chance(0.5)) l.params.set(p.alternative.name, number(dim, 2.0, 5.0));
        else l.params.set(p.name, number(dim, 0.2, 0.9)).set(std::string("learn_") + p.name, chance(0.7));
      } else if (p.log) {
        l.params.set(p.name, number(dim, 0.15, 0.5));
      } else {
        l.params.set(p.name, number(dim, std::max(p.min, p.value - 0.3), std::min(p.max, p.value + 0.3)));
      }
    }
    if (!cell.params.empty() && chance(0.2))
      l.params.set("learnable_params", Value::map({{cell.params.back().name, false}}));
    if (!input && chance(0.2)) l.params.set("dt", between(0.4, 1.2));
    if (!input && chance(0.3)) l.params.set("init_state", "learn");
    if (chance(0.2)) {
      l.params.set("polarity_init", Value::map({{"excitatory_ratio", 0.5}}));
      l.params.set("polarity_enforcement_method", pick({"sign_flip", "clip_to_zero", "relu"}));
    }
    return l;
  }

  ConnectionSpec connection(int from, int to) {
    ConnectionSpec c{
        .from_layer = from, .to_layer = to, .connection_type = pick({"dense", "dense", "sparse", "one_to_one"})};
    Value init = Value::map({{"name", "normal"}, {"params", Value::map({{"std", 0.5}})}});
    if (chance(0.3)) init = Value::map({{"name", "uniform"}, {"params", Value::map({{"min", -0.6}, {"max", 0.6}})}});
    c.params.set("init", std::move(init));
    if (c.connection_type == "sparse")
      c.params.set("structure",
                   Value::map({{"type", "sparse"}, {"params", Value::map({{"sparsity", chance(0.5) ? 0.6 : 0.2}})}}));
    if (chance(0.15) && !spec_.layers[size_t(from)].params.has("polarity_init")) {
      c.mode = pick({"NOCC", "WICC"});
      c.connection_params =
          Value::map({{"source_func", options_.smooth ? "Tanh" : "RateArray"}, {"j_in", 0.6}, {"j_out", 0.7}});
      if (c.mode == "NOCC") c.connection_params.set("beta", 4.0).set("beta_out", 1.5);
      else c.connection_params.set("gamma_plus", 0.3).set("gamma_minus", 0.2);
    }
    if (c.mode.empty() && chance(0.5)) c.params.set("bias", pick({"zero", "fan_in_normal", "fan_in_uniform"}));
    if (chance(0.2)) c.params.set("constraints", Value::map({{"min", -0.5}, {"max", 0.8}}));
    if (chance(0.1)) c.learnable = false;
    if (from < to && chance(0.2)) c.lag = int(random_.integer(2));
    if (from > to && chance(0.2)) c.lag = 1;
    return c;
  }

  Random            random_;
  RandomSpecOptions options_;
  Spec              spec_;
};

inline Spec random_spec(uint64_t seed, const RandomSpecOptions& options = {}) {
  return SpecGenerator(seed, options).make();
}

}  // namespace dynode
