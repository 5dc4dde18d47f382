// Recorded spiking networks (VectorialNeuroModulators), spike by spike, and the theory that goes with them.
#pragma once
#include "golden_case.h"
#include "golden_lif_analysis.h"
#include "golden_lif_mean_field.h"
#include "golden_lif_statistics.h"

namespace dynode::golden {

/// One population. The array of a run is [stimulus | counts of external source 0 | of source 1 | …], N channels each:
/// the stimulus leads straight to its port, counts are weighted and summed in a layer of their own.
class LifCase {
 public:
  LifCase(const Npz& inputs, const Value& config)
      : inputs_(inputs), units(config.at("n_neurons").integer()), steps(config.at("n_steps").integer()) {
    sources_          = inputs.find("ext") ? 4 : 0;
    Value      params = Value::map({{"dim", units}, {"mechanism", config.at("mechanism").text()}});
    const auto add    = [&](const char* ours, const char* word, const char* array) {
      if (const Array* given = inputs.find(array)) params.set(ours, Value(given->as_double()));
      else params.set(ours, config.at(word).number());
    };
    add("tau_membrane", "tau_membrane", "tau_m"), add("tau_synaptic", "tau_synaptic", "tau_s");
    add("tau_refractory", "tau_refractory", "tau_ref"), add("threshold", "threshold", "threshold");
    add("reset_voltage", "reset_voltage", "v_reset");

    Spec spec;
    spec.simulation.dt = config.at("delta_t").number();
    spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", units * (1 + sources_)}})},
                        {.layer_id = 1, .layer_type = "Linear", .params = Value::map({{"dim", units}})},
                        {.layer_id = 2, .layer_type = "LIF", .params = params}};
    spec.connections = {
        {.from_layer = 0, .to_layer = 1, .connection_type = "dense"},
        {.from_layer = 0, .to_layer = 2, .connection_type = "dense", .params = Value::map({{"port", "stimulus"}})},
        {.from_layer = 1, .to_layer = 2, .connection_type = "dense", .params = Value::map({{"port", "events"}})},
        {.from_layer = 2, .to_layer = 2, .connection_type = "dense", .mode = "spike"}};
    model = std::make_unique<Model>(Model::from_spec(spec, {.precision = Precision::float64}));

    const size_t        n = size_t(units), wide = n * size_t(1 + sources_);
    std::vector<double> stimulus(n * wide), external(n * wide), one(n * n);
    for (size_t i = 0; i < n; ++i) {
      stimulus[i * wide + i] = one[i * n + i] = 1;
      for (size_t a = 0; a < size_t(sources_); ++a)
        external[i * wide + (1 + a) * n + i] = inputs.at("j_ext_raw").as_double()[a] / std::sqrt(double(n));
    }
    const auto set = [&](const char* name, size_t from, std::vector<double> values) {
      model->set_parameter(name, Array{{units, int64_t(from)}, std::move(values)});
    };
    set("J_0_to_1", wide, external), set("J_0_to_2", wide, stimulus), set("J_1_to_2", n, one);
    set("J_2_to_2", n, weights());
  }

  /// [1][step][channel]
  Array input() const {
    const size_t        n = size_t(units), wide = n * size_t(1 + sources_);
    std::vector<double> x(size_t(steps) * wide), ext, stimulus;
    if (sources_) ext = inputs_.at("ext").as_double();
    const Array* moving = inputs_.find("stim");
    const Array* still  = inputs_.find("stim_const");
    if (moving || still) stimulus = (moving ? moving : still)->as_double();
    for (size_t t = 0; t < size_t(steps); ++t) {
      for (size_t i = 0; i < n && !stimulus.empty(); ++i) x[t * wide + i] = stimulus[moving ? t * n + i : i];
      if (sources_) std::copy_n(ext.begin() + ptrdiff_t(t * n * 4), n * 4, x.begin() + ptrdiff_t(t * wide + n));
    }
    return {{1, steps, int64_t(wide)}, x};
  }

  InitialStates start() const { return {{"2", inputs_.at("V0")}, {"2/I", inputs_.at("I0")}}; }

 private:
  /// W, or W_values[W_index].
  std::vector<double> weights() const {
    if (const Array* w = inputs_.find("W")) return w->as_double();
    const std::vector<double> values = inputs_.at("W_values").as_double();
    std::vector<double>       w;
    for (int64_t k : inputs_.at("W_index").as_integers("W_index")) w.push_back(values.at(size_t(k)));
    return w;
  }

  const Npz& inputs_;
  int64_t    sources_;

 public:
  int64_t                units, steps;
  std::unique_ptr<Model> model;
};

/// Entries 1 … of the recorded units of a history [1][entry][unit].
inline std::vector<double> units_of(const Array& history, const std::vector<int64_t>& units) {
  const std::vector<double> all = history.as_double();
  std::vector<double>       some;
  for (int64_t t = 1; t < history.shape[1]; ++t)
    for (int64_t u : units) some.push_back(all[size_t(t * history.shape[2] + u)]);
  return some;
}

inline void run_lif_case(const fs::path& path, Comparison& compare, Precision precision) {
  const Value       config = load_value((path / "config.yaml").string());
  const std::string kind   = config.at("kind").text();
  if (run_mean_field_case(path, config, compare, precision)) return;
  if (run_spike_analysis_case(path, config, compare, precision)) return;
  if (kind == "snn_statistics") {
    // one precision is enough: what counts are distributions
    if (precision == Precision::float64) run_statistics_case(config, load_npz((path / "expected.npz").string()), compare);
    return;
  }
  if (kind != "lif_exact") throw Skip{"no runner yet for " + kind};
  if (precision == Precision::float32) return;  // a spike more or less is right, too: no tolerance is recorded

  const Npz inputs = load_npz((path / "inputs.npz").string()), expected = load_npz((path / "expected.npz").string());
  LifCase   c(inputs, config);
  const Results r = c.model->simulate(
      c.input(), {.record = {"spikes", "s/2", "state/2/V", "state/2/I"}, .initial_states = c.start()});

  const std::vector<double> list = r.at("spikes/2").as_double(), dense = r.at("s/2").as_double();
  std::vector<double>       step, unit, dense_step, dense_unit;
  for (size_t i = 0; i < list.size(); i += 3) step.push_back(list[i]), unit.push_back(list[i + 2]);
  for (size_t n = size_t(c.units); n < dense.size(); ++n)
    if (dense[n] != 0)
      dense_step.push_back(double(n / size_t(c.units)) - 1), dense_unit.push_back(double(n % size_t(c.units)));
  compare.expect_equal("spike_step", step, expected.at("spike_step").as_double());
  compare.expect_equal("spike_neuron", unit, expected.at("spike_neuron").as_double());
  compare.expect_equal("steps of s", dense_step, step);
  compare.expect_equal("units of s", dense_unit, unit);

  const std::vector<int64_t> recorded = expected.at("recorded").as_integers("recorded");
  compare.expect("V", units_of(r.at("state/2/V"), recorded), expected.at("V").as_double(), 1e-11);
  compare.expect("I", units_of(r.at("state/2/I"), recorded), expected.at("I").as_double(), 1e-11);
}

}  // namespace dynode::golden
