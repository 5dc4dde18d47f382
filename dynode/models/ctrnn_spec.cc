// From the parameters of nn4n to a spec: sizes and words are checked here, under the names people gave them.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/models/ctrnn.h"

namespace dynode::ctrnn {
namespace {

At at(const std::string& parameter) { return {{}, 0, 0, parameter}; }

[[noreturn]] void refuse(const std::string& parameter, const std::string& what, const std::string& way_out) {
  throw SpecError(at(parameter), what, way_out);
}

void check_activation(const std::string& name, const std::string& parameter) {
  const std::vector<std::string> known = {"relu", "tanh", "sigmoid", "retanh"};
  if (std::ranges::find(known, name) == known.end())
    refuse(parameter, fmt::format("unknown activation '{}'", name), did_you_mean(name, known, "there are"));
}

void check_size(int64_t n, const std::string& parameter) {
  if (n < 1 || n > 10'000'000) refuse(parameter, fmt::format("{} units", n), "sizes of layers are 1 to 10000000");
}

Value value_of(const PerUnit& x, int64_t units, const std::string& parameter) {
  if (!x.each()) return x.values()[0];
  if (int64_t(x.values().size()) != units)
    refuse(parameter, fmt::format("{} numbers for {} units", x.values().size(), units),
           "give one number, or one per unit");
  return x.values();
}

void check_numbers(const PerUnit& x, bool positive, const std::string& parameter) {
  for (const double v : x.values())
    if (!(positive ? v > 0 : v >= 0) || !std::isfinite(v))
      refuse(parameter, fmt::format("{} is {}", parameter, v),
             positive ? "it must be larger than 0" : "it must be at least 0");
}

/// A matrix as a list of rows, [rows][columns].
Value rows_of(const std::vector<double>& values, int64_t rows, int64_t columns) {
  Value::List list;
  for (int64_t i = 0; i < rows; ++i)
    list.push_back(std::vector<double>(values.begin() + i * columns, values.begin() + (i + 1) * columns));
  return list;
}

/// What somebody gives for one connection.
struct Masks {
  const EntryMask &sparsity, &ei, &plasticity, &growth;
};

/// Writes the connections of one network.
class Writer {
 public:
  Writer(Spec& spec, const WeightOptions& options, bool self_connections)
      : spec_(spec), options_(options), self_connections_(self_connections) {
    if (!(options.scaling > 0) || !std::isfinite(options.scaling))
      refuse("scaling", fmt::format("scaling is {}", options.scaling), "it must be larger than 0");
  }

  void layer(const char* type, int64_t units, Value params = Value::map()) {
    LayerSpec l;
    l.layer_id   = int(spec_.layers.size());
    l.layer_type = type;
    l.params     = Value::map({{"dim", units}});
    for (const auto& entry : params.entries()) l.params.set(entry.key, entry.value);
    spec_.layers.push_back(std::move(l));
  }

  /// @param name  of the layer of weights, for messages: input, hidden, readout
  void connect(int from, int to, const std::string& name, const Start& weights, const Start& biases, const Masks& masks,
               bool learnable) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = to, c.learnable = learnable;
    c.connection_type = "dense";
    const int64_t pre = spec_.layers[size_t(from)].dim(), post = spec_.layers[size_t(to)].dim();
    const bool    inner = from == to, diagonal = !inner || self_connections_;

    if (masks.sparsity) {
      std::vector<double> on = turned(*masks.sparsity, pre, post, "sparsity_masks." + name);
      for (double& x : on) x = x != 0;
      if (std::ranges::count(on, 1.0) == 0)
        spec_.warnings.push_back(fmt::format("sparsity_masks.{} leaves no weights", name));
      c.connection_type = "custom";
      c.params.set("structure", Value::map({{"type", "custom"}, {"params", Value::map({{"mask", std::move(on)}})}}));
    }
    if (!diagonal) c.params.set("allow_self_connections", false);
    initialise(c, weights, name, pre, post, inner);
    bias(c, biases, name, pre, post);
    if (masks.ei) {
      const std::string parameter = "ei_masks." + name;
      if (masks.ei->shape == std::vector<int64_t>{pre}) {
        c.params.set("ei_mask", numbers(*masks.ei, parameter));
        if (post == 1) c.params.set("ei_mask", rows_of(numbers(*masks.ei, parameter), 1, pre));
      } else {
        std::vector<double> sign = turned(*masks.ei, pre, post, parameter);
        for (double& x : sign) x = (x > 0) - (x < 0);
        refuse_mixed(sign, pre, parameter);
        c.params.set("ei_mask", rows_of(sign, post, pre));
      }
      c.params.set("ei_balance", options_.ei_balance);
      if (options_.allow_mixed_signs) c.params.set("allow_mixed_signs", true);
    }
    if (masks.plasticity) {
      plastic_.push_back(
          {spec_.connections.size(), turned(*masks.plasticity, pre, post, "plasticity_masks." + name), name});
      if (options_.plasticity_mode != "gradient") c.params.set("plasticity_mode", options_.plasticity_mode);
    }
    if (masks.growth) grow(c, masks, name, pre, post);
    spec_.connections.push_back(std::move(c));
  }

  /// Plasticity masks of all layers, spread over 0 … 1 together.
  void finish() {
    double low = 1e300, high = -1e300;
    for (const Plastic& p : plastic_)
      for (const double x : p.values) {
        if (!std::isfinite(x)) refuse("plasticity_masks." + p.name, fmt::format("an entry is {}", x), "give numbers");
        low = std::min(low, x), high = std::max(high, x);
      }
    for (Plastic& p : plastic_) {
      ConnectionSpec& c   = spec_.connections[p.connection];
      const int64_t   pre = spec_.layers[size_t(c.from_layer)].dim(), post = spec_.layers[size_t(c.to_layer)].dim();
      for (double& x : p.values) {
        if (low == high) x = std::clamp(x, 0.0, 1.0);
        else if (options_.plasticity_normalize) x = (x - low) / (high - low);
        else if (x < 0 || x > 1)
          refuse("plasticity_masks." + p.name, fmt::format("an entry is {}", x),
                 "entries are shares of the learning rate, 0 to 1; or leave plasticity_normalize on");
      }
      c.params.set("plasticity_mask", rows_of(p.values, post, pre));
    }
  }

 private:
  struct Plastic {
    size_t              connection;
    std::vector<double> values;
    std::string         name;
  };

  static std::vector<double> numbers(const Array& a, const std::string& parameter) {
    std::vector<double> values = a.as_double();
    for (const double x : values)
      if (!std::isfinite(x)) refuse(parameter, fmt::format("an entry is {}", x), "give finite numbers");
    return values;
  }

  /// (pre, post) → [post][pre].
  static std::vector<double> turned(const Array& mask, int64_t pre, int64_t post, const std::string& parameter) {
    if (mask.shape != std::vector<int64_t>{pre, post})
      throw ShapeError(parameter, {pre, post}, mask.shape, "masks are (pre, post): a row for each source");
    const std::vector<double> given = numbers(mask, parameter);
    std::vector<double>       values(given.size());
    for (int64_t i = 0; i < pre; ++i)
      for (int64_t j = 0; j < post; ++j) values[size_t(j * pre + i)] = given[size_t(i * post + j)];
    return values;
  }

  void refuse_mixed(const std::vector<double>& sign, int64_t pre, const std::string& parameter) const {
    for (int64_t j = 0; j < pre && !options_.allow_mixed_signs; ++j) {
      bool excites = false, inhibits = false;
      for (size_t i = size_t(j); i < sign.size(); i += size_t(pre)) excites |= sign[i] > 0, inhibits |= sign[i] < 0;
      if (excites && inhibits)
        refuse(parameter, fmt::format("source unit {} (row {}) has entries of both signs", j, j),
               "all weights of a unit have one sign; or set allow_mixed_signs");
    }
  }

  void initialise(ConnectionSpec& c, const Start& weights, const std::string& name, int64_t pre, int64_t post,
                  bool inner) const {
    const std::string parameter = "weights." + name;
    const double      scale     = inner ? options_.scaling : 1;
    if (weights.none()) refuse(parameter, "there are no weights", "give uniform, normal, zero or an array");
    if (weights.values()) {
      std::vector<double> w = oriented(*weights.values(), pre, post, parameter);
      for (double& x : w) x *= scale;
      c.params.set("init", Value::map({{"name", "custom"}, {"params", Value::map({{"weights", std::move(w)}})}}));
    } else if (weights.word() == "zero") {
      c.params.set("init", "zero");
    } else {
      check_word(weights.word(), parameter);
      Value init = Value::map({{"name", "fan_in_" + weights.word()}});
      if (scale != 1) init.set("params", Value::map({{"gain", scale}}));
      c.params.set("init", init);
    }
  }

  /// [post][pre] out of [post, pre], or out of (pre, post) where only that fits.
  static std::vector<double> oriented(const Array& a, int64_t pre, int64_t post, const std::string& parameter) {
    if (a.shape == std::vector<int64_t>{post, pre}) return numbers(a, parameter);
    if (a.shape == std::vector<int64_t>{pre, post}) return turned(a, pre, post, parameter);
    throw ShapeError(parameter, {post, pre}, a.shape, "weights are [post, pre]; (pre, post) will do, too");
  }

  static void bias(ConnectionSpec& c, const Start& biases, const std::string& name, int64_t pre, int64_t post) {
    (void)pre;
    const std::string parameter = "biases." + name;
    if (biases.values()) {
      if (biases.values()->shape != std::vector<int64_t>{post})
        throw ShapeError(parameter, {post}, biases.values()->shape);
      c.params.set("bias", numbers(*biases.values(), parameter));
    } else if (!biases.none()) {
      check_word(biases.word(), parameter);
      c.params.set("bias", biases.word() == "zero" ? "zero" : "fan_in_" + biases.word());
    }
  }

  static void check_word(const std::string& word, const std::string& parameter) {
    const std::vector<std::string> known = {"uniform", "normal", "zero"};
    if (std::ranges::find(known, word) == known.end())
      refuse(parameter, fmt::format("there is no distribution '{}'", word),
             did_you_mean(word, known, "an array, or one of"));
  }

  void grow(ConnectionSpec& c, const Masks& masks, const std::string& name, int64_t pre, int64_t post) const {
    const std::string parameter = "synapse_growth_masks." + name;
    if (!masks.sparsity)
      refuse(parameter, "without a sparsity mask every synapse is there",
             fmt::format("give sparsity_masks.{}, too", name));
    const std::vector<double> p = turned(*masks.growth, pre, post, parameter);
    for (const double x : p)
      if (!(x >= 0 && x <= 1)) refuse(parameter, fmt::format("an entry is {}", x), "probabilities are 0 to 1");
    c.params.set("synapse_growth_mask", rows_of(p, post, pre));
    if (options_.growth_interval != 1) c.params.set("growth_interval", options_.growth_interval);
    c.params.set("growth_scale", options_.growth_scale);
    if (options_.pruning_threshold != 0) c.params.set("pruning_threshold", options_.pruning_threshold);
  }

  Spec&                spec_;
  const WeightOptions& options_;
  bool                 self_connections_;
  std::vector<Plastic> plastic_;
};

const char* word_of(InitState state) {
  return state == InitState::learn ? "learn" : state == InitState::keep ? "keep" : "zero";
}

/// Parameters of a hidden layer that both kinds of networks have.
Value hidden_params(const std::string& activation, const PerUnit& preact, const PerUnit& postact, int64_t units,
                    const std::string& noise_scaling, InitState init_state) {
  check_activation(activation, "activation");
  check_numbers(preact, false, "preact_noise");
  check_numbers(postact, false, "postact_noise");
  Value params = Value::map({{"source_func", activation}, {"init_state", word_of(init_state)}});
  if (!preact.is_zero())
    params.set("preact_noise", value_of(preact, units, "preact_noise")).set("noise_scaling", noise_scaling);
  if (!postact.is_zero()) params.set("postact_noise", value_of(postact, units, "postact_noise"));
  return params;
}

/// alpha as a parameter of a layer; learnt ones stay where a leak is stable.
void set_alpha(Spec& spec, Value& params, std::vector<double> alpha, bool each, bool learn) {
  if (std::ranges::any_of(alpha, [](double a) { return a > 1; }))
    spec.warnings.push_back("alpha = dt/tau is above 1: the leak overshoots; choose a smaller dt");
  const Value value = each ? Value(alpha) : Value(alpha[0]);
  if (!learn) params.set("alpha", value);
  else
    params.set(
        "alpha",
        Value::map({{"value", value}, {"learnable", true}, {"constraints", Value::map({{"min", 1e-4}, {"max", 1}})}}));
}

}  // namespace

Start::Start(int zero) : word_("zero") {
  if (zero != 0)
    refuse("weights or biases", fmt::format("{} is no way to begin", zero),
           "0 means zero; else give a word or an array");
}

bool PerUnit::is_zero() const {
  return std::ranges::all_of(values_, [](double x) { return x == 0; });
}

Spec write_spec(const CTRNNOptions& o) {
  check_size(o.dims.input, "dims.input"), check_size(o.dims.hidden, "dims.hidden"),
      check_size(o.dims.output, "dims.output");
  check_numbers(o.tau, true, "tau"), check_numbers(o.dt, true, "dt");
  Spec spec;
  spec.seed          = o.model.seed;
  spec.simulation.dt = o.dt;
  Writer writer(spec, o.weight_options, o.self_connections);
  Value  params =
      hidden_params(o.activation, o.preact_noise, o.postact_noise, o.dims.hidden, o.noise_scaling, o.init_state);
  std::vector<double> alpha;
  const Value tau = value_of(o.tau, o.dims.hidden, "tau");
  for (const double t : o.tau.values()) alpha.push_back(o.dt / t);
  if (!o.learn_alpha) params.set("tau", tau);
  set_alpha(spec, params, alpha, o.tau.each(), o.learn_alpha);
  if (!o.learn_alpha) params.erase("alpha");   // tau says it
  if (o.noise_in_eval) params.set("noise_in_eval", true);
  if (!o.postact_noise_feedback) params.set("postact_noise_feedback", false);
  writer.layer("Input", o.dims.input);
  writer.layer("CTRNN", o.dims.hidden, params);
  writer.layer("Linear", o.dims.output);
  writer.connect(0, 1, "input", o.weights.input, o.biases.input,
                 {o.sparsity_masks.input, o.ei_masks.input, o.plasticity_masks.input, o.synapse_growth_masks.input},
                 o.learnable.input);
  writer.connect(1, 1, "hidden", o.weights.hidden, o.biases.hidden,
                 {o.sparsity_masks.hidden, o.ei_masks.hidden, o.plasticity_masks.hidden, o.synapse_growth_masks.hidden},
                 o.learnable.hidden);
  writer.connect(
      1, 2, "readout", o.weights.readout, o.biases.readout,
      {o.sparsity_masks.readout, o.ei_masks.readout, o.plasticity_masks.readout, o.synapse_growth_masks.readout},
      o.learnable.readout);
  writer.finish();
  return spec;
}

Spec write_spec(const StackOptions& o) {
  check_size(o.input, "input");
  if (o.layers.empty()) refuse("layers", "there is no hidden layer", "give at least one");
  Spec spec;
  spec.seed          = o.model.seed;
  spec.simulation.dt = 1;   // layers say alpha themselves
  Writer writer(spec, o.weight_options, o.self_connections);
  writer.layer("Input", o.input);
  const EntryMask none;
  for (const HiddenLayer& l : o.layers) {
    check_size(l.size, "layers.size");
    check_numbers(l.alpha, true, "alpha");
    Value params = hidden_params(l.activation, l.preact_noise, l.postact_noise, l.size, o.noise_scaling, o.init_state);
    (void)value_of(l.alpha, l.size, "alpha");
    set_alpha(spec, params, l.alpha.values(), l.alpha.each(), l.learn_alpha);
    writer.layer("CTRNN", l.size, params);
  }
  for (size_t k = 0; k < o.layers.size(); ++k) {
    const HiddenLayer& l  = o.layers[k];
    const int          id = int(k) + 1;
    if (l.projection) {
      writer.connect(id - 1, id, fmt::format("input_{}", k), l.input_weights, l.input_biases,
                     {l.input_sparsity, l.input_ei, l.input_plasticity, none}, true);
    } else {
      const int64_t before = spec.layers[k].dim();
      if (before != l.size)
        refuse(fmt::format("layers[{}]", k),
               fmt::format("without projection its {} units cannot take {}", l.size, before),
               "give equal sizes, or projection");
      ConnectionSpec c;
      c.from_layer = id - 1, c.to_layer = id, c.connection_type = "one_to_one", c.learnable = false;
      c.params = Value::map({{"init", Value::map({{"name", "constant"}, {"params", Value::map({{"value", 1.0}})}})}});
      spec.connections.push_back(std::move(c));
    }
    writer.connect(id, id, fmt::format("hidden_{}", k), l.weights, l.biases, {l.sparsity, l.ei, l.plasticity, none},
                   true);
  }
  if (o.readout) {
    check_size(*o.readout, "readout");
    const int last = int(o.layers.size());
    writer.layer("Linear", *o.readout);
    writer.connect(last, last + 1, "readout", o.readout_weights, o.readout_biases,
                   {o.readout_sparsity, o.readout_ei, o.readout_plasticity, none}, true);
  }
  writer.finish();
  return spec;
}

}  // namespace dynode::ctrnn
