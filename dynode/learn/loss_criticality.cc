// Losses on how activity goes on: whether it branches, whether neighbours part, whether it dies out after the input.
// Soft sizes |x| = √(x² + ε²) − ε have slopes everywhere.
//
//   branching_loss            σ = Σ_j |s_j| Σ_i |J_ij|  ÷  Σ_k |φ_k|     of a layer with weights in and out, at a step
//                             ℓ = (ln σ − ln target)², σ held within 0.1 … 10;   log_domain: false: (σ − target)²
//   local_expansion_loss      r = d[t] / d[t−1],  d = ‖s′ − s‖ of a layer, s′ the run with inputs a little different
//                             ℓ = (ln r − ln target)², r held within 0.01 … 100;  s has no slope
//   ensure_post_sample_decay  ℓ = Σ_k g_k at the last of decay_steps steps without input,
//                             g = ((s[t+1] − s[t]) / dt + γ⁻ s[t]) / γ⁺ of each dendrite: what it still makes
//
// Means over layers, rows and steps from the second on; of the last one over rows. φ = Σ J s + bias + φ₀.
// Source: SOEN toolkit.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

using Layer   = LossNetwork::Layer;
using Numbers = std::vector<std::vector<double>>;

constexpr double kSoft     = 1e-6;
constexpr double kDistance = 1e-8;   // added to distances and fluxes that are divided by

double soft(double x) { return std::sqrt(x * x + kSoft * kSoft) - kSoft; }
double soft_slope(double x) { return x / std::sqrt(x * x + kSoft * kSoft); }

/// (ln clamp(x) − ln target)² and its slope.
EntryLoss log_error(double x, double target, double low, double high) {
  const double error = std::log(std::clamp(x, low, high)) - std::log(target);
  return {error * error, x > low && x < high ? 2 * error / x : 0};
}

/// Row p's numbers that count, from the second step on.
bool follows(const uint8_t* mask, size_t p) { return counts(mask, p) && counts(mask, p - 1); }

double count_pairs(const Arguments&, size_t rows, size_t steps, size_t, const int64_t*, const uint8_t* mask) {
  double sum = 0;
  for (size_t row = 0; row < rows; ++row)
    for (size_t t = 1; t < steps; ++t) sum += follows(mask, row * steps + t);
  return sum;
}

/// Everything branching needs of one call: which layers take part, what their outputs weigh, and slopes to be.
struct Branching {
  const LossNetwork&               net;
  std::vector<size_t>              layers;
  std::vector<std::vector<double>> weigh;   // per layer [units] Σ_i |J_ij|

  explicit Branching(const LossNetwork& network) : net(network), weigh(network.layers.size()) {
    for (size_t l = 0; l < net.layers.size(); ++l) {
      bool in = false, out = false;
      for (const LossNetwork::Link& link : net.links) in |= link.to == l, out |= link.from == l;
      if (in && out && net.layers[l].asked && net.layers[l].fluxes) layers.push_back(l);
      weigh[l].resize(net.layers[l].units);
    }
    for (const LossNetwork::Link& link : net.links) {
      const std::vector<double>& W = net.numbers[size_t(link.weights)];
      std::vector<double>&       w = weigh[link.from];
      for (size_t i = 0; i < W.size(); ++i) w[i % w.size()] += soft(W[i]);
    }
  }
};

template <class R>
double branching(const Arguments& arguments, const LossCall<R>& call) {
  const LossNetwork& net    = *call.network;
  const Branching    B(net);
  const double       target = arguments.number("target");
  const bool         logs   = arguments.flag("log_domain");
  if (B.layers.empty()) return 0;
  const double        scale = call.weight / call.normaliser / double(B.layers.size());
  Numbers             weigh_bar(net.layers.size());
  std::vector<double> phi, phi_bar;
  for (size_t l = 0; l < net.layers.size(); ++l) weigh_bar[l].resize(net.layers[l].units);
  double total = 0;

  for (size_t row = 0; row < call.rows; ++row)
    for (size_t t = 1; t < call.steps; ++t) {
      const size_t p = row * call.steps + t;
      if (!follows(call.mask, p)) continue;
      for (const size_t l : B.layers) {
        const Layer& layer = net.layers[l];
        // what arrives
        phi.assign(layer.units, 0.0);
        if (layer.offset >= 0) phi = net.numbers[size_t(layer.offset)];
        const auto links = [&](auto body) {
          for (const LossNetwork::Link& link : net.links)
            if (link.to == l) body(link, net.numbers[size_t(link.weights)], (p - link.lag) * call.units + net.layers[link.from].first,
                                   net.layers[link.from].units);
        };
        links([&](const LossNetwork::Link& link, const std::vector<double>& W, size_t s, size_t n) {
          for (size_t k = 0; k < layer.units; ++k) {
            if (link.bias >= 0) phi[k] += net.numbers[size_t(link.bias)][k];
            for (size_t j = 0; j < n; ++j) phi[k] += W[k * n + j] * double(call.output[s + j]);
          }
        });
        double received = kDistance, sent = 0;
        for (const double f : phi) received += soft(f);
        const R* s = call.output + p * call.units + layer.first;
        for (size_t j = 0; j < layer.units; ++j) sent += soft(double(s[j])) * B.weigh[l][j];

        const double    sigma = sent / received;
        const EntryLoss loss  = logs ? log_error(sigma, target, 0.1, 10)
                                     : EntryLoss{(sigma - target) * (sigma - target), 2 * (sigma - target)};
        total += loss.value;
        if (!call.output_bar) continue;

        // slopes
        const double sent_bar = scale * loss.slope / received, received_bar = -sent_bar * sigma;
        R*           s_bar    = call.output_bar + p * call.units + layer.first;
        for (size_t j = 0; j < layer.units; ++j) {
          s_bar[j] += R(sent_bar * B.weigh[l][j] * soft_slope(double(s[j])));
          weigh_bar[l][j] += sent_bar * soft(double(s[j]));
        }
        phi_bar.resize(layer.units);
        for (size_t k = 0; k < layer.units; ++k) phi_bar[k] = received_bar * soft_slope(phi[k]);
        if (layer.offset >= 0)
          for (size_t k = 0; k < layer.units; ++k) (*call.numbers_bar)[size_t(layer.offset)][k] += phi_bar[k];
        links([&](const LossNetwork::Link& link, const std::vector<double>& W, size_t from, size_t n) {
          std::vector<double>& W_bar = (*call.numbers_bar)[size_t(link.weights)];
          for (size_t k = 0; k < layer.units; ++k) {
            if (link.bias >= 0) (*call.numbers_bar)[size_t(link.bias)][k] += phi_bar[k];
            for (size_t j = 0; j < n; ++j) {
              W_bar[k * n + j] += phi_bar[k] * double(call.output[from + j]);
              call.output_bar[from + j] += R(phi_bar[k] * W[k * n + j]);
            }
          }
        });
      }
    }
  if (call.output_bar)
    for (const LossNetwork::Link& link : net.links) {
      const std::vector<double>& W     = net.numbers[size_t(link.weights)];
      std::vector<double>&       W_bar = (*call.numbers_bar)[size_t(link.weights)];
      const std::vector<double>& w_bar = weigh_bar[link.from];
      for (size_t i = 0; i < W.size(); ++i) W_bar[i] += w_bar[i % w_bar.size()] * soft_slope(W[i]);
    }
  return scale * total;
}

template <class R>
double local_expansion(const Arguments& arguments, const LossCall<R>& call) {
  const LossNetwork& net    = *call.network;
  const double       target = arguments.number("target");
  const auto         asked  = double(std::ranges::count_if(net.layers, &Layer::asked));
  if (asked == 0) return 0;
  const double        scale = call.weight / call.normaliser / asked;
  std::vector<double> d(call.steps), d_bar(call.steps);
  double              total = 0;
  for (size_t row = 0; row < call.rows; ++row)
    for (const Layer& layer : net.layers) {
      if (!layer.asked) continue;
      const auto at = [&](size_t t) { return (row * call.steps + t) * call.units + layer.first; };
      for (size_t t = 0; t < call.steps; ++t) {
        double sum = 0;
        for (size_t i = at(t); i < at(t) + layer.units; ++i) {
          const double apart = double(call.output[i]) - double(call.values[i]);
          sum += apart * apart;
        }
        d[t] = std::sqrt(sum), d_bar[t] = 0;
      }
      for (size_t t = 1; t < call.steps; ++t) {
        if (!follows(call.mask, row * call.steps + t)) continue;
        const double    before = d[t - 1] + kDistance;
        const EntryLoss loss   = log_error(d[t] / before, target, 0.01, 100);
        total += loss.value;
        d_bar[t] += scale * loss.slope / before;
        d_bar[t - 1] -= scale * loss.slope * d[t] / (before * before);
      }
      for (size_t t = 0; t < call.steps && call.output_bar; ++t)
        for (size_t i = at(t); i < at(t) + layer.units && d[t] > 0; ++i)
          call.output_bar[i] += R(d_bar[t] * (double(call.output[i]) - double(call.values[i])) / d[t]);
    }
  return scale * total;
}

template <class R>
double post_sample_decay(const Arguments&, const LossCall<R>& call) {
  const LossNetwork& net   = *call.network;
  const double       scale = call.weight / call.normaliser;
  double             total = 0;
  for (const Layer& layer : net.layers) {
    if (!layer.asked || layer.gain < 0 || layer.leak < 0) continue;
    const double               dt   = layer.learnt_dt >= 0 ? net.numbers[size_t(layer.learnt_dt)][0] : layer.dt;
    const std::vector<double>& gain = net.numbers[size_t(layer.gain)];
    const std::vector<double>& leak = net.numbers[size_t(layer.leak)];
    for (size_t row = 0; row < call.rows; ++row)
      for (size_t k = 0; k < layer.units; ++k) {
        const size_t now = ((row + 1) * call.steps - 1) * call.units + layer.first + k, before = now - call.units;
        const double s = double(call.output[before]), rate = (double(call.output[now]) - s) / dt, g = (rate + leak[k] * s) / gain[k];
        total += g;
        if (!call.output_bar) continue;
        const double bar = scale / gain[k];
        call.output_bar[now] += R(bar / dt);
        call.output_bar[before] += R(bar * (leak[k] - 1 / dt));
        (*call.numbers_bar)[size_t(layer.gain)][k] -= bar * g;
        (*call.numbers_bar)[size_t(layer.leak)][k] += bar * s;
        if (layer.learnt_dt >= 0) (*call.numbers_bar)[size_t(layer.learnt_dt)][0] -= bar * rate / dt;
      }
  }
  return scale * total;
}

void check_pairs(const Arguments& arguments, size_t steps, size_t, const At& at) {
  if (!(arguments.number("target") > 0)) throw SpecError(at, "the target is a ratio above 0", "1 is neutral");
  if (steps < 2) throw SpecError(at, "compares one step with the next, but there is only one step");
}

constexpr Fact kTarget{.name = "target", .value = 1, .min = 0, .help = "ratio that is aimed at; 1: neither dies out nor grows"};
constexpr Fact kAllLayers{.name = "layer_ids", .kind = ArgumentKind::numbers, .help = "which layers; missing: all with a memory"};

}  // namespace

LossEntry branching_loss() {
  return {.name    = "branching_loss",
          .summary = "what layers hand on per what they get should have a given ratio",
          .facts   = {kTarget,
                      {.name = "log_domain", .kind = ArgumentKind::boolean, .value = 1,
                       .help = "compare logarithms, of ratios within 0.1 to 10; false: the ratios themselves"},
                      kAllLayers},
          .on_states  = true,
          .on_network = true,
          .count      = count_pairs,
          .value_and_adjoint_float  = branching<float>,
          .value_and_adjoint_double = branching<double>,
          .check      = check_pairs};
}

LossEntry local_expansion_loss() {
  return {.name    = "local_expansion_loss",
          .summary = "distances of runs that begin next to each other should change by a given ratio per step",
          .facts   = {kTarget,
                      {.name = "nudge", .value = 1e-5, .min = 0,
                       .help = "deviation of the other run's inputs, as a share of their mean size; float32 wants 1e-3"},
                      kAllLayers},
          .on_states  = true,
          .on_network = true,
          .run        = LossRun::twin,
          .count      = count_pairs,
          .value_and_adjoint_float  = local_expansion<float>,
          .value_and_adjoint_double = local_expansion<double>,
          .check      = check_pairs};
}

LossEntry post_sample_decay_loss() {
  return {.name    = "ensure_post_sample_decay",
          .summary = "what dendrites still make some steps after the last input",
          .facts   = {{.name = "decay_steps", .kind = ArgumentKind::integer, .value = 50, .min = 2, .max = 1e6,
                       .unit = "steps", .help = "without input, before it is measured"},
                      kAllLayers},
          .on_states  = true,
          .on_network = true,
          .run        = LossRun::after,
          .count      = count_rows,
          .value_and_adjoint_float  = post_sample_decay<float>,
          .value_and_adjoint_double = post_sample_decay<double>};
}

}  // namespace dynode
