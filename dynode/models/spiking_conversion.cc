#include "dynode/models/spiking_conversion.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <span>

#include "dynode/params/transform.h"

namespace dynode::rate {
namespace {

constexpr double kVoltageSpread = 95;   // mV, of the start
constexpr double kAnswer        = 0.7;  // outputs beyond it are a response
constexpr size_t kFirstCounted  = 10;   // step from which spikes count: units that start above threshold fire at once
constexpr size_t kRowsAtOnce    = 16;   // trials whose inputs are held in memory together

void check(const SpikingSettings& s) {
  const auto refuse = [](const char* name, double value, const char* rule) {
    throw SpecError({}, fmt::format("{} is {}", name, value), fmt::format("it has to be {}", rule));
  };
  const std::pair<const char*, double> positive[] = {{"scaling_factor", s.scaling_factor}, {"dt", s.dt},
                                                     {"rate_step", s.rate_step}, {"tau_membrane", s.tau_membrane}};
  for (const auto& [name, value] : positive)
    if (!(value > 0 && std::isfinite(value))) refuse(name, value, "positive");
  const std::pair<const char*, double> not_negative[] = {
      {"tau_rise", s.tau_rise}, {"tau_refractory", s.tau_refractory}, {"membrane_noise", s.membrane_noise}};
  for (const auto& [name, value] : not_negative)
    if (!(value >= 0 && std::isfinite(value))) refuse(name, value, "0 or larger");
  if (s.downsample < 1) refuse("downsample", s.downsample, "1 or larger");
  if (!(s.threshold > s.reset_voltage)) refuse("threshold", s.threshold, "above the reset voltage");
  if (s.rate_step < s.dt) refuse("rate_step", s.rate_step, "at least dt");
}

Array values_of(std::vector<int64_t> shape, std::vector<double> values) {
  return {std::move(shape), std::move(values)};
}

std::vector<double> divided(std::vector<double> values, double by) {
  for (double& v : values) v /= by;
  return values;
}

Value fixed_weight(double value) {
  return Value::map({{"init", Value::map({{"name", "constant"}, {"params", Value::map({{"value", value}})}})}});
}

/// What acts in a rate network.
struct Acting {
  size_t              units, inputs, outputs;
  std::vector<double> recurrent;   // [units to][units from], after relu, signs and the SOM mask
  std::vector<double> tau;         // [units] in rate steps
};

Acting acting(const RateParts& net, bool initial) {
  if (initial && !net.w0)
    throw SpecError({}, "the network does not know its weights before training", "convert those it has now");
  const Array& w = initial ? *net.w0 : net.w;
  if (net.w_in.shape.size() != 2 || net.w_out.shape.size() != 2) throw ShapeError("w_in and w_out have two axes each");
  Acting a{size_t(net.w_in.shape[0]), size_t(net.w_in.shape[1]), size_t(net.w_out.shape[0]), w.as_double(), {}};
  const int64_t n = int64_t(a.units);
  if (w.shape != std::vector<int64_t>{n, n}) throw ShapeError("w", {n, n}, w.shape);
  if (net.w_out.shape[1] != n) throw ShapeError("w_out", {int64_t(a.outputs), n}, net.w_out.shape);
  if (!net.sign.empty() && net.sign.size() != a.units) throw ShapeError("sign", {n}, {int64_t(net.sign.size())});
  int inhibitory = 0;   // so far: the first som_N of them take no inhibition
  for (size_t to = 0; to < a.units && !net.sign.empty(); ++to) {
    const bool som = net.sign[to] < 0 && inhibitory++ < net.som_N;
    for (size_t from = 0; from < a.units; ++from) {
      double& weight = a.recurrent[to * a.units + from];
      weight = som && net.sign[from] < 0 ? 0 : std::max(weight, 0.0) * net.sign[from];
    }
  }
  a.tau.assign(a.units, net.taus.at(0));
  if (net.taus.size() < 2) return a;
  const std::vector<double> raw = initial && net.taus_gaus0 ? net.taus_gaus0->as_double() : net.taus_gaus;
  if (raw.size() != a.units) throw ShapeError("taus_gaus", {n}, {int64_t(raw.size())});
  for (size_t u = 0; u < a.units; ++u) a.tau[u] = real_value(Transform::sigmoid(net.taus[0], net.taus[1]), raw[u]);
  return a;
}

}  // namespace

Model to_spiking(const RateParts& net, const SpikingSettings& s, int threads) {
  check(s);
  const Acting           rate = acting(net, s.use_initial_weights);
  const bool             moved = !s.stimulated.empty();
  const int64_t          n = int64_t(rate.units);
  std::vector<double>    decay(rate.tau), input = net.w_in.as_double(), mask(rate.recurrent.size());
  for (double& tau : decay) tau *= s.rate_step;
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = rate.recurrent[i] != 0;
  const double noise = s.membrane_noise * (s.noise_grows_with_dt ? std::sqrt(double(s.downsample)) : 1);

  Spec spec;
  spec.simulation.dt = s.step();
  spec.layers        = {
      {.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", int64_t(rate.inputs) + moved}})},
      {.layer_id   = 1,
              .layer_type = "DoubleExponentialLIF",
              .params     = Value::map({{"dim", n},
                                        {"tau_membrane", s.tau_membrane},
                                        {"tau_rise", s.tau_rise},
                                        {"tau_decay", Value(decay)},
                                        {"tau_refractory", s.tau_refractory},
                                        {"threshold", s.threshold},
                                        {"reset_voltage", s.reset_voltage},
                                        {"bias_current", s.bias_current},
                                        {"membrane_noise", noise}}),
              .description = "spiking units"},
      {.layer_id    = 2,
              .layer_type  = "DoubleExponentialFilter",
              .params      = Value::map({{"dim", n}, {"tau_rise", s.tau_rise}, {"tau_decay", Value(decay)}}),
              .description = "their rates"},
      {.layer_id = 4, .layer_type = "Linear", .params = Value::map({{"dim", int64_t(rate.outputs)}})}};
  spec.connections = {
      {.from_layer = 0, .to_layer = 1, .connection_type = "dense", .learnable = false},
      {.from_layer      = 1,
       .to_layer        = 1,
       .connection_type = "custom",
       .params          = Value::map(
                    {{"structure", Value::map({{"type", "custom"}, {"params", Value::map({{"mask", Value(mask)}})}})}}),
       .mode = "spike"},
      {.from_layer = 1, .to_layer = 2, .connection_type = "one_to_one", .params = fixed_weight(1), .learnable = false},
      {.from_layer      = 2,
       .to_layer        = 4,
       .connection_type = "dense",
       .params          = Value::map({{"bias", s.readout_bias ? "zero" : "none"}})}};
  if (moved) {
    spec.layers.insert(spec.layers.end() - 1, {.layer_id    = 3,
                                               .layer_type  = "Linear",
                                               .params      = Value::map({{"dim", n}}),
                                               .description = "stimulation of single units"});
    spec.connections.push_back({.from_layer = 0, .to_layer = 3, .connection_type = "dense", .learnable = false});
    spec.connections.push_back({.from_layer = 3, .to_layer = 1, .connection_type = "one_to_one",
                                .params = fixed_weight(1).set("port", "kick"), .learnable = false, .lag = 0});
  }
  check_spec(spec);

  Model               model = Model::from_spec(spec, {.precision = Precision::float64, .threads = threads});
  const size_t        wide  = rate.inputs + moved;
  std::vector<double> in(rate.units * wide), kicks(in.size());
  for (size_t u = 0; u < rate.units; ++u) std::copy_n(&input[u * rate.inputs], rate.inputs, &in[u * wide]);
  model.set_parameter("J_0_to_1", values_of({n, int64_t(wide)}, in));
  model.set_parameter("J_1_to_1", values_of({n, n}, divided(rate.recurrent, s.scaling_factor)));
  model.set_parameter("J_2_to_4",
                      values_of({int64_t(rate.outputs), n}, divided(net.w_out.as_double(), s.scaling_factor)));
  if (s.readout_bias) model.set_parameter("b_2_to_4", values_of({int64_t(rate.outputs)}, net.b_out.as_double()));
  if (moved) {
    for (size_t u : s.stimulated) {
      if (u >= rate.units)
        throw SpecError({}, fmt::format("unit {} is stimulated", u), fmt::format("there are {}", rate.units));
      kicks[u * wide + rate.inputs] = 1;
    }
    model.set_parameter("J_0_to_3", values_of({n, int64_t(wide)}, kicks));
  }
  return model;
}

Array held_input(const Array& u, const SpikingSettings& s) {
  const std::vector<double> from = u.as_double();
  const size_t rows = size_t(u.shape.at(0)), given = size_t(u.shape.at(1)), inputs = size_t(u.shape.at(2));
  const size_t each = s.steps_per_column(), every = size_t(s.downsample), columns = (given + every - 1) / every;
  const size_t steps = (columns - 1) * each;
  std::vector<double> to(rows * steps * inputs);
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0; i < steps; ++i) {   // the column that is nearest in time, the later of two
      const size_t column = std::min(columns - 1, (2 * i + each) / (2 * each)) * every;
      std::copy_n(&from[(row * given + column) * inputs], inputs, &to[(row * steps + i) * inputs]);
    }
  return values_of({int64_t(rows), int64_t(steps), int64_t(inputs)}, std::move(to));
}

InitialStates spiking_start(const SpikingSettings& s, uint64_t seed, size_t first_row, size_t rows, size_t units) {
  std::vector<double> v(rows * units);
  for (size_t row = 0; row < rows; ++row) {
    Random random(seed, hash_text("spiking start") + first_row + row);
    for (size_t u = 0; u < units; ++u) v[row * units + u] = s.reset_voltage + kVoltageSpread * random.uniform();
  }
  return {{"1/V", values_of({int64_t(rows), int64_t(units)}, std::move(v))}};
}

// ---- trials ----------------------------------------------------------------------------------------------

namespace {

/// The task's trial in LIF steps: the answer counts from `SpikingRule::delay` rate steps after its beginning, or from its
/// last step where it is shorter, to the end.
dynode::Trial stretched(const dynode::Trial& trial, const Task& task, const SpikingSettings& s, size_t steps) {
  const double each = double(s.steps_per_column()) / s.downsample;
  const size_t begin = std::min(trial.shape.answer_begin + task.entry().spiking.delay, trial.shape.answer_end - 1);
  dynode::Trial big(
      {.steps        = steps,
       .inputs       = trial.shape.inputs,
       .outputs      = trial.shape.outputs,
       .answer_begin = std::min(steps, size_t(double(begin) * each)),
       .answer_end   = steps});
  big.label = trial.label;
  for (size_t t = 0; t < steps; ++t) {
    const size_t from = std::min(trial.shape.steps - 1, size_t(double(t) / each));
    for (size_t k = 0; k < trial.shape.outputs; ++k) big.out(t, k) = trial.out(from, k);
    big.mask[t] = trial.mask[from];
  }
  return big;
}

/// What one row did, but for its spikes.
SpikingTrial judged(const Task& task, const dynode::Trial& trial, std::span<const double> output, double dt) {
  SpikingTrial result{.label = trial.label, .response_time = std::numeric_limits<double>::quiet_NaN()};
  std::vector<double> seen(output.begin(), output.end());
  if (task.entry().spiking.upward)
    for (double& o : seen) o = std::max(o, 0.0);
  result.correct = task.correct(trial, seen);
  const size_t n = trial.shape.outputs;
  for (size_t i = trial.shape.answer_begin * n; i < trial.shape.answer_end * n; ++i)
    if (std::abs(output[i]) > std::abs(result.peak)) result.peak = output[i];
  for (size_t t = 0; t < trial.shape.steps && std::isnan(result.response_time); ++t)
    for (size_t k = 0; k < n; ++k)
      if (std::abs(output[t * n + k]) > kAnswer) result.response_time = dt * double(t);
  return result;
}

}  // namespace

std::vector<SpikingTrial> run_trials(Model& spiking, const RateParts& net, const SpikingSettings& s, const Task& task,
                                     const TrialsWanted& wanted) {
  const double excitatory = double(std::count(net.sign.begin(), net.sign.end(), int8_t(1)));
  const double inhibitory = double(std::count(net.sign.begin(), net.sign.end(), int8_t(-1)));
  const size_t units      = size_t(net.w_in.shape.at(0));
  const TaskShape& asked  = task.shape();
  if (int64_t(asked.inputs) != net.w_in.shape.at(1) || int64_t(asked.outputs) != net.w_out.shape.at(0))
    throw SpecError({},
                    fmt::format("trials of {} have {} numbers in and {} out, the network has {} and {}",
                                task.entry().name, asked.inputs, asked.outputs, net.w_in.shape[1], net.w_out.shape[0]),
                    "name the task it was trained on");
  if (asked.steps + 2 <= size_t(s.downsample))
    throw SpecError({}, fmt::format("downsample {} leaves nothing of {} steps", s.downsample, asked.steps),
                    "take a smaller one");
  std::vector<SpikingTrial> results;
  for (size_t first = wanted.first; first < wanted.first + wanted.count; first += kRowsAtOnce) {
    const size_t       rows = std::min(kRowsAtOnce, wanted.first + wanted.count - first);
    std::vector<dynode::Trial> trials;
    std::vector<double> u;
    for (size_t row = 0; row < rows; ++row) {
      trials.push_back(task.trial(wanted.seed, 0, first + row));
      const dynode::Trial& t = trials.back();
      u.insert(u.end(), t.input.begin(), t.input.end());
      for (int more = 0; more < 2; ++more) u.insert(u.end(), t.input.end() - ptrdiff_t(t.shape.inputs), t.input.end());
    }
    const TaskShape& shape = trials[0].shape;
    const Array      x = held_input(values_of({int64_t(rows), int64_t(shape.steps + 2), int64_t(shape.inputs)}, u), s);
    const Results    run   = spiking.simulate(x, {.record         = {"spikes/1"},
                                                  .initial_states = spiking_start(s, wanted.seed, first, rows, units),
                                                  .noise          = {.pass = wanted.seed, .first_row = first}});
    const std::vector<double>  output = run.at("output").as_double();
    const std::vector<int64_t> events = std::get<std::vector<int64_t>>(run.at("spikes/1").data);
    const size_t               steps  = size_t(x.shape[1]), n = shape.outputs;
    for (size_t row = 0; row < rows; ++row) {
      const dynode::Trial trial = stretched(trials[row], task, s, steps);
      const std::span<const double> out(&output[(row * (steps + 1) + 1) * n], steps * n);
      results.push_back(judged(task, trial, out, s.step()));
      if (wanted.keep) results.back().output.assign(out.begin(), out.end());
    }
    const double seconds = s.step() * double(steps);
    for (size_t i = 0; i < events.size(); i += 3) {
      SpikingTrial& trial = results[results.size() - rows + size_t(events[i + 1])];
      const int8_t  sign  = net.sign.empty() ? int8_t(0) : net.sign[size_t(events[i + 2])];
      if (wanted.keep) trial.spikes.push_back({uint32_t(events[i]), 0, uint32_t(events[i + 2])});
      if (size_t(events[i]) < kFirstCounted) continue;
      if (sign > 0) trial.rate_excitatory += 1 / (seconds * excitatory);
      if (sign < 0) trial.rate_inhibitory += 1 / (seconds * inhibitory);
    }
  }
  return results;
}

// ---- the scaling factor ----------------------------------------------------------------------------------

namespace {

/// Centre and half width of the interval of Wilson 1927, 95 %.
std::pair<double, double> wilson(double share, double trials) {
  constexpr double z = 1.959963984540054;
  const double     whole = 1 + z * z / trials;
  return {(share + z * z / (2 * trials)) / whole,
          z / whole * std::sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))};
}

}  // namespace

double ScalingScore::low() const {
  const auto [centre, half] = wilson(share(), double(trials));
  return std::max(0.0, centre - half);
}
double ScalingScore::high() const {
  const auto [centre, half] = wilson(share(), double(trials));
  return std::min(1.0, centre + half);
}

ScalingScore score_of(double factor, const Task& task, const std::vector<SpikingTrial>& trials) {
  ScalingScore score{.factor = factor, .trials = trials.size()};
  const size_t labels = std::max<size_t>(1, task.entry().labels.size());
  score.label_trials.resize(labels), score.label_correct.resize(labels);
  size_t responses = 0;
  for (const SpikingTrial& t : trials) {
    const size_t label = std::min(labels - 1, size_t(std::max<int64_t>(0, t.label)));
    ++score.label_trials[label];
    score.correct += t.correct, score.label_correct[label] += t.correct;
    score.rate_excitatory += t.rate_excitatory / double(trials.size());
    score.rate_inhibitory += t.rate_inhibitory / double(trials.size());
    if (std::isnan(t.response_time)) continue;
    ++responses, score.response_time += t.response_time;
  }
  score.response_time = responses ? score.response_time / double(responses) : std::numeric_limits<double>::quiet_NaN();
  return score;
}

const ScalingScore& ScalingSearch::best() const {
  return *std::max_element(scores.begin(), scores.end(),
                           [](const auto& a, const auto& b) { return a.share() < b.share(); });
}

ScalingSearch search_scaling(const RateParts& net, const Task& task, const SearchOptions& options,
                             SpikingSettings settings) {
  if (options.factors.empty()) throw SpecError({}, "there is no scaling factor to try", "give one or more");
  ScalingSearch search;
  for (const double factor : options.factors) {
    settings.scaling_factor = factor;
    Model spiking = to_spiking(net, settings, options.threads);
    const TrialsWanted wanted{.seed = options.seed, .count = options.trials};
    search.scores.push_back(score_of(factor, task, run_trials(spiking, net, settings, task, wanted)));
    const size_t n = search.scores.size();
    if (options.stop_early && n > 1 && search.scores[n - 1].share() == 1 && search.scores[n - 2].share() == 1) break;
  }
  return search;
}

}  // namespace dynode::rate
