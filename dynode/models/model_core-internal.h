// What is behind a Model: one network in one precision. For the sources of models/model*.cc alone.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dynode/base/text.h"
#include "dynode/learn/objective.h"
#include "dynode/models/model.h"
#include "dynode/models/padding.h"
#include "dynode/models/event_states.h"
#include "dynode/models/records.h"
#include "dynode/plan/size.h"
#include "dynode/plan/spiking.h"
#include "dynode/run/engine.h"

namespace dynode {
namespace model_detail {

template <class R> Array make_array(std::vector<int64_t> shape, std::vector<R> values) { return {std::move(shape), std::move(values)}; }

template <class R> std::vector<R> numbers(const Array& a) {
  if constexpr (sizeof(R) == 4) return a.as_float(); else return a.as_double();
}

/// The first `kept` of `entries` entries of every row, [rows][entries][units].
template <class R> void cut_entries(std::vector<R>& values, size_t rows, size_t entries, size_t kept, size_t units) {
  for (size_t row = 1; row < rows && kept < entries; ++row)
    std::copy_n(values.begin() + ptrdiff_t(row * entries * units), kept * units, values.begin() + ptrdiff_t(row * kept * units));
  values.resize(rows * kept * units);
}

inline std::vector<int64_t> shape_of(const Block& b) { return {b.shape.begin(), b.shape.end()}; }

inline const Array* find_named(const std::vector<std::pair<std::string, Array>>& arrays, const std::string& name) {
  for (const auto& [n, a] : arrays)
    if (n == name) return &a;
  return nullptr;
}

inline const Array& named(const std::vector<std::pair<std::string, Array>>& arrays, const std::string& name, const char* what) {
  if (const Array* a = find_named(arrays, name)) return *a;
  std::vector<std::string> names;
  for (const auto& entry : arrays) names.push_back(entry.first);
  throw IoError(what, fmt::format("there is no '{}'", name), did_you_mean(name, names));
}

/// [count][3]: step, row, unit.
inline Array array_of(const std::vector<Spike>& spikes) {
  std::vector<int64_t> numbers;
  numbers.reserve(3 * spikes.size());
  for (const Spike& s : spikes) numbers.insert(numbers.end(), {int64_t(s.step), int64_t(s.row), int64_t(s.unit)});
  return {{int64_t(spikes.size()), 3}, std::move(numbers)};
}

template <class R>
struct Core {
  std::shared_ptr<const Plan> plan;
  std::vector<R>              theta;   // as stored, on the constraints
  Engine<R>                   engine;
  uint64_t                    runs = 0;
  bool                        shared = false;   // somebody may write into theta
  int64_t                     updates = 0;   // by descend
  ModelOptions                options;

  Core(std::shared_ptr<const Plan> p, const ModelOptions& o)
      : plan(p), theta(p->theta.begin(), p->theta.end()), engine(p, std::make_shared<Threads>(o.threads)),
        options(o) {}

  void changed() {
    project(plan->parameters, theta.data());
    engine.set_parameters(theta);
  }

  /// What was written into theta by those who share it counts from here on.
  void take_edits() {
    if (!shared || std::memcmp(theta.data(), engine.parameters().data(), theta.size() * sizeof(R)) == 0) return;
    for (const Block& b : plan->parameters.blocks())
      for (size_t i = 0; i < b.size(); ++i)
        if (!std::isfinite(theta[b.offset + i]))
          throw SpecError({b.stored_name()}, fmt::format("entry {} is {}", i, double(theta[b.offset + i])),
                          "parameters are finite numbers");
    changed();
  }

  /// The input as the network takes it: three axes, as wide as layer 0.
  struct Input {
    std::vector<R> x;
    size_t         rows, steps, width;   // width as given
  };
  Input adapt(const Array& x) const {
    std::vector<int64_t> shape = x.shape;
    if (shape.size() == 2) shape.insert(shape.begin(), 1);
    if (shape.size() != 3) throw ShapeError("input", {-1, -1, int64_t(plan->input_width())}, x.shape, "axes are [batch, steps, units]");
    if (shape[0] < 1 || shape[1] < 1) throw ShapeError("input", {-1, -1, int64_t(plan->input_width())}, x.shape, "it is empty");
    Input in{numbers<R>(x), size_t(shape[0]), size_t(shape[1]), size_t(shape[2])};
    for (size_t i = 0; i < in.x.size(); ++i)
      if (!std::isfinite(in.x[i]))
        throw ShapeError(fmt::format("input: the value at row {}, step {}, unit {} is {}", i / (in.width * in.steps),
                                     i / in.width % in.steps, i % in.width, double(in.x[i])));
    const size_t units = plan->input_width();
    if (in.width != units) {
      std::vector<R> fitted(in.rows * in.steps * units);
      for (size_t n = 0; n < in.rows * in.steps; ++n)
        std::copy_n(in.x.data() + n * in.width, std::min(in.width, units), fitted.data() + n * units);
      in.x = std::move(fitted);
    }
    return in;
  }

  /// Initial states in the engine's form; `kept` owns the numbers.
  std::vector<InitialState<R>> initial(const InitialStates& states, size_t rows, std::vector<std::vector<R>>& kept) const {
    std::vector<InitialState<R>> list;
    for (const auto& [name, array] : states) {
      const auto [layer, state] = find_state(name);
      const int64_t units = int64_t(plan->layers[size_t(layer)].units);
      const bool    per_row = array.shape == std::vector<int64_t>{int64_t(rows), units};
      if (!per_row && array.shape != std::vector<int64_t>{units})
        throw ShapeError("initial state " + name, {int64_t(rows), units}, array.shape,
                         fmt::format("[{}] for all rows alike is fine, too", units));
      kept.push_back(numbers<R>(array));
      list.push_back({layer, state, nullptr, per_row});
    }
    for (size_t i = 0; i < list.size(); ++i) list[i].values = kept[i].data();
    for (const LayerPlan& l : plan->layers) {
      if (!is_memory(l)) continue;
      const auto given = [&](int layer) {
        return std::any_of(list.begin(), list.end(), [&](const auto& s) { return s.layer == layer; });
      };
      if (given(int(&l - plan->layers.data())) != given(plan->find_core(l.layer_id)))
        throw SpecError({}, fmt::format("layer {} starts from two states: its own and that of its LSTM", l.layer_id),
                        fmt::format("give both '{0}' and '{0}/c', or none", l.layer_id));
    }
    return list;
  }

  /// Time spans [rows][steps], or nothing where none are given.
  std::vector<R> spans(const std::optional<Array>& given, size_t rows, size_t steps) const {
    if (!given) return {};
    if (!plan->takes_spans())
      throw SpecError({"timespans"}, "no layer of this network follows time spans",
                      "layers whose step is as long as dt do, where they have no dt of their own");
    std::vector<int64_t> shape = given->shape;
    if (shape.size() == 3 && shape[2] == 1) shape.pop_back();
    const std::vector<int64_t> each = {int64_t(rows), int64_t(steps)};
    if (shape != each && shape != std::vector<int64_t>{int64_t(steps)})
      throw ShapeError("timespans", each, given->shape, fmt::format("[{}] for all rows alike is fine, too", steps));
    std::vector<R> values = numbers<R>(*given);
    for (size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]) || values[i] < 0)
        throw SpecError({"timespans"}, fmt::format("the span of row {}, step {} is {}", i / steps, i % steps, double(values[i])),
                        "a step takes a time of at least 0");
    if (shape.size() == 1)
      for (size_t row = 1; row < rows; ++row) values.insert(values.end(), values.begin(), values.begin() + ptrdiff_t(steps));
    return values;
  }

  /// The noise of the next run; `kept` owns the numbers.
  RunNoise<R> noise(const NoiseOptions& options, size_t rows, size_t steps, std::vector<std::vector<R>>& kept) {
    RunNoise<R> run{.on = options.on, .training = options.training, .pass = options.pass.value_or(runs),
                    .first_row = options.first_row};
    ++runs;
    for (const auto& [name, array] : options.given) {
      std::vector<std::string> known;
      int site = -1;
      for (size_t i = 0; i < plan->noise.size(); ++i) {
        if (plan->noise[i].what == NoiseSite::What::weights) continue;
        known.push_back(plan->noise[i].name);
        if (name == known.back()) site = int(i);
      }
      if (site < 0) throw SpecError({}, fmt::format("there is no noise '{}' that could be given", name), did_you_mean(name, known, "there are"));
      const int64_t        units = int64_t(plan->layers[size_t(plan->noise[size_t(site)].layer)].units);
      std::vector<int64_t> shape = {int64_t(rows), int64_t(steps), units};
      if (plan->noise[size_t(site)].what == NoiseSite::What::start) shape = {int64_t(rows), units};
      if (array.shape != shape) throw ShapeError("noise " + name, shape, array.shape);
      kept.push_back(numbers<R>(array));
      run.given.push_back({site, nullptr});
    }
    for (size_t i = 0; i < run.given.size(); ++i) run.given[i].values = kept[kept.size() - run.given.size() + i].data();
    return run;
  }

  /// "<layer_id>" or "<layer_id>/<state>".
  std::pair<int, int> find_state(const std::string& name) const {
    std::vector<std::string> known;
    for (size_t i = 0; i < plan->layers.size(); ++i) {
      const LayerPlan&  l  = plan->layers[i];
      const std::string id = std::to_string(l.layer_id);
      const bool        holds = plan->find_core(l.layer_id) == int(i);
      if (!holds && !is_memory(l)) continue;
      if (holds) known.push_back(id);
      if (holds && name == id) return {int(i), l.start_state};
      for (size_t s = 0; s < l.cell->states.size(); ++s) {
        if ((is_memory(l) || l.kernels.single.start) && l.cell->states[s].memoryless) continue;   // follows from the others
        known.push_back(id + "/" + l.cell->states[s].name);
        if (name == known.back()) return {int(i), int(s)};
      }
    }
    throw SpecError({}, fmt::format("there is no initial state '{}'", name), did_you_mean(name, known, "there are"));
  }

  /// Where the state of a layer is that `state/<id>/<name>` records, or its output if that has the name.
  std::pair<int, int> find_recorded_state(int whole, const std::string& name) const {
    const LayerPlan& l = plan->layers[size_t(whole)];
    std::vector<std::string> known = {l.cell->states[size_t(l.cell->output)].name};
    if (name == known[0]) return {whole, -1};
    const std::string prefix = fmt::format("state/{}/", l.layer_id);
    for (const Recordable& r : recordables(*plan)) {
      if (!r.name.starts_with(prefix)) continue;
      known.push_back(r.name.substr(prefix.size()));
      if (name == known.back()) return {r.layer, r.index};
    }
    throw SpecError({}, fmt::format("layer {} has no state '{}'", l.layer_id, name), did_you_mean(name, known));
  }

  /// A run without the steps that are padding, shown with them.
  Results simulate_padded(const Array& x, SimulateOptions options) {
    const Input   in = adapt(x);
    if (options.every != 1) throw SpecError({.path = "every"}, "is for runs without padding", "leave out the mask");
    const Padding padding(*options.mask, in.rows, in.steps);
    options.mask.reset();
    options.stop_early = false;
    if (options.timespans)
      options.timespans = make_array({int64_t(in.rows), int64_t(padding.kept())},
                                     padding.pack(spans(options.timespans, in.rows, in.steps), 1));
    Results results = simulate(make_array({int64_t(in.rows), int64_t(padding.kept()), int64_t(plan->input_width())},
                                          padding.pack(in.x, plan->input_width())), options);
    if (results.energy) throw SpecError({.path = "mask"}, "power and energy are of runs without padding", "leave out the mask");
    for (auto& [name, array] : results.arrays) {
      if (array.shape.size() != 3)
        throw SpecError({.path = "mask"}, fmt::format("{} is recorded of runs without padding only", name), "leave out the mask");
      const auto width = size_t(array.shape[2]);
      const bool state = size_t(array.shape[1]) == padding.kept() + 1;
      array = make_array({array.shape[0], int64_t(in.steps + state), array.shape[2]},
                         state ? padding.spread(numbers<R>(array).data(), 0, in.rows, width)
                               : padding.unpack(numbers<R>(array), width));
    }
    results.steps = in.steps;
    return results;
  }

  Results simulate(const Array& x, const SimulateOptions& options) {
    if (plan->input < 0) throw SpecError({}, "this network takes no input array", "leave it out");
    if (options.mask) return simulate_padded(x, options);
    return simulate(adapt(x), options);
  }
  Results simulate(const SimulateOptions& options) {
    if (plan->input >= 0)
      throw SpecError({}, fmt::format("this network takes an input array of {} channels", plan->input_width()),
                      "give it, or input_type: none");
    const SimulationSpec& s     = plan->spec.simulation;
    const double          steps = options.steps ? double(options.steps)
                                  : s.steps     ? double(*s.steps)
                                  : s.duration  ? std::round(*s.duration / *s.dt)
                                                : 0;
    if (plan->spiking) refuse_synapses(*plan, sizeof(R));
    if (!(steps >= 1 && steps < 4e9) || options.rows == 0)
      throw SpecError({plan->spec.file, 0, 0, "simulation"}, "nobody says how long the run is",
                      "give simulation.duration or simulation.steps");
    return simulate(Input{{}, options.rows, size_t(steps), 0}, options);
  }
  /// @throws SpecError  if what is recorded would not fit into this machine
  void refuse_arrays(const std::vector<Recordable>& chosen, const Input& in, size_t every) const {
    double numbers = 0;
    for (const Recordable& r : chosen)
      if (r.what != Recordable::What::spikes) numbers += double(in.rows) * double(in.steps / every) * double(units_of(r));
    if (numbers * sizeof(R) > bytes_of_machine())
      throw SpecError({.path = "record"},
                      fmt::format("{:.3g} numbers would be recorded; they need {:.0f} GB, and this machine has {:.0f} GB", numbers,
                                  numbers * sizeof(R) / 1e9, bytes_of_machine() / 1e9),
                      "record some units alone (state/0/V[0:10]), every tenth step, fewer rows or fewer steps");
  }
  Results simulate(const Input& in, const SimulateOptions& options) {
    Results results;
    std::vector<std::string> wishes = options.record;
    const bool events = plan->spiking != nullptr;
    if (events && wishes.empty()) wishes.push_back("spikes");
    if (!events && (options.final || !options.from.empty()))
      throw SpecError({}, "only networks of spikes without an input array go on from a final state", "use initial states");
    if (options.track)
      for (const std::string& wish : tracked(*plan)) wishes.push_back(wish);
    std::vector<Recordable> chosen = choose_records(*plan, wishes, results.warnings);
    const size_t            asked  = chosen.size();
    if (!events)
      chosen.push_back({"output", "output", Recordable::What::state, plan->output, plan->layers[size_t(plan->output)].cell->output});
    if (std::any_of(chosen.begin(), chosen.end(), [](const Recordable& r) { return find_power_quantity(r.kind); }))
      add_power_sources(chosen);

    if (options.every == 0) throw SpecError({.path = "every"}, "is 0", "1 keeps all steps, 10 every tenth");
    if (options.every > 1 && chosen.size() > asked + !events)
      throw SpecError({.path = "every"}, "power and energy are recorded step by step", "record them in a run of their own");
    const auto every = [&](size_t i) { return i < asked ? options.every : 1; };   // the output follows what is asked for
    refuse_arrays(chosen, in, options.every);

    std::vector<std::vector<R>>     arrays(chosen.size());
    std::vector<std::vector<Spike>> spikes(chosen.size());
    std::vector<Record<R>>          records;
    const auto is_state = [](const Recordable& r) { return r.what == Recordable::What::state; };
    for (size_t i = 0; i < chosen.size(); ++i) {
      const Recordable& r = chosen[i];
      if (r.what == Recordable::What::power) continue;   // follows from others
      if (r.what != Recordable::What::spikes)
        arrays[i].resize(in.rows * (in.steps / every(i) + is_state(r)) * units_of(r));
      records.push_back({typename Record<R>::What(int(r.what)), r.layer, r.index, arrays[i].data(), false, &spikes[i],
                         r.first, r.count, every(i)});
    }
    std::vector<std::vector<R>> kept;
    std::vector<std::vector<R>> kept_noise;
    const std::vector<R>        times = spans(options.timespans, in.rows, in.steps);
    RunInput<R> run{in.x.data(), in.rows, in.steps, initial(options.initial_states, in.rows, kept),
                    times.empty() ? nullptr : times.data(), noise(options.noise, in.rows, in.steps, kept_noise)};
    run.stop = options.stop;
    if (options.stop_early) run.until_steady = steady_rule();
    EventState<R> from, end;
    if (!options.from.empty()) from = event_state<R>(*plan, options.from, in.rows), run.from = &from;
    if (options.final) run.end = &end;
    results.steps    = engine.simulate(run, records);

    if (in.width > plan->input_width())
      results.warnings.push_back(fmt::format("the input has {} channels, layer {} takes {}: the rest was left out", in.width,
                                             plan->layers[size_t(plan->input)].layer_id, plan->input_width()));
    for (size_t i = 0; i < chosen.size(); ++i)
      if (!arrays[i].empty())
        cut_entries(arrays[i], in.rows, in.steps / every(i) + is_state(chosen[i]),
                    results.steps / every(i) + is_state(chosen[i]), units_of(chosen[i]));
    if (chosen.size() > asked + 1) work_out_power(chosen, arrays, times, in, options, results);
    for (size_t i = 0; i < asked + !events; ++i) {
      const Recordable& r = chosen[i];
      if (r.what == Recordable::What::spikes) {
        results.arrays.emplace_back(r.name, array_of(spikes[i]));
        continue;
      }
      results.arrays.emplace_back(r.name, make_array({int64_t(in.rows), int64_t(results.steps / every(i) + is_state(r)),
                                                      int64_t(units_of(r))}, std::move(arrays[i])));
    }
    if (options.final) add_event_state(*plan, end, in.rows, results.arrays);
    return results;
  }

  /// How many units of its layer are recorded.
  size_t units_of(const Recordable& r) const { return r.count ? r.count : plan->layers[size_t(r.layer)].units; }

  /// When a simulation may stop early, as the spec says; nothing: it does not.
  std::optional<SteadyRule> steady_rule() const {
    const SimulationSpec& s = plan->spec.simulation;
    if (!s.early_stopping_forward_pass) return std::nullopt;
    return SteadyRule{.window = size_t(s.steady_window_min), .absolute = s.steady_tol_abs, .relative = s.steady_tol_rel,
                      .patience = size_t(s.early_stopping_patience), .tolerance = s.early_stopping_tolerance,
                      .min_steps = size_t(s.early_stopping_min_steps)};
  }

  // ---- power ---------------------------------------------------------------------------------------------

  /// The two powers that cells observe, of every layer that has them, side by side at the end of the list.
  void add_power_sources(std::vector<Recordable>& chosen) const {
    for (size_t i = 0; i < plan->layers.size(); ++i)
      if (const LayerPlan& l = plan->layers[i]; has_power(l))
        for (const char* name : {"power_bias_dimensionless", "power_diss_dimensionless"})
          chosen.push_back({"", name, Recordable::What::observable, int(i), find_observable(l, name)});
  }

  /// Fills the arrays of what follows from the sources at the end of the list, and the energy of all layers.
  void work_out_power(const std::vector<Recordable>& chosen, std::vector<std::vector<R>>& arrays, const std::vector<R>& times,
                      const Input& in, const SimulateOptions& options, Results& results) const {
    const Junction junction = options.junction ? *options.junction : standard_junction();
    results.energy = Energy{};
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!chosen[i].name.empty() || chosen[i].kind != "power_bias_dimensionless") continue;   // a source: bias, diss follows
      const LayerPlan& l = plan->layers[size_t(chosen[i].layer)];
      ObservedPower<R> observed{in.rows, results.steps, l.units, arrays[i].data(), arrays[i + 1].data(), step_of(l)};
      if (!times.empty() && !l.own_dt) observed.times = times.data(), observed.times_stride = in.steps;
      for (size_t j = 0; j < i; ++j)
        if (chosen[j].what == Recordable::What::power && chosen[j].layer == chosen[i].layer)
          arrays[j] = power_history(power_quantities()[size_t(chosen[j].index)], observed, junction);
      const Energy energy = energy_per_row(observed, junction);
      results.energy->bias += energy.bias, results.energy->diss += energy.diss;
    }
  }

  /// The time of a step of this layer.
  double step_of(const LayerPlan& l) const {
    const bool learnt = plan->dt_block >= 0 && !l.own_dt;
    return learnt ? double(theta[plan->parameters[plan->dt_block].offset]) : l.dt;
  }

  Gradient gradient(const Array& x, const std::vector<LossTerm>& loss, const GradientRequest& request) {
    const Input in = adapt(x);
    std::vector<ObjectiveTerm>  terms;
    std::vector<BatchTarget<R>> targets;
    for (const LossTerm& t : loss) {
      const int whole = t.layer ? plan->find_layer(*t.layer) : plan->output;
      if (whole < 0) throw SpecError({}, fmt::format("loss '{}' names layer {}, which does not exist", t.loss, *t.layer));
      const auto [layer, state] = t.state.empty() ? std::pair(whole, -1) : find_recorded_state(whole, t.state);
      const PoolingEntry& pooling = find_pooling(t.pooling);
      const LossEntry&    entry   = find_loss(t.loss);
      terms.push_back({layer, make_pooling(pooling, arguments(pooling.name, pooling.facts, t.pooling_params)), &entry,
                       arguments(entry.name, entry.facts, t.params, t.words), t.weight});
      terms.back().state = state;
      size_t units = plan->layers[size_t(layer)].units;
      for (const int id : t.more_layers) {
        const int more = plan->find_layer(id);
        if (more < 0) throw SpecError({}, fmt::format("loss '{}' names layer {}, which does not exist", t.loss, id));
        if (t.pooling != "none" || !t.state.empty())
          throw SpecError({}, fmt::format("loss '{}' looks at outputs of several layers, step by step", t.loss), "leave out pooling and state");
        terms.back().more_layers.push_back(more);
        units += plan->layers[size_t(more)].units;
      }
      if (entry.layers > 0 && (terms.back().more_layers.size() + 1 != entry.layers || units != entry.layers * plan->layers[size_t(layer)].units))
        throw SpecError({}, fmt::format("loss '{}' needs {} layers of equal size", t.loss, entry.layers), "name the others in more_layers");
      const size_t entries = terms.back().pooling.kind == Pooling::Kind::none ? in.steps : 1;
      check_loss(entry, terms.back().arguments, entries, units);
      targets.push_back(target_of(t, entry.target, int64_t(in.rows), int64_t(entries), int64_t(units)));
    }
    Objective<R> objective(*plan, std::move(terms));
    objective.set_parameters(theta);
    objective.set_batch(in.rows, in.steps, targets);

    std::vector<std::vector<R>> kept;
    std::vector<std::vector<R>> kept_noise;
    std::vector<R>       times = spans(request.timespans, in.rows, in.steps), packed;
    const std::optional<Padding> padding = request.mask ? std::optional<Padding>({*request.mask, in.rows, in.steps}) : std::nullopt;
    const size_t                 steps   = padding ? padding->kept() : in.steps;   // of the run
    if (padding) packed = padding->pack(in.x, plan->input_width());
    if (padding && !times.empty()) times = padding->pack(times, 1);
    const RunInput<R>  input{padding ? packed.data() : in.x.data(), in.rows, steps, initial(request.initial_states, in.rows, kept),
                             times.empty() ? nullptr : times.data(),
                             noise(request.noise, in.rows, steps, kept_noise), {}, request.stop};
    std::vector<R>     theta_bar(theta.size()), x_bar, spans_bar;
    GradientOutputs<R> outputs{theta_bar.data()};
    if (request.spans && times.empty()) throw SpecError({}, "there are no time spans to have a gradient", "give timespans");
    if (request.spans) spans_bar.resize(times.size()), outputs.spans_bar = spans_bar.data();
    const size_t       units = plan->input_width();
    if (request.input) x_bar.resize(in.rows * steps * units), outputs.x_bar = x_bar.data();
    NamedNumbers initial_bar;
    if (request.initial) add_initial_bars(in.rows, outputs, initial_bar);

    Gradient result;
    result.loss = padding ? padded_gradient(objective, *padding, input, request.adjoint, outputs)
                          : objective.gradient(engine, input, request.adjoint, outputs);
    if (padding && request.input) x_bar = padding->unpack(x_bar, units);
    if (padding && request.spans) spans_bar = padding->unpack(spans_bar, 1);
    for (size_t i = 0; i < loss.size(); ++i) result.parts.push_back(objective.value(i));
    for (const Block& b : plan->parameters.blocks())
      result.parameters.emplace_back(b.stored_name(), make_array(shape_of(b), std::vector<R>(theta_bar.begin() + ptrdiff_t(b.offset),
                                                                 theta_bar.begin() + ptrdiff_t(b.offset + b.size()))));
    if (request.input) result.input = as_given(in, std::move(x_bar));
    if (request.spans) result.spans = make_array({int64_t(in.rows), int64_t(in.steps)}, std::move(spans_bar));
    result.initial = as_arrays(in.rows, std::move(initial_bar));
    return result;
  }

  using NamedNumbers = std::vector<std::pair<std::string, std::vector<R>>>;

  /// Loss and gradient of a run without the steps that are padding; the objective sees them all.
  double padded_gradient(Objective<R>& objective, const Padding& padding, const RunInput<R>& input,
                         const AdjointPolicy& adjoint, const GradientOutputs<R>& outputs) {
    GradientOptions options = objective.options(padding.steps());
    options.adjoint         = adjoint;
    options.first_entry     = 0;   // the last entries of rows are not the last of the run
    std::vector<size_t> units;
    for (const int layer : options.watched) units.push_back(plan->layers[size_t(layer)].units);
    return engine.gradient(input, padding.seen_through(objective.tile_loss(true), std::move(units)), options, outputs);
  }

  /// Asks for the gradient with respect to all initial states. @param bars  owns the numbers
  void add_initial_bars(size_t rows, GradientOutputs<R>& outputs, NamedNumbers& bars) const {
    for (size_t i = 0; i < plan->layers.size(); ++i) {
      const LayerPlan&  l  = plan->layers[i];
      const std::string id = std::to_string(l.layer_id);
      const bool        holds = plan->find_core(l.layer_id) == int(i);
      if (!holds && !is_memory(l)) continue;
      bars.emplace_back(holds ? id : fmt::format("{}/{}", id, l.cell->states[size_t(l.start_state)].name),
                        std::vector<R>(rows * l.units));
      outputs.initial_bar.push_back({int(i), l.start_state, bars.back().second.data(), true});
    }
  }
  static std::vector<std::pair<std::string, Array>> as_arrays(size_t rows, NamedNumbers bars) {
    std::vector<std::pair<std::string, Array>> arrays;
    for (auto& [name, values] : bars) {
      const auto units = int64_t(values.size() / rows);
      arrays.emplace_back(name, make_array({int64_t(rows), units}, std::move(values)));
    }
    return arrays;
  }

  /// The gradient of the input as it was given: channels that were padded or cut have none.
  Array as_given(const Input& in, std::vector<R> x_bar) const {
    const size_t units = plan->input_width();
    if (in.width != units) {
      std::vector<R> given(in.rows * in.steps * in.width);
      for (size_t n = 0; n < in.rows * in.steps; ++n)
        std::copy_n(x_bar.data() + n * units, std::min(in.width, units), given.data() + n * in.width);
      x_bar = std::move(given);
    }
    return make_array({int64_t(in.rows), int64_t(in.steps), int64_t(in.width)}, std::move(x_bar));
  }

  /// The target of one term, as classes [rows][entries] or values [rows][entries][units]; axes of length 1 may be missing.
  static BatchTarget<R> target_of(const LossTerm& t, LossTarget wanted, int64_t rows, int64_t entries, int64_t units) {
    if (wanted == LossTarget::nothing) return {};
    const std::string name = fmt::format("target of loss '{}'", t.loss);
    if (t.target.size() == 0) throw ShapeError(name + ": there is none");
    const auto fits = [&](std::vector<int64_t> shape) {
      std::vector<int64_t> given = t.target.shape;
      std::erase(given, 1), std::erase(shape, 1);
      return given == shape;
    };
    BatchTarget<R> target;
    if (wanted != LossTarget::values && fits({rows, entries})) target.classes = t.target.as_integers(name);
    else if (wanted != LossTarget::classes && fits({rows, entries, units})) target.values = numbers<R>(t.target);
    else if (wanted == LossTarget::values) throw ShapeError(name, {rows, entries, units}, t.target.shape);
    else throw ShapeError(name, {rows, entries}, t.target.shape, "one class per row and step");
    return target;
  }

  static Arguments arguments(const char* owner, const std::vector<Fact>& facts, const std::map<std::string, double>& given,
                             const std::map<std::string, std::string>& words = {}) {
    Arguments a;
    std::vector<std::string> known;
    for (const Fact& f : facts) {
      known.push_back(f.name);
      if (f.kind == ArgumentKind::text) { if (f.text[0]) a.set(f.name, std::string(f.text)); }
      else if (f.kind != ArgumentKind::numbers && !std::isnan(f.value)) a.set(f.name, f.value);
    }
    for (const auto& [name, value] : given) {
      const auto fact = std::find_if(facts.begin(), facts.end(), [&, &key = name](const Fact& f) { return key == f.name; });
      if (fact == facts.end()) throw SpecError({}, fmt::format("{} has no parameter '{}'", owner, name), did_you_mean(name, known));
      if (!(value >= fact->min && value <= fact->max))
        throw SpecError({}, fmt::format("{} of {} is {}, outside its range [{}, {}]", name, owner, value, fact->min, fact->max));
      a.set(name, value);
    }
    for (const auto& [name, word] : words) {
      const auto fact = std::find_if(facts.begin(), facts.end(), [&, &key = name](const Fact& f) { return key == f.name; });
      if (fact == facts.end()) throw SpecError({}, fmt::format("{} has no parameter '{}'", owner, name), did_you_mean(name, known));
      if (fact->kind != ArgumentKind::text) throw SpecError({}, fmt::format("{} of {} is a number", name, owner), "give it among params");
      a.set(name, word);
    }
    return a;
  }
};

}  // namespace model_detail

struct Model::Impl {
  std::variant<std::unique_ptr<model_detail::Core<float>>, std::unique_ptr<model_detail::Core<double>>> core;

  Impl(std::shared_ptr<const Plan> plan, const ModelOptions& options) {
    if (options.precision == Precision::float32) core = std::make_unique<model_detail::Core<float>>(std::move(plan), options);
    else core = std::make_unique<model_detail::Core<double>>(std::move(plan), options);
  }
  template <class F> auto visit(F&& f) const {
    return std::visit([&](auto& c) { c->take_edits(); return f(*c); }, core);
  }
};

}  // namespace dynode
