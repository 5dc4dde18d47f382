#include "dynode/models/initialise.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/text.h"
#include "dynode/learn/optimizer.h"
#include "dynode/params/parameters.h"

namespace dynode {
namespace {

/// A connection whose weights are set: W [to units][from units].
struct Inlet {
  int              from, to;   // layer_ids
  int              block;
  size_t           width;      // from units
  std::string      name;
};

std::vector<Inlet> inlets_of(const Plan& plan, const std::vector<std::string>& wanted) {
  std::vector<Inlet>       inlets;
  std::vector<std::string> known;
  for (const ConnectionPlan& c : plan.connections) {
    const LayerPlan& from = plan.layers[size_t(c.from)];
    const LayerPlan& to   = plan.layers[size_t(c.to)];
    if (c.weights < 0 || c.delay > 0 || c.first_row > 0 || !c.name.starts_with("J_") || !plan.parameters[c.weights].learnable) continue;
    if (plan.find_layer(from.layer_id) != c.from || plan.find_entrance(to.layer_id) != c.to) continue;
    if (plan.parameters[c.weights].size() != from.units * to.units) continue;
    known.push_back(c.name);
    if (wanted.empty() || std::ranges::find(wanted, c.name) != wanted.end())
      inlets.push_back({from.layer_id, to.layer_id, c.weights, from.units, c.name});
  }
  for (const std::string& name : wanted)
    if (std::ranges::find(known, name) == known.end())
      throw SpecError({}, fmt::format("there is no connection '{}' with weights that learn", name), did_you_mean(name, known, "there are"));
  if (inlets.empty()) throw SpecError({}, "the network has no weights that could be set", "programmable connections and fixed weights are left alone");
  return inlets;
}

/// Mean over rows and steps of each unit. @param history  [rows][steps (+ 1)][units]
std::vector<double> means_of(const Array& history, size_t steps) {
  const size_t rows = size_t(history.shape[0]), all = size_t(history.shape[1]), units = size_t(history.shape[2]);
  const std::vector<double> values = history.as_double();
  std::vector<double>       means(units);
  for (size_t row = 0; row < rows; ++row)
    for (size_t t = all - steps; t < all; ++t)
      for (size_t u = 0; u < units; ++u) means[u] += values[(row * all + t) * units + u] / double(rows * steps);
  return means;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v / double(values.size());
  return sum;
}

/// What unit k of a layer of n should get.
double target_of(const FluxMatching& how, int layer_id, size_t k, size_t n) {
  for (const auto& [id, target] : how.layers)
    if (id == layer_id) return target;
  if (!how.range) return how.target;
  return n == 1 ? (how.range->first + how.range->second) / 2
                : std::lerp(how.range->first, how.range->second, double(k) / double(n - 1));
}

Results run(Model& model, const Array& x) {
  SimulateOptions options{.record = {"s", "phi"}, .track = false, .stop_early = false};
  options.noise.on = false;
  return model.simulate(x, options);
}

std::vector<double> offsets_of(const Model& model, int layer_id, size_t units) {
  const std::string name = fmt::format("layer{}/phi_offset", layer_id);
  return model.plan().parameters.find(name) < 0 ? std::vector<double>(units) : model.parameter(name).as_double();
}

/// Row k of W so that Σ_j W_kj s_j = share: every weight brings as much; inhibitory ones keep their share of the flux.
/// @return whether that could be done
bool set_row(const Block& b, size_t k, const std::vector<double>& s, double share, double step, std::vector<double>& W) {
  const size_t width = s.size();
  double       up = 0, down = 0;
  const auto   entry = [&](size_t j) { return b.mask.empty() || b.mask[k * width + j]; };
  const auto   sign  = [&](size_t j) { return b.sign.empty() ? 0 : int(b.sign[k * width + j]); };
  for (size_t j = 0; j < width; ++j)
    if (entry(j)) (sign(j) < 0 ? down : up) += 1;
  if (up + down == 0 || (up == 0 && share > 0)) return false;
  const double pull = up == 0 ? -share / down : std::abs(share) / (up + down), push = up == 0 ? 0 : (share + pull * down) / up;
  for (size_t j = 0; j < width; ++j) {
    if (!entry(j)) continue;
    double& w = W[k * width + j];
    w += step * ((sign(j) < 0 ? -pull : push) / s[j] - w);
  }
  return true;
}

}  // namespace

std::vector<MatchedFlux> match_flux(Model& model, const Array& x, const FluxMatching& how) {
  const Plan& plan = model.plan();
  if (how.iterations < 1 || !(how.step > 0 && how.step <= 1) || !(how.floor > 0))
    throw SpecError({}, "flux matching needs iterations ≥ 1, a step within (0, 1] and a floor above 0");
  for (const auto& target : how.layers)
    if (plan.find_layer(target.first) < 0) throw SpecError({}, fmt::format("there is no layer {}", target.first));
  const std::vector<Inlet> inlets = inlets_of(plan, how.connections);
  std::vector<int>         layers;
  for (const Inlet& in : inlets)
    if (std::ranges::find(layers, in.to) == layers.end()) layers.push_back(in.to);
  std::ranges::sort(layers);

  std::vector<MatchedFlux> found;
  const auto flux = [&](const Results& results, int id) {
    const Array* phi = results.find(fmt::format("phi/{}", id));
    return phi ? mean(means_of(*phi, results.steps)) : std::numeric_limits<double>::quiet_NaN();
  };
  Results now = run(model, x);
  for (const int id : layers) {
    const size_t units  = plan.layers[size_t(plan.find_entrance(id))].units;
    double       target = 0;
    for (size_t k = 0; k < units; ++k) target += target_of(how, id, k, units) / double(units);
    found.push_back({id, flux(now, id), 0, target});
  }

  for (int iteration = 0; iteration < how.iterations; ++iteration) {
    for (MatchedFlux& f : found) f.unreachable = 0;
    for (size_t l = 0; l < layers.size(); ++l) {
      const int                 id      = layers[l];
      const size_t              units   = plan.layers[size_t(plan.find_entrance(id))].units;
      const std::vector<double> offsets = offsets_of(model, id, units);
      // what is left of the target is shared among the connections that are set; others stay as they are
      std::vector<const Inlet*> own;
      for (const Inlet& in : inlets)
        if (in.to == id) own.push_back(&in);
      const auto fan_in = [&](const Inlet& in, size_t k) {
        const Block& b = plan.parameters[in.block];
        double       n = 0;
        for (size_t j = 0; j < in.width; ++j) n += b.mask.empty() || b.mask[k * in.width + j];
        return n;
      };
      for (const Inlet* in : own) {
        const Block&        b = plan.parameters[in->block];
        std::vector<double> s = means_of(now.at(fmt::format("s/{}", in->from)), now.steps), W = model.parameter(in->name).as_double();
        if (how.node_wise) s.assign(s.size(), mean(s));
        for (double& v : s) v = std::max(v, how.floor);
        const auto turn = [&] {   // rectified weights are sizes
          for (size_t i = 0; i < W.size() && b.rectified; ++i)
            if (b.sign[i] != 0) W[i] *= b.sign[i];
        };
        turn();
        for (size_t k = 0; k < units; ++k) {
          double part = 0, all = 0;
          for (const Inlet* other : own) {
            const double n = fan_in(*other, k), weight = how.by_fan_in ? n : double(n > 0);
            all += weight;
            if (other == in) part = weight;
          }
          if (part == 0) continue;
          const double share = (target_of(how, id, k, units) - offsets[k]) * part / all;
          found[l].unreachable += !set_row(b, k, s, share, how.step, W);
        }
        turn();
        model.set_parameter(in->name, {{int64_t(units), int64_t(in->width)}, std::move(W)});
      }
    }
    now = run(model, x);
  }
  for (MatchedFlux& f : found) f.after = flux(now, f.layer_id);
  return found;
}

CriticalityTuned tune_criticality(Model& model, const Array& x, const CriticalityTuning& how) {
  const Plan& plan = model.plan();
  if (how.iterations < 1 || !(how.rate > 0) || !(how.clip > 0) || how.patience < 1)
    throw SpecError({}, "criticality needs iterations ≥ 1, a rate and a clip above 0, and patience ≥ 1");
  std::vector<LossTerm> losses;
  if (how.branching != 0) losses.push_back({.loss = "branching_loss", .target = {}, .weight = how.branching});
  if (how.expansion != 0) {
    losses.push_back({.loss = "local_expansion_loss", .target = {}, .weight = how.expansion});
    if (model.precision() == Precision::float32) losses.back().params["nudge"] = 1e-3;
  }
  for (const LayerSpec& l : plan.spec.layers) {
    const LayerPlan& layer = plan.layers[size_t(plan.find_layer(l.layer_id))];
    if (how.activity == 0 || layer.is_input || layer.cell->static_map) continue;
    for (const char* loss : {"get_off_the_ground_loss", "exp_high_state_penalty"})
      losses.push_back({.loss = loss, .target = {}, .weight = how.activity, .layer = l.layer_id});
  }
  if (losses.empty()) throw SpecError({}, "there is nothing to tune for", "give branching or expansion a weight");

  std::vector<ParameterBlock> blocks;
  bool                        learns = false;
  for (const Block& b : plan.parameters.blocks()) {
    const bool weights = b.learnable && b.name.starts_with("J_");
    blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .decay = false, .frozen = !weights});
    learns |= weights;
  }
  if (!learns) throw SpecError({}, "the network has no weights that learn");

  return std::visit(
      [&](auto theta) -> CriticalityTuned {
        using R = typename decltype(theta)::value_type;
        Optimizer<R>     adam({.kind = OptimizerKind::adam}, theta.size(), blocks);
        std::vector<R>   best(theta.begin(), theta.end()), bar(theta.size());
        CriticalityTuned tuned{0, std::numeric_limits<double>::infinity(), 0, how.iterations};
        double           rate   = how.rate;
        int              waited = 0;
        for (int i = 0; i <= how.iterations; ++i) {
          GradientRequest request;
          request.noise = {.on = false, .pass = 0};   // the same twins every time
          const Gradient g = model.gradient(x, losses, request);
          if (i == 0) tuned.before = g.loss;
          if (g.loss < tuned.after) tuned.after = g.loss, tuned.best = i, waited = 0, best.assign(theta.begin(), theta.end());
          else if (++waited >= how.patience) rate /= 2, waited = 0;
          if (i == how.iterations) break;
          size_t at = 0;
          for (const auto& [name, values] : g.parameters)
            for (const double v : values.as_double()) bar[at++] = R(v);
          clip_by_norm<R>(blocks, bar, how.clip);
          adam.step(theta, std::span<const R>(bar), rate, i + 1);
          project(plan.parameters, theta.data());
        }
        std::ranges::copy(best, theta.begin());
        return tuned;
      },
      model.theta());
}

}  // namespace dynode
