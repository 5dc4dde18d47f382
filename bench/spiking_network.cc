// Question: how many synaptic events per second does a network of spiking units deliver, and what does a unit cost
// per step?
//
// 10 000 LIF units, exponential synapses, 1000 random targets each, dt 0.1 ms, about 12 spikes per unit and second,
// 0.3 s, one thread, float. Delays: one step; 1.5 ms; 0.1 … 1.5 ms, one per pair of five populations.
// References in this file, on the same numbers: a plain loop over lists of targets, and the dense drive W·s that a
// matrix library would compute in every step (a few steps of it, scaled up).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

#include "calibrate.h"
#include "dynode/base/random.h"
#include "dynode/run/engine.h"
#include "dynode/spec/yaml.h"

using namespace dynode;

namespace {

constexpr double kStep = 1e-4, kTauM = 0.02, kTauS = 0.005, kStimulus = 50.9;  // s, 1/s: 1.8 % above threshold
constexpr int    kClamped = 20, kSteps = 3000;

/// `parts` populations under a constant stimulus; delays in steps run through `delays`.
std::shared_ptr<const Plan> network(int units, int out_degree, int parts, const std::vector<int>& delays) {
  std::string text = fmt::format(
      "seed: 1\nsimulation: {{dt: {}}}\nlayers:\n  - {{layer_id: 0, layer_type: Input, "
      "params: {{dim: 1}}}}\n",
      kStep);
  std::string connections = "connections:\n";
  size_t      next        = 0;
  for (int to = 1; to <= parts; ++to) {
    text += fmt::format(
        "  - {{layer_id: {}, layer_type: LIF, params: {{dim: {}, tau_membrane: {}, tau_synaptic: {}, "
        "tau_refractory: {}, threshold: 1}}}}\n",
        to, units / parts, kTauM, kTauS, kClamped * kStep);
    connections += fmt::format(
        "  - {{from_layer: 0, to_layer: {}, connection_type: dense, params: {{init: {{name: "
        "constant, params: {{value: {}}}}}}}}}\n",
        to, kStimulus);
    for (int from = 1; from <= parts && out_degree > 0; ++from)
      connections += fmt::format(
          "  - {{from_layer: {}, to_layer: {}, connection_type: constant, mode: spike, delay: {}, "
          "params: {{structure: {{type: constant, params: {{expected_fan_out: {}}}}}, init: {{name: "
          "normal, params: {{std: 0.002}}}}}}}}\n",
          from, to, delays[next++ % delays.size()] * kStep, out_degree / parts);
  }
  return compile(read_spec(parse_yaml(text + connections, "bench")));
}

/// Voltages before the first step, spread so that units do not fire together.
std::vector<float> start(size_t units) {
  Random             random(1, "start");
  std::vector<float> v(units);
  for (float& x : v) x = float(random.uniform());
  return v;
}

struct Outcome {
  double seconds, spikes;
};

Outcome run(const Plan& plan, Engine<float>& engine) {
  std::vector<float> x(kSteps, 1), v;
  RunInput<float>    input{x.data(), 1, kSteps, {}, nullptr};
  size_t             first = 0;
  for (const LayerPlan& l : plan.layers) first += l.units;
  v = start(first), first = 0;
  std::vector<std::vector<Spike>> spikes(plan.layers.size());
  std::vector<Record<float>>      records;
  for (size_t l = 1; l < plan.layers.size(); ++l) {
    input.initial.push_back({int(l), 1, v.data() + first, false});
    records.push_back({Record<float>::What::spikes, int(l), 0, nullptr, false, &spikes[l]});
    first += plan.layers[l].units;
  }
  engine.simulate(input, records);
  double count = 0;
  for (const auto& list : spikes) count += double(list.size());
  return {bench::fastest([&] { engine.simulate(input, {}); }, 2.0), count};
}

/// The network of one population in forty lines: what there is to beat.
class PlainLoop {
 public:
  explicit PlainLoop(const Plan& plan) : units_(plan.layers[1].units), lists_(*plan.connections[1].transposed) {
    const Block& b = plan.parameters[plan.connections[1].weights];
    for (uint32_t entry : lists_.entry) weight_.push_back(float(plan.theta[b.offset + entry] / kTauS));
  }
  size_t synapses() const { return weight_.size(); }

  size_t run(int steps, bool deliver) {
    std::vector<float> v = start(units_), i(units_, 0), arrived(units_, 0);
    std::vector<int>   clamp(units_, 0);
    const float        em = float(std::exp(-kStep / kTauM)), es = float(std::exp(-kStep / kTauS));
    const float        ki = float(kTauS * kTauM / (kTauS - kTauM)) * (es - em),
                ks        = float(kTauM) * (1 - em) * float(kStimulus);
    std::vector<uint32_t> fired;
    size_t                count = 0;
    for (int t = 0; t < steps; ++t) {
      fired.clear();
      for (size_t u = 0; u < units_; ++u) {
        const float free = em * v[u] + ki * i[u] + ks;
        i[u]             = es * i[u];
        if (clamp[u] > 0) v[u] = 0, --clamp[u];
        else v[u] = free;
        if (v[u] >= 1) v[u] = 0, clamp[u] = kClamped, fired.push_back(uint32_t(u));
      }
      count += fired.size();
      if (!deliver) continue;
      for (uint32_t source : fired)
        for (uint32_t k = lists_.begin[source]; k < lists_.begin[source + 1]; ++k) i[lists_.column[k]] += weight_[k];
    }
    return count;
  }

  /// Seconds of one step's product W·s, all entries.
  double dense_step() const {
    std::vector<float> w(units_ * units_), s(units_, 0), drive(units_);
    for (size_t j = 0; j < units_; ++j)
      for (uint32_t k = lists_.begin[j]; k < lists_.begin[j + 1]; ++k) w[lists_.column[k] * units_ + j] = weight_[k];
    for (size_t j = 0; j < units_; j += 800) s[j] = 1;
    return bench::fastest(
        [&] {
          for (size_t u = 0; u < units_; ++u) {
            float sums[16] = {};
            for (size_t j = 0; j + 16 <= units_; j += 16)
              for (size_t lane = 0; lane < 16; ++lane) sums[lane] += w[u * units_ + j + lane] * s[j + lane];
            for (float x : sums) drive[u] += x;
          }
        },
        0.5);
  }

 private:
  size_t               units_;
  const SparsePattern& lists_;
  std::vector<float>   weight_;
};

void row(const char* what, double seconds, double events, double units) {
  std::printf("%-44s %9.2f %12.0f %14.3f\n", what, seconds * 1e3, events / seconds / 1e6,
              seconds * 1e9 / (units * kSteps));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int units = argc > 1 ? std::atoi(argv[1]) : 10000, degree = argc > 2 ? std::atoi(argv[2]) : 1000;
  std::printf("%d LIF units, %d targets each, dt 0.1 ms, 0.3 s, one thread, float\n", units, degree);
  std::printf("%-44s %9s %12s %14s\n", "", "ms", "M events/s", "ns/unit/step");
  const auto threads = std::make_shared<Threads>(1);

  const auto    one = network(units, degree, 1, {1});
  Engine<float> engine(one, threads);
  const Outcome own    = run(*one, engine);
  const double  events = own.spikes * degree;
  row("dynode, delay one step", own.seconds, events, units);
  {
    PlainLoop  plain(*one);
    size_t     spikes  = 0;
    const auto seconds = bench::fastest([&] { spikes = plain.run(kSteps, true); }, 2.0);
    row("plain loop over lists, delay one step", seconds, double(spikes) * degree, units);
    row("dense drive in every step (scaled up)", plain.dense_step() * kSteps, events, units);
    row("plain loop, units alone", bench::fastest([&] { plain.run(kSteps, false); }, 1.0), 0, units);
  }
  for (const auto& [what, parts, delays] :
       {std::tuple{"dynode, delay 1.5 ms", 1, std::vector<int>{15}},
        std::tuple{"dynode, 5 populations, delays 0.1 … 1.5 ms", 5, std::vector<int>{1, 4, 7, 15, 11, 2, 9, 13}}}) {
    const auto    plan = network(units, degree, parts, delays);
    Engine<float> other(plan, threads);
    const Outcome o = run(*plan, other);
    row(what, o.seconds, o.spikes * degree, units);
  }
  const auto    alone = network(units, 0, 1, {1});
  Engine<float> silent(alone, threads);
  row("dynode, units alone", run(*alone, silent).seconds, 0, units);
  std::printf("%.1f spikes per unit and second\n", own.spikes / units / (kSteps * kStep));
}
