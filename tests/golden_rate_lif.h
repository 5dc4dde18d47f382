// Recorded conversions of rate networks into spiking ones (spikeRNN): every spike, and traces of a few units.
#pragma once
#include "dynode/models/spiking_conversion.h"
#include "golden_case.h"

namespace dynode::golden {

inline void run_rate_lif_case(const fs::path& path, const Value& config, Comparison& compare, Precision precision) {
  if (precision == Precision::float32) return;   // converted networks are in double precision
  const Npz           weights = load_npz((path / "weights.npz").string()), expected = load_npz((path / "expected.npz").string());
  const Array         u       = load_npy((path / "input.npy").string());   // [inputs][columns]
  const size_t        n = size_t(config.at("N").integer()), inputs = size_t(config.at("inputs").integer());
  const size_t        columns = size_t(u.shape[1]), nt = size_t(config.at("nt").integer());
  const auto          of      = [&](const char* name) { return weights.at(name).as_double(); };

  rate::RateParts net{.w_in = weights.at("w_in"), .w_out = weights.at("w_out")};
  for (double sign : of("sign")) net.sign.push_back(int8_t(sign));
  const auto masked = [&](const char* name) {   // raw weights without those the SOM mask removes
    std::vector<double> w = of(name), som = of("som_mask");
    for (size_t i = 0; i < w.size(); ++i) w[i] *= som[i];
    return Array{{int64_t(n), int64_t(n)}, w};
  };
  net.w = masked("w");
  if (weights.find("w0")) net.w0 = masked("w0");
  net.taus.clear();
  for (const Value& tau : config.at("taus").list()) net.taus.push_back(tau.number());
  if (net.taus.size() == 2) net.taus_gaus = of("taus_gaus");
  rate::SpikingSettings settings{.scaling_factor = config.at("scaling_factor").number(),
                                 .downsample     = int(config.at("downsample").integer()),
                                 .use_initial_weights = config.at("use_initial_weights").boolean()};

  // [1][columns][inputs]; a last channel moves single units
  std::vector<double> turned(u.size());
  const auto          given = u.as_double();
  for (size_t k = 0; k < inputs; ++k)
    for (size_t t = 0; t < columns; ++t) turned[t * inputs + k] = given[k * columns + t];
  Array x = rate::held_input({{1, int64_t(columns), int64_t(inputs)}, turned}, settings);
  if (!config.at("stimulation").is_null()) {
    const Value& stimulation = config.at("stimulation");
    for (const Value& unit : stimulation.at("units").list()) settings.stimulated.push_back(size_t(unit.integer()));
    const std::vector<double> held = x.as_double(), coins = of("coins");
    const size_t              begin = size_t(stimulation.at("dur").list()[0].integer());
    const double              move  = stimulation.at("mode").text() == "exc" ? 0.5 : -0.5;
    std::vector<double>       wide;
    for (size_t t = 0; t < nt; ++t) {
      wide.insert(wide.end(), &held[t * inputs], &held[t * inputs] + inputs);
      wide.push_back(t >= begin && t < begin + coins.size() && coins[t - begin] < 0.5 ? move : 0);
    }
    x = {{1, int64_t(nt), int64_t(inputs + 1)}, wide};
  }
  NoiseOptions noise{.on = false};
  if (const Array* draws = weights.find("noise_draws_x100")) {
    std::vector<double> normal = draws->as_double();
    for (double& d : normal) d /= 100;
    noise = {.given = {{"layer1/membrane_noise", Array{{1, int64_t(nt), int64_t(n)}, normal}}}};
  }
  std::vector<double> start = of("v0_fraction");
  for (double& v : start) v = -65 + v * 95;

  Model         spiking = rate::to_spiking(net, settings);
  const Results run     = spiking.simulate(
      x, {.record         = {"spikes/1", "s/1", "s/2", "state/1/V", "state/1/I"},
          .initial_states = {{"1/V", Array{{int64_t(n)}, start}}},
          .noise          = noise});

  const std::vector<int64_t> events = run.at("spikes/1").as_integers("spikes");
  std::vector<double>        step, neuron, counted(n);
  for (size_t i = 0; i < events.size(); i += 3) {
    step.push_back(double(events[i])), neuron.push_back(double(events[i + 2]));
    if (events[i] >= 10) counted[size_t(events[i + 2])] += 1 / config.at("duration_s").number();
  }
  compare.expect_equal("spike_step", step, expected.at("spike_step").as_double());
  compare.expect_equal("spike_neuron", neuron, expected.at("spike_neuron").as_double());
  const auto check = [&](const std::string& name, const std::vector<double>& got) {
    compare.expect(name, got, expected.at(name).as_double(), 1e-9, 1e-9);
  };
  check("mean_rate_hz", counted);

  // a recorded voltage is that of the peak, 30 mV, where the unit fired; currents are those at the start of a step
  const size_t every = size_t(config.at("stored_every").integer()), stored = size_t(config.at("stored_neurons").integer());
  const std::vector<double> v = run.at("state/1/V").as_double(), i = run.at("state/1/I").as_double(),
                            s = run.at("s/1").as_double(), r = run.at("s/2").as_double(), out = run.at("output").as_double();
  std::vector<double> vs, is, rs, outs;
  for (size_t unit = 0; unit < stored; ++unit)
    for (size_t t = every; t <= nt; t += every) {
      vs.push_back(s[t * n + unit] == 1 ? 30 : v[t * n + unit]);
      is.push_back(i[(t - 1) * n + unit]), rs.push_back(r[t * n + unit]);
    }
  for (size_t t = every; t <= nt; t += every) outs.push_back(out[t]);
  check("v", vs), check("ipsc", is), check("rate", rs), check("out", outs);
  check("rate_final", {r.end() - ptrdiff_t(n), r.end()});
}

}  // namespace dynode::golden
