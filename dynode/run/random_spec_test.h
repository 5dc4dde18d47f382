// Small random networks for tests: every kind of layer, source function, structure and initialiser, random wiring with
// loops and skips, all the settings that change what a run does. The same seed gives the same network.
//
//   Spec spec = random_spec(seed, {.smooth = false});
//
// What the catalogues list is drawn by itself, its parameters near their defaults. A kind that needs more than that
// gets one line in kinds(), structures_that_need_more() or initialisers_that_need_more().
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/cells/cell.h"
#include "dynode/sources/source.h"
#include "dynode/spec/spec.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {

/// How many random networks a long test runs; fewer with sanitizers, which look at memory rather than at numbers.
#ifdef DYNODE_SANITIZED
inline constexpr uint64_t kRandomNetworks = 40;
#else
inline constexpr uint64_t kRandomNetworks = 200;
#endif

struct RandomSpecOptions {
  bool loops        = true;  // connections from a layer to itself or to an earlier one
  bool smooth       = true;  // no kinks: differences are meaningful everywhere
  bool programmable = true;  // connections whose weights are circuits
  bool noise        = true;  // of every kind, in some networks
  bool spikes       = false; // layers that fire, and connections of spikes; they have no gradient
};

class SpecGenerator {
 public:
  SpecGenerator(uint64_t seed, const RandomSpecOptions& options)
      : random_(seed, "random spec"), noise_(seed, "noise of a random spec"), options_(options) {
    spec_.seed = seed;
  }

  Spec make() {
    SimulationSpec& s           = spec_.simulation;
    s.dt                        = between(0.5, 1.5);
    s.dt_learnable              = chance(0.3);
    s.input_type                = chance(0.3) ? InputType::flux : InputType::state;
    s.network_evaluation_method = std::vector{Evaluation::layerwise, Evaluation::stepwise_gauss_seidel,
                                              Evaluation::stepwise_jacobi}[random_.integer(3)];
    const int count             = chance(0.1) ? 1 : 2 + int(random_.integer(4));
    for (int id = 0; id < count; ++id) add_layer(id);
    for (int to = 0; to < count; ++to) {
      const int source = to ? int(random_.integer(uint64_t(to))) : -1;  // everybody is reached
      for (int from = 0; from < count; ++from) {
        if (to == 0 && s.input_type == InputType::state) continue;  // has no effect
        const double wanted = from < to ? 0.3 : options_.loops ? 0.25 : 0.0;
        if (from == source || chance(wanted)) spec_.connections.push_back(connection(from, to));
      }
    }
    add_noise();
    for (LayerSpec& l : spec_.layers)   // SOM units are about the connection of a layer to itself
      if (std::none_of(spec_.connections.begin(), spec_.connections.end(), [&](const ConnectionSpec& c) {
            return c.from_layer == l.layer_id && c.to_layer == l.layer_id;
          }))
        l.params.erase("som_N");
    return spec_;
  }

 private:
  using Words = std::vector<std::string>;

  // ---- what needs a line of its own ------------------------------------------------------------------------

  /// Kinds of layers that need more than their parameters.
  struct Kind {
    const char* type;
    void (*add)(SpecGenerator& g, Value& params, int dim) = nullptr;
    const char* arrives = "";  // the connection_type of everything that arrives; "": any structure
  };
  static const std::vector<Kind>& kinds() {
    static const std::vector<Kind> list = {
        {"CfC",
         [](SpecGenerator& g, Value& p, int) {
           Words modes = {"default", "no_gate"};
           if (!g.options_.smooth) modes.insert(modes.end(), {"pure", "pure"});   // begins at the kink of |w_tau|
           p.set("mode", g.pick(modes));
           p.set("mixed_memory", g.pick({"false", "state", "input"}));
           if (g.chance(0.3)) {
             p.set("wiring", Value::map({{"type", "Random"}, {"params", Value::map({{"sparsity_level", 0.4}})}}));
           } else {
             p.set("activation", g.pick({"lecun_tanh", "silu", "gelu"})).set("backbone_units", 4);
             p.set("backbone_layers", int(g.random_.integer(3)));
           }
         },
         "direct"},
        // numbers that hardly differ are blown up
        {"LayerNorm", [](SpecGenerator&, Value& p, int) { p.set("epsilon", 0.2); }},
        {"LTC",
         [](SpecGenerator& g, Value& p, int) {
           p.set("ode_unfolds", 1 + int(g.random_.integer(3)));   // fused: the others are not stable in long steps
           p.set("positivity", g.pick({"softplus", "clamp", "none"})).set("mixed_memory", g.pick({"false", "state"}));
           p.set("input_mapping", g.pick({"affine", "linear", "none"})).set("output_mapping", g.pick({"affine", "none"}));
           if (g.chance(0.5))
             p.set("wiring", Value::map({{"type", "Random"}, {"params", Value::map({{"sparsity_level", 0.4}})}}));
         },
         "direct"},
        {"LIF",
         [](SpecGenerator& g, Value& p, int) {
           p.set("tau_membrane", g.between(3, 6)).set("tau_synaptic", g.between(1, 2.5)).set("threshold", 0.3);
           p.set("tau_refractory", g.between(0, 4)).set("reset_voltage", g.between(-0.2, 0.1));
         }},
        {"LIFDelta",
         [](SpecGenerator& g, Value& p, int) {
           for (const char* tau : {"tau_membrane"}) p.set(tau, g.between(2, 5));
           p.set("threshold", 0.3).set("reset_voltage", g.between(-0.2, 0.1));
         }},
        {"LIFAlpha",
         [](SpecGenerator& g, Value& p, int) {
           for (const char* tau : {"tau_membrane", "tau_synaptic"}) p.set(tau, g.between(2, 5));
           p.set("threshold", 0.3).set("reset_voltage", g.between(-0.2, 0.1));
         }},
        {"LIFCurrents",
         [](SpecGenerator& g, Value& p, int) {
           for (const char* tau : {"tau_membrane", "tau_excitatory", "tau_inhibitory"}) p.set(tau, g.between(2, 5));
           p.set("threshold", 0.3).set("reset_voltage", g.between(-0.2, 0.1));
         }},
        {"LIFConductance",
         [](SpecGenerator& g, Value& p, int) {
           for (const char* tau : {"tau_membrane", "tau_excitatory", "tau_inhibitory"}) p.set(tau, g.between(2, 5));
           p.set("threshold", 0.3).set("reset_voltage", g.between(-0.2, 0.1));
         }},
        {"DoubleExponentialLIF",
         [](SpecGenerator& g, Value& p, int) {
           p.set("tau_membrane", g.between(3, 6)).set("tau_rise", g.between(1, 2)).set("tau_decay", g.between(2, 5));
           p.set("tau_refractory", g.between(0, 4)).set("bias_current", 0.2).set("threshold", 0.3).set("reset_voltage", 0.0);
         }},
        {"DoubleExponentialFilter",
         [](SpecGenerator& g, Value& p, int) { p.set("tau_rise", g.between(1, 2)).set("tau_decay", g.between(2, 5)); }},
        // time constants beside which a step is short
        {"LI", [](SpecGenerator& g, Value& p, int) { p.set("tau", g.between(2, 5)); }},
        {"CubaLI",
         [](SpecGenerator& g, Value& p, int) { p.set("tau_syn", g.between(2, 3)).set("tau_mem", g.between(4, 6)); }},
        // equations that stay near their attractors
        {"ODERNN", [](SpecGenerator& g, Value& p, int) { p.set("decay", g.between(0.8, 1.2)); }, "direct"},
        {"ODELSTM", [](SpecGenerator& g, Value& p, int) { p.set("decay", g.between(0.8, 1.2)); }, "direct"},
        {"coRNN",
         [](SpecGenerator& g, Value& p, int) {
           p.set("gamma", g.between(0.2, 0.5)).set("epsilon", g.between(0.2, 0.5)).set("dt", g.between(0.2, 0.5));
         },
         "direct"},
        {"LipschitzRNN", [](SpecGenerator& g, Value& p, int) { p.set("gamma_A", g.between(0.4, 0.6)); }, "direct"},
        {"CurrentLIF", [](SpecGenerator& g, Value& p, int) { p.set("tau", g.between(2, 5)); }},
        {"CubaLIF",
         [](SpecGenerator& g, Value& p, int) { p.set("tau_syn", g.between(2, 3)).set("tau_mem", g.between(4, 6)); }},
        {"LeakyGRU", [](SpecGenerator& g, Value& p, int) { p.set("candidate_diag", g.pick({"zero", "one", "free"})); }},
        {"RateDale",
         [](SpecGenerator& g, Value& p, int) { p.set("taus", g.chance(0.5) ? Value::list_of({2, 5}) : Value(3)); }},
    };
    return list;
  }

  /// Structures with arguments that depend on each other or on the sizes. False: it does not fit them.
  struct Structure {
    const char* type;
    bool (*add)(SpecGenerator& g, Value& params, int to, int from);
  };
  static const std::vector<Structure>& structures_that_need_more() {
    static const std::vector<Structure> list = {
        {"custom", [](SpecGenerator&, Value&, int, int) { return false; }},  // its mask is a file
        {"inverse_one_to_one", [](SpecGenerator&, Value&, int to, int from) { return to == from; }},
        {"block_structure", [](SpecGenerator& g, Value& p, int, int) {
           p.set("connection_mode", g.pick({"diagonal", "full", "none"}));
           return true;
         }},
        {"hierarchical_blocks", [](SpecGenerator&, Value& p, int to, int from) {
           p.set("base_size", 2).set("levels", to == 4 ? 2 : 1);
           return to == from && (to == 2 || to == 4);
         }},
        {"multi_area", [](SpecGenerator&, Value& p, int to, int from) {
           p.set("areas", std::vector<double>{1}).set("density", std::vector<double>{0.5, 0.5, 0.8});
           return to == from;
         }},
        {"area_input", [](SpecGenerator&, Value& p, int, int) { return p.set("areas", std::vector<double>{1}), true; }},
        {"area_readout", [](SpecGenerator&, Value& p, int, int) { return p.set("areas", std::vector<double>{1}), true; }},
        {"one_to_one", [](SpecGenerator& g, Value& p, int to, int from) {
           const int length = std::min(to, from);
           if (g.chance(0.3)) p.set("source_start_node_id", from - length).set("source_end_node_id", from - 1);
           return true;
         }},
    };
    return list;
  }

  /// Initialisers whose defaults are nothing for small networks: idle weights, or weights that grow without bounds.
  struct Initialiser {
    const char* name;
    bool (*add)(SpecGenerator& g, Value& params);
  };
  static const std::vector<Initialiser>& initialisers_that_need_more() {
    static const std::vector<Initialiser> list = {
        {"custom", [](SpecGenerator&, Value&) { return false; }},  // its weights are a file
        {"normal", [](SpecGenerator&, Value& p) { return p.set("std", 0.5), true; }},
        {"uniform", [](SpecGenerator&, Value& p) { return p.set("min", -0.6).set("max", 0.6), true; }},
        {"linear", [](SpecGenerator&, Value& p) { return p.set("min", -0.5).set("max", 0.4), true; }},
        {"constant", [](SpecGenerator& g, Value& p) { return p.set("value", g.between(-0.4, 0.4)), true; }},
        {"gaus", [](SpecGenerator& g, Value& p) { return p.set("gain", g.between(0.5, 1)), true; }},
        {"gamma", [](SpecGenerator&, Value& p) { return p.set("scale", 0.1), true; }},
    };
    return list;
  }

  static bool has_kinks(const std::string& source) {
    const Words with = {"ReLU", "ReTanh", "ClippedReLU", "ClippedSoftplus", "RateArray", "Heaviside_state_dep",
                        "TanhGauss1p7IBFit"};
    return std::find(with.begin(), with.end(), source) != with.end();
  }

  template <class Lines>
  static auto line_of(const Lines& lines, const std::string& name, const char* Lines::value_type::*key) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return name == l.*key; });
    return found == lines.end() ? nullptr : &*found;
  }

  // ---- numbers and words -----------------------------------------------------------------------------------

  bool        chance(double p) { return random_.uniform() < p; }
  double      between(double low, double high) { return low + (high - low) * random_.uniform(); }
  std::string pick(const Words& words) { return words[random_.integer(words.size())]; }
  template <class Entries>
  const auto& any(const Entries& entries) {
    return entries[random_.integer(entries.size())];
  }

  /// Per unit one number or the same, as people may write it: a number, a list, a distribution, with or without more.
  Value number(int dim, double low, double high) {
    std::vector<double> each(static_cast<size_t>(dim));
    for (double& x : each) x = between(low, high);
    switch (random_.integer(5)) {
      case 0: return each[0];
      case 1: return each;
      case 2: return Value::map({{"value", each[0]}, {"learnable", chance(0.7)}});
      case 3: return Value::map({{"value", each}, {"constraints", Value::map({{"min", low}, {"max", high}})}});
      default: break;
    }
    const double mean = low + 0.5 * (high - low);
    switch (random_.integer(4)) {
      case 0: return distribution("constant", {{"value", mean}});
      case 1: return distribution("normal", {{"mean", mean}, {"std", 0.05 * (high - low)}});
      case 2:
        if (low > 0) return distribution(pick({"loguniform", "loglinear"}), {{"min", low}, {"max", high}});
        return distribution("linear", {{"min", low}, {"max", high}});
      default: return distribution("uniform", {{"min", low}, {"max", high}});
    }
  }
  static Value distribution(const std::string& name, std::initializer_list<std::pair<std::string, Value>> params) {
    Value map = Value::map();
    for (const auto& [key, value] : params) map.set(key, value);
    return Value::map({{"distribution", name}, {"params", map}});
  }

  /// Arguments of a kind: what is required, and now and then another, within the range of its facts.
  Value arguments(const std::vector<Fact>& facts) {
    Value params = Value::map();
    for (const Fact& f : facts) {
      if (!f.required) continue;
      if (f.kind == ArgumentKind::integer) params.set(f.name, std::max(int(f.min), 1) + int(random_.integer(3)));
      if (f.kind == ArgumentKind::number) params.set(f.name, between(std::max(f.min, 0.15), std::min(f.max, 0.9)));
    }
    return params;
  }

  /// A source function, with kinks where they are welcome.
  std::string source() {
    for (;;)
      if (const std::string name = any(source_functions()).name; !options_.smooth || !has_kinks(name)) return name;
  }

  // ---- layers ----------------------------------------------------------------------------------------------

  void add_layer(int id) {
    int dim = 1 + int(random_.integer(chance(0.2) ? 12 : 5));
    if (id > 0 && chance(0.3)) dim = spec_.layers.back().dim();  // structures for layers of one size
    const bool input = id == 0 && spec_.simulation.input_type == InputType::state;

    const bool       fires = options_.spikes && chance(0.5);
    const CellEntry* cell  = find_cell("Linear");
    const auto jumps = [&] { return options_.smooth && std::string(cell->name) == "PhasedLSTM"; };   // where a period ends
    const auto deaf  = [&] { return fires && (cell->arrivals.state < 0 || cell->inhibitory.state >= 0) && chance(0.8); };
    while (!input && ((cell = &any(cells()))->internal || cell->fires != fires || (id == 0 && cell->takes_sources) ||
                      jumps() || deaf())) {}
    LayerSpec l{.layer_id = id, .layer_type = cell->name, .params = Value::map({{"dim", dim}})};
    Value&    p = l.params;
    if (!input) {
      add_parameters(*cell, p, dim);
      if (const Kind* kind = line_of(kinds(), cell->name, &Kind::type); kind && kind->add) kind->add(*this, p, dim);
      if (chance(0.2)) p.set("dt", between(0.4, 1.2));
      if (chance(0.3)) p.set("init_state", pick({"learn", "zero"}));
    }
    if (chance(0.25)) {
      const std::string draw = pick({"count", "independent", "alternating", "excitatory", "inhibitory"});
      const bool        rule = draw == "count" || draw == "independent";
      p.set("polarity_init", rule ? Value::map({{"excitatory_ratio", 0.5}, {"draw", draw}}) : Value(draw));
      p.set("polarity_enforcement_method", pick({"sign_flip", "clip_to_zero", "relu"}));
    }
    if (cell->som_units && p.has("polarity_init") && dim > 1 && chance(0.5))
      p.set("polarity_init", "alternating").set("som_N", 1);
    spec_.layers.push_back(std::move(l));
  }

  void add_parameters(const CellEntry& cell, Value& p, int dim) {
    if (cell.source) p.set("source_func", source());
    if (cell.takes_sources) return;   // draws its parameters itself
    for (const ParamFacts& f : cell.params) {
      if (f.value > 10) {  // a large number that would leave small networks at rest
        p.set(f.name, number(dim, 2.0, 5.0));
      } else if (f.alternative.name[0]) {
        if (chance(0.5)) p.set(f.alternative.name, number(dim, 2.0, 5.0));
        else p.set(f.name, number(dim, 0.2, 0.9)).set(std::string("learn_") + f.name, chance(0.7));
      } else if (f.log) {
        p.set(f.name, number(dim, 0.15, 0.5));
      } else {
        p.set(f.name, number(dim, std::max(f.min, f.value - 0.3), std::min(f.max, f.value + 0.3)));
      }
    }
    Value learnable = Value::map();
    if (!cell.params.empty() && chance(0.2)) learnable.set(cell.params.back().name, false);
    if (!cell.core.empty() && chance(0.2)) learnable.set(cell.core.back().weights, false);
    if (!learnable.empty()) p.set("learnable_params", learnable);
  }

  // ---- connections -----------------------------------------------------------------------------------------

  ConnectionSpec connection(int from, int to) {
    const LayerSpec &source = spec_.layers[size_t(from)], &target = spec_.layers[size_t(to)];
    ConnectionSpec   c{.from_layer = from, .to_layer = to};
    if (from < to && chance(0.2)) c.lag = int(random_.integer(2));
    if (from > to && chance(0.2)) c.lag = 1;
    const Kind* kind = line_of(kinds(), target.layer_type, &Kind::type);
    if (kind && kind->arrives[0]) {
      c.connection_type = kind->arrives;
      return c;
    }
    if (find_cell(target.layer_type)->takes_sources) {
      c.connection_type = "direct";
      return c;
    }
    choose_structure(c, target.dim(), source.dim());
    choose_weights(c);
    if (from == to && chance(0.3)) c.params.set("allow_self_connections", false);
    if (options_.spikes && find_cell(source.layer_type)->fires && find_cell(target.layer_type)->arrivals.state >= 0 &&
        find_cell(target.layer_type)->inhibitory.state < 0 &&   // by sign: in networks without an input array alone
        chance(0.7)) {
      c.mode = "spike";
      c.lag.reset();
      c.delay = double(1 + random_.integer(5)) * *spec_.simulation.dt;
      return c;
    }

    const bool signs = source.params.has("polarity_init");
    if (options_.programmable && !signs && chance(0.15)) {
      program(c);
    } else {
      if (chance(0.5)) c.params.set("bias", pick({"zero", "fan_in_normal", "fan_in_uniform"}));
      if (signs && chance(0.3)) c.params.set("polarity", false);
      else if (!signs && chance(0.15)) c.params.set("ei_mask", ei_mask(source.dim()));
      if ((signs && !c.params.has("polarity")) || c.params.has("ei_mask")) c.params.set("ei_balance", chance(0.3));
    }
    if (chance(0.2)) c.params.set("constraints", Value::map({{"min", -0.5}, {"max", 0.8}}));
    if (chance(0.1)) c.learnable = false;
    return c;
  }

  void choose_structure(ConnectionSpec& c, int to, int from) {
    c.connection_type = "dense";
    if (chance(0.4)) return;
    for (;;) {
      const StructureEntry& rule   = any(structures());
      Value                 params = arguments(rule.facts);
      const auto*           more   = line_of(structures_that_need_more(), rule.name, &Structure::type);
      if (more && !more->add(*this, params, to, from)) continue;
      c.connection_type = rule.name;
      if (!params.empty()) c.params.set("structure", Value::map({{"type", rule.name}, {"params", params}}));
      return;
    }
  }

  void choose_weights(ConnectionSpec& c) {
    for (;;) {
      const InitialiserEntry& rule   = any(initialisers());
      Value                   params = arguments(rule.facts);
      const auto*             more   = line_of(initialisers_that_need_more(), rule.name, &Initialiser::name);
      if (more && !more->add(*this, params)) continue;
      c.params.set("init", Value::map({{"name", rule.name}, {"params", params}}));
      return;
    }
  }

  void program(ConnectionSpec& c) {
    c.mode = pick({"NOCC", "WICC"});
    c.connection_params =
        Value::map({{"source_func", source()}, {"j_in", 0.6}, {"j_out", 0.7}, {"half_flux_offset", chance(0.2)}});
    if (c.mode == "NOCC") c.connection_params.set("beta", 4.0).set("beta_out", 1.5);
    else c.connection_params.set("gamma_plus", 0.3).set("gamma_minus", 0.2);
  }

  /// A sign per source.
  Value ei_mask(int from) {
    std::vector<double> signs(static_cast<size_t>(from));
    for (double& s : signs) s = double(random_.integer(3)) - 1;
    return signs;
  }

  // ---- noise; from a stream of its own, so that networks are the same with and without it -------------------

  bool maybe(double p) { return noise_.uniform() < p; }

  void add_noise() {
    const bool some = options_.noise && maybe(0.6), parameters = some && maybe(0.3);
    for (LayerSpec& l : spec_.layers) {
      const CellEntry& cell  = *find_cell(l.layer_type);
      const bool       input = l.layer_id == 0 && spec_.simulation.input_type == InputType::state;
      if (!input) add_family_noise(cell, some, l.params);
      if (!some || !maybe(0.6)) continue;
      Words names;
      if (!cell.fires) names.push_back("s");
      if (!input && !cell.takes_sources) names.push_back("phi");
      if (!input && !cell.takes_sources && !cell.tape_size && !cell.derive && parameters) {
        for (const ParamFacts& p : cell.params) names.push_back(p.name);
        for (const ConstantFacts& c : cell.constants)
          if (c.name == std::string("g_noise")) names.push_back("g");
      }
      wish(names, int(l.dim()), l.noise, l.perturb);
    }
    for (ConnectionSpec& c : spec_.connections)
      if (some && c.connection_type != "direct" && (c.mode.empty() || c.mode == "fixed") && maybe(0.2)) wish({"j"}, 1, c.noise, c.perturb);
  }

  void add_family_noise(const CellEntry& cell, bool some, Value& p) {
    for (const NoiseFacts& f : cell.noise)
      if (!some && f.value != 0) p.set(f.word, 0);
      else if (some && maybe(0.6)) p.set(f.word, 0.05 + 0.1 * noise_.uniform());
    for (const SettingFacts& f : cell.settings)
      if (f.name == std::string("noise_in_eval")) p.set(f.name, maybe(0.5));
  }

  /// Noise, relative noise, or noise and perturbations of some of these quantities; for one unit a number, else maybe a list.
  void wish(const Words& names, int units, Value& noise, Value& perturb) {
    const auto number = [&](double scale) -> Value {
      if (units == 1 || maybe(0.7)) return scale * noise_.uniform();
      std::vector<double> list(static_cast<size_t>(units));
      for (double& x : list) x = scale * noise_.uniform();
      return list;
    };
    const bool relative = maybe(0.3);
    noise = Value::map(), perturb = Value::map();
    for (const std::string& name : names) {
      if (maybe(0.6)) noise.set(name, number(0.1));
      if (relative || maybe(0.6)) continue;
      perturb.set(name + "_std", number(0.1));
      if (maybe(0.5)) perturb.set(name + "_mean", number(0.1));
    }
    if (relative) noise.set("relative", true);
    if (maybe(0.2)) noise.set("when", "train");
  }

  Random            random_, noise_;
  RandomSpecOptions options_;
  Spec              spec_;
};

inline Spec random_spec(uint64_t seed, const RandomSpecOptions& options = {}) {
  return SpecGenerator(seed, options).make();
}

}  // namespace dynode
