#include "dynode/run/noise.h"

#include <algorithm>
#include <cstring>

#include "dynode/run/forward.h"

namespace dynode {
namespace {

/// Packed anew at step `step`, these weights are those of this step.
template <class R>
int64_t drawn_at(const Plan& plan, const Workspace<R>& w, const NoisyWeights<R>& n, size_t step) {
  for (int site : n.sites)
    if (w.noise.sites[size_t(site)].on && !plan.noise[size_t(site)].once) return int64_t(step);
  return 0;
}

/// The weights as they act at a step, in `n.matrix`.
template <class R>
void make_matrix(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, NoisyWeights<R>& n, size_t step) {
  const ConnectionPlan& k = plan.connections[size_t(n.connection)];
  const Slab&           m = n.matrix_slab;
  const R*              clean = prepared.weights(k);
  for (size_t i = 0; i < m.rows; ++i) std::copy_n(clean + i * m.units, m.units, n.matrix.data() + i * m.stride);
  for (int site : n.sites) {
    const NoiseSite& s = plan.noise[size_t(site)];
    if (!w.noise.sites[size_t(site)].on) continue;
    const NoisePlace place{.key = w.noise.sites[size_t(site)].key, .step = s.once ? 0u : uint32_t(step)};
    const R* deviation = prepared.deviation(site).data();
    if (s.relative) prepared.noise().scale(m, place, deviation, n.matrix.data(), n.matrix.data());
    else prepared.noise().add(m, place, deviation, prepared.mean(site), n.matrix.data(), n.matrix.data());
  }
  // absent weights stay absent
  const auto& mask = plan.parameters[k.weights].mask;
  for (size_t i = 0; !mask.empty() && i < m.rows; ++i)
    for (size_t j = 0; j < m.units; ++j)
      if (!mask[(k.first_row + i) * m.units + j]) n.matrix[i * m.stride + j] = R(0);
}

/// to = from, or 0 where a unit is left out. What is given in place of uniform numbers must be uniform, too.
template <class R>
void drop(const NoiseKernels<R>& kernels, const Slab& slab, const NoisePlace* place, const R* share, R* numbers,
          const R* from, R* to) {
  if (place) kernels.uniform(slab, *place, numbers);
  const bool tiles = slab.layout == Layout::tiles;
  for (size_t i = 0; i < (tiles ? slab.units : slab.rows); ++i)
    for (size_t j = 0; j < slab.stride; ++j) {
      const size_t at = i * slab.stride + j;
      const R      p  = tiles ? share[i] : j < slab.units ? share[j] : R(0);
      to[at] = numbers[at] < p ? R(0) : from[at] / (R(1) - p);
    }
}

template <class R>
bool has(const std::vector<Buffer<R>>& buffers, size_t i) { return i < buffers.size() && buffers[i].size() > 0; }

}  // namespace

template <class R>
bool is_on(const Plan& plan, int site, const RunNoise<R>& noise) {
  if (!noise.on) return false;
  for (const GivenNoise<R>& g : noise.given)
    if (g.site == site) return true;
  if (!noise.shares.empty() && noise.shares[size_t(site)] == 0 && plan.noise[size_t(site)].mean.empty()) return false;
  const NoiseSite::When when = plan.noise[size_t(site)].when;
  return when == NoiseSite::When::always || (when == NoiseSite::When::training && noise.training);
}

template <class R>
bool has_row_parameters(const Plan& plan, const RunNoise<R>& noise) {
  for (size_t i = 0; i < plan.noise.size(); ++i)
    if (plan.noise[i].what == NoiseSite::What::parameter && is_on(plan, int(i), noise)) return true;
  return false;
}

template <class R>
void Workspace<R>::plan_noise(const Plan& plan, const Prepared<R>& prepared) {
  const size_t width = prepared.dense().width;
  size_t       given = 0;
  noise.sites.resize(plan.noise.size());
  for (size_t i = 0; i < plan.noise.size(); ++i) {
    const NoiseSite& s = plan.noise[i];
    if (s.what == NoiseSite::What::weights) {
      NoisyWeights<R>* n = noise.find(size_t(s.connection));
      if (!n) n = &noise.weights.emplace_back();
      n->connection = s.connection;
      n->sites.push_back(int(i));
      const ConnectionPlan& k = plan.connections[size_t(s.connection)];
      n->own_gradient |= shape.adjoint && s.relative && plan.parameters[k.weights].learnable;
      continue;
    }
    LayerSpace<R>& l = layers[size_t(s.layer)];
    given = std::max(given, l.size);
    switch (s.what) {
      case NoiseSite::What::drive: l.noise.drives.push_back(int(i)); break;
      case NoiseSite::What::start: l.noise.starts.push_back(int(i)); break;
      case NoiseSite::What::parameter: l.noise.parameters.push_back(int(i)); break;
      case NoiseSite::What::state: {
        // states that others follow come first
        const bool output = s.index == plan.layers[size_t(s.layer)].cell->output;
        l.noise.states.insert(output ? l.noise.states.end() : l.noise.states.begin(), int(i));
        if (!output || !shape.adjoint || plan.layers[size_t(s.layer)].is_input) break;
        if (!l.noise.calm.empty()) break;
        l.noise.calm.resize(l.state.size());
        l.noise.calm[size_t(s.index)] = take(shape.window * l.size);
        break;
      }
      case NoiseSite::What::weights: break;
    }
  }
  noise.numbers = take(given);

  // parameters of one row
  for (size_t i = 0; i < layers.size(); ++i) {
    LayerNoise<R>& n = layers[i].noise;
    if (n.parameters.empty() || shape.tile.layout != Layout::rows || shape.tile.rows != 1) continue;
    const LayerNumbers<R>& clean = prepared.layer(int(i));
    const size_t count = clean.params.size();
    std::vector<bool> noisy(count), relative(count);
    for (int site : n.parameters) {
      noisy[size_t(plan.noise[size_t(site)].index)] = true;
      if (plan.noise[size_t(site)].relative) relative[size_t(plan.noise[size_t(site)].index)] = true;
    }
    n.values.resize(count), n.factor.resize(count), n.bar.resize(count);
    for (size_t p = 0; p < count; ++p) {
      if (noisy[p]) n.values[p] = take(clean.params[p].size());
      if (relative[p]) n.factor[p] = take(clean.params[p].size());
      if (relative[p] && shape.adjoint) n.bar[p] = take(clean.params[p].size());
    }
    n.params_now     = clean.param_pointers;
    n.params_bar_now = layers[i].params_bar_now;
    for (size_t p = 0; p < n.values.size(); ++p) {
      if (n.values[p].size()) n.params_now[p] = n.values[p].data();
      if (n.bar[p].size()) n.params_bar_now[p] = n.bar[p].data();
    }
  }

  // weights
  for (size_t i = 0; i < noise.weights.size(); ++i) {
    NoisyWeights<R>&      n  = noise.weights[i];
    const ConnectionPlan& k  = plan.connections[size_t(n.connection)];
    const size_t          to = layers[size_t(k.to)].slab.units, from = layers[size_t(k.from)].slab.units;
    n.matrix_slab = {Layout::rows, from, to, padded(from, width)};
    n.matrix      = take(n.matrix_slab.size());
    n.forward     = take(prepared.dense().packed_size(packing_slab(shape.tile, plan.layers[size_t(k.to)], width), from));
    layers[size_t(k.to)].noise.weights_in.push_back(int(i));
    if (!shape.adjoint) continue;
    n.transposed = take(prepared.dense().packed_size(shape.tile.slab(from, width), to));
    layers[size_t(k.from)].noise.weights_out.push_back(int(i));
    if (n.own_gradient) n.gradient = take(n.matrix_slab.size());
  }
}

template <class R>
void begin_noise(const Plan& plan, Workspace<R>& w, const RunNoise<R>& noise, size_t first_row, size_t steps) {
  w.noise.first_row = noise.first_row + first_row;
  for (size_t i = 0; i < plan.noise.size(); ++i) {
    const NoiseSite& s    = plan.noise[i];
    auto&            site = w.noise.sites[i];
    site     = {};
    site.on  = is_on(plan, int(i), noise);
    site.key = noise_key(plan.seed, hash_text(s.name), noise.pass);
    for (const GivenNoise<R>& g : noise.given) {
      if (g.site != int(i)) continue;
      site.row_stride = plan.layers[size_t(s.layer)].units * (s.what == NoiseSite::What::start ? 1 : steps);
      site.given      = g.values + first_row * site.row_stride;
    }
  }
  for (NoisyWeights<R>& n : w.noise.weights) n.packed_step = n.transposed_step = -1, n.gradient.clear();
}

template <class R>
void disturb(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int site, const Slab& slab, size_t step,
             const R* from, R* to) {
  const NoiseSite& s         = plan.noise[size_t(site)];
  const auto&      run       = w.noise.sites[size_t(site)];
  const R*         deviation = prepared.deviation(site).data();
  const R*         mean      = prepared.mean(site);
  if (!run.on) {
    if (from != to) std::copy_n(from, slab.size(), to);
  } else if (!run.given) {
    const bool      alike = s.what == NoiseSite::What::parameter && s.connection >= 0;   // weights are the same for all rows
    const NoisePlace place{run.key, s.once ? 0u : uint32_t(step), alike ? 0u : uint32_t(w.noise.first_row)};
    if (s.drop) drop(prepared.noise(), slab, &place, deviation, w.noise.numbers.data(), from, to);
    else if (s.relative) prepared.noise().scale(slab, place, deviation, from, to);
    else prepared.noise().add(slab, place, deviation, mean, from, to);
  } else {
    R* n = w.noise.numbers.data();
    prepared.dense().from_rows(w.shape.tile.rows, slab.units, run.given + step * slab.units, run.row_stride, slab, n);
    if (s.drop) return drop<R>(prepared.noise(), slab, nullptr, deviation, n, from, to);
    for (size_t u = 0; u < slab.units; ++u)
      for (size_t row = 0; row < slab.rows; ++row) {
        const size_t at = slab.layout == Layout::tiles ? u * slab.stride + row : row * slab.stride + u;
        to[at] = s.relative ? from[at] * (1 + deviation[u] * n[at]) : from[at] + (mean ? mean[u] : R(0)) + deviation[u] * n[at];
      }
  }
}

template <class R>
void disturb_drives(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step,
                    size_t count) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (int site : l.noise.drives)
    for (size_t i = 0; i < count; ++i) {
      R* drive = l.drive_of(size_t(plan.noise[size_t(site)].index), k + i);
      disturb(plan, prepared, w, site, l.slab, step + i, drive, drive);
    }
}

template <class R>
void scale_lambda(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (int site : l.noise.states) {
    if (!plan.noise[size_t(site)].relative) continue;
    R* lambda = l.lambda[size_t(plan.noise[size_t(site)].index)].data();
    disturb(plan, prepared, w, site, l.slab, step, lambda, lambda);
  }
}

template <class R>
void scale_drive_bars(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (int site : l.noise.drives) {
    if (!plan.noise[size_t(site)].relative) continue;
    R* bar = l.drive_bar_now[size_t(plan.noise[size_t(site)].index)];
    disturb(plan, prepared, w, site, l.slab, step, bar, bar);
  }
}

template <class R>
void choose_next(Workspace<R>& w, int layer, size_t k) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (size_t i = 0; i < l.noise.calm.size(); ++i)
    if (has(l.noise.calm, i)) l.next_now[i] = l.noise.calm[i].data() + k * l.size;
}

template <class R>
void disturb_states(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step) {
  LayerSpace<R>&   l = w.layers[size_t(layer)];
  const LayerPlan& p = plan.layers[size_t(layer)];
  const auto       add = [&](bool output) {
    bool any = false;
    for (int site : l.noise.states) {
      const size_t i = size_t(plan.noise[size_t(site)].index);
      if ((int(i) == p.cell->output) != output) continue;
      R* to = l.state[i].data() + (k + 1) * l.size;
      disturb(plan, prepared, w, site, l.slab, step, static_cast<const R*>(l.next_now[i]), to);
      l.next_now[i] = to;
      any |= w.noise.sites[size_t(site)].on;
    }
    return any;
  };
  if (add(false) && p.kernels.of<R>().start) {
    StepArgs<R> args = step_args(prepared, w, layer, k);   // points at the history again
    choose_next(w, layer, k);
    for (size_t i = 0; i < l.next_now.size(); ++i) l.state_now[i] = l.next_now[i];
    p.kernels.of<R>().start(args);
  }
  add(true);
}

template <class R>
const R* const* noisy_params(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step) {
  LayerSpace<R>&         l = w.layers[size_t(layer)];
  LayerNoise<R>&         n = l.noise;
  const LayerNumbers<R>& clean = prepared.layer(layer);
  if (n.params_now.empty()) return clean.param_pointers.data();
  for (size_t p = 0; p < n.values.size(); ++p) {
    if (has(n.values, p)) std::copy_n(clean.params[p].data(), n.values[p].size(), n.values[p].data());
    if (has(n.factor, p)) std::fill(n.factor[p].begin(), n.factor[p].end(), R(1));
  }
  for (int site : n.parameters) {
    const size_t p = size_t(plan.noise[size_t(site)].index);
    disturb(plan, prepared, w, site, l.slab, step, n.values[p].data(), n.values[p].data());
    if (plan.noise[size_t(site)].relative) disturb(plan, prepared, w, site, l.slab, step, n.factor[p].data(), n.factor[p].data());
  }
  return n.params_now.data();
}

template <class R>
R* const* noisy_params_bar(Workspace<R>& w, int layer) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  if (l.noise.params_now.empty()) return l.params_bar_now.data();
  for (auto& bar : l.noise.bar) bar.clear();
  return l.noise.params_bar_now.data();
}

template <class R>
void take_params_bar(Workspace<R>& w, int layer) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (size_t p = 0; p < l.noise.bar.size(); ++p)
    for (size_t u = 0; u < l.noise.bar[p].size(); ++u) l.params_bar[p][u] += l.noise.bar[p][u] * l.noise.factor[p][u];
}

template <class R>
void pack_arriving(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step) {
  for (int i : w.layers[size_t(layer)].noise.weights_in) {
    NoisyWeights<R>& n  = w.noise.weights[size_t(i)];
    const int64_t    at = drawn_at(plan, w, n, step);
    if (n.packed_step == at) continue;
    make_matrix(plan, prepared, w, n, step);
    const Slab slab = packing_slab(w.shape.tile, plan.layers[size_t(layer)], prepared.dense().width);
    prepared.dense().pack(slab, n.matrix_slab.units, n.matrix.data(), n.matrix_slab.stride, 1, n.forward.data());
    n.packed_step = at;
  }
}

template <class R>
void pack_leaving(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t entry) {
  for (int i : w.layers[size_t(layer)].noise.weights_out) {
    NoisyWeights<R>& n    = w.noise.weights[size_t(i)];
    const bool       late = plan.connections[size_t(n.connection)].lag == 1;
    if (entry == 0 && !late) continue;   // nobody reads it
    const size_t  step = late ? entry : entry - 1;
    const int64_t at   = drawn_at(plan, w, n, step);
    if (n.transposed_step == at) continue;
    make_matrix(plan, prepared, w, n, step);
    prepared.dense().pack(w.layers[size_t(layer)].slab, n.matrix_slab.rows, n.matrix.data(), 1, n.matrix_slab.stride,
                          n.transposed.data());
    n.transposed_step = at;
  }
}

template <class R>
bool weights_change(const Plan& plan, const Workspace<R>& w, int layer) {
  for (int i : w.layers[size_t(layer)].noise.weights_in)
    if (drawn_at(plan, w, w.noise.weights[size_t(i)], 1) == 1) return true;
  return false;
}

template <class R>
void form_noisy_gradients(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, size_t begin, size_t end,
                          size_t first_step) {
  for (NoisyWeights<R>& n : w.noise.weights) {
    if (!n.own_gradient) continue;
    const ConnectionPlan& c    = plan.connections[size_t(n.connection)];
    const LayerSpace<R>&  to   = w.layers[size_t(c.to)];
    const LayerSpace<R>&  from = w.layers[size_t(c.from)];
    const Slab&           m    = n.matrix_slab;
    const bool            tiles = to.slab.layout == Layout::tiles;
    const R*              history = from.state[size_t(plan.layers[size_t(c.from)].cell->output)].data();
    for (size_t k = end; k-- > begin;) {
      // the factors of this step
      std::fill(n.matrix.begin(), n.matrix.end(), R(1));
      for (int site : n.sites)
        if (w.noise.sites[size_t(site)].on)
          prepared.noise().scale(m, {w.noise.sites[size_t(site)].key, uint32_t(first_step + k)},
                                 prepared.deviation(site).data(), n.matrix.data(), n.matrix.data());
      const R* bar    = to.ports[size_t(c.port)].drive_bar.data() + (k - begin) * to.size;
      const R* source = history + (k + 1 - size_t(c.lag)) * from.size;
      const size_t bar_unit = tiles ? to.slab.stride : 1, bar_row = tiles ? 1 : to.slab.stride;
      const size_t source_unit = tiles ? from.slab.stride : 1, source_row = tiles ? 1 : from.slab.stride;
      for (size_t i = 0; i < m.rows; ++i)
        for (size_t j = 0; j < m.units; ++j) {
          R sum = 0;
          for (size_t row = 0; row < w.shape.tile.rows; ++row)
            sum += bar[i * bar_unit + row * bar_row] * source[j * source_unit + row * source_row];
          n.gradient[i * m.stride + j] += n.matrix[i * m.stride + j] * sum;
        }
    }
  }
}

#define DYNODE_INSTANCES(R)                                                                                              \
  template bool is_on<R>(const Plan&, int, const RunNoise<R>&);                                                          \
  template bool has_row_parameters<R>(const Plan&, const RunNoise<R>&);                                                  \
  template void Workspace<R>::plan_noise(const Plan&, const Prepared<R>&);                                               \
  template void begin_noise<R>(const Plan&, Workspace<R>&, const RunNoise<R>&, size_t, size_t);                          \
  template void disturb<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, const Slab&, size_t, const R*, R*);      \
  template void disturb_drives<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t, size_t, size_t);          \
  template void scale_lambda<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t);                            \
  template void scale_drive_bars<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t);                        \
  template void choose_next<R>(Workspace<R>&, int, size_t);                                                              \
  template void disturb_states<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t, size_t);                  \
  template const R* const* noisy_params<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t);                 \
  template R* const* noisy_params_bar<R>(Workspace<R>&, int);                                                            \
  template void take_params_bar<R>(Workspace<R>&, int);                                                                  \
  template void pack_arriving<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t);                           \
  template void pack_leaving<R>(const Plan&, const Prepared<R>&, Workspace<R>&, int, size_t);                            \
  template bool weights_change<R>(const Plan&, const Workspace<R>&, int);                                                \
  template void form_noisy_gradients<R>(const Plan&, const Prepared<R>&, Workspace<R>&, size_t, size_t, size_t);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
